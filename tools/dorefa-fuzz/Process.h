//===- Process.h - Checks in processes of their own -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TOOLS_FUZZ_PROCESS_H
#define DOREFA_TOOLS_FUZZ_PROCESS_H

#include "Check.h"

#include <functional>
#include <sys/types.h>

/// A place where one check at a time runs in a child process: a crash of the
/// compiler or of compiled code is a finding and not the end.
class Process {
public:
  /// Files of the checks go to `directory`, which exists. Null where the system
  /// has no memory.
  static std::unique_ptr<Process> create(std::string directory);
  ~Process();

  /// Starts `work` in a child that is killed after `seconds`; false where the
  /// system has no processes left.
  bool start(unsigned seconds, const std::function<void(Report &)> &work);

  /// The child, 0 where none runs.
  pid_t getChild() const { return child; }

  /// Takes note of the end of the child, with the status of wait().
  const Report &finish(int status);

  /// Starts and waits.
  const Report &run(unsigned seconds,
                    const std::function<void(Report &)> &work);

  const std::string &getDirectory() const { return directory; }

private:
  Process(std::string directory, Report *report)
      : directory(std::move(directory)), report(report) {}

  std::string directory;
  /// Shared with the child.
  Report *report;
  pid_t child = 0;
};

#endif // DOREFA_TOOLS_FUZZ_PROCESS_H
