//===- bpa_tokens.sv - A counter for each ordered pair of engines -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Bit from * 5 + to stands for a pair. What is given in a cycle can be taken two cycles
// later.
module bpa_tokens (
  input logic clk,
  input logic rst,
  input logic [24:0] give,
  input logic [24:0] take,
  output logic [24:0] have,
  // A 64th token was given two cycles before.
  output logic [24:0] overflow
);
  logic [24:0] given;

  always_ff @(posedge clk)
    if (rst) given <= '0;
    else given <= give;

  generate
    for (genvar i = 0; i < 25; i = i + 1) begin : pair
      logic [5:0] count;
      always_ff @(posedge clk)
        if (rst) count <= '0;
        else if (given[i] != take[i]) count <= given[i] ? count + 6'd1 : count - 6'd1;
      assign have[i] = count != 0;
      always_ff @(posedge clk)
        overflow[i] <= !rst && given[i] && !take[i] && count == 6'd63;
    end
  endgenerate
endmodule
