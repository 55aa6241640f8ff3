//===- bpa_abuf.sv - Gathered words: a bank for each row of the array ---===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Even and odd words of a bank are memories of their own, so two neighbouring words
// can be written together.
module bpa_abuf #(
  parameter int ROWS = 8,
  parameter int WORDS = 1024,
  parameter int LANES = 64
) (
  input logic clk,
  // Words 0 and 1, of unequal parity, go to a row; word 2 to another.
  input logic [2:0] write,
  input logic [$clog2(ROWS)-1:0] write_row,
  input logic [$clog2(ROWS)-1:0] write_tail_row,
  input logic [$clog2(WORDS)-1:0] write_address0,
  input logic [$clog2(WORDS)-1:0] write_address1,
  input logic [$clog2(WORDS)-1:0] write_address2,
  input logic [LANES-1:0] write_data0,
  input logic [LANES-1:0] write_data1,
  input logic [LANES-1:0] write_data2,
  // The words of all rows in the next cycle.
  input logic [$clog2(WORDS)-1:0] read_address,
  output logic [ROWS*LANES-1:0] read_data
);
  localparam int BITS = $clog2(WORDS);
  logic odd_read;
  always_ff @(posedge clk) odd_read <= read_address[0];

  generate
    for (genvar r = 0; r < ROWS; r = r + 1) begin : row
      logic [2*LANES-1:0] words;
      for (genvar p = 0; p < 2; p = p + 1) begin : parity
        logic [2:0] hit;
        assign hit[0] = write[0] && write_row == ($clog2(ROWS))'(r) && write_address0[0] == 1'(p);
        assign hit[1] = write[1] && write_row == ($clog2(ROWS))'(r) && write_address1[0] == 1'(p);
        assign hit[2] = write[2] && write_tail_row == ($clog2(ROWS))'(r) &&
                        write_address2[0] == 1'(p);
        logic [BITS-1:0] address;
        assign address = hit[0] ? write_address0 : hit[1] ? write_address1 : write_address2;
        bpa_ram #(.WORDS(WORDS/2), .WIDTH(LANES)) ram(
          .clk,
          .write(hit != 0),
          .write_address(address[BITS-1:1]),
          .write_data(hit[0] ? write_data0 : hit[1] ? write_data1 : write_data2),
          .read(read_address[0] == 1'(p)),
          .read_address(read_address[BITS-1:1]),
          .read_data(words[p*LANES +: LANES]));
      end
      assign read_data[r*LANES +: LANES] = odd_read ? words[2*LANES-1:LANES] : words[LANES-1:0];
    end
  endgenerate
endmodule
