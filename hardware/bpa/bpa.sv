//===- bpa.sv - The accelerator -----------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// BPA_SMALL makes r4c4d32 of it; else it is r8c8d64. Parameters are not set from outside,
// because yosys 0.23 then fails on structures.
module bpa #(
`ifdef BPA_SMALL
  parameter int ROWS = bpa_pkg::R4C4D32_ROWS,
  parameter int COLUMNS = bpa_pkg::R4C4D32_COLUMNS,
  parameter int LANES = bpa_pkg::R4C4D32_LANES,
  parameter int FMAP_WORDS = bpa_pkg::R4C4D32_FMAP_WORDS,
  parameter int ABUF_WORDS = bpa_pkg::R4C4D32_ABUF_WORDS,
  parameter int WBUF_WORDS = bpa_pkg::R4C4D32_WBUF_WORDS,
  parameter int TBUF_ENTRIES = bpa_pkg::R4C4D32_TBUF_ENTRIES,
  parameter int QUEUE_DEPTH = bpa_pkg::R4C4D32_QUEUE_DEPTH,
  parameter logic [63:0] HASH = bpa_pkg::R4C4D32_HASH
`else
  parameter int ROWS = bpa_pkg::R8C8D64_ROWS,
  parameter int COLUMNS = bpa_pkg::R8C8D64_COLUMNS,
  parameter int LANES = bpa_pkg::R8C8D64_LANES,
  parameter int FMAP_WORDS = bpa_pkg::R8C8D64_FMAP_WORDS,
  parameter int ABUF_WORDS = bpa_pkg::R8C8D64_ABUF_WORDS,
  parameter int WBUF_WORDS = bpa_pkg::R8C8D64_WBUF_WORDS,
  parameter int TBUF_ENTRIES = bpa_pkg::R8C8D64_TBUF_ENTRIES,
  parameter int QUEUE_DEPTH = bpa_pkg::R8C8D64_QUEUE_DEPTH,
  parameter logic [63:0] HASH = bpa_pkg::R8C8D64_HASH
