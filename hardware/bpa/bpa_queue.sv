//===- bpa_queue.sv - Instructions of an engine from dispatch to completion ---===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

module bpa_queue #(
  parameter int DEPTH = 8,
  // Cycles in which an engine finds an error and stops the machine.
  parameter int STOP_DELAY = 1
) (
  input logic clk,
  input logic rst,

  input logic push,
  input logic [127:0] push_instruction,
  input logic [31:0] push_pc,
  // As the cycle begins.
  output logic full,
  output logic empty,

  // The first instruction that is not issued, and what becomes of it in this cycle.
  output logic [127:0] instruction,
  output logic first,     // is there
  output logic issue,     // by the engine
  output logic issue_any, // the same, a `nop`, or a register
  output logic configure, // a register is written
  output logic [4:0] take,
  input logic [4:0] have,
  input logic ready,
  // It completes with an answer of DRAM, not by itself.
  input logic answers,

  // An instruction completes: those of the engine, and those that DRAM answers.
  input logic done,
  input logic answer,
  output logic complete,     // also of a `nop`
  output logic [4:0] give,
  output logic [31:0] pc, // of what completes next
  output logic [31:0] slot_pc, // of what had slots STOP_DELAY cycles before

  // For counters, as the cycle begins.
  output logic count_busy,
  output logic count_empty,
  output logic [4:0] count_wait
);
  localparam int BITS = $clog2(DEPTH);
  localparam logic [1:0] BY_NOBODY = 2'd0, BY_ENGINE = 2'd1, BY_DRAM = 2'd2;

  // Instructions in the queue or issued.
  logic [BITS:0] held;
  assign full = held >= (BITS+1)'(DEPTH);
  assign empty = held == 0;

  //===--------------------------------------------------------------------===//
  // Waiting: a memory and, decoded, the first one
  //===--------------------------------------------------------------------===//

  logic [159:0] waiting [0:DEPTH-1];
  logic [BITS:0] num_waiting;
  logic [BITS-1:0] put, get;
  logic head_valid;
  logic [31:0] head_pc;
  logic refill;
  assign refill = num_waiting != 0 && (!head_valid || issue_any);

  always_ff @(posedge clk) begin
    if (push) waiting[put] <= {push_pc, push_instruction};
    if (refill) {head_pc, instruction} <= waiting[get];
    if (rst) begin
      num_waiting <= '0;
      put <= '0;
      get <= '0;
      head_valid <= 1'b0;
    end else begin
      if (push) put <= put + 1'b1;
      if (refill) get <= get + 1'b1;
      num_waiting <= num_waiting + (BITS+1)'(push) - (BITS+1)'(refill);
      head_valid <= refill || (head_valid && !issue_any);
    end
  end

  //===--------------------------------------------------------------------===//
  // Issue
  //===--------------------------------------------------------------------===//

  logic is_register, is_nop, run;
  logic [4:0] waits;
  assign is_register = instruction[127:124] == bpa_pkg::OP_CFG;
  assign is_nop = instruction[127:124] == bpa_pkg::OP_NOP;
  assign waits = instruction[123:119];
  assign first = head_valid;
  assign run = head_valid && !is_register && ready && (waits & ~have) == 0;
  assign issue = run && !is_nop;
  assign configure = head_valid && is_register;
  assign issue_any = run || configure;
  assign take = run ? waits : 5'd0;

  //===--------------------------------------------------------------------===//
  // Issued, in order: who completes them and whom they signal
  //===--------------------------------------------------------------------===//

  logic [38:0] flights [0:DEPTH-1];
  logic [BITS:0] num_flights, num_done, num_answers;
  logic [BITS-1:0] flight_put, flight_get;
  logic [1:0] by;
  logic [4:0] signals;
  assign {pc, by, signals} = flights[flight_get];
  assign complete = num_flights != 0 &&
                    (by == BY_NOBODY || (by == BY_ENGINE && (done || num_done != 0)) ||
                     (by == BY_DRAM && (answer || num_answers != 0)));
  assign give = complete ? signals : 5'd0;

  always_ff @(posedge clk) begin
    if (run)
      flights[flight_put] <= {head_pc, is_nop ? BY_NOBODY : answers ? BY_DRAM : BY_ENGINE,
                              instruction[118:114]};
    if (rst) begin
      held <= '0;
      flight_put <= '0;
      flight_get <= '0;
      num_flights <= '0;
      num_done <= '0;
      num_answers <= '0;
    end else begin
      held <= held + (BITS+1)'(push) - (BITS+1)'(configure) - (BITS+1)'(complete);
      if (run) flight_put <= flight_put + 1'b1;
      if (complete) flight_get <= flight_get + 1'b1;
      num_flights <= num_flights + (BITS+1)'(run) - (BITS+1)'(complete);
      num_done <= num_done + (BITS+1)'(done) - (BITS+1)'(complete && by == BY_ENGINE);
      num_answers <= num_answers + (BITS+1)'(answer) - (BITS+1)'(complete && by == BY_DRAM);
    end
  end

  // Nothing is issued behind an instruction before its last slot.
  logic [BITS*STOP_DELAY-1:0] slot_places;
  logic [1:0] slot_by;
  logic [4:0] slot_signals;
  always_ff @(posedge clk)
    slot_places <= (BITS*STOP_DELAY)'({slot_places, flight_put - BITS'(1)});
  assign {slot_pc, slot_by, slot_signals} = flights[slot_places[BITS*STOP_DELAY-1 -: BITS]];

  assign count_busy = num_flights != 0;
  assign count_empty = !count_busy && !head_valid;
  // The first engine whose token is missing.
  logic [4:0] missing;
  assign missing = count_busy || !head_valid ? 5'd0 : waits & ~have;
  assign count_wait = missing & (~missing + 5'd1);
endmodule
