# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fail unless compiled code computes floats as the interpreter does, bit for bit.

usage: float_twins.py BINARIES WORK [CPU...]

A CPU `gpu` stands for kernels in the emulator.

One network per group of operations, one result per operation and choice of its
attributes, on inputs that hold ties, NaN, infinities, -0.0 and denormals. Every NaN
counts as the same.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

BATCH = 3
SPECIAL = [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 1.0, np.inf, -np.inf, np.nan, 1e-42, -1e-42,
           3.4e38, -3.4e38, 88.0, -104.0, 0.49999997, 8388609.0,
           # Halfway between the levels of scale 0.5.
           0.25, -0.25, 0.75, -0.75, 1.25, -1.25]


class Network:
    """Text of a network that grows by one result per call of `add`."""

    def __init__(self, shape: tuple[int, ...], phase: str = "input") -> None:
        self.phase = phase
        self.rng = np.random.default_rng(7)
        self.shape = shape
        self.type = self.tensor(("?", *shape))
        self.lines: list[str] = []
        self.results: list[tuple[str, str]] = []

    @staticmethod
    def tensor(shape: tuple[object, ...], element: str = "f32") -> str:
        return "tensor<" + "".join(f"{size}x" for size in shape) + f"{element}>"

    def constant(self, shape: tuple[int, ...], low: float = -1.0, high: float = 1.0) -> str:
        """Appends a constant of random values and returns its name."""
        values = self.rng.uniform(low, high, shape).astype(np.float32)
        text = np.array2string(
            values, separator=", ", threshold=sys.maxsize, max_line_width=sys.maxsize,
            floatmode="unique", formatter={"float": lambda value: f"{value:.9e}"})
        name = f"%c{len(self.lines)}"
        self.lines.append(f"{name} = arith.constant dense<{text}> : {self.tensor(shape)}")
        return name

    def line(self, text: str) -> str:
        """Appends an operation without a result of the network."""
        name = f"%t{len(self.lines)}"
        self.lines.append(f"{name} = {text}")
        return name

    def add(self, text: str, *types: str) -> None:
        """Appends an operation whose results are results of the network."""
        names = [f"%r{len(self.results) + i}" for i in range(len(types))]
        self.lines.append(f"{', '.join(names)} = {text}")
        self.results += zip(names, types)

    def text(self) -> str:
        names = ", ".join(name for name, _ in self.results)
        types = ", ".join(f'{type} {{dorefa.name = "{name[1:]}"}}' for name, type in self.results)
        body = "\n  ".join(self.lines)
        kinds = ", ".join(type for _, type in self.results)
        return (f'module attributes {{dorefa.phase = "{self.phase}"}} {{\n'
                f'func.func @main(%x: {self.type} {{dorefa.name = "x"}}) -> ({types}) {{\n'
                f"  {body}\n  return {names} : {kinds}\n}}\n}}\n")

    def input(self) -> np.ndarray:
        values = self.rng.uniform(-3, 3, (BATCH, *self.shape)).astype(np.float32)
        # One sample stays plain: what is not a number spreads through a layer.
        flat = values[1:].reshape(-1)
        places = self.rng.permutation(flat.size)[:4 * len(SPECIAL)]
        flat[places] = np.resize(np.float32(SPECIAL), places.size)
        return values


def functions() -> Network:
    """Unary and binary functions, batch norm, heads."""
    net = Network((6, 5, 8))
    for kind in ("abs ceil exp floor neg relu round_half_even sigmoid softplus sqrt tanh".split()):
        net.add(f"dorefa.unary {kind} %x : {net.type}", net.type)
    for kind in "add sub mul div max min pow".split():
        for shape in ((8,), (5, 1), (1, 6, 5, 8), ()):
            other = net.constant(shape)
            net.add(f"dorefa.binary {kind} %x, {other} : {net.type}, {net.tensor(shape)} -> {net.type}",
                    net.type)
        net.add(f"dorefa.binary {kind} %c{len(net.lines) - 2}, %x : tensor<f32>, {net.type} -> {net.type}",
                net.type)
    statistics = ", ".join(net.constant((8,), *bounds)
                           for bounds in ((-1, 1), (0.01, 2), (-2, 2), (-1, 1)))
    net.add(f"dorefa.batch_norm %x, {statistics} epsilon 1.0e-05 : {net.type}, tensor<8xf32>", net.type)
    net.add(f"dorefa.softmax %x : {net.type}", net.type)
    for smallest in ("", " smallest"):
        values, indices = net.tensor(("?", 6, 5, 3)), net.tensor(("?", 6, 5, 3), "i64")
        net.add(f"dorefa.top_k %x{smallest} : {net.type} -> {values}, {indices}", values, indices)
    return net


