# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a module whose @main runs many random chains from accumulators to codes.

Usage: make_chains.py SEED COUNT > chains.mlir

Every chain starts from the accumulators of one layer, whose inputs run through all
256 codes. Half of the constants are dyadic, so that values fall on ties. Some chains
fork and join again, some start from the sum of two branches.
"""

import random
import sys

CHANNELS = 6
ROUNDINGS = ["half_even", "half_up", "half_down", "up", "down", "ceil", "floor"]


class Writer:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = []
        self.count = 0

    def emit(self, text):
        self.count += 1
        self.lines.append(f"  %v{self.count} = {text}")
        return f"%v{self.count}"

    def number(self, low, high):
        value = self.random.uniform(low, high)
        return round(value * 8) / 8 if self.random.random() < 0.5 else value

    def floats(self, low, high, nonzero=False):
        """A constant, one number or one per channel, and its type."""
        size = self.random.choice([1, CHANNELS])
        numbers = [self.number(low, high) for _ in range(size)]
        if nonzero:
            numbers = [number or 0.5 for number in numbers]
        kind = f"tensor<{size}xf32>"
        text = ", ".join(f"{number:.9e}" for number in numbers)
        return self.emit(f"arith.constant dense<[{text}]> : {kind}"), kind

    def vector(self, low, high):
        numbers = [self.number(low, high) for _ in range(CHANNELS)]
        text = ", ".join(f"{number:.9e}" for number in numbers)
        return self.emit(f"arith.constant dense<[{text}]> : tensor<{CHANNELS}xf32>")


def map_type(size, element="f32"):
    return f"tensor<1x{size}x{size}x{CHANNELS}x{element}>"


def quantize(writer, value, size):
    """One quantizer; returns the codes and their type."""
    choice = writer.random.choice(["quantize"] * 4 + ["sign", "clip", "tanh", "abs"])
    if choice == "sign":
        code = "!dorefa.code<1, bipolar>"
        return writer.emit(f"dorefa.quantize_sign {value} : {map_type(size)} -> {map_type(size, code)}"), code
    bits = writer.random.choice([1, 2, 3, 4, 8])
    if choice != "quantize":
        code = f"!dorefa.code<{bits}, unipolar>"
        return writer.emit(
            f"dorefa.quantize_activations {value} {choice} : {map_type(size)} -> {map_type(size, code)}"
        ), code
    encoding = writer.random.choice(["unipolar", "bipolar", "signed"])
    narrow = "narrow " if bits > 1 and writer.random.random() < 0.3 else ""
    code = f"!dorefa.code<{bits}, {encoding}>"
    scale = 2.0 ** writer.random.randint(-4, 1) if writer.random.random() < 0.5 else writer.random.uniform(0.05, 2)
    zero = writer.random.choice([0.0, 0.0, 1.0, 0.5])
    rounding = writer.random.choice(ROUNDINGS)
    return writer.emit(
        f"dorefa.quantize {value} scale [{scale:.9e}] zero_point [{zero}] {rounding} {narrow}"
        f": {map_type(size)} -> {map_type(size, code)}"
    ), code


def float_step(writer, value, size):
    """One float operation; returns its result and the size of the map."""
    kind = map_type(size)
    choice = writer.random.choice(["norm", "norm", "relu", "neg", "round_half_even", "pool", "add", "sub", "rsub",
                                   "mul", "div", "max", "min", "tanh", "codes", "fork"])
    if choice == "norm":
        mean, gamma, beta = (writer.vector(-2, 2) for _ in range(3))
        variance = writer.vector(0.25, 4)
        return writer.emit(
            f"dorefa.batch_norm {value}, {mean}, {variance}, {gamma}, {beta} epsilon 1.0e-05"
            f" : {kind}, tensor<{CHANNELS}xf32>"
        ), size
    if choice in ("relu", "neg", "round_half_even", "tanh"):
        return writer.emit(f"dorefa.unary {choice} {value} : {kind}"), size
    if choice == "fork":
        return fork(writer, value, kind), size
    if choice == "pool":
        if size < 4:
            return value, size
        return writer.emit(
            f"dorefa.max_pool {value} kernel [3, 3] strides [2, 2] pads [0, 1, 1, 0] : {kind} -> {map_type(size // 2)}"
        ), size // 2
    if choice == "codes":
        codes, code = quantize(writer, value, size)
        scale = writer.emit(f"arith.constant dense<{writer.random.uniform(0.1, 2):.17e}> : tensor<f64>")
        return writer.emit(
            f"dorefa.dequantize {codes}, {scale} : {map_type(size, code)}, tensor<f64> -> {kind}"
        ), size
    constant, constant_kind = writer.floats(-2, 2, nonzero=choice == "div")
    if choice == "rsub":
        return writer.emit(
            f"dorefa.binary sub {constant}, {value} : {constant_kind}, {kind} -> {kind}"
        ), size
    return writer.emit(f"dorefa.binary {choice} {value}, {constant} : {kind}, {constant_kind} -> {kind}"), size


def fork(writer, value, kind):
    """SiLU, hard swish, a leaky ReLU or a square."""
    def binary(choice, a, b):
        return writer.emit(f"dorefa.binary {choice} {a}, {b} : {kind}, {kind} -> {kind}")

    def step(choice, a, number):
        constant = writer.emit(f"arith.constant dense<{number:.9e}> : tensor<f32>")
        return writer.emit(f"dorefa.binary {choice} {a}, {constant} : {kind}, tensor<f32> -> {kind}")

    choice = writer.random.choice(["silu", "hard_swish", "leaky", "square"])
    if choice == "silu":
        return binary("mul", value, writer.emit(f"dorefa.unary sigmoid {value} : {kind}"))
    if choice == "hard_swish":
        gate = step("add", step("mul", value, 1 / 6), 0.5)
        return binary("mul", value, step("max", step("min", gate, 1), 0))
    if choice == "leaky":
        slope = writer.random.choice([0.25, 0.1, -0.5])
        return binary("add", step("max", value, 0), step("mul", step("min", value, 0), slope))
    return binary("mul", value, value)


def scale(writer, accumulators, size):
    factors, kind = writer.floats(-0.05, 0.05)
    factors, kind = (factors, kind) if "x" in kind and kind != "tensor<1xf32>" else (
        writer.emit(f"arith.constant dense<{2.0 ** -writer.random.randint(1, 8)}> : tensor<f32>"), "tensor<f32>")
    return writer.emit(
        f"dorefa.scale {accumulators}, {factors} : {map_type(size, 'i32')}, {kind} -> {map_type(size)}"
    )


def chain(writer, branches):
    size = 16
    value = scale(writer, branches[0], size)
    if writer.random.random() < 0.25:
        other = scale(writer, branches[1], size)
        kind = map_type(size)
        value = writer.emit(
            f"dorefa.binary {writer.random.choice(['add', 'sub'])} {value}, {other} : {kind}, {kind} -> {kind}"
        )
    for _ in range(writer.random.randint(0, 4)):
        value, size = float_step(writer, value, size)
    codes, code = quantize(writer, value, size)
    return codes, map_type(size, code)


def main():
    writer = Writer(int(sys.argv[1]))
    inputs = "tensor<1x16x16x1x!dorefa.code<8, unipolar>>"
    weights = f"tensor<{CHANNELS}x1x1x1x!dorefa.code<2, bipolar>>"
    rows = [[[[16 * row + column] for column in range(16)] for row in range(16)]]
    codes = writer.emit(f"dorefa.constant dense<{rows}> : tensor<1x16x16x1xi8> -> {inputs}")
    values = [[[[code]]] for code in (0, 1, 2, 3, 3, 0)]
    filters = writer.emit(f"dorefa.constant dense<{values}> : tensor<{CHANNELS}x1x1x1xi8> -> {weights}")
    accumulators = writer.emit(f"dorefa.conv_2d {codes}, {filters} : {inputs}, {weights} -> {map_type(16, 'i32')}")
    # Another order of the inputs: all pairs of two accumulators would take too long.
    mixed = [[[[(37 * row[c][0] + 11) % 256] for c in range(16)] for row in rows[0]]]
    others = writer.emit(f"dorefa.constant dense<{mixed}> : tensor<1x16x16x1xi8> -> {inputs}")
    values = [[[[code]]] for code in (1, 0, 3, 2, 0, 3)]
    filters = writer.emit(f"dorefa.constant dense<{values}> : tensor<{CHANNELS}x1x1x1xi8> -> {weights}")
    skip = writer.emit(f"dorefa.conv_2d {others}, {filters} : {inputs}, {weights} -> {map_type(16, 'i32')}")
    results = [chain(writer, [accumulators, skip]) for _ in range(int(sys.argv[2]))]
    types = ", ".join(kind for _, kind in results)
    print(f"func.func @main() -> ({types}) {{")
    print("\n".join(writer.lines))
    print(f"  return {', '.join(value for value, _ in results)} : {types}")
    print("}")


main()
