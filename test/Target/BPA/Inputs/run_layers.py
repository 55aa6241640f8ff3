# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Run convolutions, dense layers and pools as BPA programs and compare with the interpreter.

Usage: run_layers.py DIR BPA_AS BPA_VERIFY BPA_RUN DOREFA_INTERPRET LAYER...

Each LAYER is a name from the table at the end. The programs are what a person would write by
hand, one layer each, with data in .data; they show how layers map, not how to be fast.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BEAT = 128  # lanes


@dataclass(frozen=True)
class Machine:
    name: str = "r8c8d64"
    rows: int = 8
    columns: int = 8
    lanes: int = 64
    abuf: int = 1024
    wbuf: int = 1024
    tbuf: int = 1024


SMALL = Machine("r4c4d32", 4, 4, 32, 512, 512, 256)


@dataclass(frozen=True)
class Layer:
    """Pads are top, left, bottom, right. `bits` of the result 0 means raw sums."""

    size: tuple[int, int]
    channels: int
    outputs: int
    kernel: tuple[int, int] = (1, 1)
    strides: tuple[int, int] = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilations: tuple[int, int] = (1, 1)
    groups: int = 1
    batch: int = 1
    inputs_are: tuple[int, str] = (2, "unipolar")
    weights_are: tuple[int, str] = (1, "bipolar")
    bits: int = 2
    raw: str = "raw32"
    decreasing: bool = False
    split: int = 0  # words per chunk of K; 0: K in one piece
    band: int = 0  # rows of the input that are not loaded, output rows that are not computed
    pool: tuple[int, int] | None = None  # kernel and stride of a max pool of the result
    pool_pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    machine: Machine = Machine()

    def output_size(self) -> tuple[int, int]:
        return window_size(self.size, self.kernel, self.strides, self.pads, self.dilations)

    def lanes(self) -> int:
        return self.kernel[0] * self.kernel[1] * (self.channels // self.groups)

    def words(self) -> int:
        return -(-self.lanes() // self.machine.lanes)


def window_size(size, kernel, strides, pads, dilations) -> tuple[int, int]:
    return tuple((size[i] + pads[i] + pads[i + 2] - (kernel[i] - 1) * dilations[i] - 1)
                 // strides[i] + 1 for i in (0, 1))


def round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


# ---------------------------------------------------------------------------------------------
# Data
# ---------------------------------------------------------------------------------------------


def plane_terms(code: tuple[int, str], is_input: bool) -> list[tuple[int, bool]]:
    """Shift and sign of what each plane counts; planes of ones inside the input at the end."""
    bits, encoding = code
    if encoding == "ternary":
        return [(0, False), (0, True)]
    if encoding == "signed":
        return [(i, i == bits - 1) for i in range(bits)]
    if encoding == "bipolar" and is_input:
        constant = [(0, True)] if bits == 1 else [(bits, True), (0, False)]
        return [(i + 1, False) for i in range(bits)] + constant
    return [(i, False) for i in range(bits)]


def pack_lanes(bits: np.ndarray) -> bytes:
    """Rows of 0 and 1 as bytes, the first lane in bit 0."""
    return np.packbits(bits.astype(np.uint8), bitorder="little").tobytes()


def pack_map(codes: np.ndarray, bits: int) -> tuple[bytes, int]:
    """A feature map N x H x W x C, dense; its planes at multiples of a beat."""
    plane = round_up(codes.size, BEAT)
    lanes = np.zeros((bits, plane), np.uint8)
    for m in range(bits):
        lanes[m, : codes.size] = codes.reshape(-1) >> m & 1
    return pack_lanes(lanes), plane


def pack_weights(layer: Layer, codes: np.ndarray, bits: int) -> bytes:
    """Tiles of one group: [tile][plane][word][column][lane]."""
    machine = layer.machine
    outputs = codes.shape[0]
    tiles = -(-outputs // machine.columns)
    lanes = np.zeros((tiles * machine.columns, bits, layer.words() * machine.lanes), np.uint8)
    flat = codes.reshape(outputs, -1)
    for k in range(bits):
        lanes[:outputs, k, : flat.shape[1]] = flat >> k & 1
    lanes = lanes.reshape(tiles, machine.columns, bits, layer.words(), machine.lanes)
    return pack_lanes(lanes.transpose(0, 2, 3, 1, 4))


def pack_thresholds(layer: Layer, thresholds: np.ndarray) -> bytes:
    """Entries of one group; channels that do not exist never reach a threshold."""
    slots = max(4, 2**layer.bits)
    count = round_up(thresholds.shape[0], layer.machine.columns)
    entries = np.zeros((count, slots), np.int32)
    entries[:, 1 : 2**layer.bits] = 2**31 - 1
    entries[: thresholds.shape[0], 1 : 2**layer.bits] = (
        ~thresholds if layer.decreasing else thresholds)
    entries[:, 0] = layer.decreasing
    return entries.astype("<i4").tobytes()


def directives(data: bytes) -> str:
    data += bytes(-len(data) % 8)
    return "".join(f"  .quad {value:#x}\n" for value in np.frombuffer(data, "<u8"))


# ---------------------------------------------------------------------------------------------
# Programs
# ---------------------------------------------------------------------------------------------


class Program:
    """Assembly of one layer. Buffers are single: what is reused waits for a token."""

    def __init__(self, layer: Layer, x: np.ndarray, f: np.ndarray, thresholds: np.ndarray | None):
        self.layer, self.machine = layer, layer.machine
        self.text: list[str] = []
        self.data: list[tuple[str, bytes]] = []
        self.out_group = layer.outputs // layer.groups
        # Groups of the result start at multiples of a tile.
        self.group_lanes = round_up(self.out_group, self.machine.columns)
        self.pitch = self.group_lanes * layer.groups
        oh, ow = layer.output_size()
        self.skipped = layer.band * ow  # output pixels before the band
        self.pixels = layer.batch * oh * ow - self.skipped
        image, self.plane = pack_map(x, layer.inputs_are[0])
        self.input_lanes = self.plane * layer.inputs_are[0]
        self.result_plane = round_up(self.pixels * self.pitch, BEAT)
        self.data.append(("image", image))
        for g in range(layer.groups):
            part = slice(g * self.out_group, (g + 1) * self.out_group)
            self.data.append((f"weights{g}", pack_weights(layer, f[part], layer.weights_are[0])))
            if thresholds is not None:
                self.data.append((f"thresholds{g}", pack_thresholds(layer, thresholds[part])))

    def emit(self, line: str) -> None:
        self.text.append("  " + line)

    def configure(self) -> None:
        layer = self.layer
        bits, encoding = layer.inputs_are
        valid = 0 if encoding != "bipolar" else 1 if bits == 1 else 2
        inputs = plane_terms(layer.inputs_are, True)
        weights = plane_terms(layer.weights_are, False)

        def digits(terms):
            return sum(shift << 4 * i for i, (shift, _) in enumerate(terms))

        def signs(terms):
            return sum(negate << i for i, (_, negate) in enumerate(terms))

        self.emit(f"cfg.window lanes={layer.channels // layer.groups} planes={bits} valid={valid} "
                  f"kh={layer.kernel[0]} kw={layer.kernel[1]} sy={layer.strides[0]} "
                  f"sx={layer.strides[1]} dy={layer.dilations[0]} dx={layer.dilations[1]} "
                  f"py={layer.pads[0]} px={layer.pads[1]}")
        oh, ow = layer.output_size()
        self.emit(f"cfg.extent h={layer.size[0]} w={layer.size[1]} oh={oh} ow={ow} "
                  f"first_row={layer.band}")
        self.emit(f"cfg.planes aplanes={len(inputs)} ashift={digits(inputs):#x} "
                  f"anegate={signs(inputs)} wplanes={len(weights)} wshift={digits(weights):#x} "
                  f"wnegate={signs(weights)} rowsum={int(layer.weights_are[1] == 'bipolar')}")
        if layer.bits:
            self.emit(f"cfg.result mode=codes bits={layer.bits} pixel={self.pitch} "
                      f"plane={self.result_plane}")
        else:
            self.emit(f"cfg.result mode={layer.raw} pixel={self.raw_pitch() // 16}")

    def raw_pitch(self) -> int:
        """Bytes of a pixel."""
        return round_up(self.pitch * (2 if self.layer.raw == "raw16" else 4), 16)

    def load(self) -> None:
        """The input; the rows before the band stay away."""
        layer = self.layer
        row = layer.size[1] * layer.channels
        first = layer.band * row // BEAT
        beats = self.plane // BEAT - first
        self.emit(f"ld space=fmap dram=image+{first} sram={first} nx={beats} "
                  f"ny={layer.inputs_are[0]} dstride={self.plane // BEAT} "
                  f"sstride={self.plane // BEAT} signal(ga)")

    def input_of(self, group: int) -> None:
        layer = self.layer
        row = layer.size[1] * layer.channels
        base = layer.band * row + group * (layer.channels // layer.groups)
        self.emit(f"cfg.input base={base} pixel={layer.channels} row={row} plane={self.plane} "
                  f"image={layer.size[0] * row}")

    def chunks(self):
        """(first pixel, number of pixels) that ABUF holds."""
        terms = len(plane_terms(self.layer.inputs_are, True))
        step = self.machine.abuf // (terms * self.layer.words()) * self.machine.rows
        for first in range(0, self.pixels, step):
            yield first, min(step, self.pixels - first)

    def tile_chunks(self):
        """(first tile, number of tiles) that WBUF and TBUF hold."""
        tiles = self.group_lanes // self.machine.columns
        step = self.machine.wbuf // (self.layer.words() * self.layer.weights_are[0])
        if self.layer.bits:
            step = min(step, self.machine.tbuf // (self.machine.columns * max(1, 2**self.layer.bits // 4)))
        for first in range(0, tiles, step):
            yield first, min(step, tiles - first)

    def compute(self) -> None:
        started = False
        for g in range(self.layer.groups):
            self.input_of(g)
            for tile, tiles in self.tile_chunks():
                self.load_weights(g, tile, tiles, started)
                pieces = list(self.chunks())
                for i, (first, count) in enumerate(pieces):
                    oh, ow = self.layer.output_size()
                    pixel = first + self.skipped
                    wait = ["ld"] if not started else ["mm"]
                    self.emit(f"ga image={pixel // (oh * ow)} oy={pixel // ow % oh} "
                              f"ox={pixel % ow} pixels={count} wait({wait[0]}) signal(mm)")
                    # First, because many `mm` in front of it would fill their queue.
                    self.post(g, tile, first, count, tiles, i == 0, i == len(pieces) - 1)
                    self.multiply(count, tiles, i == 0)
                    started = True

    def load_weights(self, g: int, tile: int, tiles: int, again: bool) -> None:
        machine, layer = self.machine, self.layer
        tile_beats = (layer.weights_are[0] * layer.words() * machine.columns * machine.lanes
                      // BEAT)
        # What `pp` completed, `mm` completed before.
        wait = "wait(pp) " if again else ""
        self.emit(f"ld space=wbuf dram=weights{g}+{tile * tile_beats} nx={tiles * tile_beats} "
                  f"{wait}signal(mm)")
        if layer.bits:
            entries = machine.columns * max(1, 2**layer.bits // 4)
            self.emit(f"ld space=tbuf dram=thresholds{g}+{tile * entries} nx={tiles * entries} "
                      "signal(pp)")

    def multiply(self, count: int, tiles: int, is_first: bool) -> None:
        layer, machine = self.layer, self.machine
        words, wplanes = layer.words(), layer.weights_are[0]
        aplanes = len(plane_terms(layer.inputs_are, True))
        groups = -(-count // machine.rows)
        wait = "wait(ga, ld)" if is_first else "wait(ga)"
        signal = "signal(ga)"
        if not layer.split:
            self.emit(f"mm agroup={aplanes * words} aplane={words} groups={groups} "
                      f"wtile={wplanes * words} wplane={words} tiles={tiles} words={words} "
                      f"{wait} {signal}")
            return
        self.emit(f"nop engine=mm {wait}")
        for g in range(groups):
            for t in range(tiles):
                for j in range(0, words, layer.split):
                    count = min(layer.split, words - j)
                    self.emit(f"mm abuf={g * aplanes * words + j} aplane={words} "
                              f"wbuf={t * wplanes * words + j} wplane={words} words={count} "
                              f"resume={int(j != 0)} keep={int(j + count != words)}")
        self.emit(f"nop engine=mm {signal}")

    def post(self, g: int, tile: int, first: int, count: int, tiles: int, is_first: bool,
             is_last: bool) -> None:
        channel = g * self.group_lanes + tile * self.machine.columns
        wait = "wait(ld) " if is_first and self.layer.bits else ""
        signal = "signal(ld, ga)" if is_last else ""
        if self.layer.bits:
            out = str(self.input_lanes + first * self.pitch + channel)
        else:
            size = 2 if self.layer.raw == "raw16" else 4
            out = f"result+{(first * self.raw_pitch() + channel * size) // 16}"
        self.emit(f"pp out={out} pixels={count} tiles={tiles} {wait}{signal}")

    def store(self) -> int:
        """Returns the bytes of the result."""
        layer = self.layer
        if not layer.bits:
            return self.pixels * self.raw_pitch()
        for _ in range(layer.groups * len(list(self.tile_chunks()))):
            self.emit("nop engine=ga wait(pp)")
        first, plane = self.input_lanes, self.result_plane
        if layer.pool:
            first, plane = self.pool()
        self.emit("nop engine=ga signal(st)")
        beats = plane // BEAT
        self.emit(f"st dram=result sram={first // BEAT} nx={beats} ny={layer.bits} "
                  f"dstride={beats} sstride={beats} wait(ga)")
        return layer.bits * plane // 8

    def pool(self) -> tuple[int, int]:
        """Where the pooled map starts and the pitch of its planes."""
        layer = self.layer
        oh, ow = layer.output_size()
        kernel, stride = layer.pool
        ph, pw = self.pooled_size()
        first = self.input_lanes + layer.bits * self.result_plane
        plane = round_up(layer.batch * ph * pw * self.pitch, BEAT)
        self.emit(f"cfg.input base={self.input_lanes} pixel={self.pitch} row={ow * self.pitch} "
                  f"plane={self.result_plane} image={oh * ow * self.pitch}")
        self.emit(f"cfg.window lanes={self.pitch} planes={layer.bits} kh={kernel} kw={kernel} "
                  f"sy={stride} sx={stride} py={layer.pool_pads[0]} px={layer.pool_pads[1]}")
        self.emit(f"cfg.extent h={oh} w={ow} oh={ph} ow={pw}")
        self.emit(f"cfg.pool pixel={self.pitch} plane={plane}")
        self.emit(f"mp out={first} pixels={layer.batch * ph * pw}")
        return first, plane

    def pooled_size(self) -> tuple[int, int]:
        kernel, stride = self.layer.pool
        return window_size(self.layer.output_size(), (kernel,) * 2, (stride,) * 2,
                           self.layer.pool_pads, (1, 1))

    def build(self) -> str:
        self.configure()
        self.load()
        self.compute()
        size = self.store()
        self.emit("halt")
        data = "".join(f"  .align 16\n{name}:\n{directives(value)}" for name, value in self.data)
        return (f".config {self.machine.name}\n" + "\n".join(self.text) + f"\n.data\n{data}"
                f".bss\nresult: .zero {size}\n")

    def unpack(self, data: np.ndarray) -> np.ndarray:
        """The result as N x H x W x C, or pixels x C for a band."""
        layer = self.layer
        if layer.bits:
            pixels = self.pixels
            if layer.pool:
                ph, pw = self.pooled_size()
                pixels = layer.batch * ph * pw
            lanes = np.unpackbits(data, bitorder="little").reshape(layer.bits, -1)
            lanes = lanes[:, : pixels * self.pitch].reshape(layer.bits, pixels, self.pitch)
            result = sum(lanes[m].astype(np.int32) << m for m in range(layer.bits))
        else:
            kind = "<i2" if layer.raw == "raw16" else "<i4"
            result = data.reshape(self.pixels, -1).view(kind)[:, : self.pitch].astype(np.int32)
        parts = result.reshape(result.shape[0], layer.groups, self.group_lanes)
        return parts[:, :, : self.out_group].reshape(result.shape[0], layer.outputs)


# ---------------------------------------------------------------------------------------------
# Reference
# ---------------------------------------------------------------------------------------------


def interpret(folder: Path, interpreter: str, layer: Layer, x, f, thresholds) -> np.ndarray:
    """Result of the layer in the dorefa dialect, pixels x C."""
    oh, ow = layer.output_size()
    kinds = [f"!dorefa.code<{bits}, {encoding}>"
             for bits, encoding in (layer.inputs_are, layer.weights_are)]
    sums = f"tensor<{layer.batch}x{oh}x{ow}x{layer.outputs}xi32>"
    operands = [f"tensor<{'x'.join(map(str, array.shape))}x{kind}>"
                for array, kind in zip((x, f), kinds)]
    body = (f"  %acc = dorefa.conv_2d %x, %f strides {list(layer.strides)} pads "
            f"{list(layer.pads)} dilations {list(layer.dilations)} groups {layer.groups} : "
            f"{operands[0]}, {operands[1]} -> {sums}\n")
    result, kind = "%acc", sums
    arguments, files = "", [x, f]
    if thresholds is not None:
        levels = f"tensor<{layer.outputs}x{2**layer.bits - 1}xi32>"
        kind = sums.replace("xi32", f"x!dorefa.code<{layer.bits}, unipolar>")
        flag = f"decreasing {[str(layer.decreasing).lower()] * layer.outputs} ".replace("'", "")
        body += (f"  %q = dorefa.threshold %acc, %t {flag if layer.decreasing else ''}: {sums}, "
                 f"{levels} -> {kind}\n")
        result, arguments = "%q", f", %t: {levels}"
        files.append(thresholds)
    if layer.pool:
        kernel, stride = layer.pool
        ph, pw = window_size((oh, ow), (kernel,) * 2, (stride,) * 2, layer.pool_pads, (1, 1))
        before, kind = kind, kind.replace(f"x{oh}x{ow}x", f"x{ph}x{pw}x")
        body += (f"  %p = dorefa.max_pool %q kernel [{kernel}, {kernel}] strides "
                 f"[{stride}, {stride}] pads {list(layer.pool_pads)} : {before} -> {kind}\n")
        result = "%p"
    (folder / "layer.mlir").write_text(
        f"func.func @main(%x: {operands[0]}, %f: {operands[1]}{arguments}) -> {kind} {{\n{body}"
        f"  return {result} : {kind}\n}}\n")
    command = [interpreter, folder / "layer.mlir", "--output", folder / "expected.npy"]
    for i, array in enumerate(files):
        np.save(folder / f"{i}.npy", array)
        command += ["--input", f"input{i}={folder / f'{i}.npy'}"]
    subprocess.run(command, check=True)
    return np.load(folder / "expected.npy").reshape(-1, layer.outputs).astype(np.int32)


def check(folder: Path, tools: list[str], name: str, layer: Layer) -> None:
    assemble, verify, run, interpreter = tools
    rng = np.random.default_rng(len(name))
    x = rng.integers(0, 2 ** layer.inputs_are[0], (layer.batch, *layer.size, layer.channels))
    f = rng.integers(0, 2 ** layer.weights_are[0],
                     (layer.outputs, *layer.kernel, layer.channels // layer.groups))
    x, f = x.astype(np.uint8), f.astype(np.uint8)
    thresholds = None
    if layer.bits:
        spread = layer.lanes() ** 0.5 * 2 ** (layer.inputs_are[0] + layer.weights_are[0] - 1)
        thresholds = np.sort(rng.normal(0, spread, (layer.outputs, 2**layer.bits - 1)))
        thresholds = thresholds.astype(np.int32)
        if layer.decreasing:
            thresholds = thresholds[:, ::-1].copy()
    program = Program(layer, x, f, thresholds)
    (folder / f"{name}.s").write_text(program.build())
    subprocess.run([assemble, folder / f"{name}.s", "-o", folder / f"{name}.elf"], check=True)
    expected = interpret(folder, interpreter, layer, x, f, thresholds)[program.skipped:]
    subprocess.run([verify, folder / f"{name}.elf"], check=True, stdout=subprocess.DEVNULL)
    for seed in (0, 1):
        subprocess.run([run, folder / f"{name}.elf", f"--schedule-seed={seed}", "--output",
                        f"result={folder / 'result.npy'}"], check=True,
                       stdout=subprocess.DEVNULL)
        result = program.unpack(np.load(folder / "result.npy"))
        if result.shape != expected.shape or (result != expected).any():
            wrong = np.argwhere(result != expected) if result.shape == expected.shape else []
            sys.exit(f"{name}, seed {seed}: {len(wrong)} of {expected.size} results differ, "
                     f"shapes {result.shape} and {expected.shape}, first {wrong[:3]}")
    print(f"{name}: {expected.size} results of {len(program.text)} instructions equal; "
          f"{len(np.unique(expected))} values")


LAYERS = {
    "matmul-tile": Layer((1, 1), 64, 8, inputs_are=(1, "unipolar"), bits=0, batch=8),
    "conv-3x3": Layer((7, 6), 64, 24, (3, 3), pads=(1, 1, 1, 1)),
    "groups-34": Layer((9, 8), 68, 36, (5, 5), pads=(2, 2, 2, 2), groups=2),
    "groups-48": Layer((6, 7), 96, 32, (3, 3), pads=(1, 0, 1, 2), groups=2, bits=3),
    "dilations": Layer((11, 13), 20, 9, (3, 2), dilations=(3, 2), pads=(3, 1, 2, 2),
                       strides=(2, 1)),
    "pool-3-2": Layer((10, 9), 32, 16, (3, 3), pads=(1, 1, 1, 1), pool=(3, 2),
                      pool_pads=(0, 1, 1, 1)),
    "pool-a3": Layer((7, 7), 16, 24, bits=3, pool=(2, 2), batch=2, pool_pads=(1, 0, 0, 1)),
    "dense": Layer((1, 1), 9216, 64, batch=3),
    "dense-split": Layer((1, 1), 1000, 16, batch=9, inputs_are=(8, "unipolar"), bits=4, split=5),
    "split-raw": Layer((5, 5), 40, 8, (3, 3), inputs_are=(3, "signed"),
                       weights_are=(2, "signed"), bits=0, raw="raw16", split=2),
    "thresholds-15": Layer((4, 4), 24, 72, (2, 2), inputs_are=(4, "unipolar"),
                           weights_are=(2, "bipolar"), bits=4),
    "thresholds-255": Layer((3, 3), 24, 10, (2, 2), inputs_are=(4, "unipolar"),
                            weights_are=(4, "bipolar"), bits=8),
    "decreasing": Layer((5, 5), 16, 8, (3, 3), decreasing=True),
    "batch": Layer((5, 4), 24, 16, (3, 3), pads=(1, 1, 1, 1), strides=(2, 2), batch=3),
    "bipolar-1": Layer((6, 6), 40, 16, (3, 3), pads=(1, 1, 1, 1), inputs_are=(1, "bipolar"),
                       bits=1),
    "bipolar-3": Layer((6, 6), 40, 16, (3, 3), pads=(1, 1, 1, 1), inputs_are=(3, "bipolar"),
                       weights_are=(2, "bipolar"), bits=0),
    "signed": Layer((6, 6), 40, 16, (3, 3), pads=(1, 1, 1, 1), inputs_are=(4, "signed"),
                    weights_are=(3, "signed"), bits=0),
    "ternary": Layer((6, 6), 40, 16, (3, 3), pads=(1, 1, 1, 1), inputs_are=(2, "ternary"),
                     weights_are=(2, "ternary"), bits=0),
    "band": Layer((12, 8), 16, 8, (3, 3), band=4),
    "small-conv": Layer((7, 6), 34, 12, (3, 3), pads=(1, 1, 1, 1), machine=SMALL),
    "small-pool": Layer((8, 8), 17, 8, (3, 3), pool=(2, 2), inputs_are=(2, "signed"), bits=3,
                        machine=SMALL),
    "small-raw": Layer((4, 4), 10, 8, bits=0, raw="raw16", machine=SMALL),
}


def main() -> int:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[6:] or LAYERS:
        check(folder, sys.argv[2:6], name, LAYERS[name])
    return 0


if __name__ == "__main__":
    sys.exit(main())
