//===- dorefa-prove.cpp - Prove that fused thresholds are right -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProveOptions.h"
#include "Solver.h"
#include "dorefa/Dialect/DoReFa/Arithmetic.h"
#include "dorefa/InitAll.h"
#include "dorefa/Pipelines/Diagnostics.h"
#include "dorefa/Pipelines/Pipelines.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::dorefa;
using llvm::formatv;
using llvm::outs;

static LogicalResult report(llvm::Error error) {
  llvm::WithColor::error() << llvm::toString(std::move(error)) << "\n";
  return failure();
}

/// Moves a threshold that some accumulator of the range reaches and some does
/// not, the middle one if possible.
static void plantOffByOne(ProofObligation &obligation) {
  auto [lo, hi] = obligation.range;
  std::vector<int64_t> &row = obligation.thresholds;
  for (size_t i = 0; i < row.size(); ++i) {
    int64_t &threshold = row[(row.size() / 2 + i) % row.size()];
    bool reached = obligation.decreasing ? threshold >= lo && threshold < hi
                                         : threshold > lo && threshold <= hi;
    if (!reached)
      continue;
    ++threshold;
    return;
  }
}

static FailureOr<std::string> encode(const ProveOptions &options,
                                     const ProofObligation &obligation) {
  if (options.encoding == ProofEncoding::Rational)
    return encodeRational(obligation);
  return encodeFloat32(obligation, options.form, options.maxBits);
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static std::string describe(const ProofObligation &obligation) {
  auto [lo, hi] = obligation.range;
  return formatv(
      "; {0}, channel {1}: accumulators in [{2}, {3}], level = {4} + "
      "sum_j [acc {5} T_j], T = {6:$[ ]}\n"
      "; sat: acc has another level; unsat: proved\n",
      obligation.layer, obligation.channel, lo, hi, obligation.base,
      obligation.decreasing ? "<=" : ">=",
      llvm::make_range(obligation.thresholds.begin(),
                       obligation.thresholds.end()));
}

static std::string getFileName(const ProofObligation &obligation) {
  std::string name = obligation.layer;
  for (char &c : name)
    if (!llvm::isAlnum(c) && c != '_' && c != '-')
      c = '_';
  return formatv("{0}-{1}-{2}.smt2", obligation.index, name,
                 obligation.channel);
}

static LogicalResult write(const ProveOptions &options,
                           const ProofObligation &obligation, StringRef query) {
  std::string text = describe(obligation) + query.str();
  if (options.output.empty()) {
    if (!options.run)
      outs() << text;
    return success();
  }
  if (std::error_code error = llvm::sys::fs::create_directories(options.output))
    return report(llvm::createStringError(
        error, options.output + " cannot be created: " + error.message()));
  SmallString<128> path(options.output);
  llvm::sys::path::append(path, getFileName(obligation));
  if (llvm::Error error = llvm::writeToOutput(path, [&](raw_ostream &os) {
        os << text;
        return llvm::Error::success();
      }))
    return report(std::move(error));
  return success();
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

namespace {

/// Runs queries, equal ones once, and prints a row of the table for each.
class Runner {
public:
  Runner(std::string solver, unsigned timeout)
      : solver(std::move(solver)), timeout(timeout) {
    outs() << formatv("{0,-24} {1,7} {2,10} {3,-20} {4,-8} {5,7}\n", "layer",
                      "channel", "thresholds", "accumulators", "verdict",
                      "seconds");
  }
  /// Success where the query is proved.
  LogicalResult run(const ProofObligation &obligation, StringRef query);

private:
  LogicalResult explain(const ProofObligation &obligation,
                        const Answer &answer);

  std::string solver;
  unsigned timeout;
  llvm::StringMap<Answer> answers;
};

} // namespace

/// The counterexample, evaluated by us too: solver and compiler must agree on
/// it.
LogicalResult Runner::explain(const ProofObligation &obligation,
                              const Answer &answer) {
  if (answer.verdict == Answer::Unsat)
    return success();
  if (answer.verdict == Answer::Unknown)
    return obligation.quantizer->emitError()
           << "is neither proved nor refuted on channel " << obligation.channel
           << " within " << timeout << " seconds; raise --timeout";
  auto accumulator = static_cast<int32_t>(*answer.accumulator);
  CodeType type = getCodeType(obligation.quantizer->getResult(0).getType());
  int64_t expected = evaluateReference(obligation, accumulator);
  int64_t actual = evaluateFused(obligation, accumulator);
  InFlightDiagnostic error = obligation.quantizer->emitError()
                             << "has wrong thresholds on channel "
                             << obligation.channel << ": accumulator "
                             << accumulator;
  if (expected == actual)
    return error
           << " is a counterexample of z3 that is none; please report this";
  return error << " has code " << getCodeOfLevel(type, expected)
               << ", its thresholds give " << getCodeOfLevel(type, actual);
}

LogicalResult Runner::run(const ProofObligation &obligation, StringRef query) {
  auto [entry, isNew] = answers.try_emplace(query);
  if (isNew) {
    llvm::Expected<Answer> answer = solve(solver, query, timeout);
    if (!answer)
      return report(answer.takeError());
    entry->second = *answer;
  }
  const Answer &answer = entry->second;
  static constexpr StringLiteral verdicts[] = {"proved", "wrong", "unknown"};
  std::string range =
      formatv("[{0}, {1}]", obligation.range.lo, obligation.range.hi);
  std::string seconds =
      isNew ? formatv("{0:f2}", answer.seconds).str() : "same";
  outs() << formatv("{0,-24} {1,7} {2,10} {3,-20} {4,-8} {5,7}\n",
                    obligation.layer, obligation.channel,
                    obligation.thresholds.size(), range,
                    verdicts[answer.verdict], seconds);
  outs().flush();
  return explain(obligation, answer);
}

/// Exports and, if asked for, decides all obligations. A layer that cannot be
/// exported is reported once and does not keep the others from it.
static LogicalResult prove(const ProveOptions &options,
                           std::vector<ProofObligation> obligations) {
  std::optional<Runner> runner;
  if (options.run) {
    llvm::Expected<std::string> solver = findSolver();
    if (!solver)
      return report(solver.takeError());
    runner.emplace(*solver, options.timeout);
  }
  int64_t failures = 0;
  Operation *skipped = nullptr;
  for (ProofObligation &obligation : obligations) {
    if (obligation.quantizer == skipped) {
      ++failures;
      continue;
    }
    if (options.plant == Plant::OffByOne)
      plantOffByOne(obligation);
    FailureOr<std::string> query = encode(options, obligation);
    if (failed(query)) {
      skipped = obligation.quantizer;
      ++failures;
      continue;
    }
    if (failed(write(options, obligation, *query)))
      return failure();
    if (runner && failed(runner->run(obligation, *query)))
      ++failures;
  }
  if (runner)
    outs() << formatv("{0} of {1} proved\n", obligations.size() - failures,
                      obligations.size());
  return success(failures == 0);
}

int main(int argc, char **argv) {
  std::optional<ProveOptions> options = parseCommandLine(argc, argv);
  if (!options)
    return 1;
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false);
  DiagnosticPrinter printer(context);
  OwningOpRef<ModuleOp> module = loadModel(options->model, context);
  if (!module)
    return 1;
  if (getPhase(*module) > Phase::Codes) {
    module->emitError()
        << "is in phase " << getPhaseInfo(getPhase(*module)).name
        << " but must be in phase codes or before: thresholds have "
           "replaced the reference";
    return 1;
  }
  if (failed(runToPhase(*module, Phase::Codes)))
    return 1;
  std::vector<ProofObligation> obligations;
  OwningOpRef<ModuleOp> fused =
      collectObligations(*module, options->selection, obligations);
  if (!fused)
    return 1;
  return succeeded(prove(*options, std::move(obligations))) ? 0 : 1;
}
