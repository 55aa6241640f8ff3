# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write ONNX files that no importer should accept, and check that ours refuses them.

Usage: make_bad_models.py DOREFA_TRANSLATE FOLDER

Each file must make the importer exit with 1 and at least one error that is located,
within a second of processor time and 512 MB, without a signal and without an output
file. The last line printed is the number of files that were refused.
"""

import os
import resource
import subprocess
import sys
from pathlib import Path

# Each family registers its cases where it is imported.
from bad_files import damaged, floats, graph, quantizers, shapes, tensor_data, windows  # noqa: F401
from bad_files.case import CASES
from bad_files.external_data import make_surroundings

SECONDS = 1.0
BYTES = 512 << 20

# The sanitizers' shadow memory and checks would break any limit.
SANITIZED = "ASAN_OPTIONS" in os.environ


def limit() -> None:
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_DATA, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def cpu_seconds() -> float:
    """Processor time of all children so far: other programs do not count."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def check(program: str, path: Path) -> str:
    """Returns what is wrong with the way the importer refuses `path`, or nothing."""
    output = path.with_suffix(".mlir")
    before = cpu_seconds()
    result = subprocess.run([program, "--import-onnx", str(path), "-o", str(output)],
                            stdin=subprocess.DEVNULL, capture_output=True, timeout=60, preexec_fn=limit)
    seconds = cpu_seconds() - before
    errors = [line for line in result.stderr.split(b"\n") if b"error:" in line]
    located = any(b"loc(" in line for line in errors)
    if result.returncode != 1:
        return f"exit code {result.returncode}"
    if not errors or not located:
        return "no located error"
    if len(errors) > 1:
        return f"{len(errors)} errors"
    if seconds > SECONDS and not SANITIZED:
        return f"{seconds:.1f} s"
    return "an output file" if output.exists() else ""


def main() -> int:
    program, folder = sys.argv[1], Path(sys.argv[2])
    make_surroundings(folder)
    refused, usage = 0, resource.RUSAGE_CHILDREN
    for name, make in CASES.items():
        made = make()
        path = folder / "models" / f"{name}.onnx"
        path.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
        problem = check(program, path)
        refused += not problem
        print(f"{name:36} {problem or 'refused'}")
    peak = resource.getrusage(usage).ru_maxrss >> 10
    print(f"peak memory {peak} MB")
    print(f"{refused} of {len(CASES)} bad files refused")
    return refused != len(CASES) or peak > BYTES >> 20


if __name__ == "__main__":
    sys.exit(main())
