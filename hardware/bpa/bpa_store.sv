//===- bpa_store.sv - Engine ST: writes beats of FMAP to DRAM -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

module bpa_store (
  input logic clk,
  input logic rst,
  input logic issue,
  input logic [127:0] instruction,
  output logic ready,

  // A slot reads FMAP and writes DRAM, if both are granted: 4 cycles later the beat of
  // FMAP, 8 cycles later that of DRAM.
  input logic grant,
  output logic slot,
  output logic [15:0] read_beat,
  output logic write,
  output logic [31:0] write_beat,
  output logic write_last // of the instruction
);
  bpa_pkg::st_t next;
  assign next = instruction;

  logic busy;
  logic [31:0] dram, row_dram;
  logic [15:0] sram, row_sram, sstride;
  logic [23:0] dstride;
  logic [12:0] nx, left; // less 1
  logic [9:0] rows;      // behind this one
  logic last;
  assign last = left == 0 && rows == 0;
  assign slot = busy && grant;
  assign ready = !busy || (slot && last);

  logic [31:0] next_dram;
  logic [15:0] next_sram;
  assign next_dram = row_dram + {{8{dstride[23]}}, dstride};
  assign next_sram = row_sram + sstride;

  always_ff @(posedge clk) begin
    if (issue) begin
      dram <= next.f_dram;
      row_dram <= next.f_dram;
      sram <= next.f_sram;
      row_sram <= next.f_sram;
      dstride <= next.f_dstride;
      sstride <= next.f_sstride;
      nx <= next.f_nx;
      left <= next.f_nx;
      rows <= next.f_ny;
    end else if (slot && left == 0) begin
      dram <= next_dram;
      row_dram <= next_dram;
      sram <= next_sram;
      row_sram <= next_sram;
      left <= nx;
      rows <= rows - 10'd1;
    end else if (slot) begin
      dram <= dram + 32'd1;
      sram <= sram + 16'd1;
      left <= left - 13'd1;
    end
    if (rst) busy <= 1'b0;
    else busy <= issue || (busy && !(slot && last));
  end

  // The slot, and whether it is the last, must not be left over; addresses may.
  bpa_delay #(.WIDTH(2), .CYCLES(8)) slots(
    .clk, .rst, .in({slot, slot && last}), .out({write, write_last}));
  bpa_delay #(.WIDTH(16), .CYCLES(4)) read_beats(
    .clk, .rst(1'b0), .in(sram), .out(read_beat));
  bpa_delay #(.WIDTH(32), .CYCLES(8)) write_beats(
    .clk, .rst(1'b0), .in(dram), .out(write_beat));
endmodule
