//===- bpa_matmul.sv - Engine MM: the array -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

module bpa_matmul #(
  parameter int ROWS = 8,
  parameter int COLUMNS = 8,
  parameter int LANES = 64,
  parameter int ABUF_WORDS = 1024,
  parameter int WBUF_WORDS = 1024
) (
  input logic clk,
  // Synchronous; also when a program starts.
  input logic rst,

  // An `mm` is issued in this cycle: only where `ready`. The register is valid with
  // it and may change afterwards.
  input logic issue,
  input logic [127:0] instruction,
  input logic [127:0] config_planes,
  // Idle, or this is the last step.
  output logic ready,
  // With the last step.
  output logic done,

  // One cycle after a step its addresses, in the next cycle the words: row r at
  // r * LANES, column c at c * LANES.
  output logic [$clog2(ABUF_WORDS)-1:0] abuf_read_address,
  input logic [ROWS*LANES-1:0] abuf_read_data,
  output logic [$clog2(WBUF_WORDS)-1:0] wbuf_read_address,
  input logic [COLUMNS*LANES-1:0] wbuf_read_data,

  // The last step of a tile that is not kept waits until PP can take the tile. It
  // is taken with `tile`; 5 cycles later the sums (row r, column c at (r * COLUMNS
  // + c) * 32) are there for one cycle, at the end of which PP takes them.
  output logic tile,
  input logic tile_accept,
  output logic [ROWS*COLUMNS*32-1:0] tile_sums,

  // For counters: a step is taken in this cycle; it is the last of a tile, which
  // took so many, and which is kept.
  output logic count_step,
  output logic count_tile,
  output logic count_keep,
  output logic [17:0] count_steps
);
  // Nothing yet.
  assign ready = 1'b1;
  assign done = 1'b0;
  assign abuf_read_address = '0;
  assign wbuf_read_address = '0;
  assign tile = 1'b0;
  assign tile_sums = '0;
  assign count_step = 1'b0;
  assign count_tile = 1'b0;
  assign count_keep = 1'b0;
  assign count_steps = '0;
endmodule
