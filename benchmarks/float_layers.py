# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measure float convolutions against the multiply-add peak of one core.

    benchmarks/float_first_layer.py --build build

Each round asks the peak loop of programs/ceiling.c and every layer in turn, so a change
of the clock meets all of them; the table has the medians over the rounds. The layers:
AlexNet's 12x12 stride 4 (DoReFa-Net) and ResNet's 7x7 stride 2, with channels last and as
images arrive, channels first; the grouped layers of AlexNet where it is left in float.
"""

import argparse
import os
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path

from measure import Candidate, Server, Settings, compiled


@dataclass(frozen=True)
class Layer:
    """A square convolution without padding; sizes in pixels."""

    name: str
    size: int
    channels: int
    filters: int
    kernel: int
    stride: int = 1
    groups: int = 1
    channels_first: bool = False

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


LAYERS = [
    Layer("alexnet 12x12/4", 224, 3, 96, 12, 4),
    Layer("alexnet 12x12/4 channels first", 224, 3, 96, 12, 4, channels_first=True),
    Layer("resnet 7x7/2", 229, 3, 64, 7, 2),
    Layer("resnet 7x7/2 channels first", 229, 3, 64, 7, 2, channels_first=True),
    Layer("small 3x3/1", 32, 3, 64, 3),
    Layer("alexnet 5x5 two groups", 58, 96, 256, 5, groups=2),
    Layer("alexnet 3x3 two groups", 16, 384, 384, 3, groups=2),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    work = arguments.build / "benchmarks" / "work"
    work.mkdir(parents=True, exist_ok=True)
    settings = Settings(arguments.build, work, None, arguments.rounds, threads=1,
                        cpu=(os.cpu_count() or 1) - 1, clock="cpu")

    servers = [Server(Candidate("fma", [compiled("ceiling.c", work), "fma"]), settings)]
    for number, layer in enumerate(LAYERS):
        source = work / f"float-layer-{number}.mlir"
        source.write_text(layer.network())
        library = source.with_suffix(".so")
        subprocess.run([str(settings.binary("dorefa-compile")), str(source), "-o", str(library)],
                       check=True)
        command = [compiled("model.c", work, "-ldl"), library]
        servers.append(Server(Candidate(layer.name, command), settings))
    for _ in range(arguments.rounds):
        for server in servers:
            server.sample()
    for server in servers:
        server.stop()

    peak, *layers = servers
    fastest = float(peak.text.removeprefix("work=")) / statistics.median(peak.seconds)
    print(f"peak {fastest / 1e9:.1f} G fused multiply-adds per second, one core")
    print("| layer | ms | G/s | of peak |")
    print("|---|---:|---:|---:|")
    for server, layer in zip(layers, LAYERS, strict=True):
        seconds = statistics.median(server.seconds)
        rate = layer.work / seconds
        print(f"| {layer.name} | {seconds * 1e3:.3f} | {rate / 1e9:.1f} "
              f"| {100 * rate / fastest:.0f} % |")


if __name__ == "__main__":
    main()
