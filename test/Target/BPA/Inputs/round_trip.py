# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Print, assemble and print random programs; the text and the files must stay the same.

Usage: round_trip.py DIR BPA_FUZZ BPA_AS BPA_DIS COUNT
"""

import subprocess
import sys
from pathlib import Path


def main() -> int:
    folder, fuzz, assemble, disassemble, count = Path(sys.argv[1]), *sys.argv[2:]
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(int(count)):
        source, first, second = (folder / name for name in ("a.s", "a.elf", "b.elf"))
        text = subprocess.run([fuzz, "--print=100", f"--seed={seed}"], capture_output=True,
                              check=True).stdout
        source.write_bytes(text)
        subprocess.run([assemble, source, "-o", first], check=True)
        again = subprocess.run([disassemble, first], capture_output=True, check=True).stdout
        subprocess.run([assemble, "-", "-o", second], input=again, check=True)
        if again != text or first.read_bytes() != second.read_bytes():
            print(f"seed {seed} differs")
            return 1
    print(f"{count} programs, {100 * int(count)} instructions: equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
