# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compile, run and interpret real networks, and compare with their golden outputs.

Usage: check_models.py BIN WORK [--target=gpu] MODEL.onnx...

For each `NAME.onnx` the files `NAME.input.npy` and `NAME.expected.npy`, and
`NAME.extra_input.npy` and `NAME.extra_expected.npy` where there are any, lie beside it.
The compiled output must equal the golden (exactly where that is integer, else within
1e-4 of its largest magnitude) and the interpreter's output, exactly. For target gpu the
model runs in the emulator.
"""

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

TOLERANCE = 1e-4


@dataclass
class Sample:
    """One input with its golden output, both with a leading batch of 1."""

    inputs: Path
    golden: np.ndarray


def samples_of(model: Path, work: Path) -> list[Sample]:
    """Returns the golden sample and the extra ones, one batch entry each."""
    base = model.with_suffix("")
    found = []
    for kind in ("", "extra_"):
        if not Path(f"{base}.{kind}input.npy").exists():
            continue
        inputs, golden = np.load(f"{base}.{kind}input.npy"), np.load(f"{base}.{kind}expected.npy")
        for number in range(len(inputs)):
            path = work / f"{model.stem}.{kind}{number}.npy"
            # One of the public inputs is in Fortran order, which dorefa-run refuses.
            np.save(path, np.ascontiguousarray(inputs[number : number + 1]))
            found.append(Sample(path, golden[number : number + 1]))
    return found


def run(*command: object) -> None:
    """Runs a program, which must succeed."""
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"{command[0]}: exit {result.returncode}: {result.stderr.strip()}")


def difference(found: np.ndarray, golden: np.ndarray) -> str:
    """Returns what is wrong with `found`, or nothing."""
    if found.shape != golden.shape:
        return f"shape {found.shape}, golden {golden.shape}"
    integer = np.array_equal(golden, np.rint(golden))
    worst = float(np.max(np.abs(found.astype(np.float64) - golden))) if golden.size else 0.0
    limit = 0.0 if integer else TOLERANCE * float(np.max(np.abs(golden)))
    if not worst <= limit:
        count = int(np.sum(np.abs(found.astype(np.float64) - golden) > limit))
        return f"{count} of {golden.size} differ, worst {worst:g}, limit {limit:g}"
    return ""


def check(binaries: Path, work: Path, model: Path, target: str) -> str:
    """Returns what is wrong with one model, or nothing."""
    library = work / f"{model.stem}.so"
    run(binaries / "dorefa-compile", model, f"--target={target}", "-o", library)
    device = ["--device=emulator"] if target == "gpu" else []
    for sample in samples_of(model, work):
        outputs = []
        for program, what, options in (("dorefa-run", library, device),
                                       ("dorefa-interpret", model, [])):
            path = work / f"{model.stem}.{program}.npy"
            run(binaries / program, what, *options, "--input", sample.inputs, "--output", path)
            outputs.append(np.load(path))
        if wrong := difference(outputs[0], sample.golden):
            return wrong
        if outputs[0].tobytes() != outputs[1].tobytes():
            return f"{int(np.sum(outputs[0] != outputs[1]))} values differ from the interpreter"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binaries", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("models", type=Path, nargs="*")
    parser.add_argument("--target", default="cpu")
    arguments = parser.parse_intermixed_args()
    binaries, work, models = arguments.binaries, arguments.work, arguments.models
    work.mkdir(parents=True, exist_ok=True)
    failures = 0
    for model in models:
        try:
            wrong = check(binaries, work, model, arguments.target)
        except RuntimeError as error:
            wrong = str(error)
        failures += bool(wrong)
        print(f"{model.stem:45} {wrong or 'ok'}", flush=True)
    print(f"{len(models) - failures} of {len(models)} networks right")
    return 1 if failures or not models else 0


if __name__ == "__main__":
    sys.exit(main())
