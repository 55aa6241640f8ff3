# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fail unless every operation and pass in a TableGen dump is documented.

Reads the output of `llvm-tblgen --dump-json`. With `--tests=DIR` every example must
also stand, white space aside, in a test below DIR: examples that nobody runs rot.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

FLAG = re.compile(r"(dorefa|bitplane|bpa|convert)(-[a-z0-9]+)+")
EXAMPLE = re.compile(r"```mlir\n(.*?)```", re.DOTALL)


def problems_of(records: dict[str, Any]) -> list[str]:
    """Returns one line per missing text, repeated summary or malformed flag."""
    problems: list[str] = []
    summaries: dict[str, str] = {}
    kinds = records["!instanceof"]
    for name in kinds.get("Op", []) + kinds.get("PassBase", []):
        record = records[name]
        summary, text = record["summary"], record["description"] or ""
        if not summary or not text.strip():
            problems.append(f"{name}: summary or description is missing")
        if "```mlir" not in text:
            problems.append(f"{name}: description has no example")
        if summary.endswith(".") or summary[:1] != summary[:1].upper():
            problems.append(f"{name}: summary must start upper case and end without a period")
        if summaries.setdefault(summary, name) != name:
            problems.append(f"{name}: has the summary of {summaries[summary]}")
    for name in kinds.get("PassBase", []):
        flag = records[name]["argument"]
        if not FLAG.fullmatch(flag):
            problems.append(f"{name}: flag '{flag}' breaks the naming law")
    return problems


def squeeze(text: str) -> str:
    """Returns `text` with every run of white space as one blank."""
    return " ".join(text.split())


def untested_examples(records: dict[str, Any], tests: Path) -> list[str]:
    """Returns one line per example that no test below `tests` holds."""
    corpus = squeeze("\n".join(path.read_text() for path in sorted(tests.rglob("*.mlir"))))
    kinds = records["!instanceof"]
    return [
        f"{name}: no test holds its example: {squeeze(example)[:60]}..."
        for name in kinds.get("Op", []) + kinds.get("PassBase", [])
        for example in EXAMPLE.findall(records[name]["description"] or "")
        if squeeze(example) not in corpus
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=Path, metavar="DIR")
    arguments = parser.parse_args()
    records = json.load(sys.stdin)
    problems = problems_of(records)
    if arguments.tests:
        problems += untested_examples(records, arguments.tests)
    print("\n".join(problems) or "all documented")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
