# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Move the layers of real networks to the accelerator and compare with the network before.

Usage: networks.py DIR SOURCE DOREFA_COMPILE DOREFA_OPT DOREFA_INTERPRET CONFIGURATION

Prints a line per network: digits, and where ../shared/models is present those.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

NETWORKS = ["dorefanet/dorefanet_w1a2", "dorefanet/dorefanet_w1a2_image", "cnv/cnv_w1a1_cifar10",
            "cnv/cnv_w1a2_cifar10", "lfc/lfc_w1a1_mnist", "zoo/TFC_1W2A", "zoo/JetTag_qkeras_6b",
            "synthetic/dorefa_svhn_like", "ties/ties_s3_round"]


def run(*command) -> str:
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.stdout


def check(folder: Path, tools: list[str], model: Path, image: Path) -> None:
    compiler, opt, interpreter, configuration = tools
    before, after = folder / "before.mlirbc", folder / "after.mlir"
    run(compiler, model, "--compile-to=bitplane", "-o", before)
    run(opt, before, f"--convert-bitplane-to-bpa=configuration={configuration}",
        "--bpa-insert-tokens", "-o", after)
    run(interpreter, before, "--input", image, "--output", folder / "expected.npy")
    run(interpreter, after, "--input", image, "--expect", folder / "expected.npy")
    text = after.read_text()
    left = sum(text.count(f"= bitplane.{name}") for name in ("conv_2d", "matmul"))
    print(f"{model.stem}: {text.count('= bpa.launch')} launches, {left} layers left, equal")


def main() -> int:
    folder, source = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    digits = np.random.default_rng(1).random((3, 1, 8, 8), np.float32) * 16
    np.save(folder / "digits.npy", digits)
    check(folder, sys.argv[3:], source / "examples/digits/digits.onnx", folder / "digits.npy")
    for name in NETWORKS:
        model = source / "../shared/models" / f"{name}.onnx"
        if model.exists():
            check(folder, sys.argv[3:], model, model.with_suffix(".input.npy"))
        else:
            print(f"{name}: skipped, ../shared/models is absent")
    print("networks: equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
