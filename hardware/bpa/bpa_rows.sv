//===- bpa_rows.sv - Rows of beats in DRAM and on the chip --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What LD and ST go along: up to STEP beats of a row at a time.
module bpa_rows #(
  parameter int STEP = 16 // or 1
) (
  input logic clk,
  input logic rst,
  // Fields of the instruction; nx and ny less 1.
  input logic issue,
  input logic [31:0] first_dram,
  input logic [15:0] first_sram,
  input logic [12:0] nx,
  input logic [9:0] ny,
  input logic [23:0] dstride,
  input logic [15:0] sstride,

  // What is next, until `step` goes on; `more` beats follow the first.
  output logic busy,
  input logic step,
  output logic [31:0] dram,
  output logic [16:0] sram,
  output logic [3:0] more,
  output logic last, // of the instruction
  // The last of these beats is not below `dram_beats`; where it is on the chip.
  input logic [31:0] dram_beats,
  output logic dram_outside,
  output logic [16:0] sram_end
);
  logic [31:0] row_dram, next_dram;
  // A row on the chip ends below 2^16, or it is an error: one more bit shows that.
  logic [16:0] row_sram, next_sram;
  logic [23:0] row_dstride;
  logic [15:0] row_sstride;
  logic [12:0] row_more, left; // less 1
  logic [9:0] rows; // behind this one
  logic row_ends;

  generate
    if (STEP == 16) begin : bursts
      assign row_ends = left[12:4] == '0;
      assign more = row_ends ? left[3:0] : 4'd15;
    end else begin : beats
      assign row_ends = left == '0;
      assign more = '0;
    end
  endgenerate
  assign last = row_ends && rows == '0;
  // DRAM has less than 2^32 - 2^23 beats: an address that wraps is outside before.
  assign next_dram = row_dram + {{8{row_dstride[23]}}, row_dstride};
  assign next_sram = row_sram + 17'(row_sstride);
  assign dram_outside = 33'(dram) + 33'(more) >= 33'(dram_beats);
  assign sram_end = sram + 17'(more);

  always_ff @(posedge clk) begin
    if (issue) begin
      {dram, row_dram} <= {2{first_dram}};
      {sram, row_sram} <= {2{1'b0, first_sram}};
      row_dstride <= dstride;
      row_sstride <= sstride;
      {left, row_more} <= {2{nx}};
      rows <= ny;
    end else if (step && row_ends) begin
      {dram, row_dram} <= {2{next_dram}};
      {sram, row_sram} <= {2{next_sram}};
      left <= row_more;
      rows <= rows - 10'd1;
    end else if (step) begin
      dram <= dram + 32'(STEP);
      sram <= sram + 17'(STEP);
      left <= left - 13'(STEP);
    end
    if (rst) busy <= 1'b0;
    else busy <= issue || (busy && !(step && last));
  end
endmodule
