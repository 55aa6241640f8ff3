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
  // + c) * 32) are there for one cycle, at the end of which PP takes them. With
  // them, the row sums, and whether 2 sum - row sum is wanted, which PP computes
  // for a column at a time.
  output logic tile,
  input logic tile_accept,
  output logic [ROWS*COLUMNS*32-1:0] tile_sums,
  output logic [ROWS*32-1:0] tile_row_sums,
  output logic tile_subtract,

  // The step of the cycle before reads outside of a buffer, or operands contradict each
  // other, which is found in the cycle after the issue.
  output logic fault,
  output logic fault_is_operand,

  // For counters: a step is taken in this cycle; it is the last of a tile, which
  // took so many, and which is kept.
  output logic count_step,
  output logic count_tile,
  output logic count_keep,
  output logic [17:0] count_steps
);
  localparam int AW = $clog2(ABUF_WORDS);
  localparam int WW = $clog2(WBUF_WORDS);

  bpa_pkg::mm_t next, mm;
  bpa_pkg::cfg_planes_t next_planes, planes;
  assign next = instruction;
  assign next_planes = config_planes;

  //===--------------------------------------------------------------------===//
  // Steps: for each group, tile, weight plane, gathered plane and word
  //===--------------------------------------------------------------------===//

  logic running;
  logic [11:0] group;
  logic [9:0] tile_index;
  logic [2:0] weight_plane;
  logic [3:0] plane;
  logic [10:0] word;
  logic last_word, last_plane, last_weight_plane, last_tile, last_group;
  logic ends_planes, ends_tile, ends_group, first;

  assign last_word = word == mm.f_words;
  assign last_plane = plane == planes.f_aplanes;
  assign last_weight_plane = weight_plane == planes.f_wplanes;
  assign last_tile = tile_index == mm.f_tiles;
  assign last_group = group == mm.f_groups;
  assign ends_planes = last_word & last_plane;
  assign ends_tile = ends_planes & last_weight_plane;
  assign ends_group = ends_tile & last_tile;

  assign count_step = running & (!ends_tile | mm.f_keep | tile_accept);
  assign count_tile = count_step & ends_tile;
  assign count_keep = mm.f_keep;
  assign tile = count_tile & !mm.f_keep;
  assign done = count_step & ends_group & last_group;
  assign ready = !running | done;

  always_ff @(posedge clk) begin
    if (rst) running <= 1'b0;
    else if (issue) running <= 1'b1;
    else if (done) running <= 1'b0;

    if (issue) begin
      mm <= next;
      planes <= next_planes;
    end

    if (issue) begin
      {group, tile_index, weight_plane, plane, word} <= '0;
      first <= 1'b1;
      count_steps <= 18'd1;
    end else if (count_step) begin
      word <= last_word ? '0 : word + 11'd1;
      if (last_word) plane <= last_plane ? '0 : plane + 4'd1;
      if (ends_planes) weight_plane <= last_weight_plane ? '0 : weight_plane + 3'd1;
      if (ends_tile) tile_index <= last_tile ? '0 : tile_index + 10'd1;
      if (ends_group) group <= group + 12'd1;
      first <= ends_tile;
      count_steps <= ends_tile ? 18'd1 : count_steps + 18'd1;
    end
  end

  // Where the group, the plane and the word lie; likewise the tile. Steps go from words that
  // exist to words not more than 2047 behind them.
  logic [11:0] a_group, a_plane, a_word, a_base, a_step, a_next;
  logic [11:0] w_tile, w_plane, w_word, w_base, w_step, w_next;

  always_comb begin
    a_base = a_group;
    a_step = '0;
    if (!last_word) begin
      a_base = a_word;
      a_step = 12'd1;
    end else if (!last_plane) begin
      a_base = a_plane;
      a_step = 12'(mm.f_aplane);
    end else if (ends_group) begin
      a_step = 12'(mm.f_agroup);
    end
    a_next = a_base + a_step;

    w_base = 12'(mm.f_wbuf);
    w_step = '0;
    if (!last_word) begin
      w_base = w_word;
      w_step = 12'd1;
    end else if (!last_plane) begin
      w_base = w_plane;
    end else if (!last_weight_plane) begin
      w_base = w_plane;
      w_step = 12'(mm.f_wplane);
    end else if (!last_tile) begin
      w_base = w_tile;
      w_step = 12'(mm.f_wtile);
    end
    w_next = w_base + w_step;
  end

  always_ff @(posedge clk)
    if (issue) begin
      {a_group, a_plane, a_word} <= {3{12'(next.f_abuf)}};
      {w_tile, w_plane, w_word} <= {3{12'(next.f_wbuf)}};
    end else if (count_step) begin
      a_word <= a_next;
      if (last_word) a_plane <= a_next;
      if (ends_group) a_group <= a_next;
      w_word <= w_next;
      if (ends_planes) w_plane <= w_next;
      if (ends_tile) w_tile <= w_next;
    end

  always_ff @(posedge clk) begin
    abuf_read_address <= a_word[AW-1:0];
    wbuf_read_address <= w_word[WW-1:0];
  end

  //===--------------------------------------------------------------------===//
  // Errors
  //===--------------------------------------------------------------------===//

  // The largest of the digits 0 to `last`.
  function automatic logic [3:0] find_largest(input logic [39:0] digits, input logic [3:0] last);
    find_largest = '0;
    for (int i = 0; i < 10; i = i + 1)
      if (4'(i) <= last && digits[4*i +: 4] > find_largest) find_largest = digits[4*i +: 4];
  endfunction

  logic issued, kept, outside, contradicts;
  logic [4:0] largest_shift;
  assign outside = a_word >= 12'(ABUF_WORDS) | w_word >= 12'(WBUF_WORDS);
  assign largest_shift = 5'(find_largest(planes.f_ashift, planes.f_aplanes)) +
                         5'(find_largest(40'(planes.f_wshift), 4'(planes.f_wplanes)));
  assign contradicts = planes.f_aplanes > 4'd9 | largest_shift[4] | (mm.f_resume & !kept) |
                       ((mm.f_resume | mm.f_keep) & (mm.f_groups != '0 | mm.f_tiles != '0));

  always_ff @(posedge clk) begin
    issued <= issue & !rst;
    if (rst) kept <= 1'b0;
    else if (count_tile) kept <= mm.f_keep;
    fault_is_operand <= issued & contradicts;
    fault <= !rst & ((issued & contradicts) | (count_step & outside));
  end

  //===--------------------------------------------------------------------===//
  // The array
  //===--------------------------------------------------------------------===//

  // Control of a step, 1 to 4 cycles after it: {valid, clear, negate, shift}.
  logic [6:0] control1, control2, control3, control4;
  logic [4:0] subtract;
  logic negate;
  logic [3:0] shift;
  assign negate = planes.f_anegate[plane] ^ planes.f_wnegate[weight_plane];
  assign shift = planes.f_ashift[4*plane +: 4] + planes.f_wshift[4*weight_plane +: 4];

  always_ff @(posedge clk) begin
    control1 <= {count_step, count_step & first & !mm.f_resume, negate, shift};
    control2 <= control1;
    control3 <= control2;
    control4 <= control3;
    subtract <= {subtract[3:0], planes.f_rowsum[0]};
  end
  assign tile_subtract = subtract[4];

  generate
    for (genvar r = 0; r < ROWS; r++) begin : row
      bpa_dot #(.LANES(LANES)) row_sum (
        .clk, .a(abuf_read_data[LANES*r +: LANES]), .b({LANES{1'b1}}),
        .valid(control4[6]), .clear(control4[5]), .negate(control4[4]),
        .shift(control4[3:0]), .sum(tile_row_sums[32*r +: 32]));
      for (genvar c = 0; c < COLUMNS; c++) begin : column
        bpa_dot #(.LANES(LANES)) dot (
          .clk, .a(abuf_read_data[LANES*r +: LANES]), .b(wbuf_read_data[LANES*c +: LANES]),
          .valid(control4[6]), .clear(control4[5]), .negate(control4[4]),
          .shift(control4[3:0]), .sum(tile_sums[32*(COLUMNS*r+c) +: 32]));
      end
    end
  endgenerate
endmodule
