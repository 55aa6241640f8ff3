# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write inputs of a kernel and what it has to compute.

Usage: arrays.py CASE PREFIX

Files are PREFIX.<name>.npy.
"""

import sys
from collections.abc import Callable

import numpy as np

RANDOM = np.random.default_rng(5)


def scale() -> dict[str, np.ndarray]:
    """Computes 2 * x + the number of the block of 128 threads."""
    x = RANDOM.standard_normal((10, 30)).astype(np.float32)
    block = (np.arange(300) // 128).reshape(x.shape).astype(np.float32)
    return {"x": x, "y": 2 * x + block}


def warp() -> dict[str, np.ndarray]:
    """Computes what two warps exchange, and the fragments of four 8 x 8 matrices of i16."""
    x = RANDOM.integers(-(2**31), 2**31, 64).astype(np.int32)
    x[32:] = np.abs(x[32:]) + 1
    warps, lane = x.reshape(2, 32), np.arange(32)
    unsigned = warps.view(np.uint32)
    groups = lane % 8 + 3 < 8
    ballot = ((warps > 0) << lane).sum(axis=1, dtype=np.uint64).astype(np.uint32).view(np.int32)
    signed_bytes = warps.copy().view(np.int8).reshape(2, 32, 4).astype(np.int64)
    dots = (signed_bytes * (signed_bytes & 255)).sum(axis=-1) + warps
    mixed = (unsigned >> 8 & 255 | (unsigned >> 24) << 8 | lane.astype(np.uint32) << 16
             | np.where(unsigned >> 16 & 128, 255, 0).astype(np.uint32) << 24)

    def each(column: np.ndarray) -> np.ndarray:
        return np.repeat(column.reshape(2, 1), 32, axis=1)

    words = [
        warps[:, lane ^ 5],
        warps[:, np.where(lane >= 3, lane - 3, lane)],
        warps[:, np.where(groups, lane + 3, lane)],
        np.stack([groups, groups]),
        warps[:, lane * 7 % 32],
        each(ballot),
        each((warps > 0).any(axis=1)),
        each((warps > 0).all(axis=1)),
        each(warps.sum(axis=1, dtype=np.int32)),
        each(unsigned.max(axis=1).view(np.int32)),
        each(warps.min(axis=1)),
        np.where(lane < 16, warps[:, lane ^ 3], 0),
        dots,
        mixed.view(np.int32),
    ]
    rows = RANDOM.integers(-(2**15), 2**15, (4, 8, 8)).astype(np.int16)
    flipped = np.ascontiguousarray(rows.transpose(0, 2, 1))
    matrices = np.stack([m.reshape(4, 64).view(np.int32) for m in (rows, flipped)])
    return {"x": x, "words": np.stack(words).reshape(14, 64).astype(np.int32),
            "rows": rows.reshape(32, 8).view(np.int32), "matrices": matrices}


def matmul() -> dict[str, np.ndarray]:
    """Computes (A_0 + 2 A_1) B^T, where the same words hold bits or bytes."""
    a = RANDOM.integers(0, 2**32, (2, 64, 64), dtype=np.uint32)
    b = RANDOM.integers(0, 2**32, (32, 64), dtype=np.uint32)

    def multiply(unpack: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        low, high = (unpack(plane).astype(np.int64) for plane in a)
        return ((low + 2 * high) @ unpack(b).astype(np.int64).T).astype(np.int32)

    return {"a": a.view(np.int32), "b": b.view(np.int32),
            "bytes": multiply(lambda words: words.view(np.uint8)),
            "bits": multiply(lambda words: np.unpackbits(words.view(np.uint8), axis=-1,
                                                         bitorder="little"))}


def main() -> int:
    case, prefix = sys.argv[1:]
    for name, array in globals()[case]().items():
        np.save(f"{prefix}.{name}.npy", array)
    return 0


if __name__ == "__main__":
    sys.exit(main())
