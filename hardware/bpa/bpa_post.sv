//===- bpa_post.sv - Engine PP: sums become codes or integers -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

module bpa_post #(
  parameter int ROWS = 8,
  parameter int COLUMNS = 8,
  parameter int LANES = 64,
  parameter int FMAP_WORDS = 16384,
  parameter int TBUF_ENTRIES = 1024
) (
  input logic clk,
  // Synchronous; also when a program starts.
  input logic rst,

  // A `pp` is issued in this cycle: only where `ready`. The register is valid with
  // it and may change afterwards.
  input logic issue,
  input logic [127:0] instruction,
  input logic [127:0] config_result,
  // Idle, or this is the last slot: the last write of FMAP, the last drain of
  // integers.
  output logic ready,
  // 3 cycles after the last write of FMAP; not given for integers, where the answer
  // of DRAM to `dram_write_last` counts.
  output logic done,

  // The last step of a tile is in this cycle, only where `tile_accept`; 5 cycles
  // later its sums must be taken, the row sums, and whether 2 sum - row sum is wanted.
  input logic tile,
  output logic tile_accept,
  input logic [ROWS*COLUMNS*32-1:0] tile_sums,
  input logic [ROWS*32-1:0] tile_row_sums,
  input logic tile_subtract,

  // An entry, and in the next cycle what it and the one behind it hold.
  output logic [$clog2(TBUF_ENTRIES)-1:0] tbuf_read_entry,
  input logic [255:0] tbuf_read_data,

  // A slot writes FMAP; always granted. 8 cycles later lane (a multiple of
  // COLUMNS), LANES lanes, and which COLUMNS of them are written (none of pixels that
  // do not exist).
  output logic fmap_write,
  output logic [19:0] fmap_write_lane,
  output logic [LANES/COLUMNS-1:0] fmap_write_mask,
  output logic [LANES-1:0] fmap_write_data,

  // A slot drains integers: ST must not write in it. 8 cycles later beat, bytes to
  // write (none of pixels that do not exist), and whether this was the last slot of
  // the instruction.
  output logic dram_write,
  output logic [31:0] dram_write_beat,
  output logic [15:0] dram_write_mask,
  output logic [127:0] dram_write_data,
  output logic dram_write_last,
  // A raw16 result did not fit.
  output logic overflow,

  // The slot of the cycle before reads or writes outside of a memory, or operands contradict
  // each other, which is found in the cycle after the issue.
  input logic [31:0] dram_beats,
  output logic fault,
  output logic fault_is_operand,

  // For counters: the first cycle of a drain, and the cycles that it takes at least.
  output logic count_drain,
  output logic [9:0] count_drain_cycles
);
  localparam int TW = $clog2(TBUF_ENTRIES);
  localparam int RW = $clog2(ROWS);
  localparam int LW = $clog2(LANES);
  // Tiles that are written together.
  localparam int TILES = LANES / COLUMNS;
  localparam int SW = $clog2(TILES);
  localparam int PIPELINE = 5;

  bpa_pkg::pp_t next, pp;
  bpa_pkg::cfg_result_t next_result, result;
  assign next = instruction;
  assign next_result = config_result;

  // Two columns of one entry each in a slot, or two entries of a column.
  logic codes, raw16, pair;
  logic [2:0] last_plane;
  logic next_codes, next_raw16;
  assign next_codes = next_result.f_mode == bpa_pkg::CFG_RESULT_MODE_CODES;
  assign next_raw16 = next_result.f_mode == bpa_pkg::CFG_RESULT_MODE_RAW16;

  //===--------------------------------------------------------------------===//
  // Slots of drains
  //===--------------------------------------------------------------------===//

  logic posting, drained, draining, waiting;
  logic [PIPELINE-1:0] arriving;
  logic [1:0] tiles_held;
  logic [9:0] drain_left, drain, next_drain, left_before, left;
  // Two entries, or half of a row of 32 bits.
  logic [4:0] entry, last_entry, next_last_entry;
  logic [9:0] tile_index;
  logic [15:0] pixels_left;
  logic [SW-1:0] place;
  logic start, slot, ends_tile, ends_group, ends_drains, ends_buffer, ends_column;

  // Writes of codes.
  logic flushing, flush_ends, flush_waits;

  always_comb begin
    next_last_entry = '0;
    if (next_codes)
      case (next_result.f_bits)
        3'd4: next_last_entry = 5'd3;
        3'd5: next_last_entry = 5'd7;
        3'd6: next_last_entry = 5'd15;
        3'd7: next_last_entry = 5'd31;
        default: next_last_entry = {4'd0, next_result.f_bits == 3'd3};
      endcase
    else if (!next_raw16) next_last_entry = 5'd1;
    next_drain = ({5'd0, next_last_entry} + 10'd1) << $clog2(COLUMNS);
    if (next_codes && next_result.f_bits <= 3'd1) next_drain = 10'(COLUMNS / 2);
  end

  assign start = posting & !drained & !draining & (waiting | arriving[PIPELINE-1]) &
                 !(codes & place == '0 & flush_waits & !flush_ends);
  assign slot = draining | start;
  assign left_before = draining ? drain_left : drain;
  assign left = left_before - 10'd1;
  assign ends_column = entry == last_entry;
  assign ends_tile = slot & left == '0;
  assign ends_group = ends_tile & tile_index == pp.f_tiles;
  assign ends_buffer = ends_tile & codes & (&place | tile_index == pp.f_tiles);
  assign ends_drains = ends_group & pixels_left <= 16'(ROWS);

  // The sums of a tile can be taken when the drain of the one before is over.
  assign tile_accept = tiles_held == 2'd0 |
                       (tiles_held == 2'd1 & slot & left < 10'(PIPELINE));

  assign count_drain = start;
  assign count_drain_cycles = drain > 10'(PIPELINE) ? drain : 10'(PIPELINE);

  logic ends_codes, ends_integers;
  assign ends_codes = drained & flush_ends & !flush_waits;
  assign ends_integers = ends_drains & !codes;
  assign ready = !posting | ends_codes | ends_integers;

  logic [1:0] done_delay;
  always_ff @(posedge clk) begin
    {done, done_delay} <= rst ? '0 : {done_delay, ends_codes};

    if (rst) posting <= 1'b0;
    else if (issue) posting <= 1'b1;
    else if (ends_codes | ends_integers) posting <= 1'b0;

    if (rst) begin
      draining <= 1'b0;
      waiting <= 1'b0;
      arriving <= '0;
      tiles_held <= '0;
    end else begin
      draining <= slot & !ends_tile;
      waiting <= (waiting | arriving[PIPELINE-1]) & !start;
      arriving <= {arriving[PIPELINE-2:0], tile};
      tiles_held <= tiles_held + {1'b0, tile} - {1'b0, ends_tile};
    end
    drain_left <= left;

    if (issue) begin
      pp <= next;
      result <= next_result;
      codes <= next_codes;
      raw16 <= next_raw16;
      pair <= next_codes & next_result.f_bits <= 3'd1;
      last_plane <= next_codes ? next_result.f_bits : {2'd0, !next_raw16};
      drain <= next_drain;
      last_entry <= next_last_entry;
      drained <= 1'b0;
      entry <= '0;
      tile_index <= '0;
      pixels_left <= {1'b0, next.f_pixels} + 16'd1;
      place <= '0;
    end else if (slot) begin
      entry <= ends_column ? '0 : entry + 5'd1;
      if (ends_tile) begin
        tile_index <= ends_group ? '0 : tile_index + 10'd1;
        place <= ends_buffer ? '0 : place + SW'(1);
      end
      if (ends_group) pixels_left <= pixels_left - 16'(ROWS);
      if (ends_drains) drained <= 1'b1;
    end
  end

  //===--------------------------------------------------------------------===//
  // Where results go: lanes of codes, beats of integers
  //===--------------------------------------------------------------------===//

  // Of the group; of the tile, or of those that are written together.
  logic [31:0] out_group, out_here, out_base, out_step, out_next;
  logic odd_tile;
  logic [31:0] tile_beats;

  generate
    if (COLUMNS == 8) begin : whole
      assign tile_beats = raw16 ? 32'd1 : 32'd2;
    end else begin : part
      assign tile_beats = {31'd0, !raw16 | odd_tile};
    end
  endgenerate

  assign out_base = ends_group ? out_group : out_here;
  assign out_step = ends_group ? {12'd0, result.f_pixel} << RW : codes ? 32'(LANES) : tile_beats;
  assign out_next = out_base + out_step;

  always_ff @(posedge clk)
    if (issue) begin
      out_group <= next.f_out;
      out_here <= next.f_out;
      odd_tile <= 1'b0;
    end else if (ends_tile) begin
      if (ends_group) out_group <= out_next;
      if (ends_buffer | !codes) out_here <= out_next;
      odd_tile <= !odd_tile & !ends_group;
    end

  // Pixel by pixel and plane by plane; beats of raw32 are planes. Rows that exist, and
  // tiles, less 1, of what is written.
  logic [31:0] at_row, at, at_base, at_step, at_next, out_waiting;
  logic [RW-1:0] row;
  logic [2:0] plane;
  logic [RW:0] rows, rows_here, rows_waiting;
  logic [SW-1:0] places, places_waiting;
  logic step, ends_row, row_exists;

  assign step = codes ? flushing : slot;
  assign ends_row = plane == last_plane;
  assign at_base = ends_row ? at_row : at;
  assign at_step = ends_row ? {12'd0, result.f_pixel} : codes ? {12'd0, result.f_plane} : 32'd1;
  assign at_next = at_base + at_step;
  assign rows_here = pixels_left >= 16'(ROWS) ? (RW+1)'(ROWS) : pixels_left[RW:0];
  assign row_exists = {1'b0, row} < (codes ? rows : rows_here);
  assign flush_ends = flushing & ends_row & &row;

  always_ff @(posedge clk) begin
    if (rst) begin
      flushing <= 1'b0;
      flush_waits <= 1'b0;
    end else begin
      flushing <= (flushing & !flush_ends) | flush_waits | ends_buffer;
      flush_waits <= (flush_waits & !flush_ends) | (ends_buffer & flushing & !flush_ends) |
                     (ends_buffer & flush_waits);
    end

    if (ends_buffer) begin
      out_waiting <= out_here;
      rows_waiting <= rows_here;
      places_waiting <= place;
    end

    if (issue) begin
      {at, at_row} <= {2{next.f_out}};
      {row, plane} <= '0;
    end else if (flush_ends & flush_waits) begin
      {at, at_row} <= {2{out_waiting}};
      rows <= rows_waiting;
      places <= places_waiting;
      {row, plane} <= '0;
    end else if (ends_buffer & (!flushing | flush_ends)) begin
      {at, at_row} <= {2{out_here}};
      rows <= rows_here;
      places <= place;
      {row, plane} <= '0;
    end else if (ends_tile & !codes) begin
      {at, at_row} <= {2{out_next}};
      {row, plane} <= '0;
    end else if (step) begin
      at <= at_next;
      if (ends_row) begin
        at_row <= at_next;
        row <= row + RW'(1);
      end
      plane <= ends_row ? '0 : plane + 3'd1;
    end
  end

  //===--------------------------------------------------------------------===//
  // Sums: the tile that is drained, a column or a row at a time
  //===--------------------------------------------------------------------===//

  logic [ROWS*32-1:0] y, second_y;
  // Of the slot before.
  logic codes1, column1, pair1;
  logic [RW-1:0] row1;
  always_ff @(posedge clk) begin
    codes1 <= codes;
    column1 <= slot & ends_column;
    pair1 <= pair;
    row1 <= row;
  end

  bpa_drain #(.ROWS(ROWS), .COLUMNS(COLUMNS)) tile_drain (
    .clk, .take(arriving[PIPELINE-1]), .tile_sums, .tile_row_sums, .tile_subtract,
    .by_columns(codes1), .next_column(column1), .pair(pair1), .row(row1), .y, .second_y);

  //===--------------------------------------------------------------------===//
  // Codes
  //===--------------------------------------------------------------------===//

  logic [10:0] tbuf_entry;
  always_ff @(posedge clk) begin
    if (issue) tbuf_entry <= 11'(next.f_tbuf);
    else if (ends_group) tbuf_entry <= 11'(pp.f_tbuf);
    else if (slot) tbuf_entry <= tbuf_entry + 11'd2;
    tbuf_read_entry <= tbuf_entry[TW-1:0];
  end

  // 1 to 3 cycles after the slot: the first entry of a channel, the last, two channels.
  logic first1, first2, first3, last2, last3, pair2, pair3, decreasing, one_bit;
  logic is_decreasing, second_is_decreasing;
  logic [4*ROWS-1:0] reached, second_reached;
  logic [8*ROWS-1:0] code, next_code, second_code;
  assign is_decreasing = first2 ? tbuf_read_data[0] : decreasing;
  assign second_is_decreasing = pair2 ? tbuf_read_data[128] : is_decreasing;
  assign one_bit = result.f_bits == 3'd0;

  always_ff @(posedge clk) begin
    first1 <= entry == '0;
    {first3, first2} <= {first2, first1};
    {last3, last2} <= {last2, column1 & codes1};
    {pair3, pair2} <= {pair2, pair1};
    decreasing <= is_decreasing;
  end

  generate
    for (genvar i = 0; i < ROWS; i++) begin : threshold
      logic [31:0] v, second_v;
      logic [7:0] sum, second_sum;
      assign v = y[32*i +: 32] ^ {32{is_decreasing}};
      assign second_v = (pair2 ? second_y[32*i +: 32] : y[32*i +: 32]) ^
                        {32{second_is_decreasing}};
      always_ff @(posedge clk) begin
        // Slot 0 of the first entry holds flags.
        reached[4*i] <= !first2 & $signed(v) >= $signed(tbuf_read_data[31:0]);
        reached[4*i+1] <= $signed(v) >= $signed(tbuf_read_data[63:32]);
        reached[4*i+2] <= !one_bit & $signed(v) >= $signed(tbuf_read_data[95:64]);
        reached[4*i+3] <= !one_bit & $signed(v) >= $signed(tbuf_read_data[127:96]);
        second_reached[4*i] <= !pair2 & $signed(second_v) >= $signed(tbuf_read_data[159:128]);
        second_reached[4*i+1] <= $signed(second_v) >= $signed(tbuf_read_data[191:160]);
        second_reached[4*i+2] <= !one_bit & $signed(second_v) >= $signed(tbuf_read_data[223:192]);
        second_reached[4*i+3] <= !one_bit & $signed(second_v) >= $signed(tbuf_read_data[255:224]);
      end
      assign sum = (first3 ? result.f_first : code[8*i +: 8]) +
                   8'(reached[4*i]) + 8'(reached[4*i+1]) + 8'(reached[4*i+2]) +
                   8'(reached[4*i+3]);
      assign second_sum = (pair3 ? result.f_first : sum) + 8'(second_reached[4*i]) +
                          8'(second_reached[4*i+1]) + 8'(second_reached[4*i+2]) +
                          8'(second_reached[4*i+3]);
      assign next_code[8*i +: 8] = pair3 ? sum : second_sum;
      assign second_code[8*i +: 8] = second_sum;
    end
  endgenerate
  always_ff @(posedge clk) code <= next_code;

  // Channels of a buffer come one after the other.
  logic write_buffer, ends_buffer1, ends_buffer2, ends_buffer3;
  logic [LW-1:0] write_lane;
  always_ff @(posedge clk) begin
    {ends_buffer3, ends_buffer2, ends_buffer1} <= {ends_buffer2, ends_buffer1, ends_buffer};
    if (rst) write_buffer <= 1'b0;
    else if (ends_buffer3) write_buffer <= !write_buffer;
    if (rst | ends_buffer3) write_lane <= '0;
    else if (last3) write_lane <= write_lane + (pair3 ? LW'(2) : LW'(1));
  end

  // What is read 3 cycles after the slot of a write.
  logic [3*(RW+4)-1:0] read_delay;
  logic read_buffer;
  logic [LANES-1:0] read_data, read_data4;
  always_ff @(posedge clk) begin
    read_delay <= {read_delay[2*(RW+4)-1:0], read_buffer, row, plane};
    if (rst) read_buffer <= 1'b0;
    else if (flush_ends) read_buffer <= !read_buffer;
    read_data4 <= read_data;
  end

  bpa_transposer #(.ROWS(ROWS), .LANES(LANES)) transposer (
    .clk, .write(last3), .write_pair(pair3), .write_buffer, .write_lane,
    .write_codes(next_code), .write_second(second_code),
    .read_buffer(read_delay[3*(RW+4)-1]), .read_row(read_delay[2*(RW+4)+3 +: RW]),
    .read_plane(read_delay[2*(RW+4) +: 3]), .read_data);

  bpa_delay_memory #(.WIDTH(LANES), .CYCLES(4)) data_delay (
    .clk, .in(read_data4), .out(fmap_write_data));

  //===--------------------------------------------------------------------===//
  // Ports
  //===--------------------------------------------------------------------===//

  logic [TILES-1:0] mask, mask8;
  logic [31:0] at8;
  logic [15:0] bytes, bytes8;
  logic [7:0] writes_fmap, writes_dram, writes_last;
  assign mask = ~({TILES{1'b1}} << 1 << places) & {TILES{row_exists}};
  generate
    if (COLUMNS == 8) begin : whole_beat
      assign bytes = {16{row_exists}};
    end else begin : part_beat
      assign bytes = {16{row_exists & plane == '0}} &
                     {{8{!raw16 | odd_tile}}, {8{!raw16 | !odd_tile}}};
    end
  endgenerate

  assign fmap_write = flushing;
  assign dram_write = slot & !codes;

  bpa_delay_memory #(.WIDTH(32 + TILES + 16), .CYCLES(8)) at_delay (
    .clk, .in({at, mask, bytes}), .out({at8, mask8, bytes8}));
  always_ff @(posedge clk) begin
    writes_fmap <= {writes_fmap[6:0], flushing};
    writes_dram <= {writes_dram[6:0], dram_write};
    writes_last <= {writes_last[6:0], ends_integers};
  end
  assign fmap_write_lane = at8[19:0];
  assign fmap_write_mask = mask8 & {TILES{writes_fmap[7]}};
  assign dram_write_beat = at8;
  assign dram_write_mask = bytes8 & {16{writes_dram[7]}};
  assign dram_write_last = writes_last[7];

  //===--------------------------------------------------------------------===//
  // Errors
  //===--------------------------------------------------------------------===//

  localparam int FMAP_BITS = $clog2(FMAP_WORDS) + LW;
  localparam int PART_BITS = $clog2(COLUMNS);
  logic issued, contradicts, entry_outside, lanes_outside, beat_outside;
  logic [FMAP_BITS-PART_BITS:0] last_part;
  assign contradicts = codes & (pp.f_out[PART_BITS-1:0] | result.f_pixel[PART_BITS-1:0] |
                                result.f_plane[PART_BITS-1:0]) != '0;
  // Two entries are read, both of which are needed.
  assign entry_outside = codes & tbuf_entry >= 11'(TBUF_ENTRIES - 1);
  assign last_part = {1'b0, at[FMAP_BITS-1:PART_BITS]} + (FMAP_BITS-PART_BITS+1)'(places);
  assign lanes_outside = row_exists & (at[31:FMAP_BITS] != '0 | last_part[FMAP_BITS-PART_BITS]);
  assign beat_outside = !codes & bytes != '0 & at >= dram_beats;

  always_ff @(posedge clk) begin
    issued <= issue & !rst;
    fault_is_operand <= issued & contradicts;
    fault <= !rst & ((issued & contradicts) | (slot & (entry_outside | beat_outside)) |
                     (flushing & lanes_outside));
  end

  // Integers, 2 cycles after the slot.
  logic [127:0] beat;
  logic [ROWS-1:0] too_large;
  logic raw16_2, raw16_1, exists2, exists1, high2, high1;
  always_ff @(posedge clk) begin
    {raw16_2, raw16_1} <= {raw16_1, raw16};
    {exists2, exists1} <= {exists1, row_exists & dram_write};
    {high2, high1} <= {high1, plane[0]};
    overflow <= exists2 & raw16_2 & |too_large;
  end
  generate
    for (genvar i = 0; i < COLUMNS; i++) begin : integer_part
      assign too_large[i] = y[32*i+15 +: 17] != '0 & y[32*i+15 +: 17] != '1;
    end
    for (genvar i = 0; i < 8; i++) begin : narrow
      logic [15:0] wide_half;
      if (COLUMNS == 8) begin : eight
        assign wide_half = high2 ? y[16*(i+8) +: 16] : y[16*i +: 16];
      end else begin : four
        assign wide_half = y[16*i +: 16];
      end
      assign beat[16*i +: 16] = raw16_2 ? y[32*(i % COLUMNS) +: 16] : wide_half;
    end
  endgenerate
  bpa_delay_memory #(.WIDTH(128), .CYCLES(6)) beat_delay (
    .clk, .in(beat), .out(dram_write_data));
endmodule
