# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Print what lit found as one line, and exit as lit did.

Usage: summarize-tests.py RESULTS.json STATUS
"""

import collections
import json
import sys
from pathlib import Path

PASSED = {"PASS", "XFAIL", "FLAKYPASS"}
SKIPPED = {"UNSUPPORTED", "SKIPPED", "EXCLUDED"}


def main() -> int:
    path, status = Path(sys.argv[1]), int(sys.argv[2])
    tests = json.loads(path.read_text())["tests"] if path.exists() else []
    counts = collections.Counter(
        "passed" if t["code"] in PASSED else "skipped" if t["code"] in SKIPPED else "failed"
        for t in tests
    )
    for test in tests:
        if test["code"] in SKIPPED:
            print(f"skipped: {test['name']}")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return status or (1 if counts["failed"] or not tests else 0)


if __name__ == "__main__":
    sys.exit(main())
