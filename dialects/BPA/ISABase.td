//===- ISABase.td - How the BPA instruction set is written -*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The classes behind ISA.td. Fields are packed from the most significant bit of
// a body downwards, in the order in which they are listed; bits that no field
// takes are reserved and must be 0.
//
//===----------------------------------------------------------------------===//

#ifndef BPA_ISA_BASE_TD
#define BPA_ISA_BASE_TD

//===----------------------------------------------------------------------===//
// Fields
//===----------------------------------------------------------------------===//

class Field<string name, int width, string kind, string unit, string summary> {
  string Name = name;
  // Bits, at most 40.
  int Width = width;
  // unsigned: 0 to 2^width - 1. signed: two's complement. count: 1 to 2^width,
  // stored less 1. choice: one of Choices, stored as its index.
  string Kind = kind;
  string Unit = unit;
  // What the field says; no period.
  string Summary = summary;
  list<string> Choices = [];
}

class Unsigned<string name, int width, string unit, string summary>
    : Field<name, width, "unsigned", unit, summary>;
class Signed<string name, int width, string unit, string summary>
    : Field<name, width, "signed", unit, summary>;
class Count<string name, int width, string unit, string summary>
    : Field<name, width, "count", unit, summary>;
class Flag<string name, string summary>
    : Field<name, 1, "unsigned", "", summary>;
class Choice<string name, int width, list<string> choices, string summary>
    : Field<name, width, "choice", "", summary> {
  let Choices = choices;
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

// An engine with an instruction queue. Bit `Index` of the token masks is its.
class Engine<string name, int index, string summary> {
  string Name = name;
  int Index = index;
  string Summary = summary;
}

class Instruction<string mnemonic, int opcode, list<Field> fields,
                  string summary> {
  string Mnemonic = mnemonic;
  int Opcode = opcode;
  list<Field> Fields = fields;
  string Summary = summary;
  // The queue it is dispatched to: an engine, "front" for the front end, which
  // executes it itself, "any" where its field `engine` says which.
  string Queue = "front";
  // Whether it may wait for tokens and signal them.
  bit HasTokens = 0;
  // Number of the register that a configuration instruction writes, or -1.
  int Register = -1;
}

// Work of one engine.
class Run<string mnemonic, int opcode, Engine engine, list<Field> fields,
          string summary> : Instruction<mnemonic, opcode, fields, summary> {
  let Queue = engine.Name;
  let HasTokens = 1;
}

// Writes one configuration register of an engine.
class Configure<string name, int number, Engine engine, list<Field> fields,
                string summary>
    : Instruction<"cfg." # name, 2, fields, summary> {
  let Queue = engine.Name;
  let Register = number;
}

//===----------------------------------------------------------------------===//
// The rest of the architecture
//===----------------------------------------------------------------------===//

// One size of the machine: all powers of two.
class Configuration<string name> {
  string Name = name;
  // Pixels, output channels and lanes of the array.
  int Rows = 0;
  int Columns = 0;
  int Lanes = 0;
  // Words of the feature-map memory, of one bank of the gather and weight
  // buffers; entries of the threshold buffer.
  int FmapWords = 0;
  int AbufWords = 0;
  int WbufWords = 0;
  int TbufEntries = 0;
  // Instructions that wait in front of an engine.
  int QueueDepth = 0;
}

// A control and status register of 32 bits. Access: "ro", "rw", or "w1c" where
// writing a 1 clears.
class ControlRegister<string name, int offset, string access, string summary> {
  string Name = name;
  // Bytes.
  int Offset = offset;
  string Access = access;
  string Summary = summary;
}

// Why a machine stopped. Number of the register `error_code`.
class StopReason<string name, int number, string summary> {
  string Name = name;
  int Number = number;
  string Summary = summary;
}

#endif // BPA_ISA_BASE_TD
