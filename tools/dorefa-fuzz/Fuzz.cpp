//===- Fuzz.cpp - The steps of dorefa-fuzz --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Fuzz.h"
#include "Process.h"
#include "Reduce.h"
#include "dorefa/InitAll.h"
#include "dorefa/Pipelines/Pipelines.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <cstdlib>
#include <map>
#include <sys/wait.h>

using namespace mlir;
using namespace mlir::dorefa;

namespace {

/// A directory that goes with all its files when the program ends. What the
/// checks leave behind when they crash lies in there too.
class WorkDirectory {
public:
  WorkDirectory() {
    if (llvm::sys::fs::createUniqueDirectory("dorefa-fuzz", path))
      path.clear();
    else
      ::setenv("TMPDIR", path.c_str(), 1);
  }
  ~WorkDirectory() {
    if (!path.empty())
      llvm::sys::fs::remove_directories(path);
  }

  /// Empty where there is none.
  StringRef getPath() const { return path; }

private:
  SmallString<128> path;
};

StringRef getName(Outcome outcome) {
  switch (outcome) {
  case Outcome::Equal:
    return "equal";
  case Outcome::Difference:
    return "difference";
  case Outcome::Rejected:
    return "rejected";
  case Outcome::Crash:
    return "crash";
  case Outcome::Timeout:
    return "timeout";
  }
  return "";
}

/// Writes `network` and its input, named after its seed; false after a message.
bool writeFiles(const Network &network, const std::string &directory) {
  std::string path = directory + "/" + std::to_string(network.seed);
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  Program program = buildProgram(network, context);
  if (!llvm::sys::fs::create_directories(directory) &&
      succeeded(writeModule(*program.module, path + ".mlir")) &&
      !runtime::writeNpy(path + ".npy", program.inputs.front()))
    return true;
  llvm::WithColor::error() << path << ": cannot be written\n";
  return false;
}

class Fuzzer {
public:
  explicit Fuzzer(const FuzzOptions &options)
      : options(options), start(std::chrono::steady_clock::now()) {}

  int run() {
    if (work.getPath().empty() || !createProcesses()) {
      llvm::WithColor::error() << "cannot make a temporary directory\n";
      return 1;
    }
    findProcessors();
    uint64_t next = 0;
    while (next < options.count || !running.empty()) {
      if (next < options.count && running.size() < processes.size())
        startCheck(next++);
      else
        finishCheck();
    }
    printSummary();
    return failures == 0 ? 0 : 1;
  }

private:
  //===--------------------------------------------------------------------===//
  // Processes
  //===--------------------------------------------------------------------===//

  bool createProcesses() {
    for (unsigned i = 0; i <= options.jobs; ++i) {
      std::string directory = (work.getPath() + "/" + Twine(i)).str();
      if (llvm::sys::fs::create_directory(directory))
        return false;
      std::unique_ptr<Process> process = Process::create(directory);
      if (!process)
        return false;
      (i == 0 ? reducer : processes.emplace_back()) = std::move(process);
    }
    return true;
  }

  /// Leaves the processors whose code cannot run here out.
  void findProcessors() {
    std::vector<std::string> usable;
    for (const std::string &cpu : options.cpus) {
      const Report &report = reducer->run(options.limit, [&](Report &report) {
        probe(cpu, reducer->getDirectory(), report);
      });
      if (report.outcome == Outcome::Equal)
        usable.push_back(cpu);
      else
        llvm::WithColor::warning()
            << "'" << cpu << "' is left out: " << report.message.get() << "\n";
    }
    options.cpus = usable;
  }

  void startCheck(uint64_t number) {
    for (const std::unique_ptr<Process> &process : processes) {
      if (process->getChild() != 0)
        continue;
      Network network = drawNetwork(options.seed + number);
      if (process->start(options.limit, [&](Report &report) {
            check(network, number, options, process->getDirectory(), report);
          }))
        running[process->getChild()] = {process.get(), number};
      return;
    }
  }

