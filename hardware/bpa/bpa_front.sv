//===- bpa_front.sv - Fetches and dispatches a program ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

module bpa_front (
  input logic clk,
  input logic rst, // while no program runs
  input logic [31:0] program_beat,
  input logic [31:0] length,

  // A burst of the program is requested; LD must not request one in this cycle.
  input logic can_request,
  output logic request,
  output logic [31:0] request_beat,
  output logic [4:0] request_beats,
  input logic beat,
  input logic [127:0] beat_data,

  output logic [4:0] push,
  output logic [127:0] instruction,
  output logic [31:0] pc,
  input logic [4:0] full,
  input logic [4:0] empty,

  output logic halt,
  output logic [7:0] halt_code,
  // There is no instruction, or one that does not decode.
  output logic fail,
  output logic [3:0] fail_reason
);
  // Instructions from `pc` on, which is dispatched next, and their engines.
  logic [130:0] buffer [0:31];
  logic [31:0] requested, fetched;
  // What is not requested, and what is requested from `pc` on: counted, for much depends on
  // `request`.
  logic [31:0] left;
  logic more, more_than_burst;
  logic [5:0] ahead;
  assign more_than_burst = left > 32'd16;
  assign request = !rst && can_request && more && ahead <= 6'd16;
  assign request_beat = program_beat + requested;
  assign request_beats = more_than_burst ? 5'd16 : left[4:0];

  logic [2:0] engine;
  logic valid;
  assign {engine, instruction} = buffer[pc[4:0]];
  assign valid = fetched != pc;

  generate
    for (genvar i = 0; i < 5; i = i + 1) begin : queue
      assign push[i] = valid && engine == 3'(i) && !full[i];
    end
  endgenerate
  assign halt = valid && engine == bpa_pkg::FRONT && empty == 5'b11111;
  assign halt_code = instruction[113:106];
  assign fail = pc == length || (valid && engine == bpa_pkg::NOBODY);
  assign fail_reason = pc == length ? bpa_pkg::STOP_END : bpa_pkg::STOP_ILLEGAL;

  always_ff @(posedge clk) begin
    if (beat) buffer[fetched[4:0]] <= {bpa_pkg::find_engine(beat_data), beat_data};
    if (rst) begin
      requested <= '0;
      left <= length;
      more <= length != 0;
      ahead <= '0;
      fetched <= '0;
      pc <= '0;
    end else begin
      if (request) begin
        requested <= requested + 32'(request_beats);
        left <= left - 32'(request_beats);
        more <= more_than_burst;
      end
      ahead <= ahead + (request ? 6'(request_beats) : 6'd0) - 6'(push != 0);
      if (beat) fetched <= fetched + 32'd1;
      if (push != 0) pc <= pc + 32'd1;
    end
  end
endmodule
