# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measure the float classifier against the bandwidth at which one core reads memory.

    benchmarks/float_matvec.py --build build

A product with one row reads each weight once and does nothing else of note. Each round
asks the reading loop of programs/ceiling.c and every product in turn, so a change of the
load meets all of them; the table has the medians over the rounds.
"""

import argparse
import os
import statistics
import subprocess
from pathlib import Path

from measure import Candidate, Server, Settings, compiled

# name, inputs, outputs
PRODUCTS = [("alexnet 4096x1000", 4096, 1000), ("square 2048x2048", 2048, 2048)]


def network(inputs: int, outputs: int) -> str:
    """Returns a network of one float product as MLIR text."""
    return f"""
func.func @main(%x: tensor<1x{inputs}xf32> {{dorefa.name = "x"}})
    -> (tensor<1x{outputs}xf32> {{dorefa.name = "y"}}) {{
  %w = arith.constant dense<0.125> : tensor<{outputs}x{inputs}xf32>
  %b = arith.constant dense<0.5> : tensor<{outputs}xf32>
  %y = dorefa.matmul %x, %w bias(%b : tensor<{outputs}xf32>)
      : tensor<1x{inputs}xf32>, tensor<{outputs}x{inputs}xf32> -> tensor<1x{outputs}xf32>
  return %y : tensor<1x{outputs}xf32>
}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--rounds", type=int, default=11)
    arguments = parser.parse_args()
    work = arguments.build / "benchmarks" / "work"
    work.mkdir(parents=True, exist_ok=True)
    settings = Settings(arguments.build, work, None, arguments.rounds, threads=1,
                        cpu=(os.cpu_count() or 1) - 1, clock="cpu")

    servers = [Server(Candidate("read", [compiled("ceiling.c", work), "read"]), settings)]
    for name, inputs, outputs in PRODUCTS:
        source = work / f"matvec-{inputs}-{outputs}.mlir"
        source.write_text(network(inputs, outputs))
        library = source.with_suffix(".so")
        subprocess.run([str(settings.binary("dorefa-compile")), str(source), "-o", str(library)],
                       check=True)
        command = [compiled("model.c", work, "-ldl"), library]
        servers.append(Server(Candidate(name, command), settings))
    for _ in range(arguments.rounds):
        for server in servers:
            server.sample()
    for server in servers:
        server.stop()

    read, *products = servers
    fastest = float(read.text.removeprefix("work=")) / statistics.median(read.seconds)
    print(f"one core reads {fastest / 1e9:.1f} GB/s")
    print("| product | ms | GB/s | of reading |")
    print("|---|---:|---:|---:|")
    for server, (name, inputs, outputs) in zip(products, PRODUCTS, strict=True):
        seconds = statistics.median(server.seconds)
        bandwidth = 4 * inputs * outputs / seconds
        print(f"| {name} | {seconds * 1e3:.3f} | {bandwidth / 1e9:.1f} "
              f"| {100 * bandwidth / fastest:.0f} % |")


if __name__ == "__main__":
    main()
