//===- bpa_counters.sv - Performance counters of the last program -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

module bpa_counters #(
  parameter int BITS = 40
) (
  input logic clk,
  input logic clear,
  input logic running,

  input logic step,
  // A tile of so many steps ends: it is kept, or it goes to PP, which then drains it.
  input logic tile,
  input logic tile_is_kept,
  input logic [17:0] tile_steps,
  input logic drain,
  input logic [9:0] drain_cycles,

  // Of each engine.
  input logic [4:0] busy,
  input logic [4:0] empty,
  input logic [24:0] waits, // engine * 5 + for whom

  input logic [31:0] select,
  output logic [63:0] value
);
  logic [BITS-1:0] cycles, steps, ceiling;
  // Of the tiles that PP has not begun to drain: at most two.
  logic [17:0] first_steps, second_steps;
  logic first_valid;

  // Events are counted in the next cycle: they come late. What the ceiling grows by is known
  // one cycle later still; a program ends later than that.
  logic running1, step1;
  logic [4:0] busy1, empty1;
  logic [24:0] waits1;
  logic [17:0] kept_steps, drained_steps;
  always_ff @(posedge clk) begin
    running1 <= running && !clear;
    step1 <= step;
    busy1 <= busy;
    empty1 <= empty;
    waits1 <= waits;
    kept_steps <= {18{running && tile && tile_is_kept}} & tile_steps;
    drained_steps <= {18{running && drain}} &
                     (first_steps > 18'(drain_cycles) ? first_steps : 18'(drain_cycles));
  end

  logic [18:0] growth;
  always_ff @(posedge clk)
    if (clear) begin
      cycles <= '0;
      steps <= '0;
      ceiling <= '0;
      growth <= '0;
    end else begin
      if (running1) cycles <= cycles + 1'b1;
      if (running1 && step1) steps <= steps + 1'b1;
      growth <= 19'(kept_steps) + 19'(drained_steps);
      ceiling <= ceiling + BITS'(growth);
    end

  always_ff @(posedge clk)
    if (clear) first_valid <= 1'b0;
    else if (running) begin
      // A tile goes to PP at the earliest in the cycle in which the one before starts to
      // be drained, so the second is only there in between.
      if (tile && !tile_is_kept) begin
        if (!first_valid || drain) first_steps <= tile_steps;
        else second_steps <= tile_steps;
      end else if (drain)
        first_steps <= second_steps;
      first_valid <= (tile && !tile_is_kept) || (first_valid && !drain);
    end

  // Busy, empty, and waits for each engine.
  logic [8*5*BITS-1:0] values;
  generate
    for (genvar e = 0; e < 5; e = e + 1) begin : engine
      for (genvar i = 0; i < 8; i = i + 1) begin : counter
        if (i < 7) begin : counts
          logic event_now;
          logic [BITS-1:0] count;
          assign event_now = i < 5 ? waits1[e*5 + (i < 5 ? i : 0)]
                             : i == 5 ? busy1[e] : empty1[e];
          always_ff @(posedge clk)
            if (clear) count <= '0;
            else if (running1 && event_now) count <= count + 1'b1;
          assign values[(e*8+i)*BITS +: BITS] = count;
        end else begin : none
          assign values[(e*8+i)*BITS +: BITS] = '0;
        end
      end
    end
  endgenerate

  logic [5:0] number;
  logic [31:0] engine_select;
  assign engine_select = select - 32'd16;
  assign number = {engine_select[6:4], engine_select[2:0]};
  always_comb begin
    value = '0;
    if (select == 32'd0) value = 64'(cycles);
    else if (select == 32'd1) value = 64'(steps);
    else if (select == 32'd2) value = 64'(ceiling);
    else if (select >= 32'd16 && select < 32'd96 && !select[3])
      value = 64'(values[number*BITS +: BITS]);
  end
endmodule
