//===- bpa_load.sv - Engine LD: requests beats --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Where beats go is remembered by the memory port (bpa_dram).
module bpa_load #(
  parameter int FMAP_BEATS = 8192,
  parameter int WBUF_BEATS = 4096,
  parameter int TBUF_ENTRIES = 1024
) (
  input logic clk,
  input logic rst,
  input logic issue,
  input logic [127:0] instruction,
  input logic [31:0] dram_beats,
  output logic ready,

  input logic can_request,
  output logic request,
  output logic [31:0] request_beat,
  output logic [4:0] request_beats,
  output logic [1:0] request_space,
  output logic [15:0] request_sram,
  output logic request_last, // of the instruction
  // The request of the cycle before leaves a memory.
  output logic fault
);
  bpa_pkg::ld_t next;
  assign next = instruction;

  logic busy, dram_outside, sram_outside;
  logic [16:0] sram, sram_end;
  logic [3:0] more;
  bpa_rows #(.STEP(16)) walk (
    .clk, .rst, .issue, .first_dram(next.f_dram), .first_sram(next.f_sram), .nx(next.f_nx),
    .ny(next.f_ny), .dstride(next.f_dstride), .sstride(next.f_sstride), .busy, .step(request),
    .dram(request_beat), .sram, .more, .last(request_last), .dram_beats, .dram_outside,
    .sram_end);
  assign request = busy && can_request;
  assign request_beats = 5'(more) + 5'd1;
  assign request_sram = sram[15:0];
  assign ready = !busy || (request && request_last);
  assign sram_outside = request_space == bpa_pkg::LD_SPACE_FMAP ? sram_end >= 17'(FMAP_BEATS)
                        : request_space == bpa_pkg::LD_SPACE_WBUF ? sram_end >= 17'(WBUF_BEATS)
                        : sram_end >= 17'(TBUF_ENTRIES);

  always_ff @(posedge clk) begin
    if (issue) request_space <= next.f_space;
    fault <= !rst && request && (dram_outside || sram_outside);
  end
endmodule
