# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Interpret networks in every phase: from `codes` on no bit of an output may change.

Usage: check_phases.py INTERPRETER WORK MODEL.onnx...
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

LATER_PHASES = ("thresholds", "bitplane", "kernels")


def interpret(interpreter: str, model: Path, phase: str, work: Path, *files: str) -> str:
    """Returns what the interpreter says if it fails, or nothing."""
    command = [interpreter, model, f"--phase={phase}", "--input", work / "input.npy", *files]
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    return "" if result.returncode == 0 else f"{phase}: {(result.stdout + result.stderr).strip()}"


def check(interpreter: str, model: Path, work: Path) -> str:
    """Returns what is wrong with one network, or nothing."""
    # One of the public inputs is in Fortran order, which the interpreter refuses.
    np.save(work / "input.npy", np.ascontiguousarray(np.load(model.with_suffix(".input.npy"))))
    output = str(work / "output.npy")
    wrong = interpret(interpreter, model, "codes", work, "--output", output)
    for phase in LATER_PHASES:
        wrong = wrong or interpret(interpreter, model, phase, work, "--expect", output)
    return wrong


def main() -> int:
    interpreter, work, models = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    work.mkdir(parents=True, exist_ok=True)
    failures = 0
    for model in map(Path, models):
        wrong = check(interpreter, model, work)
        failures += bool(wrong)
        print(f"{model.stem:45} {wrong or 'equal'}", flush=True)
    print(f"{len(models) - failures} of {len(models)} networks equal in every phase")
    return 1 if failures or not models else 0


if __name__ == "__main__":
    sys.exit(main())