  void finishCheck() {
    int status = 0;
    pid_t child = ::wait(&status);
    auto it = running.find(child);
    if (it == running.end())
      return;
    auto [process, number] = it->second;
    running.erase(it);
    Report report = process->finish(status);
    compared += report.compared;
    ++checked;
    if (report.outcome != Outcome::Equal)
      handleFailure(number, report);
    showProgress();
  }

  //===--------------------------------------------------------------------===//
  // Failures
  //===--------------------------------------------------------------------===//

  void handleFailure(uint64_t number, const Report &report) {
    ++failures;
    ++outcomes[report.outcome];
    clearLine();
    uint64_t seed = options.seed + number;
    llvm::outs() << "seed " << seed << ": " << getName(report.outcome) << " at "
                 << report.form.get() << ": " << report.message.get() << "\n";
    llvm::outs().flush();
    Report last = report;
    FuzzOptions narrowed = options;
    auto fails = [&](const Network &network) {
      Report again = reducer->run(narrowed.limit, [&](Report &report) {
        check(network, number, narrowed, reducer->getDirectory(), report);
      });
      bool isSame = again.outcome == report.outcome &&
                    again.form.get() == report.form.get();
      if (isSame)
        last = again;
      return isSame;
    };
    narrowed.spread = false;
    // Code for other processors than the failing one need not be made.
    llvm::erase_if(narrowed.cpus, [&](const std::string &cpu) {
      return cpu != report.form.get();
    });
    Network network = reduce(drawNetwork(seed), fails, kAttempts);
    llvm::outs() << "reduced: " << last.message.get() << "\n"
                 << describe(network);
    keep(network, seed);
    llvm::outs().flush();
  }

  /// Writes the reduced network and its input, and says how to go on.
  void keep(const Network &network, uint64_t seed) {
    llvm::outs() << "again: dorefa-fuzz --seed=" << seed << " --count=1"
                 << (options.plant ? " --plant" : "") << "\n";
    if (options.keep.empty() || !writeFiles(network, options.keep))
      return;
    std::string path = options.keep + "/" + std::to_string(seed);
    llvm::outs() << "kept: dorefa-interpret --phase=codes " << path
                 << ".mlir --input=" << path << ".npy --print\n";
  }

  //===--------------------------------------------------------------------===//
  // Text
  //===--------------------------------------------------------------------===//

  int64_t getSeconds() const {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::steady_clock::now() - start)
        .count();
  }

  void clearLine() {
    if (llvm::sys::Process::StandardErrIsDisplayed())
      llvm::errs() << "\r\033[K";
  }

  void showProgress() {
    if (!llvm::sys::Process::StandardErrIsDisplayed())
      return;
    clearLine();
    llvm::errs() << checked << " of " << options.count << " networks, "
                 << failures << " failures, " << getSeconds() << " s";
  }

  void printSummary() {
    clearLine();
    llvm::outs() << checked << " networks, " << compared << " values compared, "
                 << outcomes[Outcome::Difference] << " differences, "
                 << outcomes[Outcome::Rejected] << " rejected, "
                 << outcomes[Outcome::Crash] << " crashes, "
                 << outcomes[Outcome::Timeout] << " timeouts, " << getSeconds()
                 << " seconds\n";
  }

  /// Checks that reducing one network may take.
  static constexpr unsigned kAttempts = 600;

  struct Check {
    Process *process;
    uint64_t number;
  };

  FuzzOptions options;
  std::chrono::steady_clock::time_point start;
  WorkDirectory work;
  std::unique_ptr<Process> reducer;
  std::vector<std::unique_ptr<Process>> processes;
  std::map<pid_t, Check> running;
  std::map<Outcome, uint64_t> outcomes;
  uint64_t checked = 0, compared = 0, failures = 0;
};

} // namespace

/// Prints and writes the networks; the exit code.
static int printNetworks(const FuzzOptions &options) {
  for (uint64_t i = 0; i < options.count; ++i) {
    Network network = drawNetwork(options.seed + i);
    llvm::outs() << describe(network);
    if (!options.keep.empty() && !writeFiles(network, options.keep))
      return 1;
  }
  return 0;
}

int fuzz(const FuzzOptions &options) {
  return options.print ? printNetworks(options) : Fuzzer(options).run();
}
