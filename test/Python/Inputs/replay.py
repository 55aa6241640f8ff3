# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Run a model on batches, one after the other, and time its layers: replay.py MODEL.so"""

import sys

import numpy as np

import dorefa

model = dorefa.load(sys.argv[1])
for batch in (2, 2, 2, 1, 1, 2, 3, 3, 4, 3):
    print(f"batch {batch}", file=sys.stderr, flush=True)
    model.run(np.ones((batch, 4), np.float32))
print("profile", file=sys.stderr, flush=True)
(layer,) = model.profile(np.ones((3, 4), np.float32), repeat=3)
print(f"{layer.name}: {layer.seconds:g} s", file=sys.stderr, flush=True)
print("again", file=sys.stderr, flush=True)
model.run(np.ones((3, 4), np.float32))
