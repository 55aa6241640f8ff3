//===- bpa_ram.sv - A memory with one read and one write port -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Words of PARTS parts, each of which can be written alone. A word is there in the
// cycle after its address.
module bpa_ram #(
  parameter int WORDS = 1024,
  parameter int WIDTH = 64,
  parameter int PARTS = 1
) (
  input logic clk,
  input logic [PARTS-1:0] write,
  input logic [$clog2(WORDS)-1:0] write_address,
  input logic [WIDTH-1:0] write_data,
  input logic read,
  input logic [$clog2(WORDS)-1:0] read_address,
  output logic [WIDTH-1:0] read_data
);
  localparam int PART = WIDTH / PARTS;
  logic [WIDTH-1:0] words [0:WORDS-1];

  always_ff @(posedge clk) begin
    for (int p = 0; p < PARTS; p = p + 1)
      if (write[p]) words[write_address][p*PART +: PART] <= write_data[p*PART +: PART];
    if (read) read_data <= words[read_address];
  end
endmodule
