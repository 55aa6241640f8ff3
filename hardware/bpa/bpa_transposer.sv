//===- bpa_transposer.sv - Codes in, planes out -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Two buffers of ROWS pixels of LANES channels. Written are the codes of a channel, or of an
// even one and the next, of all pixels; read is a bit plane of a pixel, in the same cycle.
module bpa_transposer #(
  parameter int ROWS = 8,
  parameter int LANES = 64
) (
  input logic clk,
  input logic write,
  input logic write_pair,
  input logic write_buffer,
  input logic [$clog2(LANES)-1:0] write_lane,
  input logic [8*ROWS-1:0] write_codes,
  input logic [8*ROWS-1:0] write_second,
  input logic read_buffer,
  input logic [$clog2(ROWS)-1:0] read_row,
  input logic [2:0] read_plane,
  output logic [LANES-1:0] read_data
);
  logic [LANES-1:0] planes [0:16*ROWS-1];

  generate
    for (genvar i = 0; i < 2; i++) begin : half
      for (genvar j = 0; j < 8 * ROWS; j++) begin : plane
        always_ff @(posedge clk)
          if (write && write_buffer == (i == 1)) begin
            planes[8*ROWS*i+j][write_lane] <= write_codes[j];
            if (write_pair)
              planes[8*ROWS*i+j][{write_lane[$clog2(LANES)-1:1], 1'b1}] <= write_second[j];
          end
      end
    end
  endgenerate

  assign read_data = planes[{read_buffer, read_row, read_plane}];
endmodule
