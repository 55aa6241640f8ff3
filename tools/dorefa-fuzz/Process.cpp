//===- Process.cpp - Checks in processes of their own ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Process.h"
#include "llvm/Support/MemoryBuffer.h"

#include <csignal>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

std::unique_ptr<Process> Process::create(std::string directory) {
  void *memory = ::mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return nullptr;
  return std::unique_ptr<Process>(
      new Process(std::move(directory), static_cast<Report *>(memory)));
}

Process::~Process() { ::munmap(report, sizeof(Report)); }

/// Processor time, because other programs may keep the processors busy; and a
/// far larger time by the clock, for a child that only waits.
static void limitTime(unsigned seconds) {
  struct rlimit limit = {seconds, seconds + 1};
  ::setrlimit(RLIMIT_CPU, &limit);
  ::alarm(60 * seconds);
}

bool Process::start(unsigned seconds,
                    const std::function<void(Report &)> &work) {
  *report = {};
  report->outcome = Outcome::Crash;
  child = ::fork();
  if (child != 0)
    return child > 0;
  // What LLVM says when it dies is the message of the crash.
  int log =
      ::open((directory + "/log").c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  if (log >= 0)
    ::dup2(log, STDERR_FILENO);
  limitTime(seconds);
  work(*report);
  ::_exit(0);
}

const Report &Process::finish(int status) {
  child = 0;
  bool isTimeout = WIFSIGNALED(status) &&
                   (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGALRM);
  if (!WIFSIGNALED(status) && report->outcome != Outcome::Crash)
    return *report;
  report->outcome = isTimeout ? Outcome::Timeout : Outcome::Crash;
  std::string message = isTimeout             ? "took too long"
                        : WIFSIGNALED(status) ? ::strsignal(WTERMSIG(status))
                                              : "exited";
  if (auto log = llvm::MemoryBuffer::getFile(directory + "/log"))
    message += ": " + (*log)->getBuffer().trim().take_front(500).str();
  report->message.assign(message);
  return *report;
}

const Report &Process::run(unsigned seconds,
                           const std::function<void(Report &)> &work) {
  if (!start(seconds, work)) {
    child = 0;
    report->message.assign("the system has no processes left");
    return *report;
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return finish(status);
}
