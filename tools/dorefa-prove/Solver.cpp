//===- Solver.cpp - Decide SMT-LIB queries with z3 ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Solver.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>

using namespace llvm;

Expected<std::string> findSolver() {
  ErrorOr<std::string> path = sys::findProgramByName("z3");
  if (path)
    return *path;
  return createStringError(
      "--run needs z3, which is not in PATH; install it, or "
      "write the files with -o and use another SMT solver");
}

/// Value of a numeral: `7`, `(- 7)`, `#x07`, `#b0111`. Bit vectors are signed.
static std::optional<int64_t> parseNumeral(StringRef text) {
  text = text.trim();
  bool negative = text.consume_front("(-");
  text = text.take_until([](char c) { return c == ')'; }).trim();
  unsigned radix = 10, width = 0;
  if (text.consume_front("#x"))
    radix = 16, width = 4 * text.size();
  else if (text.consume_front("#b"))
    radix = 2, width = text.size();
  int64_t value;
  if (width > 32 || text.getAsInteger(radix, value))
    return std::nullopt;
  if (width && (value >> (width - 1) & 1))
    value -= int64_t(1) << width;
  return negative ? -value : value;
}

/// Value of `acc` in a model that z3 prints.
static std::optional<int64_t> parseModel(StringRef output) {
  StringRef definition = output.split("(define-fun acc () ").second;
  // The sort: Int, or (_ BitVec 13).
  definition = definition.starts_with("(") ? definition.split(')').second
                                           : definition.split("Int").second;
  return parseNumeral(definition);
}

static Error writeFile(StringRef path, StringRef text) {
  return writeToOutput(path, [&](raw_ostream &os) {
    os << text;
    return Error::success();
  });
}

Expected<Answer> solve(StringRef solver, StringRef query, unsigned timeout) {
  SmallString<128> input, output;
  if (std::error_code error =
          sys::fs::createTemporaryFile("prove", "smt2", input))
    return createStringError(error, "no temporary file: " + error.message());
  FileRemover removeInput(input);
  if (std::error_code error =
          sys::fs::createTemporaryFile("prove", "txt", output))
    return createStringError(error, "no temporary file: " + error.message());
  FileRemover removeOutput(output);
  if (Error error = writeFile(input, query))
    return std::move(error);

  auto start = std::chrono::steady_clock::now();
  std::string limit = "-T:" + std::to_string(timeout), message;
  std::optional<StringRef> redirects[] = {StringRef(), output.str(),
                                          output.str()};
  int status = sys::ExecuteAndWait(solver, {solver, "-model", limit, input},
                                   std::nullopt, redirects, 0, 0, &message);
  std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  auto buffer = MemoryBuffer::getFile(output);
  StringRef text = buffer ? (*buffer)->getBuffer() : StringRef();
  Answer answer{Answer::Unknown, std::nullopt, time.count()};
  if (status < 0 || text.contains("(error"))
    return createStringError("z3 failed: " +
                             (text.empty() ? message : text.str()));
  if (text.starts_with("unsat"))
    answer.verdict = Answer::Unsat;
  if (!text.starts_with("sat"))
    return answer;
  answer.verdict = Answer::Sat;
  answer.accumulator = parseModel(text);
  if (!answer.accumulator)
    return createStringError("z3 printed no value of acc: " + text);
  return answer;
}
