# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write inputs of a kernel and what it has to compute.

Usage: arrays.py CASE PREFIX

Files are PREFIX.<name>.npy.
"""

import sys

import numpy as np

RANDOM = np.random.default_rng(5)


def scale() -> dict[str, np.ndarray]:
    """Computes 2 * x + the number of the block of 128 threads."""
    x = RANDOM.standard_normal((10, 30)).astype(np.float32)
    block = (np.arange(300) // 128).reshape(x.shape).astype(np.float32)
    return {"x": x, "y": 2 * x + block}


def main() -> int:
    case, prefix = sys.argv[1:]
    for name, array in globals()[case]().items():
        np.save(f"{prefix}.{name}.npy", array)
    return 0


if __name__ == "__main__":
    sys.exit(main())
