# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares dorefa.quantize_gradients with the paper's formula in NumPy.

Usage: check_gradients.py WORK_PREFIX INTERPRETER
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np

MASK = 0xFFFFFFFF


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 of Salmon et al. (2011), section 3.3."""
    c, k = list(counter), list(key)
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c[0], 1 << 32)
        high1, low1 = divmod(0xCD9E8D57 * c[2], 1 << 32)
        c = [high1 ^ c[1] ^ k[0], low1, high0 ^ c[3] ^ k[1], low0]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def check_known_answers() -> None:
    """The three known answers that its authors publish."""
    answers = [
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([MASK] * 4, [MASK] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ]
    for counter, key, words in answers:
        assert philox(counter, key) == words
    print(f"philox: {len(answers)} known answers")


def quantize(dr: np.ndarray, bits: int, seed: int, layer: int, step: int):
    """Section 2.5: codes and the scale of each sample."""
    draws = []
    for block in range(-(-dr.size // 8)):
        for word in philox([block, layer, step, 0], [seed & MASK, seed >> 32]):
            draws += [word & 0xFFFF, word >> 16]
    noise = np.array(draws[: dr.size], np.float32).reshape(dr.shape) / np.float32(65536)
    maximum = np.abs(dr).reshape(len(dr), -1).max(1)
    m = np.where(maximum == 0, 1, maximum).astype(np.float32)
    m = m.reshape(-1, *[1] * (dr.ndim - 1))
    y = np.clip(dr / (np.float32(2) * m) + np.float32(0.5), 0, 1)
    top = np.float32(2**bits - 1)
    return np.minimum(np.floor(y * top + noise), top).astype(np.uint8), maximum


def write_module(path: str, shape, bits: int, seed: int, layer: int, step: int) -> None:
    size = "x".join(map(str, shape))
    signed = seed - (1 << 64) if seed >> 63 else seed
    with open(path, "w") as file:
        file.write(
            f"func.func @main(%dr: tensor<{size}xf32>) -> "
            f"(tensor<{size}x!dorefa.code<{bits}, bipolar>>, tensor<{shape[0]}xf32>) {{\n"
            f"  %q, %m = dorefa.quantize_gradients %dr seed {signed} layer {layer} step {step}"
            f" : tensor<{size}xf32> -> tensor<{size}x!dorefa.code<{bits}, bipolar>>,"
            f" tensor<{shape[0]}xf32>\n"
            f"  return %q, %m : tensor<{size}x!dorefa.code<{bits}, bipolar>>,"
            f" tensor<{shape[0]}xf32>\n}}\n"
        )


def check_grid(prefix: str, interpreter: str) -> None:
    rng = np.random.default_rng(0)
    for bits in range(1, 9):
        shape = (3, 5, bits, 7)
        seed = int(rng.integers(1 << 63, dtype=np.uint64)) * 2 + 1
        layer, step = int(rng.integers(1 << 20)), int(rng.integers(1 << 20))
        dr = rng.standard_normal(shape, np.float32) * np.float32(1e-3)
        # A sample without gradients, and at last one with only the smallest.
        dr[1] = -0.0 if bits % 2 else 0.0
        dr[2] = np.where(dr[2] > 0, np.float32(1e-45), 0) if bits == 8 else dr[2]
        write_module(prefix + ".mlir", shape, bits, seed, layer, step)
        np.save(prefix + ".dr.npy", dr)
        codes, scales = quantize(dr, bits, seed, layer, step)
        np.save(prefix + ".codes.npy", codes)
        np.save(prefix + ".scales.npy", scales)
        subprocess.run(
            [interpreter, prefix + ".mlir", "--input", prefix + ".dr.npy",
             "--expect", "output0=" + prefix + ".codes.npy",
             "--expect", "output1=" + prefix + ".scales.npy"],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    print("gradients: 8 grids of codes and scales equal")
    for value in (np.inf, -np.inf, np.nan):
        dr[1, 2, 3, 4] = value
        np.save(prefix + ".dr.npy", dr)
        refused = subprocess.run(
            [interpreter, prefix + ".mlir", "--input", prefix + ".dr.npy", "--print"],
            capture_output=True, text=True,
        )  # fmt: skip
        assert refused.returncode == 1 and "NaN or infinite" in refused.stderr
    print("infinite and NaN gradients are refused")


if __name__ == "__main__":
    check_known_answers()
    check_grid(sys.argv[1], sys.argv[2])
