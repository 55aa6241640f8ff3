//===- bpa_load.sv - Engine LD: requests beats --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Where beats go is remembered by the memory port (bpa_dram).
module bpa_load (
  input logic clk,
  input logic rst,
  input logic issue,
  input logic [127:0] instruction,
  output logic ready,

  input logic can_request,
  output logic request,
  output logic [31:0] request_beat,
  output logic [4:0] request_beats,
  output logic [1:0] request_space,
  output logic [15:0] request_sram,
  output logic request_last // of the instruction
);
  bpa_pkg::ld_t next;
  assign next = instruction;

  // The row that is requested, and what is left of it.
  logic busy;
  logic [1:0] space;
  logic [31:0] dram, row_dram;
  logic [15:0] sram, row_sram, sstride;
  logic [23:0] dstride;
  logic [13:0] nx, left;
  logic [9:0] rows; // behind this one
  logic row_ends;
  assign row_ends = left <= 14'd16;
  assign request = busy && can_request;
  assign request_beat = dram;
  assign request_beats = row_ends ? left[4:0] : 5'd16;
  assign request_space = space;
  assign request_sram = sram;
  assign request_last = row_ends && rows == 0;
  assign ready = !busy || (request && request_last);

  logic [31:0] next_dram;
  logic [15:0] next_sram;
  assign next_dram = row_dram + {{8{dstride[23]}}, dstride};
  assign next_sram = row_sram + sstride;

  always_ff @(posedge clk) begin
    if (issue) begin
      space <= next.f_space;
      dram <= next.f_dram;
      row_dram <= next.f_dram;
      sram <= next.f_sram;
      row_sram <= next.f_sram;
      dstride <= next.f_dstride;
      sstride <= next.f_sstride;
      nx <= 14'(next.f_nx) + 14'd1;
      left <= 14'(next.f_nx) + 14'd1;
      rows <= next.f_ny;
    end else if (request && row_ends) begin
      dram <= next_dram;
      row_dram <= next_dram;
      sram <= next_sram;
      row_sram <= next_sram;
      left <= nx;
      rows <= rows - 10'd1;
    end else if (request) begin
      dram <= dram + 32'd16;
      sram <= sram + 16'd16;
      left <= left - 14'd16;
    end
    if (rst) busy <= 1'b0;
    else busy <= issue || (busy && !(request && request_last));
  end
endmodule
