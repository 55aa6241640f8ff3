# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measure float first layers against the multiply-add peak of one core.

    benchmarks/float_first_layer.py --build build

Each round runs the peak program and every layer once, so that a change of the clock
meets all of them; the table has the medians over the rounds. The layers: AlexNet's
12x12 stride 4 (DoReFa-Net), ResNet's 7x7 stride 2, a 3x3 of a small network.
"""

import argparse
import re
import statistics
import subprocess
from pathlib import Path

import numpy as np

CLANG = "/usr/lib/llvm-22/bin/clang"
# name, input size, channels, filters, kernel, stride
LAYERS = [
    ("alexnet 12x12/4", 224, 3, 96, 12, 4),
    ("resnet 7x7/2", 224, 3, 64, 7, 2),
    ("small 3x3/1", 32, 3, 64, 3, 1),
]
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def network(size: int, channels: int, filters: int, kernel: int, stride: int) -> str:
    """Returns a network of one float convolution as MLIR text."""
    out = (size - kernel) // stride + 1
    weights = f"tensor<{filters}x{kernel}x{kernel}x{channels}xf32>"
    return f"""
func.func @main(%x: tensor<1x{size}x{size}x{channels}xf32> {{dorefa.name = "x"}})
    -> (tensor<1x{out}x{out}x{filters}xf32> {{dorefa.name = "y"}}) {{
  %w = arith.constant dense<0.125> : {weights}
  %y = dorefa.conv_2d %x, %w strides [{stride}, {stride}]
      : tensor<1x{size}x{size}x{channels}xf32>, {weights} -> tensor<1x{out}x{out}x{filters}xf32>
  return %y : tensor<1x{out}x{out}x{filters}xf32>
}}
"""


def output_of(*command: object) -> str:
    return subprocess.run([str(c) for c in command], check=True, capture_output=True,
                          text=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    work = arguments.build / "benchmarks"
    work.mkdir(parents=True, exist_ok=True)
    binaries = arguments.build / "bin"
    peak = work / "fma_peak"
    output_of(CLANG, "-O2", "-march=native", Path(__file__).with_name("fma_peak.c"), "-o", peak)

    for number, (_, *shape) in enumerate(LAYERS):
        source = work / f"layer{number}.mlir"
        source.write_text(network(*shape))
        output_of(binaries / "dorefa-compile", source, "-o", source.with_suffix(".so"))
        np.save(source.with_suffix(".npy"),
                np.ones((1, shape[0], shape[0], shape[1]), np.float32))

    peaks: list[float] = []
    times: dict[int, list[float]] = {number: [] for number in range(len(LAYERS))}
    for _ in range(arguments.rounds):
        peaks.append(float(output_of(peak).split()[0]))
        for number in times:
            source = work / f"layer{number}"
            text = output_of(binaries / "dorefa-run", source.with_suffix(".so"), "--input",
                             source.with_suffix(".npy"), "--repeat", 20)
            value, unit = re.search(r"median ([0-9.]+) (ns|us|ms|s)\b", text).groups()
            times[number].append(float(value) * SECONDS[unit])

    fastest = statistics.median(peaks)
    print(f"peak {fastest / 1e9:.1f} G fused multiply-adds per second, one core")
    print("| layer | ms | G/s | of peak | peak / layer |")
    print("|---|---:|---:|---:|---:|")
    for number, (name, size, channels, filters, kernel, stride) in enumerate(LAYERS):
        out = (size - kernel) // stride + 1
        work_done = out * out * filters * kernel * kernel * channels
        seconds = statistics.median(times[number])
        ratio = work_done / seconds / fastest
        print(f"| {name} | {seconds * 1e3:.3f} | {work_done / seconds / 1e9:.1f} "
              f"| {100 * ratio:.0f} % | {1 / ratio:.2f} |")


if __name__ == "__main__":
    main()
