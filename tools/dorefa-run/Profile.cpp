//===- Profile.cpp - Time per layer ---------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Profile.h"

#include <algorithm>
#include <cstdio>

using namespace mlir::dorefa::runtime;

double mlir::dorefa::runtime::getMedian(std::vector<double> values) {
  auto middle = values.begin() + (values.size() - 1) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void Profile::notify(void *context, uint32_t layer, int32_t event) {
  Clock::time_point now = Clock::now();
  auto *profile = static_cast<Profile *>(context);
  // A model by somebody else may say anything.
  if (layer >= profile->begins.size())
    return;
  if (event == DOREFA_LAYER_BEGINS) {
    profile->begins[layer] = now;
    return;
  }
  std::chrono::duration<double, std::milli> time = now - profile->begins[layer];
  profile->times[layer].push_back(time.count());
}

void Profile::endRun(double milliseconds) {
  totals.push_back(milliseconds);
  for (size_t i = 0; i < times.size(); ++i)
    if (deviceSeconds[i] >= 0)
      times[i].push_back(1e3 * deviceSeconds[i]);
  std::fill(deviceSeconds.begin(), deviceSeconds.end(), kNone);
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

using Cells = std::vector<std::string>;

static std::string format(const char *pattern, double value) {
  char text[64];
  std::snprintf(text, sizeof(text), pattern, value);
  return text;
}

/// Columns as wide as their widest cell: three of text, the others of numbers.
static void printTable(const std::vector<Cells> &table) {
  constexpr size_t numTextColumns = 3;
  std::vector<size_t> widths(table.front().size(), 0);
  for (const Cells &cells : table)
    for (size_t i = 0; i < cells.size(); ++i)
      widths[i] = std::max(widths[i], cells[i].size());
  for (const Cells &cells : table) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      std::string padding(widths[i] - cells[i].size(), ' ');
      line += i < numTextColumns ? cells[i] + padding : padding + cells[i];
      line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    std::printf("%s\n", line.c_str());
  }
}

void Profile::print(const LoadedModel &model, int64_t batch) const {
  const std::vector<LayerSpec> &layers = model.getLayers();
  const std::vector<TensorSpec> &inputs = model.getInputs().tensors;
  bool hasBatch = std::any_of(inputs.begin(), inputs.end(),
                              [](const TensorSpec &t) { return t.hasBatch(); });
  int64_t samples = hasBatch ? batch : 1;
  bool isPredicted =
      std::any_of(layers.begin(), layers.end(), [](const LayerSpec &layer) {
        return layer.predictedNanoseconds > 0;
      });

  double total = getMedian(totals);
  std::vector<double> between = totals;
  std::vector<Cells> table = {
      {"layer", "operation", "kernel", "ms", "share", "GMAC/s"}};
  if (isPredicted)
    table.front().insert(table.front().end(), {"predicted", "ratio"});
  auto addRow = [&](Cells names, double time) {
    names.push_back(format("%.4f", time));
    names.push_back(format("%.1f %%", 100 * time / total));
    table.push_back(std::move(names));
  };
  for (size_t i = 0; i < layers.size(); ++i) {
    const LayerSpec &layer = layers[i];
    if (times[i].size() != totals.size())
      continue;
    double time = getMedian(times[i]);
    addRow({layer.name, layer.operation, layer.kernel}, time);
    table.back().push_back(format("%.1f", 1e-6 * layer.macs * samples / time));
    for (size_t run = 0; run < totals.size(); ++run)
      between[run] -= times[i][run];
    if (layer.predictedNanoseconds == 0)
      continue;
    double predicted = 1e-6 * layer.predictedNanoseconds * samples;
    table.back().push_back(format("%.4f", predicted));
    table.back().push_back(format("%.2f", time / predicted));
  }
  addRow({"between layers", "", ""}, getMedian(between));
  addRow({"total", "", ""}, total);
  printTable(table);
}
