//===- bpa_tbuf.sv - Entries of thresholds, two at a time ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Even and odd entries are memories of their own.
module bpa_tbuf #(
  parameter int ENTRIES = 1024
) (
  input logic clk,
  input logic write,
  input logic [$clog2(ENTRIES)-1:0] write_entry,
  input logic [127:0] write_data,
  // The entry and the one behind it in the next cycle.
  input logic [$clog2(ENTRIES)-1:0] read_entry,
  output logic [255:0] read_data
);
  localparam int BITS = $clog2(ENTRIES);
  logic odd_read;
  logic [BITS-2:0] even_address;
  logic [127:0] even, odd;
  assign even_address = read_entry[BITS-1:1] + (BITS-1)'(read_entry[0]);

  always_ff @(posedge clk) odd_read <= read_entry[0];
  bpa_ram #(.WORDS(ENTRIES / 2), .WIDTH(128)) even_entries (
    .clk, .write(write && !write_entry[0]), .write_address(write_entry[BITS-1:1]), .write_data,
    .read(1'b1), .read_address(even_address), .read_data(even));
  bpa_ram #(.WORDS(ENTRIES / 2), .WIDTH(128)) odd_entries (
    .clk, .write(write && write_entry[0]), .write_address(write_entry[BITS-1:1]), .write_data,
    .read(1'b1), .read_address(read_entry[BITS-1:1]), .read_data(odd));
  assign read_data = odd_read ? {even, odd} : {odd, even};
endmodule
