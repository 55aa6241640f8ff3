// RUN: dorefa-opt %s --dorefa-mark-layers --verify-diagnostics --split-input-file

// expected-error@+1 {{module has no function @main with one block, but a network must have one}}
module {
}
