# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compare fused thresholds with the float reference on every accumulator of layers of
all 64 pairs of widths, with 12 classes of batch norm and 4 rounding modes.

Usage: check_all_widths.py DOREFA_OPT WORK

The classes are the channels of one layer, so that each pair is one function. Weights are
arguments: the range of an accumulator then follows from the widths alone.
"""

import re
import resource
import subprocess
import sys
from pathlib import Path

ROUNDINGS = ("half_even", "half_up", "half_down", "floor")
# Integers on either side of 0 that each accumulator takes at least.
REACH = 180_000
LEAST_COMPARED = 10**9
EPSILON = 2.0**-17


def classes(span: float) -> dict[str, tuple[float, float, float, float, float]]:
    """Returns scale, mean, variance, gamma and beta per class, for accumulators whose
    scaled values lie in [-span, span]; a scale of 0 stands for that of the layer."""
    variance = (span / 3) ** 2
    return {
        "gamma > 0": (0, span / 10, variance, 0.37, 0.41),
        "gamma < 0": (0, span / 10, variance, -0.37, 0.41),
        "gamma = 0": (0, span / 10, variance, 0.0, 0.41),
        "gamma tiny": (0, 0.0, 1.0, 1e-30, 0.5),
        "gamma huge": (0, 0.25, variance, 1e30, 0.0),
        "gamma denormal": (0, 0.0, 1.0, 1e-41, 0.5),
        # A variance so that sqrt(variance + epsilon) is 1: every value is dyadic.
        "ties rising": (2.0**-16, 0.0, 1 - EPSILON, 1.0, 0.5),
        "ties falling": (2.0**-16, 0.5, 1 - EPSILON, -0.5, 0.5),
        "variance 0": (0, span / 10, 0.0, 0.5, 0.25),
        "beta large": (0, 0.0, variance, 1.0, 3e4),
        "mean large": (0, span * 0.97, variance, 1.5, 0.5),
        "overflow": (1e36, 0.0, 1e-20, 1e10, 0.5),
    }


def constant(name: str, values: list[float]) -> str:
    text = ", ".join(f"{value:.9e}" for value in values)
    return f"  %{name} = arith.constant dense<[{text}]> : tensor<{len(values)}xf32>\n"


def function(weight_bits: int, activation_bits: int) -> str:
    """Returns a layer of the two widths with all classes and rounding modes behind it."""
    levels = (2**weight_bits - 1) * (2**activation_bits - 1)
    taps = -(-REACH // levels)
    rows = classes(float(taps))
    count = len(rows)
    columns = [list(column) for column in zip(*rows.values())]
    scales = [scale or 1 / levels for scale in columns[0]]
    # Ties need steps that are powers of 2.
    steps = [2.0**-activation_bits if "ties" in name else 1 / (2**activation_bits - 1) for name in rows]
    activations = f"tensor<1x{taps}x!dorefa.code<{activation_bits}, unipolar>>"
    weights = f"tensor<{count}x{taps}x!dorefa.code<{weight_bits}, bipolar>>"
    codes = f"tensor<1x{count}x!dorefa.code<{activation_bits}, unipolar>>"
    text = f"func.func @w{weight_bits}a{activation_bits}(%x: {activations}, %w: {weights}) -> ({', '.join([codes] * 4)}) {{\n"
    for name, values in zip(("s", "mean", "variance", "gamma", "beta"), [scales, *columns[1:]]):
        text += constant(name, values)
    text += f"  %acc = dorefa.matmul %x, %w : {activations}, {weights} -> tensor<1x{count}xi32>\n"
    text += f"  %f = dorefa.scale %acc, %s : tensor<1x{count}xi32>, tensor<{count}xf32> -> tensor<1x{count}xf32>\n"
    text += "  %n = dorefa.batch_norm %f, %mean, %variance, %gamma, %beta"
    text += f" epsilon {EPSILON:.9e} : tensor<1x{count}xf32>, tensor<{count}xf32>\n"
    scale = ", ".join(f"{step:.9e}" for step in steps)
    for rounding in ROUNDINGS:
        text += f"  %{rounding} = dorefa.quantize %n scale [{scale}] zero_point [0.0] {rounding} axis 1"
        text += f" : tensor<1x{count}xf32> -> {codes}\n"
    results = ", ".join(f"%{rounding}" for rounding in ROUNDINGS)
    return text + f"  return {results} : {', '.join([codes] * 4)}\n}}\n"


def main() -> None:
    optimizer, work = sys.argv[1], Path(sys.argv[2])
    work.mkdir(parents=True, exist_ok=True)
    pairs = [(w, a) for w in range(1, 9) for a in range(1, 9)]
    module = work / "widths.mlir"
    module.write_text("".join(function(w, a) for w, a in pairs))
    command = [optimizer, module, "--dorefa-fuse-thresholds=verify=exhaustive", "--remarks-filter=dorefa"]
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]
    fused = result.stdout.count("dorefa.threshold")
    assert fused == len(pairs) * len(ROUNDINGS), f"{fused} quantizers fused"
    compared = sum(int(n) for n in re.findall(r"evaluations = (\d+)", result.stdout))
    assert compared > LEAST_COMPARED, f"only {compared} values compared"
    seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    print(
        f"{len(pairs)} pairs of widths, {len(classes(1.0))} classes of batch norm, {len(ROUNDINGS)} rounding modes:"
        f" 0 mismatches on {compared} values in {seconds:.0f} s of processor time"
    )
    assert seconds < 120, "must take less than 2 minutes of one core"


main()
