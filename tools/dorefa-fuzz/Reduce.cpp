//===- Reduce.cpp - Small networks that fail like a large one -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reduce.h"

namespace {

/// A number of a network and its plainest value.
struct Field {
  int64_t *value;
  int64_t plainest;
};

class Reducer {
public:
  Reducer(Network network, const std::function<bool(const Network &)> &fails,
          unsigned attempts)
      : best(std::move(network)), fails(fails), attempts(attempts) {}

  Network reduce() {
    bool hasChanged = true;
    while (hasChanged && attempts > 0) {
      hasChanged = dropLayers();
      hasChanged |= shrinkNumbers();
      hasChanged |= clearFlags();
    }
    return std::move(best);
  }

private:
  bool attempt(const Network &candidate) {
    if (attempts == 0)
      return false;
    --attempts;
    if (!fails(candidate))
      return false;
    best = candidate;
    return true;
  }

  /// Runs of layers, the long ones first.
  bool dropLayers() {
    bool hasChanged = false;
    for (size_t length = best.layers.size(); length > 0; length /= 2)
      for (size_t end = best.layers.size(); end >= length;) {
        Network candidate = best;
        auto last = candidate.layers.begin() + end;
        candidate.layers.erase(last - length, last);
        bool isDropped = attempt(candidate);
        hasChanged |= isDropped;
        end = isDropped ? std::min(end - length, best.layers.size()) : end - 1;
        if (length > best.layers.size())
          break;
      }
    return hasChanged;
  }

  static std::vector<Field> getNumbers(Network &network) {
    std::vector<Field> fields{{&network.batch, 1},
                              {&network.height, 1},
                              {&network.width, 1},
                              {&network.channels, 1}};
    for (Layer &layer : network.layers) {
      for (int i : {0, 1}) {
        fields.push_back({&layer.kernel[i], 1});
        fields.push_back({&layer.strides[i], 1});
        fields.push_back({&layer.dilations[i], 1});
      }
      for (int64_t &pad : layer.pads)
        fields.push_back({&pad, 0});
      fields.push_back({&layer.groups, 1});
      // 0 stands for the channels of the input.
      fields.push_back({&layer.channels, 1});
      fields.push_back({&layer.function, 0});
      fields.push_back({&layer.flatten, 1});
      fields.push_back({&layer.quantizer.bits, 1});
      fields.push_back({&layer.quantizer.encoding, 0});
      fields.push_back({&layer.quantizer.rounding, 0});
      fields.push_back({&layer.quantizer.activation, 0});
      fields.push_back({&layer.quantizer.zeroPoint, 0});
    }
    return fields;
  }

  static std::vector<bool *> getFlags(Network &network) {
    std::vector<bool *> flags{&network.dynamicBatch, &network.channelsFirst,
                              &network.specialValues, &network.hasTopK};
    for (Layer &layer : network.layers)
      for (bool *flag : {&layer.isOutput, &layer.hasBias, &layer.perChannel,
                         &layer.countPads, &layer.quantizer.narrow,
                         &layer.quantizer.perChannel})
        flags.push_back(flag);
    return flags;
  }

  /// The plainest value of each number, else the one half way, else the next.
  bool shrinkNumbers() {
    bool hasChanged = false;
    for (size_t i = 0; i < getNumbers(best).size(); ++i) {
      bool isSmaller = true;
      while (isSmaller) {
        Field field = getNumbers(best)[i];
        int64_t value = *field.value, plainest = field.plainest;
        isSmaller = false;
        int64_t step = value > plainest ? 1 : -1;
        for (int64_t target :
             {plainest, plainest + (value - plainest) / 2, value - step})
          if (target != value && (target == plainest || value > plainest) &&
              !isSmaller)
            isSmaller = setNumber(i, target);
        hasChanged |= isSmaller;
      }
    }
    return hasChanged;
  }

  bool setNumber(size_t i, int64_t target) {
    Network candidate = best;
    *getNumbers(candidate)[i].value = target;
    return attempt(candidate);
  }

  bool clearFlags() {
    bool hasChanged = false;
    for (size_t i = 0; i < getFlags(best).size(); ++i) {
      Network candidate = best;
      bool *flag = getFlags(candidate)[i];
      if (!*flag)
        continue;
      *flag = false;
      hasChanged |= attempt(candidate);
    }
    return hasChanged;
  }

  Network best;
  const std::function<bool(const Network &)> &fails;
  unsigned attempts;
};

} // namespace

Network reduce(Network network,
               const std::function<bool(const Network &)> &fails,
               unsigned attempts) {
  return Reducer(std::move(network), fails, attempts).reduce();
}
