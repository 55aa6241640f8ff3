# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fail where a source file breaks a rule that a machine can check.

Usage: check_sources.py ROOT

Rules: an SPDX line in each source file; no command-line options in lib/, where they would
be global state; a main() of at most 40 lines; no `assert` on what a user gave (assertions
are off in the packaged LLVM, so they check nothing).
"""

import re
import sys
from pathlib import Path

FOLDERS = ("benchmarks", "dialects", "examples", "include", "lib", "python", "scripts", "test",
           "tools")
SUFFIXES = {".c", ".cmake", ".cpp", ".h", ".py", ".td", ".sv"}
MAIN = re.compile(r"^int main\(.*?^}", re.DOTALL | re.MULTILINE)
LONGEST_MAIN = 40


def problems_of(path: Path, root: Path) -> list[str]:
    """Returns one line per broken rule."""
    text = path.read_text()
    name = path.relative_to(root)
    problems = []
    if "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception" not in text:
        problems.append(f"{name}: has no SPDX line")
    if name.parts[0] == "lib" and re.search(r"\bcl::(opt|list|bits)<", text):
        problems.append(f"{name}: defines a command-line option; options belong to tools/")
    if path.suffix == ".cpp" and re.search(r"^\s*assert\(", text, re.MULTILINE):
        problems.append(f"{name}: asserts; emit a diagnostic instead")
    main = MAIN.search(text)
    if main and path.suffix == ".cpp" and main.group().count("\n") + 1 > LONGEST_MAIN:
        problems.append(f"{name}: main() has more than {LONGEST_MAIN} lines")
    return problems


def main() -> int:
    root = Path(sys.argv[1])
    files = [path for folder in FOLDERS for path in sorted((root / folder).rglob("*"))
             if path.suffix in SUFFIXES and "__pycache__" not in path.parts]
    problems = [line for path in files for line in problems_of(path, root)]
    print("\n".join(problems) or "all sources follow the rules")
    return 1 if problems or not files else 0


if __name__ == "__main__":
    sys.exit(main())
