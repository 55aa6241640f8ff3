//===- bpa_gather.sv - Engine GA: gathers and max pools -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

module bpa_gather #(
  parameter int ROWS = 8,
  parameter int COLUMNS = 8,
  parameter int LANES = 64,
  parameter int FMAP_WORDS = 16384,
  parameter int ABUF_WORDS = 1024
) (
  input logic clk,
  // Synchronous; also when a program starts.
  input logic rst,

  // `instruction` is the first of the queue, decoded. 20 cycles later a `ga` or `mp` is
  // prepared.
  input logic first,
  // An instruction (`ga`, `mp`) is issued in this cycle: only where `ready`.
  // Registers are valid with it and may change afterwards; all 0 after reset,
  // which is what counts of 1 look like.
  input logic issue,
  input logic [127:0] instruction,
  input logic [127:0] config_input,
  input logic [127:0] config_window,
  input logic [127:0] config_extent,
  input logic [127:0] config_pool,
  // The first instruction is prepared, and the engine is idle, or an `mp` completes.
  output logic ready,
  // 7 cycles after the last slot of each instruction.
  output logic done,
  // The slot two cycles before reads or writes outside of a memory, or operands contradict
  // each other: those that one slot does not tell are looked at with the first.
  output logic fault,
  output logic fault_is_operand,

  // A slot reads FMAP; always granted. 4 cycles later the lane, 7 cycles later
  // the 2 * LANES lanes from there on.
  output logic fmap_read,
  output logic [19:0] fmap_read_lane,
  input logic [2*LANES-1:0] fmap_read_data,

  // A slot writes FMAP if it is granted in the same cycle. 8 cycles later lane (a
  // multiple of COLUMNS), LANES lanes, and which COLUMNS of them are written.
  output logic fmap_write,
  input logic fmap_write_grant,
  output logic [19:0] fmap_write_lane,
  output logic [LANES/COLUMNS-1:0] fmap_write_mask,
  output logic [LANES-1:0] fmap_write_data,

  // Words that go to ABUF in this cycle, at the latest 10 cycles after the slot. A
  // plane's end may leave one word behind (residual + 2D lanes = 2 words and a
  // part), which follows with the next append; at the end of a pixel it goes
  // through the third port, to another row than the first two. 0 and 1 must not
  // have the same parity of address.
  output logic [2:0] abuf_write,
  output logic [$clog2(ROWS)-1:0] abuf_write_row,      // of words 0 and 1
  output logic [$clog2(ROWS)-1:0] abuf_write_tail_row, // of word 2
  output logic [$clog2(ABUF_WORDS)-1:0] abuf_write_address0,
  output logic [$clog2(ABUF_WORDS)-1:0] abuf_write_address1,
  output logic [$clog2(ABUF_WORDS)-1:0] abuf_write_address2,
  output logic [LANES-1:0] abuf_write_data0,
  output logic [LANES-1:0] abuf_write_data1,
  output logic [LANES-1:0] abuf_write_data2
);
  localparam int AW = $clog2(ABUF_WORDS);
  localparam int RW = $clog2(ROWS);
  localparam int LW = $clog2(LANES);
  localparam int PARTS = LANES / COLUMNS;
  localparam int SETUP = 20;
  // Lanes of an access.
  localparam int ACCESS = 2 * LANES;
  // Bits of a lane's number: where a tap is inside the input, it is less than 2^33 away from
  // 0, however the pitches are. FMAP has fewer.
  localparam int AT = 34;
  localparam int FMAP_BITS = $clog2(FMAP_WORDS) + LW;

  bpa_pkg::ga_t next_gather;
  bpa_pkg::mp_t next_pool;
  bpa_pkg::cfg_input_t next_in, in;
  bpa_pkg::cfg_window_t next_window, window;
  bpa_pkg::cfg_extent_t next_extent, extent;
  bpa_pkg::cfg_pool_t next_out, out;
  assign next_gather = instruction;
  assign next_pool = instruction;
  assign next_in = config_input;
  assign next_window = config_window;
  assign next_extent = config_extent;
  assign next_out = config_pool;

  logic next_is_pool, next_is_window;
  assign next_is_pool = next_gather.op == bpa_pkg::OP_MP;
  assign next_is_window = next_gather.op == bpa_pkg::OP_GA | next_is_pool;

  //===--------------------------------------------------------------------===//
  // Preparation: products, a bit per cycle, of the instruction that is next
  //===--------------------------------------------------------------------===//

  logic [4:0] cycle;
  logic prepared;
  assign prepared = cycle == 5'(SETUP);
  always_ff @(posedge clk)
    if (rst | issue | !first | !next_is_window) cycle <= '0;
    else if (!prepared) cycle <= cycle + 5'd1;

  logic [9:0] image;
  logic [11:0] oy, ox;
  assign image = next_is_pool ? next_pool.f_image : next_gather.f_image;
  assign oy = next_is_pool ? next_pool.f_oy : next_gather.f_oy;
  assign ox = next_is_pool ? next_pool.f_ox : next_gather.f_ox;

  // Multipliers, counts not less 1; bits from the most significant one on.
  logic [4:0] sy, sx;
  logic [6:0] dy, dx;
  logic [12:0] w;
  logic [5:0] kw;
  logic [14:0] lanes;
  logic [13:0] rows_above;
  assign sy = {1'b0, next_window.f_sy} + 5'd1;
  assign sx = {1'b0, next_window.f_sx} + 5'd1;
  assign dy = {1'b0, next_window.f_dy} + 7'd1;
  assign dx = {1'b0, next_window.f_dx} + 7'd1;
  assign w = {1'b0, next_extent.f_w} + 13'd1;
  assign kw = {1'b0, next_window.f_kw} + 6'd1;
  assign lanes = {1'b0, next_window.f_lanes} + 15'd1;
  assign rows_above = {{6{next_window.f_py[7]}}, next_window.f_py} +
                      {2'd0, next_extent.f_first_row};

  // Bits of the multipliers, `last` - cycle of each: in which cycles a product is built says its
  // range. They are chosen in one cycle and used in the next, the `round`.
  logic bit_sy, bit_sx, bit_oy, bit_ox, bit_above, bit_px_or_dx, bit_image, bit_dy, bit_w,
        bit_kw, bit_planes;
  logic [4:0] round;
  logic [31:0] count;
  assign count = 32'(cycle);
  always_ff @(posedge clk) begin
    round <= cycle;
    bit_sy <= sy[3'(32'd4 - count)];
    bit_sx <= sx[3'(32'd4 - count)];
    bit_oy <= oy[4'(32'd16 - count)];
    bit_ox <= ox[4'(32'd16 - count)];
    bit_above <= rows_above[4'(32'd13 - count)];
    bit_px_or_dx <= cycle < 5'd8 ? next_window.f_px[3'(32'd7 - count)] : dx[3'(32'd14 - count)];
    bit_image <= image[4'(32'd9 - count)];
    bit_dy <= dy[3'(32'd16 - count)];
    bit_w <= w[4'(32'd12 - count)];
    bit_kw <= kw[3'(32'd5 - count)];
    bit_planes <= next_window.f_planes[2'(32'd8 - count)];
  end

  // Lanes from row to row and from pixel to pixel of the output, of taps.
  logic [24:0] y_step;
  logic [19:0] x_step;
  logic [26:0] ky_step;
  logic [20:0] kx_step;
  logic [AT-1:0] product_y, product_above;
  logic [29:0] product_image;
  logic [22:0] product_kw;
  // Lanes from the row's first pixel on: of the row's and the first window, the row's end.
  logic [30:0] product_x;
  logic [27:0] product_px, product_w, x_row, x_first;
  logic [AT-1:0] at_image, at_row, at_first;
  // Rows and pixels of the first window; of that of pixel (0, 0).
  logic [17:0] iy_first, ix_first, iy_image, ix_row;
  logic [19:0] run;
  assign iy_image = -{{10{next_window.f_py[7]}}, next_window.f_py};
  assign ix_row = -{{10{next_window.f_px[7]}}, next_window.f_px};

  logic neighbours;
  assign neighbours = next_window.f_dx == '0 & {1'b0, next_in.f_pixel} == lanes & !next_is_pool;

  always_ff @(posedge clk) begin
    // sy * row, then oy * that; the same of columns.
    if (round == 5'd0) begin
      product_y <= {AT{bit_sy}} & AT'(next_in.f_row);
      product_x <= {31{bit_sx}} & {17'd0, next_in.f_pixel};
      iy_first <= {18{bit_sy}} & {6'd0, oy};
      ix_first <= {18{bit_sx}} & {6'd0, ox};
    end else if (round < 5'd5) begin
      product_y <= {product_y[AT-2:0], 1'b0} + ({AT{bit_sy}} & AT'(next_in.f_row));
      product_x <= {product_x[29:0], 1'b0} + ({31{bit_sx}} & {17'd0, next_in.f_pixel});
      iy_first <= {iy_first[16:0], 1'b0} + ({18{bit_sy}} & {6'd0, oy});
      ix_first <= {ix_first[16:0], 1'b0} + ({18{bit_sx}} & {6'd0, ox});
    end else if (round == 5'd5) begin
      y_step <= product_y[24:0];
      x_step <= product_x[19:0];
      product_y <= {AT{bit_oy}} & product_y;
      product_x <= {31{bit_ox}} & product_x;
      iy_first <= iy_first + iy_image;
      ix_first <= ix_first + ix_row;
    end else if (round < 5'd17) begin
      product_y <= {product_y[AT-2:0], 1'b0} + ({AT{bit_oy}} & AT'(y_step));
      product_x <= {product_x[29:0], 1'b0} + ({31{bit_ox}} & {11'd0, x_step});
    end

    // Of two's complement the first bit counts negative.
    if (round == 5'd0) product_above <= -({AT{bit_above}} & AT'(next_in.f_row));
    else if (round < 5'd14)
      product_above <= {product_above[AT-2:0], 1'b0} + ({AT{bit_above}} & AT'(next_in.f_row));

    if (round == 5'd0) product_px <= -({28{bit_px_or_dx}} & {14'd0, next_in.f_pixel});
    else if (round == 5'd8) product_px <= {28{bit_px_or_dx}} & {14'd0, next_in.f_pixel};
    else if (round < 5'd15)
      product_px <= {product_px[26:0], 1'b0} + ({28{bit_px_or_dx}} & {14'd0, next_in.f_pixel});

    if (round == 5'd0) product_image <= {30{bit_image}} & 30'(next_in.f_image);
    else if (round == 5'd10) product_image <= {30{bit_dy}} & 30'(next_in.f_row);
    else if (round < 5'd17)
      product_image <= {product_image[28:0], 1'b0} +
                       (round < 5'd10 ? {30{bit_image}} & 30'(next_in.f_image)
                                      : {30{bit_dy}} & 30'(next_in.f_row));

    if (round == 5'd0) product_w <= {28{bit_w}} & {14'd0, next_in.f_pixel};
    else if (round < 5'd13)
      product_w <= {product_w[26:0], 1'b0} + ({28{bit_w}} & {14'd0, next_in.f_pixel});

    if (round == 5'd0) product_kw <= {23{bit_kw}} & 23'(lanes);
    else if (round == 5'd6) begin
      run <= neighbours ? product_kw[19:0] : {5'd0, lanes};
      product_kw <= {23{bit_planes}} & 23'(next_in.f_plane);
    end else if (round < 5'd9)
      product_kw <= {product_kw[21:0], 1'b0} +
                    (round < 5'd6 ? {23{bit_kw}} & 23'(lanes)
                                  : {23{bit_planes}} & 23'(next_in.f_plane));

    // Pools start at the highest plane.
    case (round)
      5'd0: at_image <= AT'(next_in.f_base);
      5'd8: begin
        at_image <= at_image - {{(AT-28){product_px[27]}}, product_px};
        x_row <= -product_px;
      end
      5'd9: if (next_is_pool) at_image <= at_image + AT'(product_kw);
      5'd10: at_image <= at_image + AT'(product_image);
      5'd14: at_image <= at_image - product_above;
      5'd17: at_row <= at_image + product_y;
      5'd18: begin
        at_first <= at_row + AT'(product_x);
        x_first <= x_row + product_x[27:0];
      end
      default: ;
    endcase
  end
  assign kx_step = product_px[20:0];
  assign ky_step = product_image[26:0];

  //===--------------------------------------------------------------------===//
  // Slots: for each pixel, plane, row and column of taps, and access; pools take
  // the planes of a tap together, and LANES channels after the other
  //===--------------------------------------------------------------------===//

  logic active, pool, pooling, writing, near;
  logic [14:0] pixels_left;
  logic [3:0] plane, last_plane;
  logic [4:0] ky, kx;
  logic [11:0] oy_now, ox_now;
  logic [19:0] rest, all, access;
  logic [2:0] write_plane;
  // What is left of the tap's lanes takes one access; so do all. This, and whether the
  // first three loops end, is known before the slot, for all others wait for it.
  logic last_access, one_access, last_access_next;
  logic last0, last1, last2, last3, ends_write, slot, advance, ends;

  assign access = pool ? 20'(LANES) : 20'(ACCESS);
  assign last_access_next = last_access ? one_access : rest <= access << 1;
  assign last3 = pool ? last_access : plane == last_plane;
  assign ends_write = write_plane == window.f_planes;

  assign fmap_read = active & !writing;
  assign fmap_write = active & writing;
  assign slot = fmap_read | (fmap_write & fmap_write_grant);
  // What follows the last read of a pool's channels is decided with the last write.
  logic ends_reads;
  assign ends_reads = last0 & last1 & last2;
  assign advance = slot & (!pool | !ends_reads | (writing & ends_write));
  assign ends = advance & ends_reads & last3 & pixels_left == '0;

  // Which of the loops goes on.
  logic [2:0] level;
  always_comb
    if (!last0) level = 3'd0;
    else if (!last1) level = 3'd1;
    else if (!last2) level = 3'd2;
    else if (!last3) level = 3'd3;
    else if (ox_now != extent.f_ow) level = 3'd4;
    else if (oy_now != extent.f_oh) level = 3'd5;
    else level = 3'd6;

  // A `ga` in front of a pool may complete while that has its slots.
  logic [6:0] done_delay, pool_delay;
  logic pool_done;
  assign done = done_delay[6];
  assign pool_done = pool_delay[6];
  // Not with the last slot of a `ga`: its last word may go to the row that the next one
  // begins with.
  assign ready = (!(active | pooling) | pool_done) & (prepared | !next_is_window);

  always_ff @(posedge clk) begin
    done_delay <= rst ? '0 : {done_delay[5:0], ends};
    pool_delay <= rst ? '0 : {pool_delay[5:0], ends & pool};
    if (rst) begin
      active <= 1'b0;
      pooling <= 1'b0;
      writing <= 1'b0;
    end else begin
      active <= issue | (active & !ends);
      pooling <= issue ? next_is_pool : pooling & !pool_done;
      writing <= slot & pool ? (writing ? !ends_write : ends_reads) : writing;
    end

    if (issue) begin
      in <= next_in;
      window <= next_window;
      extent <= next_extent;
      out <= next_out;
      pool <= next_is_pool;
      near <= neighbours;
      pixels_left <= next_is_pool ? next_pool.f_pixels : next_gather.f_pixels;
      plane <= next_is_pool ? {1'b0, next_window.f_planes} : 4'd0;
      last_plane <= {1'b0, next_window.f_planes} + {2'd0, next_window.f_valid};
      {ky, kx, write_plane} <= '0;
      oy_now <= oy;
      ox_now <= ox;
      all <= run;
      rest <= run;
      {last_access, one_access} <= {2{run <= (next_is_pool ? 20'(LANES) : 20'(ACCESS))}};
      last1 <= neighbours | next_window.f_kw == '0;
      last2 <= next_window.f_kh == '0;
      last0 <= next_is_pool ? next_window.f_planes == '0 : run <= 20'(ACCESS);
    end else begin
      if (slot & writing) write_plane <= ends_write ? '0 : write_plane + 3'd1;
      if (advance) begin
        last0 <= pool ? (last0 ? window.f_planes == '0 : plane == 4'd1) : last_access_next;
        if (pool) plane <= last0 ? {1'b0, window.f_planes} : plane - 4'd1;
        else if (level >= 3'd3) plane <= last3 ? '0 : plane + 4'd1;
        if (level >= 3'd1)
          last1 <= near | (level == 3'd1 ? kx + 5'd1 == window.f_kw : window.f_kw == '0);
        if (level >= 3'd2) last2 <= level == 3'd2 ? ky + 5'd1 == window.f_kh : window.f_kh == '0;
        if (level >= 3'd1) kx <= level == 3'd1 ? kx + 5'd1 : '0;
        if (level >= 3'd2) ky <= level == 3'd2 ? ky + 5'd1 : '0;
        if (!pool | level >= 3'd3) begin
          rest <= last_access ? all : rest - access;
          last_access <= last_access_next;
        end
        if (level >= 3'd4) begin
          ox_now <= level == 3'd4 ? ox_now + 12'd1 : '0;
          pixels_left <= pixels_left - 15'd1;
        end
        if (level >= 3'd5) oy_now <= level == 3'd5 ? oy_now + 12'd1 : '0;
      end
    end
  end

  // Where each loop stands, in lanes.
  logic [AT-1:0] at0, at1, at2, at3, at4, at5, at6, at_base, at_step, at_next;
  logic [24:0] y_by;
  logic [19:0] x_by;
  logic [26:0] ky_by;
  logic [20:0] kx_by;
  always_comb begin
    case (level)
      3'd0: begin
        at_base = at0;
        at_step = pool ? AT'(0) - AT'(in.f_plane) : AT'(ACCESS);
      end
      3'd1: begin
        at_base = at1;
        at_step = AT'(kx_by);
      end
      3'd2: begin
        at_base = at2;
        at_step = AT'(ky_by);
      end
      3'd3: begin
        at_base = at3;
        at_step = pool ? AT'(LANES) : AT'(in.f_plane);
      end
      3'd4: begin
        at_base = at4;
        at_step = AT'(x_by);
      end
      3'd5: begin
        at_base = at5;
        at_step = AT'(y_by);
      end
      default: begin
        at_base = at6;
        at_step = AT'(in.f_image);
      end
    endcase
    at_next = at_base + at_step;
  end

  // The row and the column of the tap, and the first lane after the row's first pixel.
  logic [17:0] iy, iy0, ix, ix0, iy_start, ix_start, iy_base, ix_base, iy_next, ix_next;
  logic [27:0] x, x0, x_start, x_end, x_next;
  logic [17:0] iy_step, ix_step;
  always_comb begin
    iy_base = level == 3'd2 ? iy : iy0;
    iy_step = level == 3'd2 ? 18'(window.f_dy) + 18'd1
              : level == 3'd5 ? 18'(window.f_sy) + 18'd1 : '0;
    iy_next = level == 3'd6 ? iy_start : iy_base + iy_step;
    ix_base = level == 3'd1 ? ix : ix0;
    ix_step = level == 3'd1 ? 18'(window.f_dx) + 18'd1
              : level == 3'd4 ? 18'(window.f_sx) + 18'd1 : '0;
    ix_next = level >= 3'd5 ? ix_start : ix_base + ix_step;
    x_next = level >= 3'd5 ? x_start
             : (level == 3'd0 ? x : x0) +
                   (level == 3'd0 ? 28'(ACCESS) : level == 3'd4 ? {8'd0, x_by} : '0);
  end

  always_ff @(posedge clk)
    if (issue) begin
      {at0, at1, at2, at3, at4} <= {5{at_first}};
      at5 <= at_row;
      at6 <= at_image;
      y_by <= y_step;
      x_by <= x_step;
      ky_by <= ky_step;
      kx_by <= kx_step;
      {iy, iy0} <= {2{iy_first}};
      {ix, ix0} <= {2{ix_first}};
      {x, x0} <= {2{x_first}};
      iy_start <= iy_image;
      ix_start <= ix_row;
      x_start <= x_row;
      x_end <= product_w;
    end else if (advance) begin
      at0 <= at_next;
      if (level >= 3'd1) at1 <= at_next;
      if (level >= 3'd2) at2 <= at_next;
      if (level >= 3'd3) at3 <= at_next;
      if (level >= 3'd4) at4 <= at_next;
      if (level >= 3'd5) at5 <= at_next;
      if (level >= 3'd6) at6 <= at_next;
      if (level >= 3'd2) iy <= iy_next;
      if (level >= 3'd5) iy0 <= iy_next;
      if (level >= 3'd1) ix <= ix_next;
      if (level >= 3'd4) ix0 <= ix_next;
      x <= x_next;
      if (level >= 3'd4) x0 <= x_next;
    end

  bpa_delay_memory #(.WIDTH(20), .CYCLES(4)) lane_delay (
    .clk, .in(at0[19:0]), .out(fmap_read_lane));

  //===--------------------------------------------------------------------===//
  // What is inside the input: of neighbours, lanes from `low` on and below `high`
  //===--------------------------------------------------------------------===//

  logic row_inside, column_inside, tap_inside;
  logic [27:0] ahead, upto;
  logic [LW+1:0] low, high, size;
  assign row_inside = !iy[17] & iy[16:0] <= {5'd0, extent.f_h};
  assign column_inside = !ix[17] & ix[16:0] <= {5'd0, extent.f_w};
  assign tap_inside = row_inside & column_inside;
  assign ahead = -x;
  assign upto = x_end - x;
  assign size = last_access ? rest[LW+1:0] : access[LW+1:0];

  always_comb begin
    low = '0;
    high = tap_inside ? (LW+2)'(ACCESS) : '0;
    if (near) begin
      if (x[27]) low = ahead >= 28'(ACCESS) ? (LW+2)'(ACCESS) : ahead[LW+1:0];
      // Right of the row, x may have overflown.
      high = upto >= 28'(ACCESS) ? (LW+2)'(ACCESS) : upto[LW+1:0];
      if (!row_inside | upto[27] | (!ix[17] & !column_inside)) high = '0;
    end
  end

  // Whether a tap of the pool's window was inside.
  logic seen;
  always_ff @(posedge clk)
    if (issue) seen <= 1'b0;
    else if (advance) seen <= level < 3'd3 & (seen | (tap_inside & last0));

  // The first slot of an instruction tells where words go.
  logic first_slot;
  logic [9:0] abuf;
  always_ff @(posedge clk)
    if (issue) begin
      first_slot <= 1'b1;
      abuf <= next_gather.f_abuf;
    end else if (slot) first_slot <= 1'b0;

  logic is_code, fill;
  assign is_code = plane <= {1'b0, window.f_planes};
  assign fill = is_code & window.f_pad[plane[2:0]];

  //===--------------------------------------------------------------------===//
  // A cycle later: where lanes go, which are appended to those that did not fill a word
  //===--------------------------------------------------------------------===//

  logic append1, first1, ends_plane1, ends_pixel1;
  logic [LW+1:0] low1, high1, size1;
  logic [9:0] abuf1;
  always_ff @(posedge clk) begin
    append1 <= slot & !pool;
    first1 <= first_slot;
    ends_plane1 <= ends_reads;
    ends_pixel1 <= ends_reads & last3;
    low1 <= low;
    high1 <= high;
    size1 <= size;
    abuf1 <= abuf;
  end

  // Words are numbered to the end of ABUF and the three behind it that a slot may fill.
  logic [LW:0] num_left, used;
  logic [LW+1:0] total, filled;
  logic [1:0] full_words, words;
  logic [10:0] group, word, group_now, word_now, word_next, words_end;
  logic [RW-1:0] row, row_now;
  logic tail_now;

  assign used = first1 ? '0 : num_left;
  assign group_now = first1 ? {1'b0, abuf1} : group;
  assign word_now = first1 ? {1'b0, abuf1} : word;
  assign row_now = first1 ? '0 : row;
  assign total = {1'b0, used} + size1;
  // A plane fills up its last word.
  assign filled = ends_plane1 ? (total + (LW+2)'(LANES - 1)) & ~(LW+2)'(LANES - 1) : total;
  assign full_words = filled[LW+1:LW];
  assign words = full_words[1] ? 2'd2 : full_words;
  assign word_next = word_now + 11'(words);
  assign words_end = word_now + 11'(full_words);
  assign tail_now = ends_pixel1 & filled > (LW+2)'(ACCESS);

  always_ff @(posedge clk)
    if (append1) begin
      num_left <= ends_pixel1 ? '0 : (LW+1)'(filled - {words, {LW{1'b0}}});
      word <= word_next;
      group <= group_now;
      row <= row_now;
      if (ends_pixel1) begin
        row <= row_now + RW'(1);
        word <= group_now;
        if (&row_now) begin
          word <= words_end;
          group <= words_end;
        end
      end
    end

  //===--------------------------------------------------------------------===//
  // Errors
  //===--------------------------------------------------------------------===//

  // Lanes that are inside the input, or written.
  logic [21:0] to0;
  logic [AT-1:0] lane1, end1;
  logic [LW+1:0] count1;
  logic reads1, writes1, above_band1, contradicts1, empty1, lanes_outside;
  always_ff @(posedge clk) begin
    lane1 <= writing ? AT'(to0) : at0;
    reads1 <= fmap_read & is_code & !rst;
    writes1 <= fmap_write & fmap_write_grant & !rst;
    above_band1 <= iy[16:0] < {5'd0, extent.f_first_row};
    contradicts1 <= slot & first_slot & !rst &
                    (oy_now > extent.f_oh | ox_now > extent.f_ow |
                     (pool ? (out.f_pixel[$clog2(COLUMNS)-1:0] | out.f_plane[$clog2(COLUMNS)-1:0] |
                              to0[$clog2(COLUMNS)-1:0] |
                              ~window.f_lanes[$clog2(COLUMNS)-1:0]) != '0
                           : &window.f_valid));
    empty1 <= fmap_read & pool & ends_reads & !seen & !tap_inside & !rst;
  end
  assign count1 = writes1 | size1 < high1 ? size1 : high1;
  assign end1 = lane1 + AT'(count1);
  // The end may be that of FMAP.
  assign lanes_outside = end1[AT-1:FMAP_BITS+1] != '0 |
                         (end1[FMAP_BITS] & end1[FMAP_BITS-1:0] != '0);

  always_ff @(posedge clk) begin
    fault_is_operand <= contradicts1 | empty1;
    fault <= !rst & (contradicts1 | empty1 | (append1 & words_end > 11'(ABUF_WORDS)) |
                     (writes1 & lanes_outside) |
                     (reads1 & count1 > low1 & (above_band1 | lanes_outside)));
  end

  //===--------------------------------------------------------------------===//
  // 7 cycles after the slot: lanes of FMAP
  //===--------------------------------------------------------------------===//

  logic [6:0] gathers, pools;
  logic gathers7, pools7;
  always_ff @(posedge clk) begin
    gathers <= {gathers[5:0], slot & !pool};
    pools <= {pools[5:0], fmap_read & pool};
  end
  assign gathers7 = gathers[6];
  assign pools7 = pools[6];

  logic [LW+1:0] low7, high7, size7;
  logic code7, fill7, top7, sign7, inside7, seen7;
  logic [2:0] plane7;
  bpa_delay_memory #(.WIDTH(3*(LW+2)), .CYCLES(6)) lanes_delay (
    .clk, .in({low1, high1, size1}), .out({low7, high7, size7}));
  bpa_delay_memory #(.WIDTH(9), .CYCLES(7)) slot_delay (
    .clk,
    .in({is_code, fill, writing ? write_plane : plane[2:0], plane[2:0] == window.f_planes,
         out.f_sign, tap_inside, seen}),
    .out({code7, fill7, plane7, top7, sign7, inside7, seen7}));

  logic [ACCESS-1:0] known, exist, value;
  assign known = ({ACCESS{1'b1}} << low7) & ~({ACCESS{1'b1}} << high7);
  assign exist = ~({ACCESS{1'b1}} << size7);
  assign value = ((known & (fmap_read_data | {ACCESS{!code7}})) | (~known & {ACCESS{fill7}})) &
                 exist;

  //===--------------------------------------------------------------------===//
  // 8 cycles after it: words
  //===--------------------------------------------------------------------===//

  logic [ACCESS-1:0] value8;
  logic append8, tail8;
  logic [LW:0] used8;
  logic [1:0] words8;
  logic [AW-1:0] word8;
  logic [RW-1:0] row8;
  always_ff @(posedge clk) begin
    append8 <= gathers7;
    value8 <= value;
  end
  bpa_delay_memory #(.WIDTH(LW + 1 + 2 + AW + RW + 1), .CYCLES(7)) words_delay (
    .clk, .in({used, words, word_now[AW-1:0], row_now, tail_now}),
    .out({used8, words8, word8, row8, tail8}));

  logic [LANES-1:0] left;
  logic [3*LANES-1:0] merged;
  assign merged = ({{LANES{1'b0}}, value8} << used8) |
                  {{ACCESS{1'b0}}, left & {LANES{used8 != '0}}};

  logic tail;
  always_ff @(posedge clk) begin
    abuf_write[1:0] <= {2{append8}} & {words8[1], words8 != '0};
    abuf_write_row <= row8;
    abuf_write_address0 <= word8;
    abuf_write_address1 <= word8 + AW'(1);
    abuf_write_data0 <= merged[LANES-1:0];
    abuf_write_data1 <= merged[2*LANES-1:LANES];

    // The word that is one too many at the end of a pixel.
    tail <= append8 & tail8;
    abuf_write[2] <= tail;
    abuf_write_tail_row <= abuf_write_row;
    abuf_write_address2 <= abuf_write_address1 + AW'(1);
    abuf_write_data2 <= left;

    if (append8)
      left <= words8 == 2'd2 ? merged[3*LANES-1:2*LANES]
              : words8 == 2'd1 ? merged[2*LANES-1:LANES] : merged[LANES-1:0];
  end

  //===--------------------------------------------------------------------===//
  // Pools: maxima of LANES channels, from the highest plane on
  //===--------------------------------------------------------------------===//

  // Of each plane. Lanes of the tap that are known to be greater, or less.
  logic [LANES-1:0] maxima [0:7];
  logic [LANES-1:0] greater, less, greater_now, less_now, maximum, taken, ours, theirs;
  logic [LANES-1:0] was_greater, was_less;
  assign maximum = maxima[plane7];
  // In two's complement the highest bit counts the other way round.
  assign ours = fmap_read_data[LANES-1:0] ^ {LANES{top7 & sign7}};
  assign theirs = maximum ^ {LANES{top7 & sign7}};
  assign was_greater = top7 ? {LANES{!seen7}} : greater;
  assign was_less = top7 ? '0 : less;
  assign greater_now = was_greater | (~was_less & ours & ~theirs);
  assign less_now = was_less | (~was_greater & ~ours & theirs);
  assign taken = (greater_now & fmap_read_data[LANES-1:0]) | (~greater_now & maximum);

  always_ff @(posedge clk) begin
    if (pools7) begin
      greater <= greater_now;
      less <= less_now;
    end
    if (pools7 & inside7) maxima[plane7] <= taken;
    fmap_write_data <= maximum;
  end

  // Where they go.
  logic [21:0] to3, to4, to_base, to_step, to_next;
  logic [PARTS-1:0] mask;
  logic [$clog2(PARTS):0] parts;
  always_comb begin
    to_base = to0;
    to_step = 22'(out.f_plane);
    if (ends_write) begin
      to_base = last3 ? to4 : to3;
      to_step = last3 ? 22'(out.f_pixel) : 22'(LANES);
    end
    to_next = to_base + to_step;
  end
  always_ff @(posedge clk)
    if (issue) {to0, to3, to4} <= {3{2'b00, next_pool.f_out}};
    else if (slot & writing) begin
      to0 <= to_next;
      if (ends_write) to3 <= to_next;
      if (ends_write & last3) to4 <= to_next;
    end
  assign parts = last_access ? rest[LW:LW-$clog2(PARTS)] : ($clog2(PARTS)+1)'(PARTS);
  assign mask = ~({PARTS{1'b1}} << parts);

  bpa_delay_memory #(.WIDTH(20 + PARTS), .CYCLES(8)) to_delay (
    .clk, .in({to0[19:0], mask}), .out({fmap_write_lane, fmap_write_mask}));
endmodule