def powers() -> Network:
    """Every power of a list of numbers with every other one."""
    rng = np.random.default_rng(8)
    whole = [2, 3, -1, -3, -2, 16777215, 16777216, -8388609.5, 1 / 3, 5e-39, 0.99999994, 1.0000001]
    values = np.float32([*SPECIAL, *whole, *rng.uniform(-20, 20, 40), *rng.uniform(0.9, 1.1, 40)])
    net = Network((len(values), len(values)))
    net.input = lambda: np.broadcast_to(values[:, None], (BATCH, *net.shape)).copy()
    net.lines.append(f'%exponents = arith.constant dense<"0x{values.tobytes().hex().upper()}"> : '
                     f"{net.tensor(values.shape)}")
    net.add(f"dorefa.binary pow %x, %exponents : {net.type}, {net.tensor(values.shape)} -> "
            f"{net.type}", net.type)
    return net


def quantizers(phase: str = "input") -> Network:
    """Quantizers and the way back, every encoding, rounding mode and width."""
    net = Network((6, 5, 8), phase)
    unit = net.line("arith.constant dense<1.0> : tensor<f64>")
    third = net.line("arith.constant dense<[1.0, 0.3, 0.5, 0.25, 2.0, 0.7, 0.1, 3.0]> : tensor<8xf64>")

    def dequantize(quantizer: str, code: str, zero_point: float) -> None:
        kind = net.tensor(("?", 6, 5, 8), f"!dorefa.code<{code}>")
        codes = net.line(f"{quantizer} : {net.type} -> {kind}")
        for scale, scales in ((unit, "tensor<f64>"), (f"{third}", "tensor<8xf64>")):
            axis = " axis 3" if "8" in scales else ""
            net.add(f"dorefa.dequantize {codes}, {scale} zero_point {zero_point}{axis} : "
                    f"{kind}, {scales} -> {net.type}", net.type)

    modes = "half_even half_up half_down up down ceil floor".split()
    for index, mode in enumerate(modes):
        for bits, encoding in ((index + 2, "signed"), (index + 1, "unipolar"), (8, "bipolar")):
            narrow = " narrow" if index % 2 and bits > 1 else ""
            dequantize(f"dorefa.quantize %x scale [0.5] zero_point [{index % 3}.0] {mode}{narrow}",
                       f"{bits}, {encoding}", index / 2)
    channels = "scale [0.5, 0.3, 1.0, 0.1, 0.25, 2.0, 0.75, 0.01] zero_point [0.0, 1.0, 0.5, 0.0, 1.5, 2.0, 0.0, 3.0]"
    dequantize(f"dorefa.quantize %x {channels} half_even axis 3", "4, unipolar", 0.0)
    dequantize("dorefa.quantize_sign %x", "1, bipolar", 0.0)
    for bits in (1, 2, 8):
        for h in ("clip", "tanh", "abs"):
            dequantize(f"dorefa.quantize_activations %x {h}", f"{bits}, unipolar", 0.0)
    return net


def unfused() -> Network:
    """Quantizers behind the phase that makes thresholds of them."""
    return quantizers("kernels")


