# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write damaged copies of a 64-bit ELF library: damage_library.py LIB FOLDER."""

import struct
import sys
from pathlib import Path

library = Path(sys.argv[1]).read_bytes()
folder = Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)

(folder / "truncated.so").write_bytes(library[:100])
(folder / "half.so").write_bytes(library[: len(library) // 8])
# The offset of the program headers, close to 2^64.
(folder / "headers.so").write_bytes(
    library[:32] + struct.pack("<Q", 2**64 - 8) + library[40:]
)
riscv = 243
(folder / "machine.so").write_bytes(
    library[:18] + struct.pack("<H", riscv) + library[20:]
)
