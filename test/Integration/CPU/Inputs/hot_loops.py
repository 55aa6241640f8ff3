# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Count instructions and spills of the innermost loops that execute an instruction.

    hot_loops.py LIBRARY INSTRUCTION
"""

import re
import sys

from check_spills import loops


def main():
    library, wanted = sys.argv[1:]
    for loop in loops(library):
        count = sum(instruction.startswith(wanted) for instruction in loop)
        spills = sum(re.search(r"%zmm\d+, .*\(|\(%rsp.*%zmm", instruction) is not None for instruction in loop)
        if count >= 4:
            print(f"{count} of {len(loop)} instructions are {wanted}, {spills} spills")


if __name__ == "__main__":
    main()
