# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write what a gpu.binary operation holds, such as PTX or LLVM bitcode, into a file.

Usage: gpu_object.py IN.mlir OUT
"""

import re
import sys
from pathlib import Path

OBJECT = re.compile(r'#gpu\.object<[^"]*(?:"[^"]*"[^"]*)*?(?:=|,)\s*"((?:[^"\\]|\\.)*)">', re.DOTALL)
ESCAPE = re.compile(rb'\\([0-9A-Fa-f]{2}|[\\"nt])')
LETTERS = {b"\\": b"\\", b'"': b'"', b"n": b"\n", b"t": b"\t"}


def unescape(text: bytes) -> bytes:
    """Returns the bytes that MLIR has printed as a string."""
    return ESCAPE.sub(
        lambda match: LETTERS.get(match[1]) or bytes([int(match[1], 16)]), text)


def main() -> int:
    source, target = (Path(argument) for argument in sys.argv[1:])
    objects = OBJECT.findall(source.read_text(encoding="latin-1"))
    if len(objects) != 1:
        print(f"error: {source} has {len(objects)} objects in gpu.binary operations but must "
              "have one; run gpu-module-to-binary", file=sys.stderr)
        return 1
    # PTX ends with a null character that ptxas refuses.
    target.write_bytes(unescape(objects[0].encode("latin-1")).rstrip(b"\0"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
