//===- Profile.h - Time per layer -------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TOOLS_DOREFA_RUN_PROFILE_H
#define DOREFA_TOOLS_DOREFA_RUN_PROFILE_H

#include "dorefa/Runtime/LoadedModel.h"

#include <chrono>

namespace mlir::dorefa::runtime {

/// Collects how long each layer takes in each of several runs.
class Profile {
public:
  /// Of a model with `numLayers` layers.
  explicit Profile(size_t numLayers)
      : times(numLayers), begins(numLayers), deviceSeconds(numLayers, kNone) {}

  /// Lets runs with `options` tell this object of their layers.
  void observe(dorefa_run_options &options) {
    options.notify = notify;
    options.context = this;
    options.layer_seconds = deviceSeconds.data();
  }

  /// A run has ended that took `milliseconds` altogether.
  void endRun(double milliseconds);

  /// Prints the medians: a row per layer, what lies between layers, and all.
  /// There has been a run.
  void print(const LoadedModel &model, int64_t batch) const;

private:
  using Clock = std::chrono::steady_clock;
  static constexpr double kNone = -1;

  static void notify(void *context, uint32_t layer, int32_t event);

  /// Milliseconds: per layer, in each run.
  std::vector<std::vector<double>> times;
  std::vector<Clock::time_point> begins;
  /// Of the layers in this run, by the clock of the device; kNone where it has none.
  std::vector<double> deviceSeconds;
  /// Milliseconds of each run.
  std::vector<double> totals;
};

/// The lower median of `values`, which is not empty.
double getMedian(std::vector<double> values);

} // namespace mlir::dorefa::runtime

#endif // DOREFA_TOOLS_DOREFA_RUN_PROFILE_H
