# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Counts exposed configuration in three time lines: exposed_configuration.py BENCHMARKS"""

import sys

sys.path.insert(0, sys.argv[1])
from accelerator import exposed_configuration


def event(name: str, engine: int, issued: int, cycles: int) -> dict:
    return {"name": name, "tid": engine, "ts": issued, "dur": cycles}


def main() -> int:
    products = [event("mm", 2, 10, 10), event("mm", 2, 60, 10)]
    follows = [event("cfg.result", 3, 25, 1), event("cfg.result", 3, 26, 1), event("pp", 3, 27, 9)]
    prepared = [event("cfg.input", 1, 25, 1), event("ga", 1, 46, 9)]
    waits = [event("cfg.result", 3, 25, 1), event("pp", 3, 35, 9)]
    print(*(exposed_configuration(products + line) for line in (follows, prepared, waits)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
