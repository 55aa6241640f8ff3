//===- route.sv - Array and drain of r4c4d32 between six pins -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What an FPGA of 7,680 cells is asked to place and route: MM and the drain, with small
// memories. All inputs come from a shift register, all outputs go into one bit, so nothing
// can be left out.
module route (
  input logic clk,
  input logic rst,
  input logic serial,
  // 0 nothing, 1 `mm`, 2 and 3 words of ABUF and WBUF.
  input logic [1:0] command,
  output logic result
);
  localparam int ROWS = bpa_pkg::R4C4D32_ROWS;
  localparam int COLUMNS = bpa_pkg::R4C4D32_COLUMNS;
  localparam int LANES = bpa_pkg::R4C4D32_LANES;
  localparam int WORDS = 256;

  logic [127:0] bits;
  always_ff @(posedge clk) bits <= {bits[126:0], serial};

  logic [7:0] a_address, w_address;
  logic [ROWS*LANES-1:0] a_words;
  logic [COLUMNS*LANES-1:0] w_words;
  bpa_ram #(.WORDS(WORDS), .WIDTH(ROWS*LANES)) abuf (
    .clk, .write(command == 2'd2), .write_address(bits[7:0]), .write_data(bits), .read(1'b1),
    .read_address(a_address), .read_data(a_words));
  bpa_ram #(.WORDS(WORDS), .WIDTH(COLUMNS*LANES)) wbuf (
    .clk, .write(command == 2'd3), .write_address(bits[7:0]), .write_data(bits), .read(1'b1),
    .read_address(w_address), .read_data(w_words));

  logic tile, subtract, ready, done;
  logic [ROWS*COLUMNS*32-1:0] sums;
  logic [ROWS*32-1:0] row_sums, y, second_y;
  bpa_matmul #(.ROWS(ROWS), .COLUMNS(COLUMNS), .LANES(LANES), .ABUF_WORDS(WORDS),
               .WBUF_WORDS(WORDS)) matmul (
    .clk, .rst, .issue(command == 2'd1), .instruction(bits), .config_planes(bits), .ready, .done,
    .abuf_read_address(a_address), .abuf_read_data(a_words), .wbuf_read_address(w_address),
    .wbuf_read_data(w_words), .tile, .tile_accept(serial), .tile_sums(sums),
    .tile_row_sums(row_sums), .tile_subtract(subtract), .count_step(), .count_tile(),
    .count_keep(), .count_steps());

  bpa_drain #(.ROWS(ROWS), .COLUMNS(COLUMNS)) drain (
    .clk, .take(bits[0]), .tile_sums(sums), .tile_row_sums(row_sums), .tile_subtract(subtract),
    .by_columns(bits[1]), .next_column(bits[2]), .pair(bits[5]), .row(bits[4:3]), .y, .second_y);

  logic [10:0] parts;
  always_ff @(posedge clk) begin
    parts <= {tile, ready, done, ^y[31:0], ^y[63:32], ^y[95:64], ^y[127:96], ^second_y[31:0],
              ^second_y[63:32], ^second_y[95:64], ^second_y[127:96]};
    result <= ^parts;
  end
endmodule
