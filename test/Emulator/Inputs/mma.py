# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write kernels of one mma.sync per block, inputs and the matrices they have to compute.

Usage: mma.py PREFIX

Writes PREFIX.mlir with a kernel of each shape and type, and PREFIX.<kernel>.{a,b,c,d}.npy:
c is added to the product of a and the transposed b, COUNT pairs of matrices. Fragments are
loaded and stored as the PTX ISA describes them, element by element, so this is a second
opinion on their layout.
"""

import sys

import numpy as np

COUNT = 3
BITS = {"b": 1, "u4": 4, "s4": 4, "u8": 8, "s8": 8}
# M, K, and the types of A and B or the operation on single bits; N is 8.
CASES = [
    (8, 128, "b.and"), (16, 128, "b.and"), (16, 256, "b.and"), (16, 256, "b.xor"),
    (8, 16, "u8.u8"), (16, 16, "s8.s8"), (16, 32, "u8.u8"), (16, 32, "u8.s8"),
    (16, 32, "s8.u8"), (16, 64, "s4.u4"),
]


def rows_of_a(m: int, register: int) -> int:
    """First row, for lanes 0 to 3, of a register of A."""
    return 8 * (register % (m // 8))


def kernel(name: str, m: int, k: int, types: list[str], bits: int) -> str:
    """Returns MLIR; matrices are words in global memory, K running along rows."""
    words = k * bits // 32
    lines: list[str] = []

    def load(array: str, row: str, word: int) -> str:
        name = f"%v{len(lines)}"
        lines.append(f"""
    %w{len(lines)} = arith.addi %t, %c{word} : index
    {name} = memref.load %{array}[%block, {row}, %w{len(lines)}]
        : memref<{COUNT}x{m if array == 'a' else 8}x{words}xi32>""")
        return name

    a = [load("a", f"%g{rows_of_a(m, r)}", 4 * (r // (m // 8)))
         for r in range(m // 8 * words // 4)]
    b = [load("b", "%g0", 4 * r) for r in range(words // 4)]
    places = [(f"%g{8 * (r // 2)}", f"%t2_{r % 2}") for r in range(m // 4)]
    c = []
    for r, (row, column) in enumerate(places):
        lines.append(f"""
    %c_{r} = memref.load %c[%block, {row}, {column}] : memref<{COUNT}x{m}x8xi32>""")
        c.append(f"%c_{r}")
    if bits == 1:
        kinds = f"b1Op = #nvvm.mma_b1op<{types[1]}_popc>,"
        names = ["b1", "b1"]
    else:
        kinds = "intOverflowBehavior = #nvvm.mma_int_overflow<wrapped>,"
        names = types
    results = ", ".join(["i32"] * len(places))
    each = [", ".join(["i32"])] * 3
    lines.append(f"""
    %d_all = nvvm.mma.sync A[{', '.join(a)}] B[{', '.join(b)}] C[{', '.join(c)}]
        {{{kinds} layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>,
         multiplicandAPtxType = #nvvm.mma_type<{names[0]}>,
         multiplicandBPtxType = #nvvm.mma_type<{names[1]}>,
         shape = #nvvm.shape<m = {m}, n = 8, k = {k}>}} :
        ({', '.join(each)}) -> !llvm.struct<({results})>""")
    for r, (row, column) in enumerate(places):
        lines.append(f"""
    %d_{r} = llvm.extractvalue %d_all[{r}] : !llvm.struct<({results})>
    memref.store %d_{r}, %d[%block, {row}, {column}] : memref<{COUNT}x{m}x8xi32>""")
    return f"""
  gpu.func @{name}(%a: memref<{COUNT}x{m}x{words}xi32>, %b: memref<{COUNT}x8x{words}xi32>,
                %c: memref<{COUNT}x{m}x8xi32>, %d: memref<{COUNT}x{m}x8xi32>) kernel {{
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %block = gpu.block_id x
    %lane = gpu.thread_id x
    %g0 = arith.divui %lane, %c4 : index
    %g8 = arith.addi %g0, %c8 : index
    %t = arith.remui %lane, %c4 : index
    %t2_0 = arith.muli %t, %c2 : index
    %t2_1 = arith.addi %t2_0, %c1 : index
{''.join(lines)}
    gpu.return
  }}
"""


def pack(values: np.ndarray, bits: int) -> np.ndarray:
    """Packs the last axis into words, the first element lowest."""
    per_word = 32 // bits
    fields = (values & ((1 << bits) - 1)).astype(np.uint64)
    fields = fields.reshape(*values.shape[:-1], -1, per_word)
    shifts = np.arange(per_word, dtype=np.uint64) * np.uint64(bits)
    return (fields << shifts).sum(axis=-1).astype(np.uint32).view(np.int32)


def case(m: int, k: int, types: list[str], bits: int) -> dict[str, np.ndarray]:
    """Returns random matrices and their product."""
    random = np.random.default_rng(k + m)

    def draw(rows: int, kind: str) -> np.ndarray:
        low, high = (-(1 << (bits - 1)), 1 << (bits - 1)) if kind[0] == "s" else (0, 1 << bits)
        return random.integers(low, high, (COUNT, rows, k))

    a, b = draw(m, types[0]), draw(8, types[1] if bits > 1 else "b")
    c = random.integers(-(2**31), 2**31, (COUNT, m, 8))
    if types[1] == "xor":
        product = (a[:, :, None] ^ b[:, None]).sum(axis=-1)
    else:
        product = a @ b.transpose(0, 2, 1)
    return {"a": pack(a, bits), "b": pack(b, bits), "c": c.astype(np.int32),
            "d": (c + product).astype(np.uint64).astype(np.uint32).view(np.int32)}


def main() -> int:
    prefix = sys.argv[1]
    kernels = []
    for m, k, kinds in CASES:
        types = kinds.split(".")
        bits = BITS[types[0]]
        name = f"m{m}k{k}_{types[0]}_{types[1]}"
        kernels.append(kernel(name, m, k, types, bits))
        for array, values in case(m, k, types, bits).items():
            np.save(f"{prefix}.{name}.{array}.npy", values)
    with open(f"{prefix}.mlir", "w", encoding="utf-8") as file:
        file.write("gpu.module @kernels {" + "".join(kernels) + "}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
