//===- bpa_dot.sv - Dot product of two words, summed up -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Adds +- popcount(a & b) << shift to the sum. Control belongs to the words of two
// cycles before; two cycles after them, or three after the words, the sum is there.
module bpa_dot #(
  parameter int LANES = 64
) (
  input logic clk,
  input logic [LANES-1:0] a,
  input logic [LANES-1:0] b,
  input logic valid,
  input logic clear, // start from 0; only with `valid`
  input logic negate,
  input logic [3:0] shift,
  output logic [31:0] sum
);
  localparam int BYTES = LANES / 8;
  localparam int WIDTH = $clog2(LANES + 1);

  logic [LANES-1:0] products;
  logic [4*BYTES-1:0] parts;
  logic [WIDTH-1:0] total, count;
  logic [WIDTH+14:0] shifted;
  logic [31:0] addend;

  assign products = a & b;

  generate
    for (genvar i = 0; i < BYTES; i++) begin : part
      always_ff @(posedge clk)
        parts[4*i +: 4] <= 4'(products[8*i]) + 4'(products[8*i+1]) + 4'(products[8*i+2]) +
                           4'(products[8*i+3]) + 4'(products[8*i+4]) + 4'(products[8*i+5]) +
                           4'(products[8*i+6]) + 4'(products[8*i+7]);
    end
  endgenerate

  always_comb begin
    total = '0;
    for (int i = 0; i < BYTES; i++) total = total + WIDTH'(parts[4*i +: 4]);
  end
  always_ff @(posedge clk) count <= total;

  // Nothing is added where nothing is valid: the sum needs no enable.
  assign shifted = {15'd0, count & {WIDTH{valid}}} << shift;
  assign addend = 32'(shifted) ^ {32{negate}};
  always_ff @(posedge clk) sum <= (sum & {32{!clear}}) + addend + 32'(negate);
endmodule
