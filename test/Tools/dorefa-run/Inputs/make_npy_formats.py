# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write an array of every element type and a .npy file of every version.

usage: make_npy_formats.py FOLDER
"""

import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)

types = "bool int8 uint8 int16 uint16 int32 uint32 int64 uint64 float64"
for name in types.split():
    np.save(folder / f"{name}.npy", np.zeros((3, 4), name))

image = np.array([[[1, 2], [3, 4]]], "<f4")
np.save(folder / "golden.npy", np.array([[10, 20, 30]], "<f4"))
for major in (1, 2, 3):
    with open(folder / f"version-{major}.npy", "wb") as file:
        np.lib.format.write_array(file, image, version=(major, 0))

# Keys in another order, other quotes, long integers of Python 2, no padding.
header = b'{"shape":(1L,2L,2L),"fortran_order":False,"descr":"<f4"}'
(folder / "other-order.npy").write_bytes(
    b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + image.tobytes()
)
