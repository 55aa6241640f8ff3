//===- bpa_wbuf.sv - Weights: a bank for each column of the array -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

module bpa_wbuf #(
  parameter int COLUMNS = 8,
  parameter int WORDS = 1024,
  parameter int LANES = 64
) (
  input logic clk,
  input logic write,
  input logic [15:0] write_beat,
  input logic [127:0] write_data,
  // The words of all columns in the next cycle.
  input logic [$clog2(WORDS)-1:0] read_address,
  output logic [COLUMNS*LANES-1:0] read_data
);
  // Words of a beat, which belong to neighbouring columns, and beats of a word of all.
  localparam int BEAT_WORDS = 128 / LANES;
  localparam int WORD_BEATS = COLUMNS / BEAT_WORDS;
  localparam int SHIFT = $clog2(WORD_BEATS);

  generate
    for (genvar c = 0; c < COLUMNS; c = c + 1) begin : column
      bpa_ram #(.WORDS(WORDS), .WIDTH(LANES)) ram(
        .clk,
        .write(write && (write_beat & 16'(WORD_BEATS - 1)) == 16'(c / BEAT_WORDS)),
        .write_address(write_beat[SHIFT +: $clog2(WORDS)]),
        .write_data(write_data[c % BEAT_WORDS * LANES +: LANES]),
        .read(1'b1),
        .read_address,
        .read_data(read_data[c*LANES +: LANES]));
    end
  endgenerate
endmodule
