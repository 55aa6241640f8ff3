#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# same_results.sh MODULE [OPTION]
# Runs MODULE on codes, on words, on packed weights and on padded words, and fails
# unless every form prints the same results. OPTION is one of bitplane-select-kernels.
set -eu
module=$1
select=--bitplane-select-kernels${2:+=$2}

dorefa-interpret --print "$module" > "$module.codes"
test -s "$module.codes"

# same NAME PASSES: the results of form NAME, which PASSES make, are those of codes.
same() {
  name=$1
  shift
  dorefa-opt "$module" --convert-dorefa-to-bitplane --canonicalize --cse "$@" -o "$module.$name.mlir"
  dorefa-interpret --print "$module.$name.mlir" | cmp - "$module.codes"
}

same words
same packed "$select" --bitplane-pack-weights
same padded "$select" --bitplane-pack-weights --bitplane-materialize-padding
for form in "lookup features=avx512bw,avx512vbmi" "narrow lanes=4 features=ssse3"; do
  machine=${form#* }
  same "${form%% *}" --bitplane-select-kernels="kernel=lookup $machine" \
    --bitplane-pack-weights="$machine" --bitplane-materialize-padding
done
# Padding first: the border has to say what the pads said.
same border "$select" --bitplane-materialize-padding --bitplane-pack-weights
