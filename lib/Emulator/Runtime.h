//===- Runtime.h - Functions that instrumented kernels call -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All of them return to the kernel only where the access is right; otherwise
// control goes back to the launch (Block::abandon).
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_LIB_EMULATOR_RUNTIME_H
#define DOREFA_LIB_EMULATOR_RUNTIME_H

#include "Lane.h"

#include "llvm/ADT/ArrayRef.h"

namespace mlir::dorefa::emulator {

/// Names and addresses, for the linker.
struct RuntimeFunction {
  const char *name;
  void *address;
};
llvm::ArrayRef<RuntimeFunction> getRuntimeFunctions();

/// Names that Instrument.cpp calls. Signatures:
///   frame          ptr(lane, i64 size)
///   the accesses   void(lane, ptr, i64 size, i64 alignment, i32 site)
///   copy           void(lane, ptr shared, ptr global, i32 size,
///                       i32 sourceSize, i32 site)
///   commit, waitAll  void(lane);  wait  void(lane, i32 groupsLeft)
///   stuck          void(lane, i32 site)
///   dot4           i32(i32 a, i32 b, i32 c, i32 signs), bit 0: a, bit 1: b
///   permute        i32(i32 a, i32 b, i32 selector), PTX's prmt.b32
namespace names {
inline constexpr char frame[] = "dorefa_emulator_frame";
inline constexpr char readShared[] = "dorefa_emulator_read_shared";
inline constexpr char writeShared[] = "dorefa_emulator_write_shared";
inline constexpr char readGlobal[] = "dorefa_emulator_read_global";
inline constexpr char writeGlobal[] = "dorefa_emulator_write_global";
inline constexpr char copy[] = "dorefa_emulator_copy";
inline constexpr char commit[] = "dorefa_emulator_commit";
inline constexpr char wait[] = "dorefa_emulator_wait";
inline constexpr char waitAll[] = "dorefa_emulator_wait_all";
inline constexpr char stuck[] = "dorefa_emulator_stuck";
inline constexpr char dot4[] = "dorefa_emulator_dot4";
inline constexpr char permute[] = "dorefa_emulator_permute";
} // namespace names

} // namespace mlir::dorefa::emulator

#endif // DOREFA_LIB_EMULATOR_RUNTIME_H
