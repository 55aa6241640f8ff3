//===- Collective.cpp - Names of the intrinsics of a warp -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Collective.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;
using namespace mlir::dorefa::emulator;

/// Reads "m16n8k256" into `mma`.
static bool parseShape(StringRef shape, Collective &mma) {
  return shape.consume_front("m") && !shape.consumeInteger(10, mma.m) &&
         shape.consume_front("n") && !shape.consumeInteger(10, mma.n) &&
         shape.consume_front("k") && !shape.consumeInteger(10, mma.k) &&
         shape.empty();
}

/// Reads "u8" or "s4".
static bool parseElement(StringRef type, uint8_t &bits, bool &isSigned) {
  isSigned = type.consume_front("s");
  if (!isSigned && !type.consume_front("u"))
    return false;
  return !type.getAsInteger(10, bits) && (bits == 8 || bits == 4);
}

/// mma.{and,xor}.popc.<shape>.row.col.b1 and
/// mma.<shape>.row.col[.satfinite].<type A>[.<type B>].
static std::optional<Collective> parseMma(ArrayRef<StringRef> parts) {
  Collective mma;
  mma.kind = Collective::Mma;
  bool isBinary = parts.size() > 2 && parts[1] == "popc";
  if (isBinary) {
    mma.isXor = parts[0] == "xor";
    parts = parts.drop_front(2);
  }
  if (parts.size() < 4 || !parseShape(parts[0], mma) || parts[1] != "row" ||
      parts[2] != "col" || mma.n != 8 || (mma.m != 8 && mma.m != 16))
    return std::nullopt;
  parts = parts.drop_front(3);
  if (parts.front() == "satfinite") {
    mma.saturates = true;
    parts = parts.drop_front();
  }
  if (parts.empty() || parts.size() > 2)
    return std::nullopt;
  if (isBinary) {
    mma.bits = 1;
    if (parts.front() != "b1")
      return std::nullopt;
  } else if (!parseElement(parts.front(), mma.bits, mma.isSignedA) ||
             !parseElement(parts.back(), mma.bits, mma.isSignedB)) {
    return std::nullopt;
  }
  unsigned numChunks = mma.k * mma.bits / 128;
  if (mma.k * mma.bits % 128 != 0 || (numChunks != 1 && numChunks != 2))
    return std::nullopt;
  return mma;
}

/// ldmatrix.sync.aligned.m8n8.x<count>[.trans].b16.p3.
static std::optional<Collective> parseLoadMatrix(StringRef name) {
  Collective load;
  load.kind = Collective::LoadMatrix;
  if (!name.consume_front("sync.aligned.m8n8.x") ||
      name.consumeInteger(10, load.numMatrices))
    return std::nullopt;
  load.transposes = name.consume_front(".trans");
  unsigned count = load.numMatrices;
  if (name != ".b16.p3" || (count != 1 && count != 2 && count != 4))
    return std::nullopt;
  return load;
}

static std::optional<Collective>
withMode(Collective::Kind kind, std::optional<Collective::Mode> mode) {
  if (!mode)
    return std::nullopt;
  Collective collective;
  collective.kind = kind;
  collective.mode = *mode;
  return collective;
}

using OptionalMode = std::optional<Collective::Mode>;

std::optional<Collective>
mlir::dorefa::emulator::parseCollective(StringRef name) {
  Collective barrier;
  barrier.kind = name == "bar.warp.sync" ? Collective::WarpBarrier
                                         : Collective::BlockBarrier;
  if (name == "barrier.cta.sync.aligned.all" || name == "bar.warp.sync")
    return barrier;
  if (name.consume_front("mma.")) {
    SmallVector<StringRef> parts;
    name.split(parts, '.');
    return parseMma(parts);
  }
  if (name.consume_front("ldmatrix."))
    return parseLoadMatrix(name);
  if (name.consume_front("shfl.sync.")) {
    auto [mode, type] = name.split('.');
    type.consume_back("p");
    if (type != "i32" && type != "f32")
      return std::nullopt;
    return withMode(Collective::Shuffle, StringSwitch<OptionalMode>(mode)
                                             .Case("idx", Collective::Idx)
                                             .Case("up", Collective::Up)
                                             .Case("down", Collective::Down)
                                             .Case("bfly", Collective::Bfly)
                                             .Default(std::nullopt));
  }
  if (name.consume_front("vote."))
    return withMode(Collective::Vote,
                    StringSwitch<OptionalMode>(name)
                        .Case("all.sync", Collective::All)
                        .Case("any.sync", Collective::Any)
                        .Case("uni.sync", Collective::Uni)
                        .Case("ballot.sync", Collective::Ballot)
                        .Default(std::nullopt));
  if (name.consume_front("redux.sync."))
    return withMode(Collective::Reduce, StringSwitch<OptionalMode>(name)
                                            .Case("add", Collective::Add)
                                            .Case("umin", Collective::UMin)
                                            .Case("umax", Collective::UMax)
                                            .Case("min", Collective::Min)
                                            .Case("max", Collective::Max)
                                            .Case("and", Collective::And)
                                            .Case("or", Collective::Or)
                                            .Case("xor", Collective::Xor)
                                            .Default(std::nullopt));
  return std::nullopt;
}
