# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write arrays: make_npy.py FOLDER NAME=EXPRESSION ..., with NumPy as np."""

import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for argument in sys.argv[2:]:
    name, _, expression = argument.partition("=")
    np.save(folder / f"{name}.npy", eval(expression, {"np": np}))
