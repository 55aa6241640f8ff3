# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Print the instructions that the low-bit layers of real networks need, in the first and the
last band of each.

Usage: network_layers.py CONFIGURATION
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from run_layers import BEAT, SMALL, Machine, round_up, window_size


@dataclass(frozen=True)
class Shape:
    """Bits of inputs, weights and results; results of 0 bits leave as integers."""

    name: str
    size: int
    channels: int
    outputs: int
    kernel: int = 1
    stride: int = 1
    pad: int = 0
    groups: int = 1
    bits: tuple[int, int, int] = (2, 1, 2)
    dilation: int = 1


def resnet18() -> list[Shape]:
    layers = [Shape("resnet18-1", 56, 64, 64, 3, 1, 1)]
    for stage, (size, channels) in enumerate([(56, 64), (28, 128), (14, 256)], start=2):
        layers += [Shape(f"resnet18-{stage}-first", size, channels, 2 * channels, 3, 2, 1),
                   Shape(f"resnet18-{stage}-shortcut", size, channels, 2 * channels, 1, 2,
                         bits=(2, 1, 0)),
                   Shape(f"resnet18-{stage}", size // 2, 2 * channels, 2 * channels, 3, 1, 1,
                         bits=(2, 1, 0))]
    return layers


def yolo() -> list[Shape]:
    layers, size, channels = [], 208, 16
    while size > 13:
        layers.append(Shape(f"yolo-{size}", size, channels, 2 * channels, 3, 1, 1,
                            bits=(3, 1, 3)))
        size, channels = size // 2, 2 * channels
    return [Shape("yolo-416", 416, 16, 16, 3, 1, 1, bits=(3, 1, 3)), *layers,
            Shape("yolo-13", 13, 512, 1024, 3, 1, 1, bits=(3, 1, 3)),
            Shape("yolo-head", 13, 1024, 1024, 3, 1, 1, bits=(3, 1, 0))]


SHAPES = [
    Shape("alexnet-2", 54, 96, 256, 5, 1, 2, 2), Shape("alexnet-3", 27, 256, 384, 3, 1, 1),
    Shape("alexnet-4", 14, 384, 384, 3, 1, 1, 2), Shape("alexnet-5", 14, 384, 256, 3, 1, 1, 2),
    Shape("alexnet-6", 6, 256, 4096, 6), Shape("alexnet-7", 1, 4096, 4096),
    Shape("dense-9216", 1, 9216, 4096), Shape("dense-9216-a8", 1, 9216, 4096, bits=(8, 1, 4)),
    Shape("dorefanet-1", 54, 68, 180, 5, 1, 2, 2), Shape("dorefanet-2", 27, 180, 272, 3, 1, 1),
    Shape("dorefanet-3", 14, 272, 384, 3, 1, 1, 2), Shape("dorefanet-4", 14, 384, 256, 3, 1, 1, 2),
    Shape("svhn-1", 18, 48, 64, 3, 1, 1), Shape("svhn-4", 9, 64, 128, 3),
    Shape("svhn-7", 5, 128, 512, 5), Shape("cnv-0", 32, 3, 64, 3, bits=(8, 1, 2)),
    Shape("cnv-1", 30, 64, 64, 3), Shape("cnv-5", 3, 256, 256, 3, bits=(1, 1, 1)),
    Shape("cnv-8", 1, 512, 10, bits=(1, 1, 0)), Shape("lfc-0", 1, 784, 1024, bits=(8, 1, 1)),
    Shape("tfc-0", 1, 784, 64, bits=(8, 1, 2)), Shape("kws", 1, 490, 256, bits=(3, 3, 3)),
    Shape("jet-tag", 1, 16, 64, bits=(6, 6, 6)), *resnet18(), *yolo(),
    Shape("dilated", 33, 256, 256, 3, 1, 36, dilation=36),
]


