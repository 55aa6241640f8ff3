# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write a module whose @main holds many small layers on codes, without inputs.

    packed_layers.py GRID > layers.mlir

GRID is one of the functions that take a module, such as widths.
Every layer returns its accumulators, its codes behind thresholds, or both, so the
printed outputs of two forms of the module can be compared as text.
"""

import itertools
import sys

import numpy as np

ENCODINGS = ("unipolar", "bipolar", "signed", "ternary")


class Module:
    """Text of @main, layer by layer."""

    def __init__(self, seed: int):
        self.random = np.random.default_rng(seed)
        self.lines: list[str] = []
        self.results: list[tuple[str, str]] = []
        self.count = 0
        #: What all codes are: "largest", "smallest" or, where None, random.
        self.fill: str | None = None

    def name(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def add(self, text: str, result_type: str) -> str:
        name = self.name()
        self.lines.append(f"  {name} = {text}")
        return name

    def codes(self, shape: tuple[int, ...], code: tuple[int, str]) -> tuple[str, str]:
        bits, encoding = code
        largest = 3 if encoding == "ternary" else 1 << bits
        values = self.random.integers(0, largest, shape)
        if self.fill:
            # Two's complement: the smallest is the first with its top bit set.
            top = 1 << bits - 1
            values[...] = {("signed", "largest"): top - 1, ("signed", "smallest"): top,
                           ("ternary", "largest"): 1, ("ternary", "smallest"): 2}.get(
                               (encoding, self.fill), largest - 1 if self.fill == "largest" else 0)
        sizes = "x".join(map(str, shape))
        type_ = f"tensor<{sizes}x!dorefa.code<{bits}, {encoding}>>"
        bytes_ = values.astype(np.uint8).tobytes().hex().upper()
        payload = f'dense<"0x{bytes_}"> : tensor<{sizes}xi8>'
        if values.size == 1:
            payload = f"dense<{values.item()}> : tensor<{sizes}xi8>"
        return self.add(f"dorefa.constant {payload} -> {type_}", type_), type_

    def thresholds(self, accumulator: str, shape, code, spread: int, kind="i32") -> None:
        """Count random thresholds and return the codes."""
        codes, type_ = self.counted(accumulator, shape, code, spread, kind)
        self.returned_codes(codes, type_, shape)

    def counted(self, accumulator: str, shape, code, spread: int, kind="i32") -> tuple[str, str]:
        """Codes by random thresholds, some channels decreasing."""
        bits, encoding = code
        channels = shape[-1]
        count = 2 if encoding == "ternary" else (1 << bits) - 1
        base = {"signed": -(1 << (bits - 1)), "ternary": -1}.get(encoding, 0)
        rows = self.random.choice([1, channels])
        values = self.random.integers(-spread, spread + 1, (rows, count))
        decreasing = self.random.integers(0, 2, rows)
        if kind == "f32":
            values = values / 4
        table = self.add(
            f"arith.constant dense<{values.tolist()}> : tensor<{rows}x{count}x{kind}>", "")
        flags = ", ".join("true" if flag else "false" for flag in decreasing)
        sizes = "x".join(map(str, shape))
        type_ = f"tensor<{sizes}x!dorefa.code<{bits}, {encoding}>>"
        base_text = f" base {base}" if base else ""
        codes = self.add(
            f"dorefa.threshold {accumulator}, {table} decreasing [{flags}]{base_text}"
            f" : tensor<{sizes}x{kind}>, tensor<{rows}x{count}x{kind}> -> {type_}", type_)
        return codes, type_

    def returned_codes(self, codes: str, type_: str, shape) -> None:
        sizes = "x".join(map(str, shape))
        result = f"tensor<{sizes}xi8>"
        self.results.append(
            (self.add(f"dorefa.storage_cast {codes} : {type_} to {result}", result), result))

    def conv(self, *, batch=1, size=(5, 4), channels=3, outputs=5, kernel=(3, 3),
             strides=(1, 1), pads=(0, 0, 0, 0), dilations=(1, 1), groups=1,
             input_code=(2, "unipolar"), filter_code=(1, "bipolar"), offsets=(0, 0),
             result_code=None) -> None:
        x, x_type = self.codes((batch, *size, channels), input_code)
        w, w_type = self.codes((outputs, *kernel, channels // groups), filter_code)
        window = [
            (size[i] + pads[i] + pads[i + 2] - dilations[i] * (kernel[i] - 1) - 1)
            // strides[i] + 1 for i in (0, 1)]
        assert min(window) > 0
        shape = (batch, *window, outputs)
        attributes = f"strides {list(strides)} pads {list(pads)} dilations {list(dilations)}"
        attributes += f" groups {groups}"
        if any(offsets):
            attributes += f" offsets {offsets[0]}, {offsets[1]}"
        type_ = f"tensor<{'x'.join(map(str, shape))}xi32>"
        acc = self.add(f"dorefa.conv_2d {x}, {w} {attributes} : {x_type}, {w_type} -> {type_}",
                       type_)
        self.finish(acc, type_, shape, result_code)

    def chain(self, channels, code, groups=1) -> None:
        """A convolution whose codes nobody but the next, padded one reads; products likewise."""
        x, x_type = self.codes((2, 3, 5, 8), (2, "unipolar"))
        w, w_type = self.codes((channels, 1, 2, 8), (4, "signed"))
        acc = f"tensor<2x3x4x{channels}xi32>"
        y = self.add(f"dorefa.conv_2d {x}, {w} : {x_type}, {w_type} -> {acc}", acc)
        y, y_type = self.counted(y, (2, 3, 4, channels), code, spread=40)
        w, w_type = self.codes((32 * groups, 3, 3, channels // groups), (4, "bipolar"))
        acc = f"tensor<2x3x4x{32 * groups}xi32>"
        text = f"dorefa.conv_2d {y}, {w} pads [1, 1, 1, 1] groups {groups}"
        self.results.append((self.add(f"{text} : {y_type}, {w_type} -> {acc}", acc), acc))
        x, x_type = self.codes((3, 9), (4, "unipolar"))
        w, w_type = self.codes((channels, 9), (4, "signed"))
        acc = f"tensor<3x{channels}xi32>"
        y = self.add(f"dorefa.matmul {x}, {w} : {x_type}, {w_type} -> {acc}", acc)
        y, y_type = self.counted(y, (3, channels), code, spread=40)
        self.product(y, y_type, (3, channels), 7, (4, "bipolar"))

    def finish(self, acc, type_, shape, result_code) -> None:
        if result_code:
            self.thresholds(acc, shape, result_code, spread=40)
        else:
            self.results.append((acc, type_))

    def matmul(self, shape, outputs, *, input_code=(2, "unipolar"),
               weights_code=(1, "bipolar"), offsets=(0, 0), result_code=None) -> None:
        x, x_type = self.codes(shape, input_code)
        self.product(x, x_type, shape, outputs, weights_code, offsets, result_code)

    def product(self, x, x_type, shape, outputs, weights_code, offsets=(0, 0),
                result_code=None) -> None:
        w, w_type = self.codes((outputs, shape[-1]), weights_code)
        result = (*shape[:-1], outputs)
        type_ = f"tensor<{'x'.join(map(str, result))}xi32>"
        text = f" offsets {offsets[0]}, {offsets[1]}" if any(offsets) else ""
        acc = self.add(f"dorefa.matmul {x}, {w}{text} : {x_type}, {w_type} -> {type_}", type_)
        self.finish(acc, type_, result, result_code)

    def flattened(self, shape, outputs, code, result_code=None) -> None:
        """A pool, so that words come in, then a flattened product."""
        n, h, w, c = shape
        x, x_type = self.codes((n, h * 2, w * 2, c), code)
        element = f"!dorefa.code<{code[0]}, {code[1]}>"
        pooled = f"tensor<{n}x{h}x{w}x{c}x{element}>"
        pool = self.add(f"dorefa.max_pool {x} kernel [2, 2] strides [2, 2] : {x_type} -> {pooled}",
                        pooled)
        flat = f"tensor<{n}x{h * w * c}x{element}>"
        y = self.add(f"tensor.collapse_shape {pool} [[0], [1, 2, 3]] : {pooled} into {flat}", flat)
        self.product(y, flat, (n, h * w * c), outputs, (1, "bipolar"), (0, 0), result_code)

    def pool(self, shape, code, *, kernel, strides, pads, dilations=(1, 1)) -> None:
        x, x_type = self.codes(shape, code)
        out = [(shape[i + 1] + pads[i] + pads[i + 2] - dilations[i] * (kernel[i] - 1) - 1)
               // strides[i] + 1 for i in (0, 1)]
        result = (shape[0], *out, shape[3])
        type_ = f"tensor<{'x'.join(map(str, result))}x!dorefa.code<{code[0]}, {code[1]}>>"
        y = self.add(
            f"dorefa.max_pool {x} kernel {list(kernel)} strides {list(strides)} "
            f"pads {list(pads)} dilations {list(dilations)} : {x_type} -> {type_}", type_)
        self.returned_codes(y, type_, result)

    def print(self) -> None:
        names = ", ".join(name for name, _ in self.results)
        types = ", ".join(type_ for _, type_ in self.results)
        print(f"func.func @main() -> ({types}) {{")
        print("\n".join(self.lines))
        print(f"  return {names} : {types}\n}}")


def widths(module: Module) -> None:
    """All 64 pairs of widths."""
    for w, a in itertools.product(range(1, 9), repeat=2):
        pads = (1, 0, 1, 1)
        module.conv(channels=35, outputs=3, pads=pads, input_code=(a, "unipolar"),
                    filter_code=(w, "bipolar"))
        module.conv(channels=4, outputs=33, pads=pads, input_code=(a, "bipolar"),
                    filter_code=(w, "signed"), result_code=(a, "unipolar"))
        module.matmul((2, 37), 5, input_code=(a, "unipolar"), weights_code=(w, "bipolar"))


def encodings(module: Module) -> None:
    """All pairs of encodings, with and without offsets, down to all encodings."""
    pairs = itertools.product(ENCODINGS, ENCODINGS, ((0, 0), (0, 3), (-2, 0), (1, -5)))
    for index, (x, w, offsets) in enumerate(pairs):
        results = (None, *ENCODINGS)
        result = results[index % 5]
        module.conv(
            channels=33, outputs=34, size=(4, 5), pads=(2, 1, 0, 1), input_code=(2, x),
            filter_code=(2, w), offsets=offsets, result_code=result and (2, result))
        result = results[(index + 2) % 5]
        module.matmul((3, 41), 7, input_code=(2, x), weights_code=(2, w), offsets=offsets,
                      result_code=result and (2, result))


def windows(module: Module) -> None:
    """Windows, strides, dilations, asymmetric pads, batches; pools too."""
    for kernel, strides, dilations, pads in itertools.product(
            ((1, 1), (3, 2), (1, 4)), ((1, 1), (2, 3)), ((1, 1), (2, 1)),
            ((0, 0, 0, 0), (1, 2, 0, 1), (3, 0, 3, 3))):
        for x in ("unipolar", "bipolar"):
            module.conv(batch=2, size=(6, 7), channels=5, outputs=3, kernel=kernel,
                        strides=strides, dilations=dilations, pads=pads, input_code=(2, x))
    for encoding, pads in itertools.product(ENCODINGS, ((0, 0, 0, 0), (1, 0, 1, 1))):
        for kernel, strides in (((2, 2), (2, 2)), ((3, 3), (2, 2)), ((2, 3), (1, 2))):
            module.pool((2, 5, 6, 35), (2, encoding), kernel=kernel, strides=strides, pads=pads)


def groups(module: Module) -> None:
    """Group sizes that cut words anywhere, and depthwise layers."""
    for count, channels, outputs in ((2, 34, 6), (2, 48, 48), (3, 34, 34), (4, 1, 1),
                                     (70, 1, 1), (66, 1, 2), (5, 33, 13), (2, 64, 64)):
        for x, result in (("unipolar", None), ("bipolar", (2, "unipolar"))):
            module.conv(channels=count * channels, outputs=count * outputs, groups=count,
                        size=(3, 3), pads=(1, 1, 1, 1), input_code=(2, x), result_code=result)


def flatten(module: Module) -> None:
    """Products of flattened maps, with whole words and without; other ranks."""
    for shape in ((2, 3, 2, 64), (2, 3, 2, 40), (1, 1, 1, 7), (1, 2, 2, 32)):
        module.flattened(shape, 5, (2, "unipolar"))
        module.flattened(shape, 35, (2, "signed"), (3, "unipolar"))
    module.matmul((9,), 4)
    module.matmul((9,), 4, result_code=(2, "unipolar"))
    module.matmul((2, 3, 9), 4)
    module.matmul((2, 3, 9), 4, result_code=(2, "bipolar"))


def thresholds(module: Module) -> None:
    """Thresholds on their own: floats, NaN and infinities among them, and integers."""
    for encoding, channels, kind in itertools.product(ENCODINGS, (1, 7, 33, 64), ("f32", "i32")):
        shape = (3, 2, channels)
        values = module.random.integers(-9, 10, shape).astype("f4")
        if kind == "f32":
            values = values / 4
            values.flat[:3] = (np.nan, np.inf, -np.inf)
        payload = values.astype("i4" if kind == "i32" else "f4").tobytes().hex().upper()
        x = module.add(f'arith.constant dense<"0x{payload}"> : tensor<3x2x{channels}x{kind}>', "")
        module.thresholds(x, shape, (2, encoding), spread=6, kind=kind)


def extremes(module: Module) -> None:
    """All codes largest or smallest: no sum of products may saturate."""
    pairs = itertools.product((4, 7, 8), (1, 7, 8), ("unipolar", "signed"), ("bipolar", "signed"))
    for w, a, x, y in pairs:
        for rows, offset in ((1, 0), (5, -1)):
            module.fill = module.random.choice(["largest", "smallest"])
            inputs, input_type = module.codes((rows, 70), (a, x))
            module.fill = module.random.choice(["largest", "smallest"])
            module.product(inputs, input_type, (rows, 70), 35, (w, y), (0, offset))


def dots(module: Module) -> None:
    """Shapes at the edges of steps, tiles and blocks, groups of whole blocks, few rows."""
    for channels, outputs in ((1, 1), (3, 33), (5, 32), (31, 64), (130, 40)):
        for bits, result in ((3, None), (8, (4, "unipolar"))):
            module.conv(channels=channels, outputs=outputs, size=(2, 13), kernel=(2, 3),
                        pads=(1, 1, 0, 1), input_code=(4, "signed"), filter_code=(bits, "bipolar"),
                        result_code=result)
    for count, channels, outputs in ((2, 4, 32), (2, 34, 64), (3, 5, 32)):
        for bits in (4, 8):
            module.conv(channels=count * channels, outputs=count * outputs, groups=count, size=(2, 3),
                        pads=(1, 1, 1, 1), input_code=(3, "bipolar"), filter_code=(bits, "bipolar"))
    for rows, depth, outputs in itertools.product((1, 3, 6), (3, 257), (5, 160)):
        for bits, encoding in ((2, "ternary"), (4, "bipolar"), (8, "bipolar")):
            module.matmul((rows, depth), outputs, input_code=(4, "bipolar"),
                          weights_code=(bits, encoding), offsets=(0, 3))


def chains(module: Module) -> None:
    """Layers that write what the next one reads, channels at the edges of steps and words."""
    for channels, bits in itertools.product((5, 34, 64), (2, 4)):
        for encoding in ENCODINGS:
            if encoding != "ternary" or bits == 2:
                module.chain(channels, (bits, encoding))
    module.chain(64, (4, "unipolar"), groups=2)
    module.chain(40, (4, "signed"), groups=2)


def accelerator(module: Module) -> None:
    """What an instruction set of bit planes forgets: dilations, groups that cut words, pools that
    overlap, many inputs, many thresholds; with planes of several widths."""
    for dilations, strides in (((3, 2), (1, 1)), ((2, 4), (2, 1)), ((1, 3), (1, 2))):
        module.conv(batch=2, size=(13, 14), channels=34, outputs=40, kernel=(3, 3), dilations=dilations,
                    strides=strides, pads=(3, 1, 2, 4), result_code=(2, "unipolar"))
    for channels, outputs in ((34, 24), (48, 32), (34, 90)):
        module.conv(size=(9, 8), channels=2 * channels, outputs=2 * outputs, groups=2,
                    kernel=(5, 5), pads=(2, 2, 2, 2), result_code=(2, "unipolar"))
    for bits in (3, 4):
        module.conv(size=(6, 7), channels=20, outputs=72, pads=(1, 1, 1, 1),
                    input_code=(bits, "unipolar"), filter_code=(2, "bipolar"),
                    result_code=(bits, "unipolar"))
    for pads, dilations in (((0, 0, 1, 1), (1, 1)), ((1, 1, 0, 1), (2, 1))):
        module.pool((2, 12, 11, 40), (3, "unipolar"), kernel=(3, 3), strides=(2, 2), pads=pads,
                    dilations=dilations)
    module.matmul((1, 9216), 64, result_code=(2, "unipolar"))
    module.matmul((3, 9216), 16, input_code=(8, "unipolar"), result_code=(4, "unipolar"))
    module.conv(size=(5, 5), channels=512, outputs=16, kernel=(5, 5), pads=(2, 2, 2, 2),
                input_code=(6, "unipolar"), filter_code=(2, "bipolar"), result_code=(4, "unipolar"))


def spread_thresholds(random, kind: str, count: int) -> np.ndarray:
    """`count` thresholds of one channel on sums from -2048 to 2047."""
    if kind == "constant":  # All reached, none, or some of them always.
        return np.sort(random.choice([-9999, 9999], count))
    if kind == "step":  # All at once.
        return np.full(count, random.integers(-2048, 2048))
    if kind == "curved":
        return np.sort(random.integers(-2048, 2048, count))
    step = random.uniform(0.3, 1.5) * 4096 / count
    line = (np.arange(count) - random.uniform(0, count)) * step
    if kind == "rough":  # A line, but for one sum.
        line += random.integers(-1, 2, count)
    return np.sort(np.ceil(line).astype(int))


def levels(module: Module) -> None:
    """All sums from -2048 to 2047, codes of 2 to 8 bits from thresholds in all positions."""
    rows, channels = 4096, 36
    sums = np.arange(-2048, 2048)
    # 16 * x0 + x1 + 0 * index: layers differ.
    x = np.stack([sums >> 4, sums & 15, 0 * sums], axis=1).astype(np.int8)
    type_ = f"tensor<{rows}x3x!dorefa.code<8, signed>>"
    payload = x.tobytes().hex().upper()
    inputs = module.add(f'dorefa.constant dense<"0x{payload}"> : tensor<{rows}x3xi8> -> {type_}', "")
    w_type = f"tensor<{channels}x3x!dorefa.code<8, signed>>"
    result = f"tensor<{rows}x{channels}xi32>"
    straight = ("line", "line", "line", "step", "constant")
    mixtures = (straight, ("rough", *straight), ("curved", *straight))
    cases = itertools.product(range(2, 9), ("unipolar", "signed"), mixtures)
    for index, (bits, encoding, kinds) in enumerate(cases):
        weights = module.add(f"dorefa.constant dense<{[[16, 1, index]] * channels}>"
                             f" : tensor<{channels}x3xi8> -> {w_type}", "")
        count = (1 << bits) - 1
        table = np.array([spread_thresholds(module.random, kinds[channel % len(kinds)], count)
                          for channel in range(channels)])
        decreasing = module.random.integers(0, 2, channels).astype(bool)
        table[decreasing] = table[decreasing, ::-1]
        flags = ", ".join(str(flag).lower() for flag in decreasing)
        base = f" base {-(1 << bits - 1)}" if encoding == "signed" else ""
        acc = module.add(f"dorefa.matmul {inputs}, {weights} : {type_}, {w_type} -> {result}", "")
        limits = module.add(
            f"arith.constant dense<{table.tolist()}> : tensor<{channels}x{count}xi32>", "")
        codes_type = f"tensor<{rows}x{channels}x!dorefa.code<{bits}, {encoding}>>"
        codes = module.add(
            f"dorefa.threshold {acc}, {limits} decreasing [{flags}]{base}"
            f" : {result}, tensor<{channels}x{count}xi32> -> {codes_type}", "")
        module.returned_codes(codes, codes_type, (rows, channels))


def main() -> None:
    functions = (widths, encodings, windows, groups, flatten, thresholds, extremes, dots, chains,
                 accelerator, levels)
    grids = {grid.__name__: grid for grid in functions}
    module = Module(seed=1)
    grids[sys.argv[1]](module)
    module.print()


if __name__ == "__main__":
    main()
