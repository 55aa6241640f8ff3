//===- bpa_store.sv - Engine ST: writes beats of FMAP to DRAM -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

module bpa_store #(
  parameter int FMAP_BEATS = 8192
) (
  input logic clk,
  input logic rst,
  input logic issue,
  input logic [127:0] instruction,
  input logic [31:0] dram_beats,
  output logic ready,

  // A slot reads FMAP and writes DRAM, if both are granted: 4 cycles later the beat of
  // FMAP, 8 cycles later that of DRAM.
  input logic grant,
  output logic slot,
  output logic [15:0] read_beat,
  output logic write,
  output logic [31:0] write_beat,
  output logic write_last, // of the instruction
  // The slot of the cycle before leaves a memory.
  output logic fault
);
  bpa_pkg::st_t next;
  assign next = instruction;

  logic busy, last, dram_outside;
  logic [31:0] dram;
  logic [16:0] sram, sram_end;
  logic [3:0] more; // none
  bpa_rows #(.STEP(1)) walk (
    .clk, .rst, .issue, .first_dram(next.f_dram), .first_sram(next.f_sram), .nx(next.f_nx),
    .ny(next.f_ny), .dstride(next.f_dstride), .sstride(next.f_sstride), .busy, .step(slot), .dram,
    .sram, .more, .last, .dram_beats, .dram_outside, .sram_end);
  assign slot = busy && grant;
  assign ready = !busy || (slot && last);

  always_ff @(posedge clk)
    fault <= !rst && slot && (dram_outside || sram_end >= 17'(FMAP_BEATS));

  // The slot, and whether it is the last, must not be left over; addresses may.
  bpa_delay #(.WIDTH(2), .CYCLES(8)) slots(
    .clk, .rst, .in({slot, slot && last}), .out({write, write_last}));
  bpa_delay #(.WIDTH(16), .CYCLES(4)) read_beats(
    .clk, .rst(1'b0), .in(sram[15:0]), .out(read_beat));
  bpa_delay #(.WIDTH(32), .CYCLES(8)) write_beats(
    .clk, .rst(1'b0), .in(dram), .out(write_beat));
endmodule
