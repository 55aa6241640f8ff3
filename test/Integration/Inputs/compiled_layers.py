# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fail unless the compiled results of a grid of packed_layers.py are the interpreter's.

    compiled_layers.py BINARIES WORK [OPTIONS...] GRID...

Each word of OPTIONS starts with "--": options of dorefa-compile, separated by commas. Compiles
once for each of them. What is not for this machine runs by RUN_ELSEWHERE of the environment,
a command like dorefa-run.
"""

import os
import subprocess
import sys
from pathlib import Path


def run(*command: object) -> str:
    """Returns what `command` prints; exits with its messages where it fails."""
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{command[0]} fails:\n{result.stdout}{result.stderr}")
    return result.stdout


def check(binaries: Path, directory: Path, grid: str, variants: list[list[str]]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    network, library = directory / "layers.mlir", directory / "layers.so"
    network.write_text(run(sys.executable, Path(__file__).parent / "packed_layers.py", grid))
    files: list[str] = []
    for options in variants:
        run(binaries / "dorefa-compile", network, "-o", library, *options)
        if not files:
            listing = run(binaries / "dorefa-run", library, "--list").splitlines()
            files = [f"{name}={directory / name}.npy"
                     for kind, name, *_ in map(str.split, listing) if kind == "output"]
            run(binaries / "dorefa-interpret", network,
                *(word for file in files for word in ("--output", file)))
        runner = [binaries / "dorefa-run"]
        if any(option.startswith("--mtriple=") for option in options):
            runner = os.environ["RUN_ELSEWHERE"].split()
        run(*runner, library, *(word for file in files for word in ("--expect", file)))
        print(f"{grid}: {len(files)} results, all as interpreted", *options)


def main() -> None:
    binaries, work = Path(sys.argv[1]), Path(sys.argv[2])
    words = sys.argv[3:]
    variants = [word.split(",") for word in words if word.startswith("--")] or [[]]
    for grid in words:
        if not grid.startswith("--"):
            check(binaries, work / grid, grid, variants)


if __name__ == "__main__":
    main()
