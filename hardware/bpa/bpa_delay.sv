//===- bpa_delay.sv - A fixed number of cycles --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

module bpa_delay #(
  parameter int WIDTH = 1,
  parameter int CYCLES = 1
) (
  input logic clk,
  input logic rst,
  input logic [WIDTH-1:0] in,
  output logic [WIDTH-1:0] out
);
  logic [WIDTH*CYCLES-1:0] stages;

  always_ff @(posedge clk)
    if (rst) stages <= '0;
    else stages <= (WIDTH*CYCLES)'({stages, in});
  assign out = stages[WIDTH*CYCLES-1 -: WIDTH];
endmodule
