# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares dorefa.conv_2d with loops in NumPy.

Usage: check_layers.py WORK_PREFIX INTERPRETER
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import numpy as np


@dataclass
class Window:
    """One convolution; pads are top, left, bottom, right."""

    batch: int
    size: tuple[int, int]
    channels: int
    outputs: int
    kernel: tuple[int, int]
    strides: tuple[int, int]
    pads: tuple[int, int, int, int]
    dilations: tuple[int, int]
    groups: int

    def result_size(self, i: int) -> int:
        span = (self.kernel[i] - 1) * self.dilations[i] + 1
        padded = self.size[i] + self.pads[i] + self.pads[i + 2]
        return (padded - span) // self.strides[i] + 1

    def taps(self, oy: int, ox: int):
        """(ky, kx, y, x) of the taps inside the input."""
        for ky in range(self.kernel[0]):
            for kx in range(self.kernel[1]):
                y = oy * self.strides[0] + ky * self.dilations[0] - self.pads[0]
                x = ox * self.strides[1] + kx * self.dilations[1] - self.pads[1]
                if 0 <= y < self.size[0] and 0 <= x < self.size[1]:
                    yield ky, kx, y, x


def draw_window(rng: np.random.Generator) -> Window:
    groups = int(rng.choice([1, 1, 2, 3]))
    kernel = tuple(int(k) for k in rng.integers(1, 4, 2))
    return Window(
        batch=int(rng.integers(1, 3)),
        size=tuple(int(s) for s in rng.integers(7, 10, 2)),
        channels=groups * int(rng.integers(1, 5)),
        outputs=groups * int(rng.choice([1, 2, 5, 35])),
        kernel=kernel,
        strides=tuple(int(s) for s in rng.integers(1, 4, 2)),
        pads=tuple(int(p) for p in rng.integers(0, 4, 4)),
        dilations=tuple(int(d) for d in rng.integers(1, 4, 2)),
        groups=groups,
    )


def values(codes: np.ndarray, bits: int, encoding: str) -> np.ndarray:
    """The integers that codes stand for."""
    q = codes.astype(np.int64)
    if encoding == "bipolar":
        return 2 * q - (2**bits - 1)
    if encoding == "signed":
        return np.where(q >> (bits - 1), q - 2**bits, q)
    if encoding == "ternary":
        return (q & 1) - (q >> 1 & 1)
    return q


def convolve(w: Window, x: np.ndarray, f: np.ndarray, start, add):
    """The chain of `add(accumulator, x, f)` of each output, from `start`."""
    height, width = w.result_size(0), w.result_size(1)
    result = np.empty((w.batch, height, width, w.outputs), start.dtype)
    per_group, out_group = w.channels // w.groups, w.outputs // w.groups
    for oy in range(height):
        for ox in range(width):
            for g in range(w.groups):
                outs = slice(g * out_group, (g + 1) * out_group)
                sums = np.broadcast_to(start[outs], (w.batch, out_group))
                for ky, kx, y, x_ in w.taps(oy, ox):
                    for c in range(per_group):
                        element = x[:, y, x_, g * per_group + c]
                        sums = add(sums, element[:, None], f[outs, ky, kx, c][None])
                result[:, oy, ox, outs] = sums
    return result


def fma(c: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """One rounding; the 64 bits of a long double hold the product and more."""
    return (np.longdouble(a) * np.longdouble(b) + np.longdouble(c)).astype(np.float32)


def run(prefix: str, interpreter: str, w: Window, types, extra: str, inputs, expected) -> None:
    """Runs one conv_2d whose operands are the arguments of @main."""
    x_type, f_type, y_type = types
    shapes = (
        f"{w.batch}x{w.size[0]}x{w.size[1]}x{w.channels}x{x_type}",
        f"{w.outputs}x{w.kernel[0]}x{w.kernel[1]}x{w.channels // w.groups}x{f_type}",
        "x".join(map(str, expected.shape)) + "x" + y_type,
    )
    is_float = x_type == "f32"
    bias = f"bias(%b : tensor<{w.outputs}xf32>) " if is_float else ""
    argument = f", %b: tensor<{w.outputs}xf32>" if is_float else ""
    with open(prefix + ".mlir", "w") as file:
        file.write(
            f"func.func @main(%x: tensor<{shapes[0]}>, %f: tensor<{shapes[1]}>{argument})"
            f" -> tensor<{shapes[2]}> {{\n"
            f"  %y = dorefa.conv_2d %x, %f {bias}strides {list(w.strides)} pads {list(w.pads)}"
            f" dilations {list(w.dilations)} groups {w.groups} {extra}"
            f" : tensor<{shapes[0]}>, tensor<{shapes[1]}> -> tensor<{shapes[2]}>\n"
            f"  return %y : tensor<{shapes[2]}>\n}}\n"
        )
    command = [interpreter, prefix + ".mlir", "--expect", prefix + ".y.npy"]
    np.save(prefix + ".y.npy", expected)
    for i, array in enumerate(inputs):
        np.save(f"{prefix}.{i}.npy", array)
        command += ["--input", f"input{i}={prefix}.{i}.npy"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def check_codes(prefix: str, interpreter: str, rng: np.random.Generator, count: int) -> None:
    for i in range(count):
        w = draw_window(rng)
        encodings = ["unipolar", "bipolar", "signed", "ternary"]
        x_encoding, f_encoding = encodings[i % 4], encodings[i // 4 % 4]
        x_bits, f_bits = (
            2 if e == "ternary" else int(rng.integers(1, 9)) for e in (x_encoding, f_encoding)
        )
        offsets = [int(o) for o in rng.integers(-3, 4, 2)]
        f_shape = (w.outputs, *w.kernel, w.channels // w.groups)
        x = rng.integers(0, 2**x_bits, (w.batch, *w.size, w.channels)).astype(np.uint8)
        f = rng.integers(0, 2**f_bits, f_shape).astype(np.uint8)
        expected = convolve(
            w,
            values(x, x_bits, x_encoding) + offsets[0],
            values(f, f_bits, f_encoding) + offsets[1],
            np.zeros(w.outputs, np.int64),
            lambda c, a, b: c + a * b,
        )
        types = (
            f"!dorefa.code<{x_bits}, {x_encoding}>",
            f"!dorefa.code<{f_bits}, {f_encoding}>",
            "i32",
        )
        extra = f"offsets {offsets[0]}, {offsets[1]}"
        run(prefix, interpreter, w, types, extra, (x, f), expected.astype(np.int32))
    print(f"codes: {count} convolutions equal")


def check_floats(prefix: str, interpreter: str, rng: np.random.Generator, count: int) -> None:
    for _ in range(count):
        w = draw_window(rng)
        x = rng.standard_normal((w.batch, *w.size, w.channels), np.float32)
        f = rng.standard_normal((w.outputs, *w.kernel, w.channels // w.groups), np.float32)
        bias = rng.standard_normal(w.outputs, np.float32)
        run(prefix, interpreter, w, ("f32",) * 3, "", (x, f, bias), convolve(w, x, f, bias, fma))
    print(f"floats: {count} convolutions equal")


if __name__ == "__main__":
    generator = np.random.default_rng(0)
    check_codes(sys.argv[1], sys.argv[2], generator, 24)
    check_floats(sys.argv[1], sys.argv[2], generator, 6)
