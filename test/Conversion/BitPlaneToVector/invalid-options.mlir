// RUN: not dorefa-opt %s --convert-bitplane-to-vector=lanes=12 2>&1 | FileCheck %s --check-prefix=LANES
// RUN: not dorefa-opt %s --convert-linalg-to-vector=accumulators=0 2>&1 | FileCheck %s --check-prefix=ACCUMULATORS
// LANES: error: lanes is 12 but must be 4, 8, 16 or 32
// ACCUMULATORS: error: accumulators is 0 but must be at least 1
module {}
