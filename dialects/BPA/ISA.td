//===- ISA.td - The instruction set of BPA -----------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one place where encodings are written. bpa-tblgen makes of it the C++
// encoders and decoders, the tables of assembler, disassembler and random
// programs, the SystemVerilog package and ISA.md. What instructions do says
// README.md.
//
//===----------------------------------------------------------------------===//

#ifndef BPA_ISA_TD
#define BPA_ISA_TD

include "ISABase.td"

//===----------------------------------------------------------------------===//
// Engines
//===----------------------------------------------------------------------===//

def LD : Engine<"ld", 0, "load: DRAM to on-chip memories">;
def GA : Engine<"ga", 1, "gather: windows of feature maps; max pools">;
def MM : Engine<"mm", 2, "matmul: bit planes times bit planes">;
def PP : Engine<"pp", 3, "post-process: thresholds, or raw sums to DRAM">;
def ST : Engine<"st", 4, "store: feature maps to DRAM">;

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

def Halt : Instruction<"halt", 1, [
  Unsigned<"code", 8, "", "what the register `halt_code` shows afterwards">
], "End the program once all queues are empty and all engines idle">;

def Nop : Instruction<"nop", 3, [
  Choice<"engine", 3, ["ld", "ga", "mm", "pp", "st"], "whose queue it takes">
], "Only wait and signal"> {
  let Queue = "any";
  let HasTokens = 1;
}

//===----------------------------------------------------------------------===//
// DRAM
//===----------------------------------------------------------------------===//

class Transfer {
  list<Field> Fields = [
    Unsigned<"dram", 32, "beats", "first beat in DRAM">,
    Unsigned<"sram", 16, "beats", "first beat in the on-chip memory">,
    Count<"nx", 13, "beats", "length of a row">,
    Count<"ny", 10, "rows", "number of rows">,
    Signed<"dstride", 24, "beats", "from row to row in DRAM">,
    Unsigned<"sstride", 16, "beats", "from row to row in the on-chip memory">
  ];
}
def DRAMTransfer : Transfer;

def Load : Run<"ld", 4, LD, !listconcat([
  Choice<"space", 2, ["fmap", "wbuf", "tbuf"], "the memory that is written">
], DRAMTransfer.Fields), "Copy rows of beats from DRAM">;

def Store : Run<"st", 5, ST, DRAMTransfer.Fields,
  "Copy rows of beats from the feature-map memory to DRAM">;

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

def ConfigureInput : Configure<"input", 0, GA, [
  Unsigned<"base", 20, "lanes", "channel 0 of pixel (first_row, 0) of image 0">,
  Unsigned<"pixel", 14, "lanes", "from pixel to pixel of a row">,
  Unsigned<"row", 20, "lanes", "from row to row">,
  Unsigned<"plane", 20, "lanes", "from bit plane to bit plane">,
  Unsigned<"image", 20, "lanes", "from image to image">
], "Where the input of `ga` and `mp` lies">;

def ConfigureWindow : Configure<"window", 1, GA, [
  Count<"lanes", 14, "lanes", "channels of a tap">,
  Count<"planes", 3, "", "bit planes of the input">,
  Unsigned<"valid", 2, "planes", "planes of 1 inside and 0 outside the input that follow the input's, 0 to 2">,
  Unsigned<"pad", 8, "code", "code of a tap outside the input; bit m is plane m">,
  Count<"kh", 5, "taps", "height of the window">,
  Count<"kw", 5, "taps", "width of the window">,
  Count<"sy", 4, "rows", "stride">,
  Count<"sx", 4, "pixels", "stride">,
  Count<"dy", 6, "rows", "dilation">,
  Count<"dx", 6, "pixels", "dilation">,
  Signed<"py", 8, "rows", "rows of padding above the input">,
  Signed<"px", 8, "pixels", "pixels of padding left of the input">
], "What a window takes">;

def ConfigureExtent : Configure<"extent", 2, GA, [
  Count<"h", 12, "rows", "height of the input">,
  Count<"w", 12, "pixels", "width of the input">,
  Count<"oh", 12, "rows", "height of the output">,
  Count<"ow", 12, "pixels", "width of the output">,
  Unsigned<"first_row", 12, "rows", "row of the input that lies at `base`">
], "Sizes of input and output">;

def ConfigurePool : Configure<"pool", 3, GA, [
  Flag<"sign", "compare codes as two's complement">,
  Unsigned<"pixel", 14, "lanes", "from pixel to pixel of the output">,
  Unsigned<"plane", 20, "lanes", "from bit plane to bit plane of the output">
], "How the output of `mp` lies">;

class Windows {
  list<Field> Fields = [
    Unsigned<"image", 10, "", "image of the first output pixel">,
    Unsigned<"oy", 12, "rows", "row of the first output pixel">,
    Unsigned<"ox", 12, "pixels", "column of the first output pixel">,
    Count<"pixels", 15, "pixels", "output pixels, in the order (image, oy, ox)">
  ];
}
def WindowPixels : Windows;

def Gather : Run<"ga", 6, GA, !listconcat([
  Unsigned<"abuf", 10, "words", "first word of the gather buffer">
], WindowPixels.Fields), "Gather the windows of output pixels">;

def Pool : Run<"mp", 7, GA, !listconcat([
  Unsigned<"out", 20, "lanes", "channel 0 of the first output pixel">
], WindowPixels.Fields), "Take the largest code of each window">;

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

