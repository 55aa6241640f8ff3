//===- bpa_fmap.sv - Feature maps in four interleaved banks -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

module bpa_fmap #(
  parameter int WORDS = 16384,
  parameter int LANES = 64,
  parameter int COLUMNS = 8
) (
  input logic clk,

  // 2 * LANES lanes from a lane on, and the beat that a lane is in, 3 cycles later.
  input logic read,
  input logic [19:0] read_lane,
  output logic [2*LANES-1:0] read_data,
  output logic [127:0] read_beat,

  // LANES lanes from a multiple of COLUMNS on, or a beat; they can be read 2 cycles
  // later.
  input logic [LANES/COLUMNS-1:0] write_mask,
  input logic [19:0] write_lane,
  input logic [LANES-1:0] write_data,
  input logic write_beat,
  input logic [15:0] write_beat_address,
  input logic [127:0] write_beat_data
);
  localparam int PARTS = LANES / COLUMNS;
  localparam int OFFSET = $clog2(LANES);
  localparam int ROW = $clog2(WORDS) - 2;

  //===--------------------------------------------------------------------===//
  // Reads: banks, then the three words, then the lanes
  //===--------------------------------------------------------------------===//

  logic [ROW-1:0] row;
  logic [1:0] bank, bank1;
  logic [OFFSET-1:0] offset1, offset2;
  logic read1, read2;
  assign row = read_lane[OFFSET+2 +: ROW];
  assign bank = read_lane[OFFSET +: 2];

  logic [4*LANES-1:0] words1;
  logic [3*LANES-1:0] words2;
  logic [127:0] beat2;
  logic [8*LANES-1:0] twice1;
  assign twice1 = {words1, words1};

  generate
    if (LANES == 64) begin : beat_of_two
      always_ff @(posedge clk)
        if (read1) beat2 <= bank1[1] ? words1[4*LANES-1 -: 128] : words1[127:0];
    end else begin : beat_of_four
      always_ff @(posedge clk)
        if (read1) beat2 <= words1[127:0];
    end
  endgenerate

  always_ff @(posedge clk) begin
    read1 <= read;
    read2 <= read1;
    bank1 <= bank;
    offset1 <= read_lane[OFFSET-1:0];
    offset2 <= offset1;
    if (read1) words2 <= twice1[bank1*LANES +: 3*LANES];
    if (read2) read_data <= (2*LANES)'(words2 >> offset2);
    if (read2) read_beat <= beat2;
  end

  //===--------------------------------------------------------------------===//
  // Writes: into place, then banks
  //===--------------------------------------------------------------------===//

  localparam int PART_BITS = $clog2(COLUMNS);
  logic [4*LANES-1:0] place;
  logic [4*PARTS-1:0] place_mask;
  logic [ROW-1:0] place_row;
  logic place_wraps; // bank 0 is of the next row
  logic [2*LANES-1:0] shifted;
  logic [2*PARTS-1:0] shifted_mask;
  logic [5:0] part;
  logic [1:0] write_bank;
  assign part = 6'(write_lane[OFFSET-1:PART_BITS]);
  assign shifted = {{LANES{1'b0}}, write_data} << {part, {PART_BITS{1'b0}}};
  assign shifted_mask = {{PARTS{1'b0}}, write_mask} << part;
  assign write_bank = write_lane[OFFSET +: 2];

  // A beat's lane.
  logic [22:0] beat_lane;
  assign beat_lane = {write_beat_address, 7'd0};

  always_ff @(posedge clk) begin
    place_mask <= '0;
    if (write_beat) begin
      place <= {(4*LANES/128){write_beat_data}};
      place_mask <= LANES == 64 ? beat_lane[OFFSET+1] ? {{2*PARTS{1'b1}}, {2*PARTS{1'b0}}}
                                                      : {{2*PARTS{1'b0}}, {2*PARTS{1'b1}}}
                                : {4*PARTS{1'b1}};
      place_row <= beat_lane[OFFSET+2 +: ROW];
      place_wraps <= 1'b0;
    end else if (write_mask != 0) begin
      place_row <= write_lane[OFFSET+2 +: ROW];
      place_wraps <= write_bank == 2'd3;
      case (write_bank)
        2'd0: begin
          place <= {{2*LANES{1'b0}}, shifted};
          place_mask <= {{2*PARTS{1'b0}}, shifted_mask};
        end
        2'd1: begin
          place <= {{LANES{1'b0}}, shifted, {LANES{1'b0}}};
          place_mask <= {{PARTS{1'b0}}, shifted_mask, {PARTS{1'b0}}};
        end
        2'd2: begin
          place <= {shifted, {2*LANES{1'b0}}};
          place_mask <= {shifted_mask, {2*PARTS{1'b0}}};
        end
        default: begin
          place <= {shifted[LANES-1:0], {2*LANES{1'b0}}, shifted[2*LANES-1:LANES]};
          place_mask <= {shifted_mask[PARTS-1:0], {2*PARTS{1'b0}},
                         shifted_mask[2*PARTS-1:PARTS]};
        end
      endcase
    end
  end

  generate
    for (genvar b = 0; b < 4; b = b + 1) begin : banks
      bpa_ram #(.WORDS(WORDS/4), .WIDTH(LANES), .PARTS(PARTS)) ram(
        .clk,
        .write(place_mask[b*PARTS +: PARTS]),
        .write_address(b == 0 && place_wraps ? place_row + 1'b1 : place_row),
        .write_data(place[b*LANES +: LANES]),
        .read,
        .read_address(2'(b) < bank ? row + 1'b1 : row),
        .read_data(words1[b*LANES +: LANES]));
    end
  endgenerate
endmodule
