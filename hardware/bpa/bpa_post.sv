//===- bpa_post.sv - Engine PP: sums become codes or integers -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

module bpa_post #(
  parameter int ROWS = 8,
  parameter int COLUMNS = 8,
  parameter int LANES = 64,
  parameter int TBUF_ENTRIES = 1024
) (
  input logic clk,
  // Synchronous; also when a program starts.
  input logic rst,

  // A `pp` is issued in this cycle: only where `ready`. The register is valid with
  // it and may change afterwards.
  input logic issue,
  input logic [127:0] instruction,
  input logic [127:0] config_result,
  // Idle, or this is the last slot: the last write of FMAP, the last drain of
  // integers.
  output logic ready,
  // 3 cycles after the last write of FMAP; not given for integers, where the answer
  // of DRAM to `dram_write_last` counts.
  output logic done,

  // The last step of a tile is in this cycle, only where `tile_accept`; 5 cycles
  // later `tile_sums` must be taken.
  input logic tile,
  output logic tile_accept,
  input logic [ROWS*COLUMNS*32-1:0] tile_sums,

  // An entry, and in the next cycle what it holds.
  output logic [$clog2(TBUF_ENTRIES)-1:0] tbuf_read_entry,
  input logic [127:0] tbuf_read_data,

  // A slot writes FMAP; always granted. 8 cycles later lane (a multiple of
  // COLUMNS), LANES lanes, and which COLUMNS of them are written (none of pixels that
  // do not exist).
  output logic fmap_write,
  output logic [19:0] fmap_write_lane,
  output logic [LANES/COLUMNS-1:0] fmap_write_mask,
  output logic [LANES-1:0] fmap_write_data,

  // A slot drains integers: ST must not write in it. 8 cycles later beat, bytes to
  // write (none of pixels that do not exist), and whether this was the last slot of
  // the instruction.
  output logic dram_write,
  output logic [31:0] dram_write_beat,
  output logic [15:0] dram_write_mask,
  output logic [127:0] dram_write_data,
  output logic dram_write_last,
  // A raw16 result did not fit.
  output logic overflow,

  // For counters: the first cycle of a drain, and the cycles that it takes at least.
  output logic count_drain,
  output logic [9:0] count_drain_cycles
);
  // Nothing yet.
  assign ready = 1'b1;
  assign done = 1'b0;
  assign tile_accept = 1'b1;
  assign tbuf_read_entry = '0;
  assign fmap_write = 1'b0;
  assign fmap_write_lane = '0;
  assign fmap_write_mask = '0;
  assign fmap_write_data = '0;
  assign dram_write = 1'b0;
  assign dram_write_beat = '0;
  assign dram_write_mask = '0;
  assign dram_write_data = '0;
  assign dram_write_last = 1'b0;
  assign overflow = 1'b0;
  assign count_drain = 1'b0;
  assign count_drain_cycles = '0;
endmodule
