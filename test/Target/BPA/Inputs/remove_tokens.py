# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Remove each awaited token of a program that is in order; the verifier must object each time.

Usage: remove_tokens.py PROGRAM.s DIR BPA_AS BPA_VERIFY
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path


def verify(folder: Path, tools: list[str], lines: list[str]) -> str:
    """What the verifier says, without its name."""
    source, program = folder / "removed.s", folder / "removed.elf"
    source.write_text("\n".join(lines) + "\n")
    subprocess.run([tools[0], source, "-o", program], check=True)
    result = subprocess.run([tools[1], program], capture_output=True, text=True)
    return result.stdout.strip() if result.returncode == 0 else result.stderr.strip()


def without(line: str, engine: str) -> str:
    """The line with its wait for this engine taken out."""
    engines = re.search(r"wait\((.*?)\)", line).group(1).split(", ")
    engines.remove(engine)
    rest = f"wait({', '.join(engines)})" if engines else ""
    return re.sub(r"wait\(.*?\)", rest, line)


def main() -> int:
    lines, folder = Path(sys.argv[1]).read_text().splitlines(), Path(sys.argv[2])
    tools = sys.argv[3:]
    print("whole:", verify(folder, tools, lines))
    kinds: dict[str, int] = {}
    for i, line in enumerate(lines):
        found = re.search(r"wait\((.*?)\)", line)
        for engine in found.group(1).split(", ") if found else []:
            said = verify(folder, tools, [*lines[:i], without(line, engine), *lines[i + 1:]])
            if "in order" in said:
                print(f"line {i + 1} without its wait for {engine}: {said}")
                return 1
            kind = "race" if "that no token orders" in said else "other"
            kinds[kind] = kinds.get(kind, 0) + 1
    print(f"{sum(kinds.values())} waits removed, all found:", kinds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
