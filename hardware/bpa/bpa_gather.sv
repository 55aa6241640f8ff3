//===- bpa_gather.sv - Engine GA: gathers and max pools -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

module bpa_gather #(
  parameter int ROWS = 8,
  parameter int COLUMNS = 8,
  parameter int LANES = 64,
  parameter int ABUF_WORDS = 1024
) (
  input logic clk,
  // Synchronous; also when a program starts.
  input logic rst,

  // An instruction (`ga`, `mp`) is issued in this cycle: only where `ready`.
  // Registers are valid with it and may change afterwards; all 0 after reset,
  // which is what counts of 1 look like.
  input logic issue,
  input logic [127:0] instruction,
  input logic [127:0] config_input,
  input logic [127:0] config_window,
  input logic [127:0] config_extent,
  input logic [127:0] config_pool,
  // Idle, or this is the last slot of a `ga`, or an `mp` completes.
  output logic ready,
  // 7 cycles after the last slot of each instruction.
  output logic done,

  // A slot reads FMAP; always granted. 4 cycles later the lane, 7 cycles later
  // the 2 * LANES lanes from there on.
  output logic fmap_read,
  output logic [19:0] fmap_read_lane,
  input logic [2*LANES-1:0] fmap_read_data,

  // A slot writes FMAP if it is granted in the same cycle. 8 cycles later lane (a
  // multiple of COLUMNS), LANES lanes, and which COLUMNS of them are written.
  output logic fmap_write,
  input logic fmap_write_grant,
  output logic [19:0] fmap_write_lane,
  output logic [LANES/COLUMNS-1:0] fmap_write_mask,
  output logic [LANES-1:0] fmap_write_data,

  // Words that go to ABUF in this cycle, at the latest 10 cycles after the slot. A
  // plane's end may leave one word behind (residual + 2D lanes = 2 words and a
  // part), which follows with the next append; at the end of a pixel it goes
  // through the third port, to another row than the first two. 0 and 1 must not
  // have the same parity of address.
  output logic [2:0] abuf_write,
  output logic [$clog2(ROWS)-1:0] abuf_write_row,      // of words 0 and 1
  output logic [$clog2(ROWS)-1:0] abuf_write_tail_row, // of word 2
  output logic [$clog2(ABUF_WORDS)-1:0] abuf_write_address0,
  output logic [$clog2(ABUF_WORDS)-1:0] abuf_write_address1,
  output logic [$clog2(ABUF_WORDS)-1:0] abuf_write_address2,
  output logic [LANES-1:0] abuf_write_data0,
  output logic [LANES-1:0] abuf_write_data1,
  output logic [LANES-1:0] abuf_write_data2
);
  // Nothing yet.
  assign ready = 1'b1;
  assign done = 1'b0;
  assign fmap_read = 1'b0;
  assign fmap_read_lane = '0;
  assign fmap_write = 1'b0;
  assign fmap_write_lane = '0;
  assign fmap_write_mask = '0;
  assign fmap_write_data = '0;
  assign abuf_write = '0;
  assign abuf_write_row = '0;
  assign abuf_write_tail_row = '0;
  assign abuf_write_address0 = '0;
  assign abuf_write_address1 = '0;
  assign abuf_write_address2 = '0;
  assign abuf_write_data0 = '0;
  assign abuf_write_data1 = '0;
  assign abuf_write_data2 = '0;
endmodule
