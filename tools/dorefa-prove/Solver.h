//===- Solver.h - Decide SMT-LIB queries with z3 ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TOOLS_SOLVER_H
#define DOREFA_TOOLS_SOLVER_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>

/// What a solver says about a query.
struct Answer {
  enum Verdict { Unsat, Sat, Unknown };
  Verdict verdict;
  /// Value of `acc` in the model, where `Sat`.
  std::optional<int64_t> accumulator;
  double seconds;
};

/// Path of z3; an error where PATH has none.
llvm::Expected<std::string> findSolver();

/// Decides `query` within `timeout` seconds.
llvm::Expected<Answer> solve(llvm::StringRef solver, llvm::StringRef query,
                             unsigned timeout);

#endif // DOREFA_TOOLS_SOLVER_H
