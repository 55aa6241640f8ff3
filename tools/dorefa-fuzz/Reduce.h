//===- Reduce.h - Small networks that fail like a large one -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DOREFA_TOOLS_FUZZ_REDUCE_H
#define DOREFA_TOOLS_FUZZ_REDUCE_H

#include "Network.h"

#include <functional>

/// Drops layers and makes numbers smaller as long as `fails` holds, which it
/// does for `network`; at most `attempts` calls.
Network reduce(Network network,
               const std::function<bool(const Network &)> &fails,
               unsigned attempts);

#endif // DOREFA_TOOLS_FUZZ_REDUCE_H
