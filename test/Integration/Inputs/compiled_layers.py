# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fail unless the compiled results of a grid of packed_layers.py are the interpreter's.

    compiled_layers.py BINARIES WORK GRID...
"""

import subprocess
import sys
from pathlib import Path


def run(*command: object) -> str:
    """Returns what `command` prints; exits with its messages where it fails."""
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{command[0]} fails:\n{result.stdout}{result.stderr}")
    return result.stdout


def main() -> None:
    binaries, work = Path(sys.argv[1]), Path(sys.argv[2])
    for grid in sys.argv[3:]:
        directory = work / grid
        directory.mkdir(parents=True, exist_ok=True)
        network, library = directory / "layers.mlir", directory / "layers.so"
        network.write_text(run(sys.executable, Path(__file__).parent / "packed_layers.py", grid))
        run(binaries / "dorefa-compile", network, "-o", library)
        listing = run(binaries / "dorefa-run", library, "--list").splitlines()
        files = [f"{name}={directory / name}.npy"
                 for kind, name, *_ in map(str.split, listing) if kind == "output"]
        run(binaries / "dorefa-interpret", network,
            *(word for file in files for word in ("--output", file)))
        run(binaries / "dorefa-run", library,
            *(word for file in files for word in ("--expect", file)))
        print(f"{grid}: {len(files)} results, all as interpreted")


if __name__ == "__main__":
    main()
