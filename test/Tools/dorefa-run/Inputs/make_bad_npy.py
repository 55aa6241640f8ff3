# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write .npy files for float32 (batch, 2, 2), each wrong in one way.

usage: make_bad_npy.py FOLDER
"""

import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)


def write(name: str, data: bytes) -> None:
    (folder / f"{name}.npy").write_bytes(data)


def save(name: str, array: np.ndarray) -> None:
    np.save(folder / f"{name}.npy", array)


def with_header(header: bytes, data: bytes = bytes(16), version: int = 1) -> bytes:
    length = len(header).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


def entry(
    descr: str = "'<f4'", order: str = "False", shape: str = "(1, 2, 2)"
) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"
    return text.encode()


good = np.arange(4, dtype="<f4").reshape(1, 2, 2)
save("good", good)
whole = (folder / "good.npy").read_bytes()

# The file as a whole.
write("empty", b"")
write("magic", b"\x89PNG\r\n\x1a\n" + bytes(100))
write("short-magic", whole[:4])
write("no-length", whole[:9])
write("half-header", whole[:40])
write("truncated", whole[:-1])
write("trailing", whole + b"\0")
write("no-data", whole[:128])
write("version", whole[:6] + b"\x09\x01" + whole[8:])
write("unicode", "ναμπάι ✗ \u202e\0\x1b[31m".encode() * 20)
write("junk-header", with_header("✗\x1b[31m\0".encode() * 20))
np.savez(folder / "archive.npz", image=good)
(folder / "directory.npy").mkdir(exist_ok=True)

# The length of the header.
write("header-length", whole[:8] + b"\xff\xff" + whole[10:])
write("header-length-v2", with_header(entry(), version=2)[:8] + b"\xff" * 4 + entry())
write("header-empty", with_header(b""))

# The grammar of the header.
write("no-brace", with_header(b"'descr': '<f4'"))
write("open-string", with_header(b"{'descr': '<f4, "))
write("no-colon", with_header(b"{'descr' '<f4'}"))
write("no-shape", with_header(b"{'descr': '<f4', 'fortran_order': False}"))
write("two-shapes", with_header(b"{'shape': (4,), 'shape': (4,)}"))
write("unknown-key", with_header(b"{'type': '<f4'}"))
write("behind-dict", with_header(entry() + b"x"))
write("order-word", with_header(entry(order="Maybe")))
write("nested", with_header(b"{" * 60000))

# The shape.
write("huge", with_header(entry(shape="(1000000000, 1000000000)")))
write("overflow", with_header(entry(shape="(4294967296, 4294967296, 4294967296)")))
write("wrap-to-16", with_header(entry(shape="(4611686018427387905, 4)")))
write("size-overflow", with_header(entry(shape="(99999999999999999999,)")))
write("negative", with_header(entry(shape="(-1, 2, 2)")))
write("fraction", with_header(entry(shape="(1.5, 2, 2)")))
write("rank-65", with_header(entry(shape="(" + "1, " * 65 + ")")))
write("open-shape", with_header(entry(shape="(1, 2, 2")))

# The elements.
save("fortran", np.asfortranarray(np.zeros((3, 2, 2), "<f4")))
save("big-endian", good.astype(">f4"))
save("object", good.astype(object))
save("structured", np.zeros((1, 2, 2), [("x", "<f4"), ("y", "<i4")]))
save("text", np.zeros((1, 2, 2), "<U5"))
save("half", good.astype("<f2"))
save("complex", good.astype("<c8"))
save("float64", good.astype("<f8"))
save("int32", good.astype("<i4"))

# Good files that do not suit the input.
save("rank", good.reshape(1, 4))
save("no-batch", good.reshape(2, 2))
save("dim", np.zeros((1, 2, 3), "<f4"))
save("batch-0", np.zeros((0, 2, 2), "<f4"))
