#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cycles of single layers on the accelerator, as its cycle simulator counts them.

    benchmarks/accelerator.py --build build
    benchmarks/accelerator.py --layer "3x3 64" --batch 8

Each layer is a program of its own that loads its input and stores its codes. Ideal cycles are
plane pairs times multiply-adds over those of the array in a cycle, padding included; the ceiling
is what tiles allow (section 7 of the manual); cycles count from the start of the program to its
end, fetching it included.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import layers
from layers import Conv, Layer, MatMul

WIDTHS = (1, 2)
#: Multiply-adds of two bits in a cycle: r8c8d64.
ARRAY = 8 * 8 * 64
BEAT = 16

#: Layer, how often the network has it.
RESNET18 = [
    (Conv(56, 64, 64, 3), 4),
    (Conv(56, 64, 128, 3, 2), 1), (Conv(56, 64, 128, 1, 2), 1), (Conv(28, 128, 128, 3), 3),
    (Conv(28, 128, 256, 3, 2), 1), (Conv(28, 128, 256, 1, 2), 1), (Conv(14, 256, 256, 3), 3),
    (Conv(14, 256, 512, 3, 2), 1), (Conv(14, 256, 512, 1, 2), 1), (Conv(7, 512, 512, 3), 3),
]
ALEXNET = [(Conv(54, 96, 256, 5, groups=2), 1), (Conv(27, 256, 384, 3), 1),
           (Conv(14, 384, 384, 3, groups=2), 1), (Conv(14, 384, 256, 3, groups=2), 1)]
DENSE = [(MatMul(1, 9216, 4096), 1)]
NETWORKS = {"resnet18": RESNET18, "alexnet": ALEXNET, "dense": DENSE}


@dataclass(frozen=True)
class Measured:
    """Cycles of a layer."""

    layer: Layer
    count: int
    ideal: float
    ceiling: int
    cycles: int


def ideal_cycles(layer: Layer, batch: int) -> float:
    """Steps of an array without a lane, row or column to spare."""
    pixels = layer.result**2 if isinstance(layer, Conv) else layer.rows
    return batch * pixels * layer.weights * WIDTHS[0] * WIDTHS[1] / ARRAY


def load_cycles(layer: Layer) -> float:
    """Cycles to bring the weights of a dense layer from DRAM, a beat each."""
    return layer.weights * WIDTHS[0] / 8 / BEAT


def call(*command: object) -> str:
    result = subprocess.run([str(word) for word in command], check=False, capture_output=True,
                            text=True)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stderr}")
    return result.stdout


def measure(layer: Layer, count: int, batch: int, build: Path, folder: Path) -> Measured:
    stem = folder / re.sub(r"\W+", "-", layer.name)
    source, program = stem.with_suffix(".mlir"), stem.with_suffix(".elf")
    source.write_text(layers.module_of(layer, WIDTHS, codes=True, batch=batch))
    call(build / "bin" / "dorefa-compile", source, "--target=bpa", "--emit=bpa-elf", "-o", program)
    printed = call(build / "bin" / "bpa-run", program, "--routine=main0", "--device=cycle",
                   "--counters")
    cycles, ceiling = (int(re.search(rf"{name} (\d+)", printed).group(1))
                       for name in ("cycles", "ceiling"))
    return Measured(layer, count, ideal_cycles(layer, batch), ceiling, cycles)


def table(network: str, rows: list[Measured]) -> Iterator[str]:
    yield f"| {network} | times | ideal | ceiling | cycles | of ideal | of ceiling | above |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    ideal = ceiling = cycles = 0
    for row in rows:
        ideal += row.count * row.ideal
        ceiling += row.count * row.ceiling
        cycles += row.count * row.cycles
        yield (f"| {row.layer.name} | {row.count} | {row.ideal:.0f} | {row.ceiling} | {row.cycles} "
               f"| {row.ideal / row.cycles:.1%} | {row.ceiling / row.cycles:.1%} "
               f"| {row.cycles - row.ceiling} |")
    yield (f"| all | {sum(row.count for row in rows)} | {ideal:.0f} | {ceiling} | {cycles} "
           f"| {ideal / cycles:.1%} | {ceiling / cycles:.1%} | |")
    for row in rows:
        if isinstance(row.layer, MatMul):
            yield (f"\n{row.layer.name}: {load_cycles(row.layer) / row.cycles:.1%} of the bandwidth "
                   "of DRAM")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", action="append", choices=NETWORKS,
                        help="may be repeated; default: all")
    parser.add_argument("--layer", default="",
                        help='only layers with this in their name, such as "3x3 64"')
    parser.add_argument("--batch", type=int, default=1, help="samples of a program (1)")
    parser.add_argument("--build", type=Path, default=Path(__file__).parent.parent / "build")
    parser.add_argument("--out", type=Path, help="keep modules and programs in this folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for network in arguments.network or NETWORKS:
            rows = [measure(layer, count, arguments.batch, arguments.build, folder)
                    for layer, count in NETWORKS[network] if arguments.layer in layer.name]
            if rows:
                print("\n".join(table(network, rows)) + "\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
