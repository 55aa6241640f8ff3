# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compile micro-kernels for many shapes and codes and compare them with NumPy.

Each set of cases becomes one module of functions on memrefs, compiled by
dorefa-opt, mlir-opt, mlir-translate and clang to one shared object. Results have
to be equal to the bit, floats included. Every buffer ends where its memory does,
so that an access beyond it is a crash.
"""

import argparse
import ctypes
import dataclasses
import functools
import mmap
import pathlib
import subprocess
import sys
import time

import numpy as np

INT32_MAX = 2**31 - 1
PIPELINE = (
    "builtin.module(func.func(canonicalize,cse,convert-vector-to-scf{full-unroll=true},lower-affine),"
    "convert-scf-to-cf,expand-strided-metadata,lower-affine,convert-vector-to-llvm,"
    "convert-math-to-llvm,finalize-memref-to-llvm,"
    "convert-func-to-llvm{use-bare-ptr-memref-call-conv=1},convert-arith-to-llvm,"
    "convert-index-to-llvm,convert-cf-to-llvm,canonicalize,cse,reconcile-unrealized-casts)"
)


# Codes -----------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Code:
    """A code type: number of bits and encoding."""

    bits: int
    encoding: str = "unipolar"

    def __str__(self):
        return f"!dorefa.code<{self.bits}, {self.encoding}>"

    def sums(self, codes):
        """p(q): the weighted sum of the planes of each code."""
        terms = 2 ** np.arange(self.bits)
        if self.encoding == "signed":
            terms[-1] *= -1
        if self.encoding == "ternary":
            terms = np.array([1, -1])
        return ((codes[..., None].astype(np.int64) >> np.arange(self.bits)) & 1) @ terms

    def affine(self, offset):
        """(alpha, beta) of v(q) + offset = alpha * p(q) + beta."""
        return (2, offset - 2**self.bits + 1) if self.encoding == "bipolar" else (1, offset)

    def of_levels(self, levels):
        """Codes of a quantizer's levels."""
        if self.encoding == "ternary":
            return (levels > 0) + 2 * (levels < 0)
        return levels & (2**self.bits - 1)

    def random(self, rng, shape):
        codes = rng.integers(0, 2**self.bits, shape)
        return codes % 3 if self.encoding == "ternary" else codes


