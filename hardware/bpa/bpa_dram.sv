//===- bpa_dram.sv - The memory port ------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Requests of the front end go before those of LD; 8 bursts are under way at most, and
// their beats arrive in order. A beat for FMAP waits where others write.
module bpa_dram #(
  parameter int LANES = 64
) (
  input logic clk,
  input logic rst,     // of the machine
  input logic running, // a program; else beats are dropped

  // The port: requests and writes are always accepted.
  output logic read,
  output logic [31:0] read_beat,
  output logic [4:0] read_beats,
  input logic beat_valid,
  input logic [127:0] beat_data,
  input logic beat_error, // there is no such beat
  output logic beat_ready,
  output logic idle, // no burst is under way

  output logic can_request,
  input logic front_request,
  input logic [31:0] front_request_beat,
  input logic [4:0] front_request_beats,
  output logic front_beat,

  input logic load_request,
  input logic [31:0] load_request_beat,
  input logic [4:0] load_request_beats,
  input logic [1:0] load_request_space,
  input logic [15:0] load_request_sram,
  input logic load_request_last,
  output logic load_done,
  output logic error,
  output logic error_is_load,

  // A beat's slot at FMAP; 8 cycles later the beat.
  input logic fmap_write_grant,
  output logic fmap_write,
  output logic fmap_write_late,
  output logic [15:0] fmap_write_beat,
  output logic [127:0] fmap_write_data,
  // A beat for WBUF or TBUF.
  output logic wbuf_write,
  output logic tbuf_write,
  output logic [15:0] write_beat,
  output logic [127:0] write_data
);
  assign read = front_request || load_request;
  assign read_beat = front_request ? front_request_beat : load_request_beat;
  assign read_beats = front_request ? front_request_beats : load_request_beats;

  //===--------------------------------------------------------------------===//
  // Bursts under way
  //===--------------------------------------------------------------------===//

  logic [24:0] bursts [0:7];
  logic [3:0] num_bursts;
  logic [2:0] put, get;
  logic [24:0] head;
  logic is_front, is_last;
  logic [1:0] space;
  logic [4:0] beats;
  logic [15:0] sram;
  logic [3:0] position;
  assign head = bursts[get];
  assign {is_front, is_last, space, beats, sram} = head;
  assign can_request = !num_bursts[3];
  assign idle = num_bursts == 0;

  logic to_fmap, accept, ends;
  assign to_fmap = !is_front && space == bpa_pkg::LD_SPACE_FMAP;
  assign beat_ready = !running || !to_fmap || fmap_write_grant;
  assign accept = beat_valid && beat_ready;
  assign ends = accept && 5'(position) + 5'd1 == beats;

  always_ff @(posedge clk) begin
    if (read)
      bursts[put] <= {front_request, load_request_last, load_request_space, read_beats,
                      load_request_sram};
    if (rst) begin
      num_bursts <= '0;
      put <= '0;
      get <= '0;
      position <= '0;
    end else begin
      if (read) put <= put + 3'd1;
      if (ends) get <= get + 3'd1;
      num_bursts <= num_bursts + 4'(read) - 4'(ends);
      if (accept) position <= ends ? 4'd0 : position + 4'd1;
    end
  end

  //===--------------------------------------------------------------------===//
  // Where beats go
  //===--------------------------------------------------------------------===//

  logic [15:0] target;
  assign target = sram + 16'(position);
  assign front_beat = accept && running && is_front;
  assign fmap_write = accept && running && to_fmap;
  assign error = accept && running && beat_error;
  assign error_is_load = !is_front;

  bpa_delay #(.WIDTH(1), .CYCLES(3)) dones(
    .clk, .rst(!running), .in(ends && !is_front && is_last), .out(load_done));
  bpa_delay #(.WIDTH(1), .CYCLES(8)) slots(
    .clk, .rst(!running), .in(fmap_write), .out(fmap_write_late));

  // Beats for FMAP wait 8 cycles in a ring: one that is written, 7 cycles until it is
  // read, and the memory's own.
  logic [2:0] ring;
  always_ff @(posedge clk)
    if (rst) ring <= '0;
    else ring <= ring + 3'd1;
  bpa_ram #(.WORDS(8), .WIDTH(144)) delayed(
    .clk, .write(fmap_write), .write_address(ring), .write_data({target, beat_data}),
    .read(1'b1), .read_address(ring + 3'd1),
    .read_data({fmap_write_beat, fmap_write_data}));

  always_ff @(posedge clk) begin
    wbuf_write <= accept && running && !is_front && space == bpa_pkg::LD_SPACE_WBUF;
    tbuf_write <= accept && running && !is_front && space == bpa_pkg::LD_SPACE_TBUF;
    write_beat <= target;
    write_data <= beat_data;
  end
endmodule
