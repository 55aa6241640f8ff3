//===- Arguments.h - Values of the parameters of a kernel -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TOOLS_EMULATEARGUMENTS_H
#define DOREFA_TOOLS_EMULATEARGUMENTS_H

#include "dorefa/Emulator/Emulator.h"
#include "dorefa/Runtime/Npy.h"

#include "llvm/ADT/StringRef.h"

/// A parameter of a kernel: a number, or an array in the memory of the device.
class KernelArgument {
public:
  /// Reads "i32:7", "i64:7", "f32:0.5", "x.npy" or "int32[64,64]" (zeros).
  static llvm::Expected<KernelArgument>
  parse(llvm::StringRef text, mlir::dorefa::emulator::Emulator &emulator);

  bool isArray() const { return array.has_value(); }
  /// Puts the first elements back into the memory of the device.
  void reset() const;
  /// What the device holds now; only of an array.
  const mlir::dorefa::runtime::NpyArray &fetch();
  /// The address of the value, for a launch.
  void *getValue() {
    return isArray() ? static_cast<void *>(&device) : &number;
  }

private:
  llvm::Error place(mlir::dorefa::runtime::NpyArray elements,
                    mlir::dorefa::emulator::Emulator &emulator);

  uint64_t number = 0;
  std::optional<mlir::dorefa::runtime::NpyArray> array, result;
  void *device = nullptr;
};

/// The elements of the file at `path`.
llvm::Expected<mlir::dorefa::runtime::NpyArray> readArray(llvm::StringRef path);

#endif // DOREFA_TOOLS_EMULATEARGUMENTS_H
