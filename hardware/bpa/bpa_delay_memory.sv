//===- bpa_delay_memory.sv - What was there some cycles ago -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A memory that is read and written in turn: a chain of registers would be larger. What
// comes out after reset is undefined for so many cycles.
module bpa_delay_memory #(
  parameter int WIDTH = 8,
  parameter int CYCLES = 2 // at least 2
) (
  input logic clk,
  input logic [WIDTH-1:0] in,
  output logic [WIDTH-1:0] out
);
  localparam int PLACES = CYCLES - 1;
  localparam int BITS = PLACES > 1 ? $clog2(PLACES) : 1;

  logic [WIDTH-1:0] places [0:PLACES-1];
  logic [BITS-1:0] place = '0;

  always_ff @(posedge clk) begin
    place <= place == BITS'(PLACES - 1) ? '0 : place + BITS'(1);
    out <= places[place];
    places[place] <= in;
  end
endmodule
