# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Check which thresholds of real networks are reported and what repairing them changes.

Usage: check_lint.py BIN WORK MODELS
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

DAMAGED = {"dorefanet_w1a2", "dorefanet_w1a2_image"}
ROW = "thresholds [19428, -7474, 31160] of group 1, channel 62 of 'conv1_acc'"
REPAIR = "[19428, 58062, 96696]"
CHANGED = 757


def run(*command: object) -> str:
    """Runs a program, which must succeed, and returns its warnings."""
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    assert result.returncode == 0, f"{command}: {result.stderr}"
    return "".join(line for line in result.stderr.splitlines() if "warning" in line)


def check_warnings(binaries: Path, work: Path, model: Path) -> None:
    """Compares what is reported about one network with what is wrong with it."""
    warnings = run(binaries / "dorefa-compile", model, "--compile-to=codes", "-o", work / "codes.mlirbc")
    damaged = model.stem in DAMAGED
    assert warnings.count("warning") == damaged, f"{model.stem}: {warnings}"
    assert not damaged or (ROW in warnings and REPAIR in warnings), warnings


def check_repair(binaries: Path, work: Path, model: Path) -> None:
    """Runs the damaged network as shipped and repaired, interpreted and compiled."""
    base = model.with_suffix("")
    golden = np.load(f"{base}.expected.npy")
    for options, changed in (([], 0), (["--repair-thresholds"], CHANGED)):
        library, output = work / "net.so", work / "output.npy"
        run(binaries / "dorefa-compile", model, *options, "-o", library)
        for command in ([binaries / "dorefa-interpret", model, *options], [binaries / "dorefa-run", library]):
            run(*command, "--input", f"{base}.input.npy", "--output", output)
            found = int(np.sum(np.load(output) != golden))
            assert found == changed, f"{command[0]}: {found} codes differ, not {changed}"


def main() -> None:
    binaries, work, models = (Path(argument) for argument in sys.argv[1:])
    work.mkdir(parents=True, exist_ok=True)
    networks = sorted(models.glob("*/*.onnx"))
    assert networks, "there are no networks"
    for model in networks:
        check_warnings(binaries, work, model)
    check_repair(binaries, work, models / "dorefanet" / "dorefanet_w1a2.onnx")
    print(f"{len(networks)} networks, {len(DAMAGED)} with a damaged row; repair changes {CHANGED} codes")


main()