def bands(machine: Machine, shape: Shape):
    """(first output row, rows, first input row, input rows): the first and the last band."""
    out = window_size((shape.size,) * 2, (shape.kernel,) * 2, (shape.stride,) * 2,
                      (shape.pad,) * 4, (shape.dilation,) * 2)[0]
    fmap = 2**20 if machine.rows == 8 else 2**18
    pitch = round_up(shape.outputs // shape.groups, machine.columns) * shape.groups

    def rows_in(first: int, rows: int) -> tuple[int, int]:
        start = first * shape.stride - shape.pad
        end = start + (rows - 1) * shape.stride + (shape.kernel - 1) * shape.dilation + 1
        return max(0, start), min(shape.size, end) - max(0, start)

    def fits(rows: int) -> bool:
        lanes = max(rows_in(first, rows)[1] for first in range(0, out, rows))
        return (lanes * shape.size * shape.channels * shape.bits[0]
                + rows * out * pitch * shape.bits[2] + 4096 <= fmap)

    rows = next((rows for rows in range(out, 0, -1) if fits(rows)), 1)
    for first in sorted({0, (out - 1) // rows * rows}):
        rows_here = min(rows, out - first)
        yield first, rows_here, out, pitch, *rows_in(first, rows_here)


def emit(machine: Machine, shape: Shape) -> None:
    abits, wbits, bits = shape.bits
    group = shape.channels // shape.groups
    words = -(-shape.kernel**2 * group // machine.lanes)
    tiles = -(-(shape.outputs // shape.groups) // machine.columns)
    entries = max(1, 2**bits // 4) * machine.columns
    chunk = max(1, min(tiles, machine.wbuf // (words * wbits),
                       machine.tbuf // entries if bits else tiles))
    print(f"# {shape.name}: {words} words, {tiles} tiles")
    for first, rows, out, pitch, row, input_rows in bands(machine, shape):
        plane = round_up(input_rows * shape.size * shape.channels, BEAT)
        pixels = rows * out
        resident = max(1, min(-(-pixels // machine.rows), machine.abuf // (words * abits)))
        print(f"cfg.input base={(shape.groups - 1) * group} pixel={shape.channels} "
              f"row={shape.size * shape.channels} plane={plane}")
        print(f"cfg.window lanes={group} planes={abits} kh={shape.kernel} kw={shape.kernel} "
              f"sy={shape.stride} sx={shape.stride} dy={shape.dilation} dx={shape.dilation} "
              f"py={shape.pad} px={shape.pad}")
        print(f"cfg.extent h={shape.size} w={shape.size} oh={out} ow={out} first_row={row}")
        print(f"ld space=fmap dram={2**31} nx={plane // BEAT} ny={abits} dstride={2**22} "
              f"sstride={plane // BEAT} wait(ga) signal(ga)")
        print(f"ga oy={first} pixels={min(pixels, resident * machine.rows)} wait(ld, mm) "
              "signal(ld, mm)")
        planes = sum(m << 4 * m for m in range(abits))
        print(f"cfg.planes aplanes={abits} ashift={planes} wplanes={wbits} "
              f"wshift={sum(k << 4 * k for k in range(wbits))} rowsum=1")
        # What does not fit at once is cut along K.
        piece = min(words, machine.abuf // abits, machine.wbuf // wbits)
        print(f"mm agroup={abits * piece} aplane={piece} groups={resident if piece == words else 1} "
              f"wtile={piece * wbits} wplane={piece} tiles={chunk if piece == words else 1} "
              f"words={piece} keep={int(piece != words)} wait(ga, ld) signal(ga, ld)")
        if bits:
            print(f"cfg.result mode=codes bits={bits} pixel={pitch} "
                  f"plane={round_up(pixels * pitch, BEAT)}")
            print(f"pp out={plane * abits} pixels={min(pixels, resident * machine.rows)} "
                  f"tiles={chunk} wait(ld) signal(st)")
            print(f"st dram={2**31} sram={plane * abits // BEAT} nx={-(-pixels * pitch // BEAT)} "
                  f"ny={bits} dstride={-(2**22)} wait(pp)")
        else:
            print(f"cfg.result mode=raw16 pixel={pitch * 2 // 16}")
            print(f"pp out={2**32 - 1} pixels={min(pixels, resident * machine.rows)} tiles={chunk}")


def main() -> int:
    machine = Machine() if sys.argv[1] == "r8c8d64" else SMALL
    print(f".config {machine.name}")
    for shape in SHAPES:
        emit(machine, shape)
    print(f"# {len(SHAPES)} layers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
