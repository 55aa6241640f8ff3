# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compare a trace of the interpreter with golden accumulators and codes.

Usage: compare_trace.py TRACE.npz GOLDEN.npz [SUFFIX=SUFFIX...]

Every array of GOLDEN must be in TRACE under its name, with its shape (a leading batch
of 1 may be missing) and exactly its integers. `_acc=_out` says that what ends in _acc
in GOLDEN ends in _out in TRACE.
"""

import sys

import numpy as np


def difference(found: np.ndarray | None, golden: np.ndarray) -> str:
    """Returns what is wrong with one array, or nothing."""
    if found is None:
        return "missing in the trace"
    if found.dtype.kind not in "iu":
        return f"{found.dtype} but must be integer"
    if found.shape != golden.shape and found.shape != (1, *golden.shape):
        return f"shape {found.shape} but must be {golden.shape}"
    wrong = int(np.sum(found.reshape(golden.shape).astype(np.int64) != golden))
    return f"{wrong} of {golden.size} differ" if wrong else ""


def rename(name: str, suffixes: list[str]) -> str:
    """Returns the name in the trace of a golden array."""
    for old, new in (pair.split("=") for pair in suffixes):
        if name.endswith(old):
            return name.removesuffix(old) + new
    return name


def main() -> int:
    trace, golden = np.load(sys.argv[1]), np.load(sys.argv[2])
    failures = 0
    for name in golden.files:
        found = rename(name, sys.argv[3:])
        wrong = difference(trace[found] if found in trace.files else None, golden[name])
        failures += bool(wrong)
        print(f"{name:16} {wrong or f'{golden[name].size} of {golden[name].size} equal'}")
    print(f"{len(golden.files) - failures} of {len(golden.files)} arrays equal")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
