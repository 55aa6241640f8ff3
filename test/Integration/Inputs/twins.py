# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Run small random networks compiled and interpreted, and compare every bit.

Usage: twins.py BIN WORK WBITS... [--target NAME] [--mcpu NAME] [--kernel NAME] [--pool]

For each width of the weights in WBITS and each width of the activations from 1 to 8 one
network with two layers on codes, whose shape, encodings, offsets, groups, strides,
dilations, pads, pools and thresholds are drawn from a generator seeded by the widths. With
--pool, each first layer makes codes, and windows of 2 or 4 of them, side by side, are pooled.
"""

import argparse
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

INPUT_ENCODINGS = ("unipolar", "signed", "bipolar")
WEIGHT_ENCODINGS = ("bipolar", "signed", "unipolar")


@dataclass
class Network:
    """MLIR text under construction; `shape` and `code` describe the last value."""

    rng: np.random.Generator
    shape: tuple[int, ...]
    code: str
    lines: list[str] = field(default_factory=list)
    results: list[tuple[str, str]] = field(default_factory=list)
    count: int = 0

    def name(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def tensor(self, shape: tuple[int, ...], element: str) -> str:
        return f"tensor<{'x'.join(map(str, shape))}x{element}>"

    def constant(self, values: np.ndarray, element: str) -> str:
        """Appends a constant and returns its name."""
        name = self.name()
        text = f'dense<"0x{values.tobytes().hex().upper()}">' if values.size > 1 else (
            f"dense<{values.reshape(-1)[0]}>")
        self.lines.append(f"{name} = arith.constant {text} : {self.tensor(values.shape, element)}")
        return name

    def weights(self, shape: tuple[int, ...], bits: int, encoding: str) -> tuple[str, str]:
        """Appends constant weight codes and returns name and type."""
        name = self.name()
        codes = self.rng.integers(0, 1 << bits, shape, dtype=np.uint8)
        kind = self.tensor(shape, f"!dorefa.code<{bits}, {encoding}>")
        payload = f'dense<"0x{codes.tobytes().hex().upper()}">' if codes.size > 1 else (
            f"dense<{codes.reshape(-1)[0]}>")
        self.lines.append(
            f"{name} = dorefa.constant {payload} : {self.tensor(shape, 'i8')} -> {kind}")
        return name, kind


def offsets(net: Network) -> str:
    if net.rng.random() < 0.6:
        return ""
    return f"offsets {net.rng.integers(-3, 4)}, {net.rng.integers(-2, 3)}"


def add_conv(net: Network, value: str, bits: int) -> str:
    """Appends a convolution on codes and returns the accumulators."""
    rng = net.rng
    batch, height, width, channels = net.shape
    groups = int(rng.choice([g for g in range(1, channels + 1) if channels % g == 0]))
    filters = groups * int(rng.integers(1, max(2, 70 // groups)))
    kernel = [int(rng.integers(1, min(5, height) + 1)), int(rng.integers(1, min(5, width) + 1))]
    dilations = [int(rng.integers(1, 3)) if (k - 1) * 2 < s else 1
                 for k, s in zip(kernel, (height, width))]
    strides = [int(rng.integers(1, 4)) for _ in range(2)]
    pads = [int(rng.integers(0, k)) if k > 1 else 0 for k in kernel * 2]
    out = tuple((size + pads[i] + pads[i + 2] - (kernel[i] - 1) * dilations[i] - 1) // strides[i] + 1
                for i, size in enumerate((height, width)))
    encoding = str(rng.choice(WEIGHT_ENCODINGS))
    name, kind = net.weights((filters, *kernel, channels // groups), bits, encoding)
    source = net.tensor(net.shape, net.code)
    net.shape = (batch, *out, filters)
    result = net.name()
    net.lines.append(
        f"{result} = dorefa.conv_2d {value}, {name} strides {strides} pads {pads} "
        f"dilations {dilations} groups {groups} {offsets(net)} "
        f": {source}, {kind} -> {net.tensor(net.shape, 'i32')}")
    return result


def add_threshold(net: Network, value: str, bits: int) -> str:
    """Appends thresholds on accumulators and returns the codes."""
    rng = net.rng
    channels = net.shape[-1]
    encoding = str(rng.choice(INPUT_ENCODINGS))
    levels = int(rng.integers(1, 1 << bits))
    base = -(1 << (bits - 1)) if encoding == "signed" else 0
    table = np.sort(rng.integers(-60, 60, (channels, levels)).astype(np.int32), axis=1)
    name = net.constant(table, "i32")
    decreasing = ""
    if rng.random() < 0.5:
        flags = ", ".join("true" if f else "false" for f in rng.random(channels) < 0.5)
        decreasing = f"decreasing [{flags}]"
    net.code = f"!dorefa.code<{bits}, {encoding}>"
    result = net.name()
    net.lines.append(
        f"{result} = dorefa.threshold {value}, {name} {decreasing} base {base} "
        f": {net.tensor(net.shape, 'i32')}, {net.tensor(table.shape, 'i32')} "
        f"-> {net.tensor(net.shape, net.code)}")
    return result


def add_pool(net: Network, value: str) -> str:
    """Appends a maximum over windows of codes, where one fits."""
    batch, height, width, channels = net.shape
    kernel = [min(3, height), min(2, width)]
    pads = [int(net.rng.integers(0, k)) for k in kernel * 2]
    out = tuple((size + pads[i] + pads[i + 2] - kernel[i]) // 2 + 1
                for i, size in enumerate((height, width)))
    source = net.tensor(net.shape, net.code)
    net.shape = (batch, *out, channels)
    result = net.name()
    net.lines.append(
        f"{result} = dorefa.max_pool {value} kernel {kernel} strides [2, 2] pads {pads} "
        f": {source} -> {net.tensor(net.shape, net.code)}")
    return result


def add_touching_pool(net: Network, value: str) -> str:
    """Appends a maximum over windows without gaps or overlap, as a GPU fuses, where one fits."""
    batch, height, width, channels = net.shape
    fitting = [k for k in ((2, 2), (1, 2), (2, 1), (4, 1), (1, 4)) if k[0] <= height and k[1] <= width]
    if not fitting:
        return value
    kernel = fitting[int(net.rng.integers(0, len(fitting))) if net.rng.random() < 0.4 else 0]
    source = net.tensor(net.shape, net.code)
    net.shape = (batch, height // kernel[0], width // kernel[1], channels)
    result = net.name()
    net.lines.append(
        f"{result} = dorefa.max_pool {value} kernel {list(kernel)} strides {list(kernel)} "
        f": {source} -> {net.tensor(net.shape, net.code)}")
    return result


def add_matmul(net: Network, value: str, bits: int) -> str:
    """Appends a fully connected layer on the flattened codes."""
    batch, *rest = net.shape
    flat = (batch, int(np.prod(rest)))
    encoding = str(net.rng.choice(WEIGHT_ENCODINGS))
    outputs = int(net.rng.integers(1, 40))
    name, kind = net.weights((outputs, flat[1]), bits, encoding)
    row, result = net.name(), net.name()
    net.lines.append(
        f"{row} = tensor.collapse_shape {value} [[0], [1, 2, 3]] "
        f": {net.tensor(net.shape, net.code)} into {net.tensor(flat, net.code)}")
    net.shape = (batch, outputs)
    net.lines.append(
        f"{result} = dorefa.matmul {row}, {name} {offsets(net)} "
        f": {net.tensor(flat, net.code)}, {kind} -> {net.tensor(net.shape, 'i32')}")
    return result


def make(wbits: int, abits: int, pool: bool) -> tuple[str, np.ndarray]:
    """Returns the text of a network and an input for it."""
    rng = np.random.default_rng(100 * wbits + abits)
    shape = (int(rng.integers(1, 4)), int(rng.integers(3, 12)), int(rng.integers(3, 20)),
             int(rng.choice([1, 3, 16, 31, 32, 33, 40, 64, 68, 96])))
    encoding = str(rng.choice(INPUT_ENCODINGS))
    net = Network(rng, shape, f"!dorefa.code<{abits}, {encoding}>")
    source = net.tensor(shape, "f32")
    low = -(1 << (abits - 1)) if encoding == "signed" else 0
    value = net.name()
    net.lines.append(f"{value} = dorefa.quantize %x scale [1.0] zero_point [0.0] half_even "
                     f": {source} -> {net.tensor(shape, net.code)}")
    accumulators = add_conv(net, value, wbits)
    net.results.append((accumulators, net.tensor(net.shape, "i32")))
    is_shown = rng.random() < 0.5 and not pool
    value = add_threshold(net, accumulators if is_shown else add_again(net, accumulators), abits)
    if pool:
        value = add_touching_pool(net, value)
    elif rng.random() < 0.6:
        value = add_pool(net, value)
    last = add_matmul(net, value, wbits) if rng.random() < 0.5 else add_conv(net, value, wbits)
    net.results.append((last, net.tensor(net.shape, "i32")))
    types = ", ".join(f'{kind} {{dorefa.name = "y{i}"}}' for i, (_, kind) in enumerate(net.results))
    names = ", ".join(name for name, _ in net.results)
    kinds = ", ".join(kind for _, kind in net.results)
    body = "\n  ".join(net.lines)
    text = (f'func.func @main(%x: {source} {{dorefa.name = "x"}}) -> ({types}) {{\n  {body}\n'
            f"  return {names} : {kinds}\n}}\n")
    data = rng.integers(low - 1, low + (1 << abits) + 1, shape).astype(np.float32)
    return text, data


def add_again(net: Network, accumulators: str) -> str:
    """Drops the accumulators from the results, so that thresholds fuse into the layer."""
    net.results.clear()
    return accumulators


def run(*command: object) -> None:
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"{command[0]}: exit {result.returncode}: {result.stderr.strip()[:800]}")


def check(binaries: Path, work: Path, wbits: int, abits: int, options: list[str],
          device: list[str], pool: bool) -> int:
    """Returns the number of values compared; raises where one differs."""
    stem = work / f"w{wbits}a{abits}"
    source, library = stem.with_suffix(".mlir"), stem.with_suffix(".so")
    text, data = make(wbits, abits, pool)
    source.write_text(text)
    np.save(stem.with_suffix(".npy"), data)
    count = text.count("dorefa.name") - 1
    names = ["y0", "y1"][:count]
    run(binaries / "dorefa-compile", source, "-o", library, *options)
    compared = 0
    outputs: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for program, what in (("dorefa-run", [library, *device]), ("dorefa-interpret", [source])):
        arguments = [a for n in names for a in ("--output", f"{n}={stem}.{program}.{n}.npy")]
        run(binaries / program, *what, "--input", stem.with_suffix(".npy"), *arguments)
        for name in names:
            outputs[name].append(np.load(f"{stem}.{program}.{name}.npy"))
    for name, (compiled, reference) in outputs.items():
        if compiled.tobytes() != reference.tobytes():
            wrong = int(np.sum(compiled != reference))
            raise RuntimeError(f"{name}: {wrong} of {compiled.size} values differ: see {source}")
        compared += compiled.size
    return compared


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binaries", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("wbits", type=int, nargs="+")
    parser.add_argument("--target", default="cpu", help="gpu runs in the emulator")
    parser.add_argument("--mcpu", default="native")
    parser.add_argument("--kernel", default="")
    parser.add_argument("--pool", action="store_true")
    arguments = parser.parse_args()
    options = [f"--target={arguments.target}", f"--mcpu={arguments.mcpu}",
               f"--kernel={arguments.kernel}"]
    device = ["--device=emulator"] if arguments.target == "gpu" else []
    arguments.work.mkdir(parents=True, exist_ok=True)
    failures = total = 0
    for wbits in arguments.wbits:
        for abits in range(1, 9):
            try:
                total += check(arguments.binaries, arguments.work, wbits, abits, options,
                               device, arguments.pool)
            except RuntimeError as error:
                failures += 1
                print(f"w{wbits}a{abits}: {error}", flush=True)
    print(f"{total} values compared, {failures} networks differ")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