def layers() -> Network:
    """Convolutions, matrix products and pools of every geometry."""
    net = Network((9, 7, 6))

    def windows(kernel: tuple[int, int], strides: tuple[int, int], pads: tuple[int, ...],
                dilations: tuple[int, int]) -> tuple[int, int]:
        return tuple((size + pads[dim] + pads[dim + 2] - dilations[dim] * (kernel[dim] - 1) - 1)
                     // strides[dim] + 1 for dim, size in enumerate(net.shape[:2]))

    geometries = [((1, 1), (1, 1), (0, 0, 0, 0), (1, 1)), ((3, 3), (1, 1), (1, 1, 1, 1), (1, 1)),
                  ((3, 2), (2, 1), (0, 1, 2, 0), (1, 2)), ((5, 7), (2, 3), (2, 3, 1, 2), (1, 1)),
                  ((2, 2), (2, 2), (0, 0, 1, 1), (3, 1))]
    for kernel, strides, pads, dilations in geometries:
        rows, columns = windows(kernel, strides, pads, dilations)
        how = f"strides {list(strides)} pads {list(pads)} dilations {list(dilations)}"
        for groups, filters in ((1, 5), (1, 35), (2, 8), (3, 6), (6, 6), (6, 12)):
            shape = (filters, *kernel, 6 // groups)
            weights, bias = net.constant(shape), net.constant((filters,))
            start = f"bias({bias} : tensor<{filters}xf32>) " if groups != 2 else ""
            result = net.tensor(("?", rows, columns, filters))
            net.add(f"dorefa.conv_2d %x, {weights} {start}{how} groups {groups} : "
                    f"{net.type}, {net.tensor(shape)} -> {result}", result)
        result = net.tensor(("?", rows, columns, 6))
        for pool, flag in (("max_pool", ""), ("avg_pool", ""), ("avg_pool", " {count_include_pad}")):
            if any(pad >= size for pad, size in zip(pads, kernel * 2)):
                continue
            net.add(f"dorefa.{pool} %x kernel {list(kernel)} {how}{flag} : {net.type} -> {result}", result)
    for filters in (1, 10, 40):
        weights, bias = net.constant((filters, 6)), net.constant((filters,))
        result = net.tensor(("?", 9, 7, filters))
        net.add(f"dorefa.matmul %x, {weights} bias({bias} : tensor<{filters}xf32>) : "
                f"{net.type}, {net.tensor((filters, 6))} -> {result}", result)
        flat = net.line(f"tensor.collapse_shape %x [[0], [1, 2, 3]] : {net.type} into tensor<?x378xf32>")
        weights, result = net.constant((filters, 378)), net.tensor(("?", filters))
        net.add(f"dorefa.matmul {flat}, {weights} : tensor<?x378xf32>, {net.tensor((filters, 378))} -> {result}",
                result)
    return net


def run(*command: object) -> None:
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{command[0]} failed: {result.stderr[:2000]}")


def main() -> int:
    binaries, work = Path(sys.argv[1]), Path(sys.argv[2])
    work.mkdir(parents=True, exist_ok=True)
    compared = different = 0
    for make in (functions, powers, quantizers, unfused, layers):
        net = make()
        model, data = work / f"{make.__name__}.mlir", work / f"{make.__name__}.npy"
        model.write_text(net.text())
        np.save(data, net.input())
        names = [name[1:] for name, _ in net.results]

        def outputs(tag: str) -> list[str]:
            return [f"--output={name}={work}/{make.__name__}.{tag}.{name}.npy" for name in names]

        run(binaries / "dorefa-interpret", model, f"--input={data}", *outputs("expected"))
        for cpu in sys.argv[3:] or ["native"]:
            target, device = (["--target=gpu"], ["--device=emulator"]) if cpu == "gpu" else (
                [f"--mcpu={cpu}"], [])
            run(binaries / "dorefa-compile", model, "-o", work / "net.so", *target)
            run(binaries / "dorefa-run", work / "net.so", *device, f"--input={data}", *outputs("got"))
            for name in names:
                expected, got = (np.load(f"{work}/{make.__name__}.{tag}.{name}.npy")
                                 for tag in ("expected", "got"))
                same = (expected.view(f"i{expected.itemsize}") == got.view(f"i{got.itemsize}"))
                same |= np.isnan(expected) & np.isnan(got)
                compared += same.size
                if not same.all():
                    different += 1
                    place = tuple(np.argwhere(~same)[0])
                    line = next(line for line in net.lines if f"%{name}" in line.split("=")[0].split())
                    print(f"{cpu}: {line[:120]}: {(~same).sum()} of {same.size} differ, first at {place}: "
                          f"expected {expected[place]!r}, got {got[place]!r}")
    print(f"{compared} values compared, {different} results differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