def ConfigurePlanes : Configure<"planes", 4, MM, [
  Count<"aplanes", 4, "", "gathered planes, 1 to 10">,
  Unsigned<"anegate", 10, "", "bit m: gathered plane m counts negative">,
  Unsigned<"ashift", 40, "", "digit m of 4 bits: gathered plane m counts 2^digit">,
  Count<"wplanes", 3, "", "planes of the weights">,
  Unsigned<"wnegate", 8, "", "bit k: weight plane k counts negative">,
  Unsigned<"wshift", 32, "", "digit k of 4 bits: weight plane k counts 2^digit">,
  Flag<"rowsum", "deliver 2 sum - row sum, for weights whose bits mean -1 and +1">
], "What the planes of both operands count">;

def MatMul : Run<"mm", 8, MM, [
  Unsigned<"abuf", 10, "words", "first word of the gather buffer">,
  Unsigned<"agroup", 11, "words", "from pixel group to pixel group">,
  Unsigned<"aplane", 11, "words", "from plane to plane">,
  Count<"groups", 12, "", "groups of one pixel per row of the array">,
  Unsigned<"wbuf", 10, "words", "first word of the weight buffer">,
  Unsigned<"wtile", 11, "words", "from tile to tile">,
  Unsigned<"wplane", 11, "words", "from plane to plane">,
  Count<"tiles", 10, "", "tiles of one output channel per column of the array">,
  Count<"words", 11, "words", "of a plane">,
  Flag<"resume", "add to the sums that the last `mm` kept">,
  Flag<"keep", "keep the sums instead of delivering them">
], "Multiply groups of pixels by tiles of output channels">;

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

def ConfigureResult : Configure<"result", 5, PP, [
  Choice<"mode", 2, ["codes", "raw16", "raw32"], "codes by thresholds, or integers of 16 or 32 bits">,
  Count<"bits", 3, "", "bits of a code">,
  Unsigned<"first", 8, "code", "code of a sum that reaches no threshold">,
  Unsigned<"pixel", 20, "lanes|beats", "from pixel to pixel; lanes for codes, beats for integers">,
  Unsigned<"plane", 20, "lanes", "from bit plane to bit plane, for codes">
], "What becomes of sums">;

def PostProcess : Run<"pp", 9, PP, [
  Unsigned<"tbuf", 10, "entries", "first entry of the threshold buffer">,
  Unsigned<"out", 32, "lanes|beats", "first output channel of the first pixel; lanes for codes, beats in DRAM for integers">,
  Count<"pixels", 15, "pixels", "output pixels">,
  Count<"tiles", 10, "", "tiles of output channels">
], "Turn the sums of matmuls into codes or write them to DRAM">;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

def R8C8D64 : Configuration<"r8c8d64"> {
  let Rows = 8;
  let Columns = 8;
  let Lanes = 64;
  let FmapWords = 16384;
  let AbufWords = 1024;
  let WbufWords = 1024;
  let TbufEntries = 1024;
  let QueueDepth = 8;
}

def R4C4D32 : Configuration<"r4c4d32"> {
  let Rows = 4;
  let Columns = 4;
  let Lanes = 32;
  let FmapWords = 8192;
  let AbufWords = 512;
  let WbufWords = 512;
  let TbufEntries = 256;
  let QueueDepth = 8;
}

//===----------------------------------------------------------------------===//
// Control and status
//===----------------------------------------------------------------------===//

def : ControlRegister<"id", 0x00, "ro", "0x42504131, the letters BPA1">;
def : ControlRegister<"hash_low", 0x04, "ro", "low half of the hash of instruction set and configuration">;
def : ControlRegister<"hash_high", 0x08, "ro", "high half of the same">;
def : ControlRegister<"control", 0x0c, "rw", "bit 0 starts the program, bit 1 resets the machine; both read 0">;
def : ControlRegister<"status", 0x10, "ro", "0 idle, 1 running, 2 halted, 3 stopped by an error">;
def : ControlRegister<"program", 0x14, "rw", "first beat of the program in DRAM; an instruction is a beat">;
def : ControlRegister<"length", 0x18, "rw", "instructions of the program">;
def : ControlRegister<"halt_code", 0x1c, "ro", "field `code` of the `halt` that ended the program">;
def : ControlRegister<"error_code", 0x20, "ro", "why the machine stopped">;
def : ControlRegister<"error_pc", 0x24, "ro", "number of the instruction that stopped it">;
def : ControlRegister<"error_engine", 0x28, "ro", "index of the engine, 7 for the front end">;
def : ControlRegister<"overflow", 0x2c, "w1c", "bit 0: a raw16 result did not fit and was cut to 16 bits">;
def : ControlRegister<"interrupt_enable", 0x30, "rw", "bit 0: raise the interrupt when the machine halts or stops">;
def : ControlRegister<"interrupt", 0x34, "w1c", "bit 0: the interrupt is raised">;
def : ControlRegister<"counter_select", 0x38, "rw", "which performance counter the next two show">;
def : ControlRegister<"counter_low", 0x3c, "ro", "low half of that counter">;
def : ControlRegister<"counter_high", 0x40, "ro", "high half of the same">;
def : ControlRegister<"dram_beats", 0x44, "rw", "beats of DRAM that instructions may reach, less than 2^32 - 2^23; all after reset">;

def : StopReason<"none", 0, "no error">;
def : StopReason<"illegal", 1, "an instruction that does not decode">;
def : StopReason<"operand", 2, "fields or registers that contradict each other">;
def : StopReason<"address", 3, "an address outside a memory">;
def : StopReason<"tokens", 4, "more than 63 tokens of one engine for another">;
def : StopReason<"end", 5, "no `halt` before the end of the program">;
def : StopReason<"deadlock", 6, "engines that wait for each other">;
def : StopReason<"watchdog", 7, "more work than was allowed">;
def : StopReason<"race", 8, "accesses that no token orders; only a checked run finds them">;

#endif // BPA_ISA_TD
