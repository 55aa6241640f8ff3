#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cycles of single layers on the accelerator, as its cycle simulator counts them.

    benchmarks/accelerator.py --build build
    benchmarks/accelerator.py --layer "3x3 64" --batch 8

Each layer is a program of its own that loads its input and stores its codes. Ideal cycles are
plane pairs times multiply-adds over those of the array in a cycle, padding included; the ceiling
is what tiles allow (section 7 of the manual); cycles count from the start of the program to its
end, fetching it included. A layer is near its ceiling where it takes at most 400 cycles more, or
reaches 99 % of it.

A chain is one program of layers that follow each other; a layer counts for the cycles that it
adds to those before it. Configuration is exposed in cycles in
which the array has nothing to do, an engine writes a register with no instruction under way, and
its next instruction follows at once: without the register it would have come earlier.
"""

import argparse
import json
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
#: Layers of ResNet-18 of which each reads what the one before makes.
CHAINS = {
    "3x3": [Conv(56, 64, 64, 3), Conv(56, 64, 64, 3), Conv(56, 64, 128, 3, 2),
            Conv(28, 128, 128, 3), Conv(28, 128, 256, 3, 2), Conv(14, 256, 256, 3),
            Conv(14, 256, 512, 3, 2), Conv(7, 512, 512, 3)],
    "1x1": [Conv(56, 64, 64, 3), Conv(56, 64, 128, 1, 2), Conv(28, 128, 128, 3),
            Conv(28, 128, 256, 1, 2), Conv(14, 256, 256, 3), Conv(14, 256, 512, 1, 2),
            Conv(7, 512, 512, 3)],
}
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

    @property
    def is_near(self) -> bool:
        """Whether it takes at most 400 cycles more than its ceiling, or reaches 99 % of it."""
        return self.cycles - self.ceiling <= 400 or self.ceiling >= 0.99 * self.cycles


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


def count(source: str, stem: Path, build: Path) -> tuple[int, int, list[dict]]:
    """Cycles, ceiling and events of a module."""
    module, program, trace = (stem.with_suffix(end) for end in (".mlir", ".elf", ".json"))
    module.write_text(source)
    call(build / "bin" / "dorefa-compile", module, "--target=bpa", "--emit=bpa-elf", "-o", program)
    printed = call(build / "bin" / "bpa-run", program, "--routine=main0", "--device=cycle",
                   "--counters", f"--trace-engines={trace}")
    cycles, ceiling = (int(re.search(rf"{name} (\d+)", printed).group(1))
                       for name in ("cycles", "ceiling"))
    events = [event for event in json.loads(trace.read_text()) if event["ph"] == "X"]
    return cycles, ceiling, sorted(events, key=lambda event: event["ts"])


def measure(layer: Layer, number: int, batch: int, build: Path, folder: Path) -> Measured:
    source = layers.module_of(layer, WIDTHS, codes=True, batch=batch)
    cycles, ceiling, _ = count(source, folder / re.sub(r"\W+", "-", layer.name), build)
    return Measured(layer, number, ideal_cycles(layer, batch), ceiling, cycles)


def chain_of(chain: list[Layer], batch: int) -> str:
    """A module of layers that follow each other."""
    body, value = [], "%x"
    for number, layer in enumerate(chain):
        text = layers.module_of(layer, WIDTHS, codes=True, batch=batch)
        text = text[text.index("{\n") + 2:text.index("  return")]
        text = re.sub(r"%(w|t|init|y)\b", rf"%\g<1>{number}", text)
        body.append(text.replace("%x", value))
        value = f"%y{number}"
    first, last = (layers.module_of(layer, WIDTHS, codes=True, batch=batch)
                   for layer in (chain[0], chain[-1]))
    head, tail = first[:first.index("->")], last[last.index("->"):last.index("{\n") + 2]
    end = last[last.index("  return"):].replace("%y", value)
    return head + tail + "".join(body) + end


def exposed_configuration(events: list[dict]) -> int:
    """Cycles of exposed configuration behind the first product. A `ga` or `mp` is prepared for 20
    cycles once the registers before it are written."""
    products = [event for event in events if event["name"] == "mm"]
    exposed = 0
    for engine in {event["tid"] for event in events}:
        own = [event for event in events if event["tid"] == engine]
        busy, written = 0, []
        for event in own:
            at = event["ts"]
            if event["name"].startswith("cfg"):
                idle = not any(mm["ts"] <= at < mm["ts"] + mm["dur"] for mm in products)
                if idle and at >= busy and at > products[0]["ts"]:
                    written.append(at)
                continue
            behind = 21 if event["name"] in ("ga", "mp") else 1
            if written and at - written[-1] <= behind:
                exposed += len(written)
            busy, written = max(busy, at + event["dur"]), []
    return exposed


def table(network: str, rows: list[Measured]) -> Iterator[str]:
    yield f"| {network} | times | ideal | ceiling | cycles | of ideal | of ceiling | above "\
        "| near |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|---|"
    ideal = ceiling = cycles = 0
    for row in rows:
        ideal += row.count * row.ideal
        ceiling += row.count * row.ceiling
        cycles += row.count * row.cycles
        yield (f"| {row.layer.name} | {row.count} | {row.ideal:.0f} | {row.ceiling} | {row.cycles} "
               f"| {row.ideal / row.cycles:.1%} | {row.ceiling / row.cycles:.1%} "
               f"| {row.cycles - row.ceiling} | {'yes' if row.is_near else 'no'} |")
    yield (f"| all | {sum(row.count for row in rows)} | {ideal:.0f} | {ceiling} | {cycles} "
           f"| {ideal / cycles:.1%} | {ceiling / cycles:.1%} | | |")
    for row in rows:
        if isinstance(row.layer, MatMul):
            yield (f"\n{row.layer.name}: {load_cycles(row.layer) / row.cycles:.1%} of the bandwidth "
                   "of DRAM")


def chain_table(name: str, batch: int, build: Path, folder: Path) -> Iterator[str]:
    """What each layer adds to the program of those before it."""
    yield f"| chain {name} | ceiling | cycles more | above | near |"
    yield "|---|--:|--:|--:|---|"
    before, reached, events = 0, 0, []
    for number, layer in enumerate(CHAINS[name], start=1):
        source = chain_of(CHAINS[name][:number], batch)
        cycles, ceiling, events = count(source, folder / f"chain-{number}", build)
        row = Measured(layer, 1, ideal_cycles(layer, batch), ceiling - reached, cycles - before)
        yield (f"| {layer.name} | {row.ceiling} | {row.cycles} | {row.cycles - row.ceiling} "
               f"| {'yes' if row.is_near else 'no'} |")
        before, reached = cycles, ceiling
    yield f"| all | {reached} | {before} | {before - reached} | |"
    yield f"\nCycles of exposed configuration: {exposed_configuration(events)}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", action="append", choices=NETWORKS,
                        help="may be repeated; default: all")
    parser.add_argument("--chain", choices=CHAINS,
                        help="measure layers that follow each other in one program instead")
    parser.add_argument("--layer", default="",
                        help='only layers with this in their name, such as "3x3 64"')
    parser.add_argument("--batch", type=int, default=1, help="samples of a program (1)")
    parser.add_argument("--build", type=Path, default=Path(__file__).parent.parent / "build")
    parser.add_argument("--out", type=Path, help="keep modules and programs in this folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if arguments.chain:
            print("\n".join(chain_table(arguments.chain, arguments.batch, arguments.build, folder)))
            return 0
        for network in arguments.network or NETWORKS:
            rows = [measure(layer, count, arguments.batch, arguments.build, folder)
                    for layer, count in NETWORKS[network] if arguments.layer in layer.name]
            if rows:
                print("\n".join(table(network, rows)) + "\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
