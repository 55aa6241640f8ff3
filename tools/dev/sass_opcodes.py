# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Count the instructions in each function of a cubin that say how a kernel computes.

Usage: sass_opcodes.py FILE.cubin

A b1 mma is native where it is one BMMA; where ptxas emulates it, IMMA or CALL stand instead.
Instructions are 128 bits long (sm_70 and later), their low 12 bits tell the operation.
"""

import struct
import sys
from collections import Counter
from pathlib import Path

NAMES = {0x23D: "BMMA", 0x237: "IMMA", 0x309: "POPC", 0x83B: "LDSM", 0x9AE: "LDGSTS",
         0xFAE: "LDGSTS", 0xB1D: "BAR", 0x389: "SHFL", 0xF89: "SHFL", 0x943: "CALL",
         0x944: "CALL"}
NOP = 0x918


def functions_of(cubin: bytes) -> dict[str, Counter[str]]:
    """Returns counts per function; the sections .text.<function> of an ELF64 file."""
    (start,) = struct.unpack_from("<Q", cubin, 0x28)
    size, count, names = struct.unpack_from("<HHH", cubin, 0x3A)
    sections = [struct.unpack_from("<IIQQQQ", cubin, start + i * size) for i in range(count)]
    functions = {}
    for name_offset, _, _, _, offset, length in sections:
        first = sections[names][4] + name_offset
        name = cubin[first:cubin.index(b"\0", first)].decode()
        if not name.startswith(".text."):
            continue
        opcodes = [struct.unpack_from("<Q", cubin, place)[0] & 0xFFF
                   for place in range(offset, offset + length, 16)]
        functions[name.removeprefix(".text.")] = Counter(
            NAMES.get(opcode, "other") for opcode in opcodes if opcode != NOP)
    return functions


def main() -> int:
    cubin = Path(sys.argv[1]).read_bytes()
    for name, counts in functions_of(cubin).items():
        print(f"{name}:", " ".join(f"{kind} {counts[kind]}" for kind in sorted(counts)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