`endif
) (
  input logic clk,
  input logic rst,

  // Control and status registers.
  input logic csr_write,
  input logic [7:0] csr_address,
  input logic [31:0] csr_write_data,
  output logic [31:0] csr_read_data,
  output logic raise_interrupt,

  // DRAM, in beats of 16 bytes. Bursts are answered in their order, beat by beat.
  output logic read,
  output logic [31:0] read_beat,
  output logic [4:0] read_beats,
  input logic beat_valid,
  input logic [127:0] beat_data,
  input logic beat_error,
  output logic beat_ready,
  // `write_last` asks for an answer to all writes of PP, or ST, up to this one.
  output logic write,
  output logic write_is_store,
  output logic write_last,
  output logic [31:0] write_beat,
  output logic [15:0] write_mask,
  output logic [127:0] write_data,
  input logic answer_post,
  input logic answer_store,
  input logic answer_error,

  // For lock-step: a program runs, and what engines issue and complete.
  output logic trace_running,
  output logic [4:0] trace_issue,
  output logic [4:0] trace_complete
);
  localparam int PARTS = LANES / COLUMNS;

  logic running, idle_rst;
  assign idle_rst = !running;
  assign trace_running = running;

  //===--------------------------------------------------------------------===//
  // Front end and queues
  //===--------------------------------------------------------------------===//

  logic [31:0] program_beat, length, pc;
  logic can_request, front_request, front_beat;
  logic [31:0] front_request_beat;
  logic [4:0] front_request_beats;
  logic [4:0] push, full, empty;
  logic [127:0] pushed;
  logic halt, front_fail;
  logic [7:0] halt_code_now;
  logic [3:0] front_reason;

  bpa_front front(
    .clk, .rst(idle_rst), .program_beat, .length, .can_request, .request(front_request),
    .request_beat(front_request_beat), .request_beats(front_request_beats),
    .beat(front_beat), .beat_data, .push, .instruction(pushed), .pc, .full, .empty, .halt,
    .halt_code(halt_code_now), .fail(front_fail), .fail_reason(front_reason));

  // Bit, or part, e is engine e's.
  logic [4:0] first, issue, issue_any, configure, complete, ready, done, answer, answers;
  logic [4:0] count_busy, count_empty;
  logic [5*128-1:0] instructions;
  logic [24:0] take, give, have, take_pairs, have_pairs, overflow_pairs, count_wait;
  logic [5*32-1:0] oldest_pc, slot_pc;

  generate
    for (genvar e = 0; e < 5; e = e + 1) begin : queue
      bpa_queue #(.DEPTH(QUEUE_DEPTH), .STOP_DELAY(e == bpa_pkg::GA ? 2 : 1)) queue(
        .clk, .rst(idle_rst), .push(push[e]), .push_instruction(pushed), .push_pc(pc),
        .full(full[e]), .empty(empty[e]), .instruction(instructions[e*128 +: 128]),
        .first(first[e]), .issue(issue[e]), .issue_any(issue_any[e]), .configure(configure[e]),
        .take(take[e*5 +: 5]), .have(have[e*5 +: 5]), .ready(ready[e]),
        .answers(answers[e]), .done(done[e]), .answer(answer[e]), .complete(complete[e]),
        .give(give[e*5 +: 5]), .pc(oldest_pc[e*32 +: 32]),
        .slot_pc(slot_pc[e*32 +: 32]), .count_busy(count_busy[e]),
        .count_empty(count_empty[e]), .count_wait(count_wait[e*5 +: 5]));
      // Queues know for whom they wait; tokens are sorted by who gives them.
      for (genvar f = 0; f < 5; f = f + 1) begin : pair
        assign take_pairs[f*5+e] = take[e*5+f];
        assign have[e*5+f] = have_pairs[f*5+e];
      end
    end
  endgenerate
  bpa_tokens tokens(
    .clk, .rst(idle_rst), .give, .take(take_pairs), .have(have_pairs),
    .overflow(overflow_pairs));
  assign trace_issue = issue_any;
  assign trace_complete = complete;

  // Registers: 0 where a program starts.
  logic [127:0] config_input, config_window, config_extent, config_pool, config_planes,
                config_result;
  logic [127:0] gather_instruction, matmul_instruction, post_instruction;
  assign gather_instruction = instructions[bpa_pkg::GA*128 +: 128];
  assign matmul_instruction = instructions[bpa_pkg::MM*128 +: 128];
  assign post_instruction = instructions[bpa_pkg::PP*128 +: 128];
  always_ff @(posedge clk)
    if (idle_rst) begin
      config_input <= '0;
      config_window <= '0;
      config_extent <= '0;
      config_pool <= '0;
      config_planes <= '0;
      config_result <= '0;
    end else begin
      if (configure[bpa_pkg::GA])
        case (gather_instruction[113:109])
          bpa_pkg::CFG_INPUT: config_input <= gather_instruction;
          bpa_pkg::CFG_WINDOW: config_window <= gather_instruction;
          bpa_pkg::CFG_EXTENT: config_extent <= gather_instruction;
          default: config_pool <= gather_instruction;
        endcase
      if (configure[bpa_pkg::MM]) config_planes <= matmul_instruction;
      if (configure[bpa_pkg::PP]) config_result <= post_instruction;
    end

  //===--------------------------------------------------------------------===//
  // DRAM
  //===--------------------------------------------------------------------===//

  logic load_request, load_request_last, dram_idle, dram_error, dram_error_is_load;
  logic [31:0] load_request_beat;
  logic [4:0] load_request_beats;
  logic [1:0] load_request_space;
  logic [15:0] load_request_sram;
  logic load_slot, load_slot_late, wbuf_write, tbuf_write;
  logic [15:0] load_fmap_beat, buffer_beat;
  logic [127:0] load_fmap_data, buffer_data;
  logic post_fmap_write, gather_fmap_write;

  bpa_dram #(.LANES(LANES)) dram(
    .clk, .rst, .running, .read, .read_beat, .read_beats, .beat_valid, .beat_data,
    .beat_error, .beat_ready, .idle(dram_idle), .can_request, .front_request,
    .front_request_beat, .front_request_beats, .front_beat, .load_request,
    .load_request_beat, .load_request_beats, .load_request_space, .load_request_sram,
    .load_request_last, .load_done(done[bpa_pkg::LD]), .error(dram_error),
    .error_is_load(dram_error_is_load),
    .fmap_write_grant(!post_fmap_write && !gather_fmap_write), .fmap_write(load_slot),
    .fmap_write_late(load_slot_late), .fmap_write_beat(load_fmap_beat),
    .fmap_write_data(load_fmap_data), .wbuf_write, .tbuf_write, .write_beat(buffer_beat),
    .write_data(buffer_data));

  // Errors that engines find, and whether they are those of operands.
  logic [4:0] faults, operand_faults;
  logic [31:0] dram_beats;
  localparam int FMAP_BEATS = FMAP_WORDS * LANES / 128;

  bpa_load #(.FMAP_BEATS(FMAP_BEATS), .WBUF_BEATS(WBUF_WORDS * COLUMNS * LANES / 128),
             .TBUF_ENTRIES(TBUF_ENTRIES)) load(
    .clk, .rst(idle_rst), .issue(issue[bpa_pkg::LD]),
    .instruction(instructions[bpa_pkg::LD*128 +: 128]), .dram_beats,
    .ready(ready[bpa_pkg::LD]), .fault(faults[bpa_pkg::LD]),
    .can_request(can_request && !front_request), .request(load_request),
    .request_beat(load_request_beat), .request_beats(load_request_beats),
    .request_space(load_request_space), .request_sram(load_request_sram),
    .request_last(load_request_last));

  logic gather_fmap_read, post_dram_write;
  logic store_slot, store_write, store_write_last;
  logic [15:0] store_read_beat;
  logic [31:0] store_write_beat, post_write_beat;
  logic [15:0] post_write_mask;
  logic [127:0] post_write_data, fmap_beat, store_write_data;
  logic post_write_last, post_write;

  bpa_store #(.FMAP_BEATS(FMAP_BEATS)) store(
    .clk, .rst(idle_rst), .issue(issue[bpa_pkg::ST]),
    .instruction(instructions[bpa_pkg::ST*128 +: 128]), .dram_beats,
    .ready(ready[bpa_pkg::ST]), .fault(faults[bpa_pkg::ST]),
    .grant(!gather_fmap_read && !post_dram_write), .slot(store_slot),
    .read_beat(store_read_beat), .write(store_write), .write_beat(store_write_beat),
    .write_last(store_write_last));

  // Slots are never both. Where a program ends nothing is left; where an error stops it, nothing
  // more must be written.
  bpa_delay #(.WIDTH(1), .CYCLES(8)) post_slots(
    .clk, .rst(idle_rst), .in(post_dram_write), .out(post_write));
  always_ff @(posedge clk) store_write_data <= fmap_beat;
  assign write = store_write || post_write;
  assign write_is_store = store_write;
  assign write_last = store_write ? store_write_last : post_write_last;
  assign write_beat = store_write ? store_write_beat : post_write_beat;
  assign write_mask = store_write ? 16'hffff : post_write_mask;
  assign write_data = store_write ? store_write_data : post_write_data;

  //===--------------------------------------------------------------------===//
  // Memories
  //===--------------------------------------------------------------------===//

  logic gather_read_late, store_read_late;
  logic [19:0] gather_read_lane, gather_write_lane, post_write_lane;
  logic [PARTS-1:0] gather_write_mask, post_fmap_mask;
  logic [LANES-1:0] gather_write_data, post_fmap_data;
  logic [2*LANES-1:0] fmap_lanes;
  logic gather_write_late, post_write_late, gather_write_grant;
  assign gather_write_grant = !post_fmap_write;

  bpa_delay #(.WIDTH(2), .CYCLES(4)) fmap_reads(
    .clk, .rst, .in({gather_fmap_read, store_slot}),
    .out({gather_read_late, store_read_late}));
  bpa_delay #(.WIDTH(2), .CYCLES(8)) fmap_writes(
    .clk, .rst, .in({gather_fmap_write && gather_write_grant, post_fmap_write}),
    .out({gather_write_late, post_write_late}));

  bpa_fmap #(.WORDS(FMAP_WORDS), .LANES(LANES), .COLUMNS(COLUMNS)) fmap(
    .clk, .read(gather_read_late || store_read_late),
    .read_lane(gather_read_late ? gather_read_lane : {store_read_beat[12:0], 7'd0}),
    .read_data(fmap_lanes), .read_beat(fmap_beat),
    .write_mask(gather_write_late ? gather_write_mask
                : post_write_late ? post_fmap_mask : {PARTS{1'b0}}),
    .write_lane(gather_write_late ? gather_write_lane : post_write_lane),
    .write_data(gather_write_late ? gather_write_data : post_fmap_data),
    .write_beat(load_slot_late), .write_beat_address(load_fmap_beat),
    .write_beat_data(load_fmap_data));

  logic [2:0] abuf_write;
  logic [$clog2(ROWS)-1:0] abuf_write_row, abuf_write_tail_row;
  logic [$clog2(ABUF_WORDS)-1:0] abuf_write_address0, abuf_write_address1,
                                 abuf_write_address2, abuf_read_address;
  logic [LANES-1:0] abuf_write_data0, abuf_write_data1, abuf_write_data2;
  logic [ROWS*LANES-1:0] abuf_read_data;
  bpa_abuf #(.ROWS(ROWS), .WORDS(ABUF_WORDS), .LANES(LANES)) abuf(
    .clk, .write(abuf_write), .write_row(abuf_write_row),
    .write_tail_row(abuf_write_tail_row), .write_address0(abuf_write_address0),
    .write_address1(abuf_write_address1), .write_address2(abuf_write_address2),
    .write_data0(abuf_write_data0), .write_data1(abuf_write_data1),
    .write_data2(abuf_write_data2), .read_address(abuf_read_address),
    .read_data(abuf_read_data));

  logic [$clog2(WBUF_WORDS)-1:0] wbuf_read_address;
  logic [COLUMNS*LANES-1:0] wbuf_read_data;
  bpa_wbuf #(.COLUMNS(COLUMNS), .WORDS(WBUF_WORDS), .LANES(LANES)) wbuf(
    .clk, .write(wbuf_write), .write_beat(buffer_beat), .write_data(buffer_data),
    .read_address(wbuf_read_address), .read_data(wbuf_read_data));

  logic [$clog2(TBUF_ENTRIES)-1:0] tbuf_read_entry;
  logic [255:0] tbuf_read_data;
  bpa_tbuf #(.ENTRIES(TBUF_ENTRIES)) tbuf(
    .clk, .write(tbuf_write), .write_entry(buffer_beat[$clog2(TBUF_ENTRIES)-1:0]),
    .write_data(buffer_data), .read_entry(tbuf_read_entry), .read_data(tbuf_read_data));

  //===--------------------------------------------------------------------===//
  // Engines
  //===--------------------------------------------------------------------===//

  assign operand_faults[bpa_pkg::LD] = 1'b0;
  assign operand_faults[bpa_pkg::ST] = 1'b0;
  bpa_gather #(.ROWS(ROWS), .COLUMNS(COLUMNS), .LANES(LANES), .FMAP_WORDS(FMAP_WORDS),
               .ABUF_WORDS(ABUF_WORDS)) gather(
    .clk, .rst(idle_rst), .first(first[bpa_pkg::GA]), .issue(issue[bpa_pkg::GA]),
    .instruction(gather_instruction),
    .config_input, .config_window, .config_extent, .config_pool,
    .ready(ready[bpa_pkg::GA]), .done(done[bpa_pkg::GA]), .fault(faults[bpa_pkg::GA]),
    .fault_is_operand(operand_faults[bpa_pkg::GA]), .fmap_read(gather_fmap_read),
    .fmap_read_lane(gather_read_lane), .fmap_read_data(fmap_lanes),
    .fmap_write(gather_fmap_write), .fmap_write_grant(gather_write_grant),
    .fmap_write_lane(gather_write_lane), .fmap_write_mask(gather_write_mask),
    .fmap_write_data(gather_write_data), .abuf_write, .abuf_write_row,
    .abuf_write_tail_row, .abuf_write_address0, .abuf_write_address1,
    .abuf_write_address2, .abuf_write_data0, .abuf_write_data1, .abuf_write_data2);

  logic tile, tile_accept, tile_subtract, count_step, count_tile, count_keep, count_drain;
  logic [ROWS*COLUMNS*32-1:0] tile_sums;
  logic [ROWS*32-1:0] tile_row_sums;
  logic [17:0] count_steps;
  logic [9:0] count_drain_cycles;
  bpa_matmul #(.ROWS(ROWS), .COLUMNS(COLUMNS), .LANES(LANES), .ABUF_WORDS(ABUF_WORDS),
               .WBUF_WORDS(WBUF_WORDS)) matmul(
    .clk, .rst(idle_rst), .issue(issue[bpa_pkg::MM]), .instruction(matmul_instruction),
    .config_planes, .ready(ready[bpa_pkg::MM]), .done(done[bpa_pkg::MM]),
    .fault(faults[bpa_pkg::MM]), .fault_is_operand(operand_faults[bpa_pkg::MM]),
    .abuf_read_address, .abuf_read_data, .wbuf_read_address, .wbuf_read_data, .tile,
    .tile_accept, .tile_sums, .tile_row_sums, .tile_subtract, .count_step, .count_tile,
    .count_keep, .count_steps);

  logic overflow_now;
  bpa_post #(.ROWS(ROWS), .COLUMNS(COLUMNS), .LANES(LANES), .FMAP_WORDS(FMAP_WORDS),
             .TBUF_ENTRIES(TBUF_ENTRIES)) post(
    .clk, .rst(idle_rst), .issue(issue[bpa_pkg::PP]), .instruction(post_instruction),
    .config_result, .ready(ready[bpa_pkg::PP]), .done(done[bpa_pkg::PP]), .tile,
    .tile_accept, .tile_sums, .tile_row_sums, .tile_subtract, .tbuf_read_entry, .tbuf_read_data,
    .fmap_write(post_fmap_write), .fmap_write_lane(post_write_lane),
    .fmap_write_mask(post_fmap_mask), .fmap_write_data(post_fmap_data),
    .dram_write(post_dram_write), .dram_write_beat(post_write_beat),
    .dram_write_mask(post_write_mask), .dram_write_data(post_write_data),
    .dram_write_last(post_write_last), .overflow(overflow_now), .dram_beats,
    .fault(faults[bpa_pkg::PP]), .fault_is_operand(operand_faults[bpa_pkg::PP]), .count_drain,
    .count_drain_cycles);

  bpa_pkg::cfg_result_t result;
  assign result = config_result;
  assign done[bpa_pkg::ST] = 1'b0;
  assign answer = {answer_store, answer_post, 3'b000};
  assign answers = {1'b1, result.f_mode != bpa_pkg::CFG_RESULT_MODE_CODES, 3'b000};

  //===--------------------------------------------------------------------===//
  // Control and status
  //===--------------------------------------------------------------------===//

  logic [1:0] status;
  logic [7:0] halt_code;
  logic [3:0] error_code;
  logic [31:0] error_pc, counter_select;
  logic [2:0] error_engine;
  logic overflow, interrupt_enable, interrupt_raised, starting;
  logic [63:0] counter;
  logic [4:0] settle, unanswered_post, unanswered_store;
  assign running = status == 2'd1;
  assign raise_interrupt = interrupt_enable && interrupt_raised;

  bpa_counters counters(
    .clk, .clear(starting), .running, .step(count_step), .tile(count_tile),
    .tile_is_kept(count_keep), .tile_steps(count_steps), .drain(count_drain),
    .drain_cycles(count_drain_cycles), .busy(count_busy), .empty(count_empty),
    .waits(count_wait), .select(counter_select), .value(counter));

  // The first error. Of those in the same cycle tokens go first, then engines from ST to
  // LD, then DRAM, then the front end.
  logic [4:0] overflows;
  generate
    for (genvar e = 0; e < 5; e = e + 1) begin : giver
      assign overflows[e] = overflow_pairs[e*5 +: 5] != 0;
    end
  endgenerate
  logic fail;
  logic [2:0] fail_engine;
  logic [3:0] fail_reason;
  logic [31:0] fail_pc;
  // Of what completed when the token was given.
  logic [5*32-1:0] giver_pc;
  bpa_delay_memory #(.WIDTH(5*32), .CYCLES(2)) giver_pcs(
    .clk, .in(oldest_pc), .out(giver_pc));
  always_comb begin
    fail = front_fail;
    fail_engine = bpa_pkg::FRONT;
    fail_reason = front_reason;
    fail_pc = pc;
    if (dram_error || answer_error) begin
      fail = 1'b1;
      fail_reason = bpa_pkg::STOP_ADDRESS;
      if (answer_error) fail_engine = answer_store ? 3'(bpa_pkg::ST) : 3'(bpa_pkg::PP);
      else if (dram_error_is_load) fail_engine = 3'(bpa_pkg::LD);
    end
    if (fail_engine != bpa_pkg::FRONT) fail_pc = oldest_pc[fail_engine*32 +: 32];
    for (int e = 0; e < 5; e = e + 1)
      if (faults[e]) begin
        fail = 1'b1;
        fail_reason = operand_faults[e] ? bpa_pkg::STOP_OPERAND : bpa_pkg::STOP_ADDRESS;
        fail_engine = 3'(e);
        fail_pc = slot_pc[e*32 +: 32];
      end
    for (int e = 0; e < 5; e = e + 1)
      if (overflows[e]) begin
        fail = 1'b1;
        fail_reason = bpa_pkg::STOP_TOKENS;
        fail_engine = 3'(e);
        fail_pc = giver_pc[e*32 +: 32];
      end
  end

  logic starts, resets;
  assign resets = csr_write && csr_address == bpa_pkg::CSR_CONTROL && csr_write_data[1];
  assign starts = csr_write && csr_address == bpa_pkg::CSR_CONTROL && csr_write_data[0];

  always_ff @(posedge clk)
    if (rst) begin
      status <= 2'd0;
      starting <= 1'b0;
      program_beat <= '0;
      length <= '0;
      halt_code <= '0;
      error_code <= bpa_pkg::STOP_NONE;
      error_pc <= '0;
      error_engine <= '0;
      overflow <= 1'b0;
      interrupt_enable <= 1'b0;
      interrupt_raised <= 1'b0;
      counter_select <= '0;
      dram_beats <= '1;
      settle <= '0;
      unanswered_post <= '0;
      unanswered_store <= '0;
    end else begin
      if (csr_write)
        case (csr_address)
          bpa_pkg::CSR_PROGRAM: program_beat <= csr_write_data;
          bpa_pkg::CSR_LENGTH: length <= csr_write_data;
          bpa_pkg::CSR_OVERFLOW: if (csr_write_data[0]) overflow <= 1'b0;
          bpa_pkg::CSR_INTERRUPT_ENABLE: interrupt_enable <= csr_write_data[0];
          bpa_pkg::CSR_INTERRUPT: if (csr_write_data[0]) interrupt_raised <= 1'b0;
          bpa_pkg::CSR_COUNTER_SELECT: counter_select <= csr_write_data;
          bpa_pkg::CSR_DRAM_BEATS: dram_beats <= csr_write_data;
          default: ;
        endcase
      if (overflow_now && running) overflow <= 1'b1;

      // A program starts when nothing of the one before is under way.
      unanswered_post <= unanswered_post + 5'(write && write_last && !write_is_store) -
                         5'(answer_post);
      unanswered_store <= unanswered_store + 5'(write && write_last && write_is_store) -
                          5'(answer_store);
      settle <= running ? 5'd0 : settle == 5'd31 ? settle : settle + 5'd1;
      if (starts && !running) starting <= 1'b1;
      if (starting && settle == 5'd31 && dram_idle && unanswered_post == 0 &&
          unanswered_store == 0) begin
        starting <= 1'b0;
        status <= 2'd1;
        halt_code <= '0;
        error_code <= bpa_pkg::STOP_NONE;
        error_pc <= '0;
        error_engine <= '0;
      end
      if (running && (fail || halt)) begin
        status <= fail ? 2'd3 : 2'd2;
        interrupt_raised <= 1'b1;
        if (fail) begin
          error_code <= fail_reason;
          error_pc <= fail_pc;
          error_engine <= fail_engine;
        end else
          halt_code <= halt_code_now;
      end
      if (resets) begin
        status <= 2'd0;
        starting <= 1'b0;
      end
    end

  always_comb
    case (csr_address)
      bpa_pkg::CSR_ID: csr_read_data = 32'h42504131;
      bpa_pkg::CSR_HASH_LOW: csr_read_data = HASH[31:0];
      bpa_pkg::CSR_HASH_HIGH: csr_read_data = HASH[63:32];
      // Software sees that a program which waits to start runs.
      bpa_pkg::CSR_STATUS: csr_read_data = starting ? 32'd1 : 32'(status);
      bpa_pkg::CSR_PROGRAM: csr_read_data = program_beat;
      bpa_pkg::CSR_LENGTH: csr_read_data = length;
      bpa_pkg::CSR_HALT_CODE: csr_read_data = 32'(halt_code);
      bpa_pkg::CSR_ERROR_CODE: csr_read_data = 32'(error_code);
      bpa_pkg::CSR_ERROR_PC: csr_read_data = error_pc;
      bpa_pkg::CSR_ERROR_ENGINE: csr_read_data = 32'(error_engine);
      bpa_pkg::CSR_OVERFLOW: csr_read_data = 32'(overflow);
      bpa_pkg::CSR_INTERRUPT_ENABLE: csr_read_data = 32'(interrupt_enable);
      bpa_pkg::CSR_INTERRUPT: csr_read_data = 32'(interrupt_raised);
      bpa_pkg::CSR_COUNTER_SELECT: csr_read_data = counter_select;
      bpa_pkg::CSR_COUNTER_LOW: csr_read_data = counter[31:0];
      bpa_pkg::CSR_COUNTER_HIGH: csr_read_data = counter[63:32];
      bpa_pkg::CSR_DRAM_BEATS: csr_read_data = dram_beats;
      default: csr_read_data = '0;
    endcase
endmodule
