#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measure float layers against what one core can do at best.

    benchmarks/float_layers.py --build build

Convolutions stand beside the multiply-add peak: AlexNet's 12x12 stride 4 (DoReFa-Net) and
ResNet's 7x7 stride 2, with channels last and as images arrive, channels first; the grouped
layers of AlexNet where it is left in float. Products with one row read each weight once and do
nothing else of note: they stand beside the bandwidth at which the core reads memory. Each round
asks the loops of programs/ceiling.c and every layer in turn, so a change of clock or load meets
all of them; the table has the medians over the rounds.
"""

import argparse
import os
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path

from measure import Candidate, Server, Settings, compiled

#: What each limit is, and what a billion of it is called.
LIMITS = {"fma": ("multiply-add peak", "G/s"), "read": ("reading memory", "GB/s")}


@dataclass(frozen=True)
class Convolution:
    """A square convolution without padding; sizes in pixels."""

    name: str
    size: int
    channels: int
    filters: int
    kernel: int
    stride: int = 1
    groups: int = 1
    channels_first: bool = False
    limit = "fma"

    @property
    def result(self) -> int:
        return (self.size - self.kernel) // self.stride + 1

    @property
    def work(self) -> int:
        """Multiply-adds."""
        return self.result**2 * self.filters * self.kernel**2 * self.channels // self.groups

    def network(self) -> str:
        """The layer as MLIR text."""
        last = f"tensor<1x{self.size}x{self.size}x{self.channels}xf32>"
        first = f"tensor<1x{self.channels}x{self.size}x{self.size}xf32>"
        window = f"{self.kernel}x{self.kernel}x{self.channels // self.groups}"
        filters = f"tensor<{self.filters}x{window}xf32>"
        result = f"tensor<1x{self.result}x{self.result}x{self.filters}xf32>"
        transposed = f"""%e = tensor.empty() : {last}
  %last = linalg.transpose ins(%x : {first}) outs(%e : {last}) permutation = [0, 2, 3, 1]"""
        return f"""
func.func @main(%x: {first if self.channels_first else last} {{dorefa.name = "x"}})
    -> ({result} {{dorefa.name = "y"}}) {{
  %w = arith.constant dense<0.125> : {filters}
  {transposed if self.channels_first else ""}
  %y = dorefa.conv_2d {"%last" if self.channels_first else "%x"}, %w
      strides [{self.stride}, {self.stride}] groups {self.groups} : {last}, {filters} -> {result}
  return %y : {result}
}}
"""


@dataclass(frozen=True)
class Product:
    """A product of one row of `inputs` with the weights of `outputs`."""

    name: str
    inputs: int
    outputs: int
    limit = "read"

    @property
    def work(self) -> int:
        """Bytes of weights."""
        return 4 * self.inputs * self.outputs

    def network(self) -> str:
        """The layer as MLIR text."""
        return f"""
func.func @main(%x: tensor<1x{self.inputs}xf32> {{dorefa.name = "x"}})
    -> (tensor<1x{self.outputs}xf32> {{dorefa.name = "y"}}) {{
  %w = arith.constant dense<0.125> : tensor<{self.outputs}x{self.inputs}xf32>
  %b = arith.constant dense<0.5> : tensor<{self.outputs}xf32>
  %y = dorefa.matmul %x, %w bias(%b : tensor<{self.outputs}xf32>)
      : tensor<1x{self.inputs}xf32>, tensor<{self.outputs}x{self.inputs}xf32>
      -> tensor<1x{self.outputs}xf32>
  return %y : tensor<1x{self.outputs}xf32>
}}
"""


LAYERS: list[Convolution | Product] = [
    Convolution("alexnet 12x12/4", 224, 3, 96, 12, 4),
    Convolution("alexnet 12x12/4 channels first", 224, 3, 96, 12, 4, channels_first=True),
    Convolution("resnet 7x7/2", 229, 3, 64, 7, 2),
    Convolution("resnet 7x7/2 channels first", 229, 3, 64, 7, 2, channels_first=True),
    Convolution("small 3x3/1", 32, 3, 64, 3),
    Convolution("alexnet 5x5 two groups", 58, 96, 256, 5, groups=2),
    Convolution("alexnet 3x3 two groups", 16, 384, 384, 3, groups=2),
    Product("alexnet 4096x1000", 4096, 1000),
    Product("square 2048x2048", 2048, 2048),
]


def start(number: int, layer: Convolution | Product, settings: Settings) -> Server:
    """A process that runs `layer`, compiled, when asked."""
    source = settings.work / f"float-layer-{number}.mlir"
    source.write_text(layer.network())
    library = source.with_suffix(".so")
    subprocess.run([str(settings.binary("dorefa-compile")), str(source), "-o", str(library)],
                   check=True)
    program = compiled("model.c", settings.work, "-ldl")
    return Server(Candidate(layer.name, [program, library]), settings)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--rounds", type=int, default=11)
    arguments = parser.parse_args()
    work = arguments.build / "benchmarks" / "work"
    work.mkdir(parents=True, exist_ok=True)
    settings = Settings(arguments.build, work, None, arguments.rounds, threads=1,
                        cpu=(os.cpu_count() or 1) - 1, clock="cpu")
    ceiling = compiled("ceiling.c", work)
    limits = {limit: Server(Candidate(limit, [ceiling, limit]), settings) for limit in LIMITS}
    layers = [start(number, layer, settings) for number, layer in enumerate(LAYERS)]
    for _ in range(arguments.rounds):
        for server in [*limits.values(), *layers]:
            server.sample()
    for server in [*limits.values(), *layers]:
        server.stop()

    print("| layer | ms | rate | share |")
    print("|---|---:|---:|---:|")
    rates = {limit: float(server.text.removeprefix("work=")) / statistics.median(server.seconds)
             for limit, server in limits.items()}
    for server, layer in zip(layers, LAYERS, strict=True):
        seconds = statistics.median(server.seconds)
        what, unit = LIMITS[layer.limit]
        rate = layer.work / seconds
        print(f"| {layer.name} | {seconds * 1e3:.3f} | {rate / 1e9:.1f} {unit} "
              f"| {100 * rate / rates[layer.limit]:.0f} % of {what} |")


if __name__ == "__main__":
    main()
