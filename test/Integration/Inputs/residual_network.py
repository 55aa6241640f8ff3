# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write a small residual network, as the importer would, and an input for it.

Usage: residual_network.py NETWORK.mlir INPUT.npy

The blocks of ResNet-18 as DoReFa-Net quantizes them (1-bit weights with a scale per
layer, 4-bit activations): a shortcut convolution whose sum with the block feeds a
quantizer and the next sum. Then SiLU, hard swish and a skip of codes.
"""

import sys
from pathlib import Path

import numpy as np

CHANNELS = 12
SIZE = 6
MAP = f"tensor<2x{SIZE}x{SIZE}x{CHANNELS}xf32>"
VECTOR = f"tensor<{CHANNELS}xf32>"


class Writer:
    def __init__(self):
        self.random = np.random.default_rng(18)
        self.lines = []

    def emit(self, text):
        name = f"%v{len(self.lines)}"
        self.lines.append(f"  {name} = {text}")
        return name

    def constant(self, values, kind):
        data = np.asarray(values, "<f8" if "f64" in kind else "<f4")
        text = f"{float(data):.17e}" if data.ndim == 0 else f'"0x{data.tobytes().hex().upper()}"'
        return self.emit(f"arith.constant dense<{text}> : {kind}")

    def conv(self, x, taps):
        """A convolution with signs for weights, as large as its input."""
        shape = (CHANNELS, taps, taps, CHANNELS)
        kind = "x".join(map(str, shape))
        codes = self.random.integers(0, 2, shape).astype(np.int8)
        code = "!dorefa.code<1, bipolar>"
        w = self.emit(f'dorefa.constant dense<"0x{codes.tobytes().hex().upper()}"> : tensor<{kind}xi8> -> tensor<{kind}x{code}>')
        scale = self.constant(self.random.uniform(0.06, 0.15) / taps, "tensor<f64>")
        w = self.emit(f"dorefa.dequantize {w}, {scale} : tensor<{kind}x{code}>, tensor<f64> -> tensor<{kind}xf32>")
        pad = taps // 2
        return self.emit(f"dorefa.conv_2d {x}, {w} pads [{pad}, {pad}, {pad}, {pad}] : {MAP}, tensor<{kind}xf32> -> {MAP}")

    def norm(self, x):
        """A batch norm with gammas of both signs and one that is 0."""
        gamma = self.random.uniform(0.4, 1.2, CHANNELS) * self.random.choice([-1, 1], CHANNELS)
        gamma[3] = 0
        draws = [self.random.uniform(-0.1, 0.1, CHANNELS), self.random.uniform(0.1, 0.3, CHANNELS), gamma,
                 self.random.uniform(0.2, 0.8, CHANNELS)]
        values = ", ".join(self.constant(draw, VECTOR) for draw in draws)
        return self.emit(f"dorefa.batch_norm {x}, {values} epsilon 1.0e-05 : {MAP}, {VECTOR}")

    def quantize(self, x, code, scale):
        """A quantizer, its codes dequantized."""
        codes = MAP.replace("f32", f"!dorefa.code<4, {code}>")
        q = self.emit(f"dorefa.quantize {x} scale [{scale:.9e}] zero_point [0.0] half_even : {MAP} -> {codes}")
        scale = self.constant(float(np.float32(scale)), "tensor<f64>")
        return self.emit(f"dorefa.dequantize {q}, {scale} : {codes}, tensor<f64> -> {MAP}")

    def activate(self, x):
        return self.quantize(x, "unipolar", 1 / 15)

    def binary(self, kind, a, b):
        return self.emit(f"dorefa.binary {kind} {a}, {b} : {MAP}, {MAP} -> {MAP}")

    def step(self, kind, x, number):
        constant = self.constant(number, "tensor<f32>")
        return self.emit(f"dorefa.binary {kind} {x}, {constant} : {MAP}, tensor<f32> -> {MAP}")

    def silu(self, x):
        return self.binary("mul", x, self.emit(f"dorefa.unary sigmoid {x} : {MAP}"))

    def hard_swish(self, x):
        gate = self.step("add", self.step("mul", x, 1 / 6), 0.5)
        return self.binary("mul", x, self.step("max", self.step("min", gate, 1), 0))


def write(writer):
    """Returns the text of the network."""
    first = writer.activate("%x")
    block = writer.conv(writer.activate(writer.norm(writer.conv(first, 3))), 3)
    total = writer.binary("add", writer.conv(first, 1), block)
    second = writer.activate(writer.norm(total))
    block = writer.quantize(writer.silu(writer.norm(writer.conv(second, 3))), "signed", 0.05)
    total = writer.binary("add", total, writer.conv(block, 3))
    third = writer.activate(writer.norm(total))
    block = writer.quantize(writer.hard_swish(writer.norm(writer.conv(third, 3))), "signed", 0.06)
    total = writer.binary("add", writer.conv(block, 3), third)
    last = writer.conv(writer.activate(writer.norm(total)), 1)
    return "\n".join([
        f'func.func @main(%x: {MAP} {{dorefa.name = "x"}}) -> ({MAP} {{dorefa.name = "y"}}) {{',
        *writer.lines,
        f"  return {last} : {MAP}",
        "}",
        "",
    ])


def main():
    network, samples = map(Path, sys.argv[1:])
    network.write_text(write(Writer()))
    np.save(samples, np.random.default_rng(1).uniform(-0.2, 1.2, (2, SIZE, SIZE, CHANNELS)).astype(np.float32))


main()
