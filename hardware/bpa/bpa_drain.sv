//===- bpa_drain.sv - Sums of a tile, columns or a row at a time --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// ROWS and COLUMNS are equal: a row uses the subtracters of a column.
module bpa_drain #(
  parameter int ROWS = 8,
  parameter int COLUMNS = 8
) (
  input logic clk,
  // The sums of the next tile are there.
  input logic take,
  input logic [ROWS*COLUMNS*32-1:0] tile_sums,
  input logic [ROWS*32-1:0] tile_row_sums,
  input logic tile_subtract,

  // What is wanted in the next cycle: the first two columns that are left, or a row.
  input logic by_columns,
  input logic next_column, // drop the first column
  input logic pair,        // or both
  input logic [$clog2(ROWS)-1:0] row,
  output logic [ROWS*32-1:0] y,
  output logic [ROWS*32-1:0] second_y
);
  logic [ROWS*COLUMNS*32-1:0] sums;
  logic [ROWS*32-1:0] row_sums;
  logic [COLUMNS*32-1:0] sums_row;
  logic [31:0] row_sum;
  logic subtract;

  assign sums_row = sums[32*COLUMNS*row +: 32*COLUMNS];
  assign row_sum = row_sums[32*row +: 32];

  always_ff @(posedge clk)
    if (take) begin
      row_sums <= tile_row_sums;
      subtract <= tile_subtract;
    end

  generate
    for (genvar i = 0; i < ROWS; i++) begin : value
      logic [31:0] sum, correction, second, second_correction;
      assign sum = by_columns ? sums[32*COLUMNS*i +: 32] : sums_row[32*i +: 32];
      assign correction = by_columns ? row_sums[32*i +: 32] : row_sum;
      assign second = sums[32*COLUMNS*i + 32 +: 32];
      assign second_correction = row_sums[32*i +: 32] & {32{subtract}};
      always_ff @(posedge clk)
        second_y[32*i +: 32] <= (subtract ? {second[30:0], 1'b0} : second) - second_correction;
      always_ff @(posedge clk)
        y[32*i +: 32] <= (subtract ? {sum[30:0], 1'b0} : sum) - (correction & {32{subtract}});
      always_ff @(posedge clk)
        if (take)
          sums[32*COLUMNS*i +: 32*COLUMNS] <= tile_sums[32*COLUMNS*i +: 32*COLUMNS];
        else if (by_columns & next_column)
          sums[32*COLUMNS*i +: 32*COLUMNS] <= pair ? sums[32*COLUMNS*i +: 32*COLUMNS] >> 64
                                                   : sums[32*COLUMNS*i +: 32*COLUMNS] >> 32;
    end
  endgenerate
endmodule
