# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compile real networks for the accelerator and compare what the simulators, and the hardware
where it was built, give.

Usage: run_models.py DIR SOURCE DOREFA_COMPILE DOREFA_RUN DOREFA_INTERPRET CONFIGURATION

Prints a line per network: digits, and where ../shared/models is present those, whose goldens
decide.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

NETWORKS = ["dorefanet/dorefanet_w1a2", "dorefanet/dorefanet_w1a2_image", "cnv/cnv_w1a1_cifar10",
            "cnv/cnv_w1a2_cifar10"]
DEVICES = ["bpa-func", "bpa-cycle"]
# It runs in lock step with both.
HARDWARE = "bpa-rtl"


def run(*command) -> None:
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout}{result.stderr}")


def has_hardware(runner: str) -> bool:
    program = Path(shutil.which(runner)).resolve()
    return (program.parent.parent / "lib/libdorefa-bpa-rtl.so").exists()


def check(folder: Path, tools: list[str], model: Path, image: Path, expected: Path) -> None:
    compiler, runner, _, configuration = tools
    library = folder / f"{model.stem}.so"
    run(compiler, model, "--target=bpa", f"--bpa-config={configuration}", "-o", library)
    devices = DEVICES + [HARDWARE] * has_hardware(runner)
    for device in devices:
        run(runner, library, "--input", image, "--expect", expected, f"--device={device}")
    print(f"{model.stem}: equal on {', '.join(devices)}")


def main() -> int:
    folder, source, tools = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    folder.mkdir(parents=True, exist_ok=True)
    digits = source / "examples/digits/digits.onnx"
    image, expected = folder / "digits.npy", folder / "digits.expected.npy"
    np.save(image, np.random.default_rng(1).random((3, 1, 8, 8), np.float32) * 16)
    run(tools[2], digits, "--input", image, "--output", expected)
    check(folder, tools, digits, image, expected)
    for name in NETWORKS:
        model = source / "../shared/models" / f"{name}.onnx"
        if model.exists():
            check(folder, tools, model, model.with_suffix(".input.npy"),
                  model.with_suffix(".expected.npy"))
        else:
            print(f"{name}: skipped, ../shared/models is absent")
    print("models: equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