def pack(codes, bits):
    """Words `... x ceil(C/32) x bits` of codes `... x C`."""
    channels = codes.shape[-1]
    padded = np.zeros(codes.shape[:-1] + (-(-channels // 32) * 32,), np.uint32)
    padded[..., :channels] = codes
    lanes = padded.reshape(codes.shape[:-1] + (-1, 1, 32))
    planes = (lanes >> np.arange(bits, dtype=np.uint32)[:, None]) & np.uint32(1)
    return (planes << np.arange(32, dtype=np.uint32)).sum(-1, dtype=np.uint32).view(np.int32)


# Modules ---------------------------------------------------------------------


class Guarded:
    """A copy of an array whose end is the end of readable memory."""

    def __init__(self, array):
        page = mmap.PAGESIZE
        size = -(-max(array.nbytes, 1) // page) * page
        self.memory = mmap.mmap(-1, size + page)
        base = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        if LIBC.mprotect(ctypes.c_void_p(base + size), ctypes.c_size_t(page), 0) != 0:
            raise OSError("mprotect failed")
        self.address = base + size - array.nbytes
        flat = np.frombuffer(self.memory, np.uint8, size)
        self.before = flat[: size - array.nbytes]
        self.before[...] = 0xA5
        self.array = flat[size - array.nbytes :].view(array.dtype).reshape(array.shape)
        self.array[...] = array

    def intact(self):
        return bool((self.before == 0xA5).all())


LIBC = ctypes.CDLL(None)


def memref(array, shape=None):
    names = {np.dtype(np.int32): "i32", np.dtype(np.int16): "i16", np.dtype(np.int8): "i8",
             np.dtype(np.float32): "f32"}
    return f"memref<{'x'.join(map(str, shape or array.shape))}x{names[array.dtype]}>"


class Module:
    """Functions on memrefs with their arguments and the results they should give.

    Contractions are computed by the kernel that `options` name, where it can.
    """

    def __init__(self, name, options):
        self.name = name
        self.options = options
        self.text = []
        self.calls = []

    def add(self, label, inputs, expected, body, start=None, dynamic=False):
        """Add a function whose text is `body(names, types)`.

        The last name is the destination, filled with `start` or garbage. If
        `dynamic`, the leading sizes of the first and the last are unknown.
        """
        expected = np.ascontiguousarray(expected)
        if start is None:
            start = np.frombuffer(b"\x5a" * expected.nbytes, expected.dtype).reshape(expected.shape)
        arrays = [np.ascontiguousarray(a) for a in (*inputs, start)]
        names = [f"%a{i}" for i in range(len(arrays))]
        types = [memref(a) for a in arrays]
        symbol = f"f{len(self.calls)}"
        text = [f"func.func @{symbol}({', '.join(map(': '.join, zip(names, types)))}) {{"]
        if dynamic:
            for i in (0, len(arrays) - 1):
                wider = memref(arrays[i], ("?",) + arrays[i].shape[1:])
                text.append(f"  %d{i} = memref.cast {names[i]} : {types[i]} to {wider}")
                names[i], types[i] = f"%d{i}", wider
        text += [f"  {body(names, types)}", "  return", "}"]
        self.text.append("\n".join(text))
        self.calls.append((label, symbol, arrays, expected))

    def constant(self, array):
        """Add `array` to the module; returns the line of a function that makes it %t."""
        symbol, type_ = f"t{len(self.text)}", memref(array)
        self.text.append(f'memref.global "private" constant @{symbol} : {type_} = dense<{array.tolist()}>')
        return f"%t = memref.get_global @{symbol} : {type_}\n  "

    def compile(self):
        """Shared object of the functions, in `options.directory`."""
        options = self.options
        kernels = f"lanes={options.lanes} accumulators={options.accumulators}"
        kernels += f" features={options.features}" if options.features else ""
        file = options.directory / self.name
        file.with_suffix(".mlir").write_text("\n".join(self.text))
        for command, source, target in (
            ([options.dorefa_opt, f"--convert-bitplane-to-vector={kernels}",
              f"--convert-linalg-to-vector={kernels}"], ".mlir", ".vector.mlir"),
            (["mlir-opt", f"--pass-pipeline={PIPELINE}"], ".vector.mlir", ".llvm.mlir"),
            (["mlir-translate", "--mlir-to-llvmir"], ".llvm.mlir", ".ll"),
            ([options.clang, "-shared", "-fPIC", "-O1", "-Wno-override-module",
              f"-march={options.cpu}", "-lm"], ".ll", ".so"),
        ):
            subprocess.run(command + [file.with_suffix(source), "-o", file.with_suffix(target)], check=True)
        return file.with_suffix(".so")

    def check(self):
        """Number of functions that are wrong."""
        began = time.time()
        library = ctypes.CDLL(self.compile())
        wrong = 0
        for label, symbol, arrays, expected in self.calls:
            guarded = [Guarded(a) for a in arrays]
            getattr(library, symbol)(*(ctypes.c_void_p(g.address) for g in guarded))
            result = guarded[-1].array
            bits = f"u{expected.itemsize}"
            bad = result.view(bits) != expected.view(bits)
            if bad.any() or not all(g.intact() for g in guarded):
                wrong += 1
                at = tuple(np.argwhere(bad)[0]) if bad.any() else ()
                print(f"WRONG {self.name} {symbol} {label}: {int(bad.sum())} of {bad.size} differ, at {at} "
                      f"{result[at] if at else ''} instead of {expected[at] if at else ''}")
        print(f"{self.name}: {len(self.calls)} kernels, {wrong} wrong, {time.time() - began:.1f} s", flush=True)
        return wrong


# Contractions ----------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Conv:
    """One convolution (or matmul) on codes. `result` asks for thresholds."""

    x: Code = Code(2)
    w: Code = Code(1, "bipolar")
    result: Code = None
    batch: int = 1
    size: tuple = (4, 5)
    channels: int = 40
    outputs: int = 40
    kernel: tuple = (3, 3)
    strides: tuple = (1, 1)
    dilations: tuple = (1, 1)
    pads: tuple = (0, 0, 0, 0)
    groups: int = 1
    offsets: tuple = (0, 0)
    thresholds: int = 0
    base: int = 0
    falling: bool = False
    matmul: bool = False
    dynamic: bool = False
    ones: bool = False
    #: Thresholds known to the compiler.
    constant: bool = False

    def label(self):
        default = Conv()
        return " ".join(f"{f.name}={getattr(self, f.name)}" for f in dataclasses.fields(self)
                        if getattr(self, f.name) != getattr(default, f.name))


def windows(case, size, axis):
    """Taps `outputs x kernel` of one dimension: positions in the padded input."""
    padded = size + case.pads[axis] + case.pads[2 + axis]
    reach = (case.kernel[axis] - 1) * case.dilations[axis] + 1
    count = (padded - reach) // case.strides[axis] + 1
    return np.arange(count)[:, None] * case.strides[axis] + np.arange(case.kernel[axis]) * case.dilations[axis]


def classes(inside):
    """Class of each output position, in order of first appearance."""
    seen = {}
    return np.array([seen.setdefault(tuple(row), len(seen)) for row in inside])


def index(codes, bits, width, groups=1):
    """Indices of tables of codes `... x C`: per group and pair of planes, `width` channels each."""
    channels = codes.shape[-1] // groups
    count = -(-channels // width)
    padded = np.zeros((*codes.shape[:-1], groups, count * width), np.int64)
    padded[..., :channels] = codes.reshape(*codes.shape[:-1], groups, channels)
    padded = padded.reshape(*padded.shape[:-1], 1, count, width)
    low = 2 * np.arange(-(-bits // 2))[:, None, None]
    first, second = (padded >> low) & 1, (padded >> low + 1) & 1
    values = ((first + (second << width)) << np.arange(width)).sum(-1)
    return values.reshape(*codes.shape[:-1], -1).astype(f"u{width // 3}").view(f"i{width // 3}")


def lookup_filter(c, w, width, lanes):
    """Bytes `vectors x WBITS x KH x KW x indices x lanes` of the codes of a filter."""
    outs = c.outputs // c.groups
    vectors = -(-outs // max(lanes, 32)) * max(lanes, 32) // lanes
    bytes_ = np.zeros((c.groups * vectors, c.w.bits, *c.kernel, -(-w.shape[-1] // width), lanes), np.int8)
    for o in range(c.outputs):
        vector, lane = o // outs * vectors + o % outs // lanes, o % outs % lanes
        byte = 2 * lane if lane < lanes // 2 else 2 * lane - lanes + 1
        for plane in range(c.w.bits):
            bytes_[vector, plane, ..., byte] = index((w[o] >> plane) & 1, 1, width)
    return bytes_


def can_look_up(c):
    """Whether kernel `lookup` computes the case."""
    most = np.prod(c.kernel) * 6 * (2**c.x.bits - 1)
    return (c.x.encoding in ("unipolar", "bipolar") and c.x.bits <= 4 and most < 2**16
            and (c.groups == 1 or c.outputs // c.groups % 32 == 0))


def add_contraction(module, case, rng):
    c = case
    kernel = "lookup" if module.options.kernel == "lookup" and can_look_up(c) else "popcount"
    per_group, outs_per_group = c.channels // c.groups, c.outputs // c.groups
    x = c.x.random(rng, (c.batch, *c.size, c.channels))
    w = c.w.random(rng, (c.outputs, *c.kernel, per_group))
    if c.ones:
        x[...], w[...] = 2**c.x.bits - 1, 2**c.w.bits - 1
    (ax, bx), (aw, bw) = c.x.affine(c.offsets[0]), c.w.affine(c.offsets[1])
    top, left, bottom, right = c.pads

    # What the layer means.
    border = ((0, 0), (top, bottom), (left, right), (0, 0))
    vx = np.pad(ax * c.x.sums(x) + bx, border)
    vw = aw * c.w.sums(w) + bw
    rows, columns = windows(c, c.size[0], 0), windows(c, c.size[1], 1)
    taps = vx[:, rows[:, None, :, None], columns[None, :, None, :]]
    taps = taps.reshape(*taps.shape[:-1], c.groups, per_group)
    grouped = vw.reshape(c.groups, outs_per_group, *c.kernel, per_group)
    accumulators = np.einsum("nyxijgc,goijc->nyxgo", taps, grouped, optimize=True)
    accumulators = accumulators.reshape(*accumulators.shape[:3], c.outputs)

    # The packed filter: the words that the groups of a block touch.
    blocks = -(-c.outputs // 32)
    spans = []
    for block in range(blocks):
        first = block * 32 // outs_per_group
        last = (min(block * 32 + 32, c.outputs) - 1) // outs_per_group
        spans.append((first * per_group // 32, -(-(last + 1) * per_group // 32)))
    words = max(end - begin for begin, end in spans)
    total = -(-c.channels // 32)
    filters = np.zeros((blocks, c.w.bits, *c.kernel, words, 32), np.int32)
    for o in range(c.outputs):
        block, group = o // 32, o // outs_per_group
        spread = np.zeros((*c.kernel, total * 32), np.int64)
        spread[..., group * per_group : (group + 1) * per_group] = w[o]
        begin = min(spans[block][0], total - words)
        packed = pack(spread, c.w.bits)[..., begin : begin + words, :]
        filters[block, ..., o % 32] = np.moveaxis(packed, -1, 0)

    inputs = [pack(np.pad(x, border), c.x.bits), filters]
    if kernel == "lookup":
        width = 6 if "avx512vbmi" in module.options.features else 4
        inputs = [index(np.pad(x, border), c.x.bits, width, c.groups),
                  lookup_filter(c, w, width, 4 * module.options.lanes)]
    operands = before = ""
    if bx != 0:
        in_rows = (rows >= top) & (rows < top + c.size[0])
        in_columns = (columns >= left) & (columns < left + c.size[1])
        row_class, column_class = classes(in_rows), classes(in_columns)
        table = np.zeros((row_class.max() + 1, column_class.max() + 1, blocks * 32), np.int32)
        constant = bx * vw
        for y, i in enumerate(row_class):
            for z, j in enumerate(column_class):
                table[i, j, : c.outputs] = (constant * in_rows[y][None, :, None, None]
                                            * in_columns[z][None, None, :, None]).sum((1, 2, 3))
        inputs.append(table.reshape(-1) if c.matmul else table)
        operands += " correction %a2 : {2}"
    expected = accumulators.astype(np.int32)

    codes = f"codes {c.x}, {c.w}"
    attributes = ""
    if c.result:
        n = c.thresholds or 2**c.result.bits - 1
        falls = rng.integers(0, 2, c.outputs).astype(bool) if c.falling else np.zeros(c.outputs, bool)
        spread = int(accumulators.std() * 3) + 2
        values = np.sort(rng.integers(-spread, spread, (c.outputs, n)), axis=1) + int(accumulators.mean())
        values[:: 7] = accumulators.flat[: n] if accumulators.size >= n else 0
        values.sort(axis=1)
        signed = np.where(falls, -accumulators, accumulators)
        levels = c.base + (signed[..., None] >= values).sum(-1)
        table = np.full((n + 1, blocks * 32), INT32_MAX, np.int32)
        table[0] = 0
        table[0, : c.outputs] = -falls.astype(np.int32)
        table[1:, : c.outputs] = values.T
        if c.constant:
            operands += f" thresholds %t : {memref(table)}"
            before = module.constant(table)
        else:
            operands += f" thresholds %a{len(inputs)} : {{{len(inputs)}}}"
            inputs.append(table)
        expected = pack(c.result.of_levels(levels), c.result.bits)
        codes += f" to {c.result}"
        attributes += f" base {c.base}" if c.base else ""
    offsets = f" offsets {c.offsets[0]}, {c.offsets[1]}" if any(c.offsets) else ""
    if c.matmul:
        inputs[0] = inputs[0].reshape(c.batch, *inputs[0].shape[3:])
        inputs[1] = inputs[1].reshape(*inputs[1].shape[:2], *inputs[1].shape[4:])
        expected = expected.reshape(c.batch, *expected.shape[3:])
        window = ""
    else:
        window = (f" strides {list(c.strides)}" if c.strides != (1, 1) else "")
        window += f" border {list(c.pads)}" if any(c.pads) else ""
        window += f" dilations {list(c.dilations)}" if c.dilations != (1, 1) else ""
        window += f" groups {c.groups}" if c.groups != 1 else ""

    def body(names, types):
        kind = "matmul" if c.matmul else "conv_2d"
        return (f"{before}bitplane.{kind} {names[0]}, {names[1]}{operands.format(*types)} outs({names[-1]} : {types[-1]}) "
                f"channels {c.channels} to {c.outputs} {codes} kernel {kernel}{window}{offsets}{attributes} "
                f": {types[0]}, {types[1]}")

    module.add(c.label(), inputs, expected, body, dynamic=c.dynamic)


ENCODINGS = [Code(2), Code(3, "bipolar"), Code(3, "signed"), Code(1, "signed"), Code(2, "ternary")]


def conv_cases(kind):
    if kind == "widths":
        for a in range(1, 9):
            for w in range(1, 9):
                yield Conv(Code(a), Code(w, "bipolar"), size=(3, 3), kernel=(2, 2), channels=33, outputs=20)
    if kind == "encodings":
        for x in ENCODINGS:
            for w in ENCODINGS:
                yield Conv(x, w, pads=(1, 0, 1, 2), outputs=33)
        yield Conv(Code(5, "signed"), Code(4, "signed"))
        yield Conv(Code(8, "signed"), Code(8, "signed"))
        yield Conv(Code(7, "signed"), Code(2, "ternary"))
        for x in ENCODINGS[:3]:
            for w in ENCODINGS[:3]:
                yield Conv(x, w, pads=(1, 1, 0, 1), outputs=8, offsets=(3, -5), dilations=(1, 2))
    if kind == "shapes":
        for width in (3, 4, 12, 13, 14, 26, 27):
            yield Conv(size=(3, width), pads=(1, 1, 1, 1), channels=64, outputs=64, w=Code(1))
        for channels, outputs in ((1, 1), (31, 32), (32, 31), (65, 96), (96, 65)):
            yield Conv(channels=channels, outputs=outputs)
        for kernel, strides, dilations in (((1, 1), (1, 1), (1, 1)), ((1, 1), (2, 3), (1, 1)), ((5, 2), (2, 1), (1, 2)),
                                           ((3, 3), (2, 2), (2, 1)), ((4, 5), (4, 4), (1, 1))):
            yield Conv(kernel=kernel, strides=strides, dilations=dilations, size=(7, 9), pads=(1, 2, 0, 1), batch=2)
        yield Conv(size=(1, 1), kernel=(1, 1))
        yield Conv(size=(4, 4), kernel=(4, 4), channels=50, outputs=10)
        yield Conv(batch=3, dynamic=True)
        for batch in (1, 3, 12, 13):
            yield Conv(matmul=True, size=(1, 1), kernel=(1, 1), batch=batch, channels=100)
        yield Conv(matmul=True, size=(1, 1), kernel=(1, 1), batch=11, channels=64, outputs=10, dynamic=True)
        yield Conv(Code(2, "bipolar"), matmul=True, size=(1, 1), kernel=(1, 1), batch=2, channels=33)
    if kind == "groups":
        for groups, per_group, outs in ((2, 32, 32), (2, 48, 64), (2, 34, 34), (2, 48, 48), (3, 35, 32), (16, 34, 2),
                                        (40, 1, 1), (33, 1, 2), (5, 8, 8), (2, 64, 16), (2, 16, 96), (32, 35, 1)):
            for w in (Code(1, "bipolar"), Code(2, "signed")):
                yield Conv(w=w, groups=groups, channels=groups * per_group, outputs=groups * outs, size=(3, 8))
        yield Conv(Code(2, "bipolar"), groups=40, channels=40, outputs=40, pads=(1, 1, 1, 1))
        yield Conv(Code(3, "signed"), groups=3, channels=105, outputs=96, pads=(1, 0, 1, 0))
    if kind == "lookup":
        for x in (Code(1), Code(2), Code(3), Code(4), Code(2, "bipolar"), Code(4, "bipolar")):
            for w in (Code(1, "bipolar"), Code(2, "signed"), Code(2, "ternary"), Code(3), Code(5, "signed")):
                yield Conv(x, w, channels=33, outputs=70, size=(3, 9))
        for channels, outputs in ((1, 1), (6, 64), (24, 33), (84, 96), (85, 128), (91, 130), (256, 192), (300, 64)):
            yield Conv(channels=channels, outputs=outputs, size=(3, 12), kernel=(2, 3), result=Code(2))
            yield Conv(Code(1), channels=channels, outputs=outputs, size=(3, 12), kernel=(2, 3))
        for groups, per_group, outs in ((2, 32, 32), (3, 35, 64), (2, 48, 96), (4, 7, 160)):
            yield Conv(groups=groups, channels=groups * per_group, outputs=groups * outs, size=(3, 15), pads=(1, 1, 1, 1))
        # Rows of the table that several taps share.
        for x in (Code(2), Code(4)):
            for kernel, strides, dilations in (((3, 3), (2, 2), (1, 1)), ((1, 7), (1, 1), (1, 1)), ((2, 3), (1, 1), (1, 2)),
                                               ((3, 4), (1, 3), (1, 1))):
                yield Conv(x, Code(1), kernel=kernel, strides=strides, dilations=dilations, size=(5, 19),
                           pads=(1, 2, 1, 3), channels=45, outputs=130)
        # All codes and weights are the largest: sums come close to the end of 16 bits, and pass it.
        yield Conv(Code(4), Code(1), channels=970, outputs=64, size=(3, 3), result=Code(2), ones=True)
        yield Conv(Code(4), Code(1), channels=480, outputs=64, size=(3, 3), ones=True)
        yield Conv(Code(2), Code(2), channels=2427, outputs=32, size=(3, 3), ones=True)
        yield Conv(Code(2), Code(1), channels=2500, outputs=32, size=(3, 3), ones=True)
        for outputs in (32, 64, 128, 200):
            yield Conv(matmul=True, size=(1, 1), kernel=(1, 1), batch=11, channels=100, outputs=outputs)
    if kind == "folded":
        bits = [Code(i) for i in (1, 2, 3)]
        for x, w in ((bits[0], Code(1, "bipolar")), (bits[1], Code(1, "bipolar")), (bits[1], Code(2, "bipolar")),
                     (bits[1], bits[0]), (bits[1], bits[2]), (bits[2], Code(2, "signed")), (bits[1], Code(2, "ternary"))):
            for result, outputs in ((bits[0], 64), (bits[1], 70), (Code(2, "bipolar"), 160)):
                yield Conv(x, w, result=result, outputs=outputs, channels=34, size=(4, 13), constant=True)
        for result, base, thresholds in ((Code(2, "ternary"), -1, 2), (Code(2, "ternary"), 0, 1), (Code(2), 1, 2),
                                         (Code(2, "signed"), -2, 3), (Code(3), 3, 2), (Code(2), 0, 3)):
            for groups in (1, 2, 3):
                yield Conv(w=Code(1, "bipolar"), result=result, base=base, thresholds=thresholds, groups=groups,
                           channels=40 * groups, outputs=48 * groups, pads=(1, 1, 1, 1), constant=True)
        # All codes and weights are the largest: sums within 16 bits with a sign, and beyond.
        for w, channels in ((1, 1213), (1, 1214), (2, 404), (2, 405), (2, 2427)):
            for encoding in ("unipolar", "bipolar"):
                yield Conv(Code(2), Code(w, encoding), channels=channels, outputs=64, size=(3, 3), result=Code(2),
                           ones=True, constant=True)
        yield Conv(w=Code(1, "bipolar"), matmul=True, size=(1, 1), kernel=(1, 1), batch=11, channels=100, outputs=96,
                   result=Code(2), constant=True)
    if kind == "thresholds":
        for bits in range(1, 9):
            yield Conv(result=Code(bits), falling=bits % 2 == 0, outputs=33 if bits < 6 else 64)
        for bits in (1, 2, 3, 5):
            yield Conv(result=Code(bits, "bipolar"), falling=True)
            yield Conv(result=Code(bits, "signed"), base=-(2 ** (bits - 1)), falling=True)
        for base in (-1, 0):
            yield Conv(result=Code(2, "ternary"), base=base, thresholds=1)
        yield Conv(result=Code(2, "ternary"), base=-1, thresholds=2, falling=True)
        yield Conv(result=Code(2), base=1, thresholds=2)
        yield Conv(result=Code(3), base=3, thresholds=2)
        yield Conv(result=Code(4), base=2, thresholds=7)
        yield Conv(result=Code(3, "signed"), base=-2, thresholds=3)
        yield Conv(result=Code(2), batch=5, outputs=70, matmul=True, size=(1, 1), kernel=(1, 1))
        yield Conv(result=Code(2), batch=7, outputs=64, matmul=True, size=(1, 1), kernel=(1, 1), dynamic=True)
        yield Conv(Code(2, "bipolar"), Code(2, "signed"), result=Code(2), groups=2, channels=68, outputs=68,
                   pads=(1, 1, 1, 1), size=(5, 13), falling=True)


# Between contractions --------------------------------------------------------


def code_cases(module, rng):
    for bits in (1, 2, 3, 8):
        for shape in ((1, 32), (2, 3, 40), (3, 1, 2, 31), (2, 2, 96), (3, 520)):
            codes = rng.integers(0, 2**bits, shape)
            words, bytes_ = pack(codes, bits), codes.astype(np.uint8).view(np.int8)
            dynamic = shape[0] == 3 and len(shape) > 2
            module.add(f"pack {bits} {shape}", [bytes_], words,
                       lambda n, t: f"bitplane.pack {n[0]} outs({n[1]} : {t[1]}) : {t[0]}", dynamic=dynamic)
            for width, groups in ((4, 1), (6, 1), *(((4, 2), (6, 8)) if shape[-1] % 8 == 0 else ())):
                module.add(f"index {width} {groups} {bits} {shape}", [words], index(codes, bits, width, groups),
                           lambda n, t, c=shape[-1], groups=groups: f"bitplane.index {n[0]} outs({n[1]} : {t[1]}) "
                           f"channels {c} groups {groups} : {t[0]}", dynamic=dynamic)
            module.add(f"unpack {bits} {shape}", [words], bytes_,
                       lambda n, t: f"bitplane.unpack {n[0]} outs({n[1]} : {t[1]}) : {t[0]}", dynamic=dynamic)


def threshold_cases(module, rng):
    for kind in (np.int32, np.float32):
        for code, n, base in ((Code(1), 1, 0), (Code(2), 3, 0), (Code(2, "bipolar"), 3, 0), (Code(4), 15, 0),
                              (Code(3, "signed"), 7, -4), (Code(2, "ternary"), 2, -1), (Code(5), 31, 0),
                              (Code(2, "signed"), 1, -1)):
            for shape, per_channel, falling in (((2, 3, 40), True, "some"), ((3, 33), False, None), ((2, 64), True, "all")):
                x = rng.integers(-40, 40, shape).astype(kind)
                t = rng.integers(-40, 40, (shape[-1] if per_channel else 1, n)).astype(kind)
                x.flat[:4] = t.flat[0]
                if kind == np.float32:
                    x.flat[5:11] = np.nan
                    x.flat[12], x.flat[13], x.flat[14] = np.inf, -np.inf, -0.0
                falls = np.zeros(shape[-1], bool)
                if falling:
                    falls = rng.integers(0, 2, shape[-1]) == 1 if falling == "some" else ~falls
                a = x[..., None]
                reached = np.where(falls[:, None], a <= t, a >= t)
                words = pack(code.of_levels(base + reached.sum(-1)), code.bits)
                text = f" decreasing [{', '.join('true' if f else 'false' for f in falls)}]" if falling else ""
                text = text.replace("decreasing [", "decreasing [") + (f" base {base}" if base else "")
                module.add(f"threshold {kind.__name__} {code} {shape} {falling}", [x, t], words,
                           lambda names, types, text=text, code=code:
                           f"bitplane.threshold {names[0]}, {names[1]} outs({names[2]} : {types[2]}) code {code}{text} "
                           f": {types[0]}, {types[1]}")


def pool_cases(module, rng):
    for code in (Code(1), Code(2), Code(4), Code(2, "bipolar"), Code(3, "signed"), Code(1, "signed"), Code(2, "ternary")):
        for kernel, strides, pads, dilations, size in (
                ((2, 2), (2, 2), (0, 0, 0, 0), (1, 1), (6, 6)), ((3, 3), (2, 2), (0, 0, 1, 1), (1, 1), (6, 8)),
                ((3, 2), (1, 2), (1, 0, 2, 1), (1, 1), (5, 6)), ((2, 3), (1, 1), (1, 2, 1, 1), (2, 2), (5, 7))):
            x = code.random(rng, (2, *size, 40))
            c = Conv(kernel=kernel, strides=strides, pads=pads, dilations=dilations)
            lowest = np.int64(-1000)
            values = np.pad(code.sums(x), ((0, 0), (pads[0], pads[2]), (pads[1], pads[3]), (0, 0)), constant_values=lowest)
            rows, columns = windows(c, size[0], 0), windows(c, size[1], 1)
            best = values[:, rows[:, None, :, None], columns[None, :, None, :]].max((3, 4))
            result = code.of_levels(best) if code.encoding != "bipolar" else best
            module.add(f"pool {code} {kernel} {strides} {pads} {dilations}", [pack(x, code.bits)],
                       pack(result, code.bits),
                       lambda n, t, code=code, c=c: f"bitplane.max_pool {n[0]} outs({n[1]} : {t[1]}) code {code} "
                       f"kernel {list(c.kernel)} strides {list(c.strides)} pads {list(c.pads)} "
                       f"dilations {list(c.dilations)} : {t[0]}", dynamic=strides == (2, 2))


# Floats ----------------------------------------------------------------------


def chain(start, terms):
    """Chain of fused multiply-adds in float32 along the first axis of (a, b).

    The 64-bit significand of long double holds the product exactly, so that the
    sum is rounded once but for double rounding, one case in 2^40.
    """
    total = start
    for a, b in terms:
        total = (np.multiply(a, b, dtype=np.longdouble) + total).astype(np.float32)
    return total


def float_cases(module, rng):
    def normal(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    for size, channels, outputs, kernel, strides, dilations in (
            ((12, 20), 3, 96, (4, 4), (4, 4), (1, 1)), ((5, 9), 5, 16, (3, 2), (1, 1), (1, 2)),
            ((3, 3), 4, 7, (1, 1), (1, 1), (1, 1)), ((6, 16), 2, 40, (3, 3), (1, 1), (2, 1)),
            ((4, 4), 3, 130, (2, 2), (2, 1), (1, 1)), ((3, 29), 1, 64, (3, 3), (1, 1), (1, 1))):
        c = Conv(kernel=kernel, strides=strides, dilations=dilations)
        x, w = normal(2, *size, channels), normal(*kernel, channels, outputs)
        rows, columns = windows(c, size[0], 0), windows(c, size[1], 1)
        start = normal(2, len(rows), len(columns), outputs)
        terms = ((x[:, rows[:, ky]][:, :, columns[:, kx]][..., i, None], w[ky, kx, i])
                 for ky in range(kernel[0]) for kx in range(kernel[1]) for i in range(channels))
        module.add(f"conv {size} {channels} {outputs} {kernel}", [x, w], chain(start, terms),
                   lambda n, t, c=c: "linalg.conv_2d_nhwc_hwcf {strides = dense<%s> : tensor<2xi64>, dilations = dense<%s> "
                   ": tensor<2xi64>} ins(%s, %s : %s, %s) outs(%s : %s)"
                   % (list(c.strides), list(c.dilations), *n[:2], *t[:2], n[2], t[2]),
                   start=start, dynamic=outputs == 40)
    for rows, depth, outputs in ((1, 70, 10), (1, 33, 1000), (5, 64, 64), (13, 9, 33), (9, 3, 200)):
        x, w, start = normal(rows, depth), normal(depth, outputs), normal(rows, outputs)
        terms = ((x[:, k, None], w[k]) for k in range(depth))
        for dynamic in (False, True):
            module.add(f"matmul {rows} {depth} {outputs}", [x, w], chain(start, terms) if not dynamic else expected,
                       lambda n, t: f"linalg.matmul ins({n[0]}, {n[1]} : {t[0]}, {t[1]}) outs({n[2]} : {t[2]})",
                       start=start, dynamic=dynamic)
            expected = module.calls[-1][-1]


# Program ---------------------------------------------------------------------


def contractions(kind, module, rng):
    for case in conv_cases(kind):
        add_contraction(module, case, rng)


SETS = {kind: functools.partial(contractions, kind)
        for kind in ("widths", "encodings", "shapes", "groups", "thresholds", "folded", "lookup")}
SETS |= {"codes": code_cases, "threshold": threshold_cases, "pools": pool_cases, "floats": float_cases}


def parse_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path, help="where intermediate files go")
    parser.add_argument("sets", nargs="*", help="which cases to check (default: all)")
    parser.add_argument("--cpu", default="native")
    parser.add_argument("--lanes", type=int, default=16)
    parser.add_argument("--accumulators", type=int, default=24)
    parser.add_argument("--features", default="", help="instruction sets of the kernels")
    parser.add_argument("--kernel", default="popcount", help="kernel of the contractions that it can compute")
    parser.add_argument("--dorefa-opt", default="dorefa-opt")
    parser.add_argument("--clang", default="clang")
    options = parser.parse_intermixed_args(arguments)
    options.directory.mkdir(parents=True, exist_ok=True)
    return options


def main():
    options = parse_options(sys.argv[1:])
    wrong = 0
    for name in options.sets or SETS:
        module = Module(name, options)
        SETS[name](module, np.random.default_rng(1))
        wrong += module.check()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
