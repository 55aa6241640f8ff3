# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Run layers by each tile of tensor cores in the emulator and interpret them, and compare every
bit.

Usage: tiles.py BIN WORK

Sizes are such that tiles of pixels, of channels and of the window are not full.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# Warps of rows, of columns, tiles and blocks of a warp, stages; as in CostModel.cpp. The first two
# are for one pair of planes. Behind them stand the steps between barriers.
LARGE = [(4, 2, 4, 2, 4), (2, 2, 4, 2, 4)]
TILES = [(4, 2, 2, 2, 4), (4, 2, 2, 1, 4), (2, 2, 2, 2, 4), (2, 2, 2, 1, 4),
         (4, 1, 2, 1, 4), (2, 2, 1, 1, 4), (2, 1, 1, 1, 6), (1, 1, 1, 1, 6)]


@dataclass
class Layer:
    """A layer on codes; `kernel` dot multiplies bytes. Groups meet within 8 channels."""

    weight_bits: int
    bits: int
    encoding: str = "unipolar"
    kernel: str = "popcount"
    is_conv: bool = True
    has_codes: bool = True
    channels: int = 72
    pool: tuple[int, int] = (1, 1)
    groups: int = 1


LAYERS = [Layer(1, 1), Layer(1, 2), Layer(2, 2, has_codes=False), Layer(2, 3, is_conv=False),
          Layer(1, 4, encoding="signed"), Layer(1, 5, is_conv=False, has_codes=False),
          Layer(1, 6), Layer(3, 2, encoding="bipolar", has_codes=False),
          Layer(4, 4, kernel="dot"), Layer(8, 8, kernel="dot", encoding="signed", channels=3),
          Layer(2, 5, kernel="dot", is_conv=False, has_codes=False),
          Layer(1, 1, pool=(2, 2)), Layer(1, 2, pool=(2, 2)), Layer(2, 2, pool=(1, 2)),
          Layer(1, 3, encoding="bipolar", pool=(4, 1)), Layer(2, 3, encoding="signed", pool=(2, 2)),
          Layer(1, 1, groups=2), Layer(1, 2, groups=2), Layer(1, 3, groups=2, pool=(2, 1)),
          Layer(4, 4, kernel="dot", pool=(2, 2)), Layer(2, 4, kernel="dot", pool=(2, 1), channels=3)]
OUTPUTS, TAPS, SIDE = 200, 3, 9


def tensor(shape: tuple[int, ...], element: str) -> str:
    return f"tensor<{'x'.join(map(str, shape))}x{element}>"


def constant(values: np.ndarray, element: str) -> str:
    return (f'arith.constant dense<"0x{values.tobytes().hex().upper()}"> : '
            f"{tensor(values.shape, element)}")


def make(layer: Layer, tile: tuple[int, ...]) -> tuple[str, np.ndarray]:
    """Returns the text of a network in phase bitplane and an input for it."""
    rng = np.random.default_rng(layer.weight_bits * 10 + layer.bits)
    image = (2, SIDE, SIDE) if layer.is_conv else (150,)
    words, blocks = (layer.channels + 31) // 32, (OUTPUTS + 31) // 32
    window = (TAPS, TAPS) if layer.is_conv else ()
    code = f"!dorefa.code<{layer.bits}, {layer.encoding}>"
    types = {
        "x": tensor((*image, layer.channels), "i8"),
        "p": tensor((*image, words, layer.bits), "i32"),
        "w": tensor((OUTPUTS, *window, layer.channels // layer.groups), "i8"),
        "t": tensor((OUTPUTS, (1 << layer.bits) - 1), "i32"),
        "q": tensor((*image, blocks, layer.bits), "i32"),
        "y": tensor((*image, OUTPUTS), "i8" if layer.has_codes else "i32"),
    }
    pooled = (image[0], *(SIDE // size for size in layer.pool))
    if layer.pool != (1, 1):
        types["m"] = tensor((*pooled, blocks, layer.bits), "i32")
        types["y"] = tensor((*pooled, OUTPUTS), "i8")
    weights = rng.integers(0, 1 << layer.weight_bits,
                           (OUTPUTS, *window, layer.channels // layer.groups), dtype=np.uint8)
    spread = np.sqrt(weights[0].size) * 2 ** (layer.bits + layer.weight_bits - 2)
    thresholds = rng.normal(0, spread, (OUTPUTS, (1 << layer.bits) - 1)).astype(np.int32)
    directions = ", ".join(rng.choice(["true", "false"], OUTPUTS))
    base = -(1 << (layer.bits - 1)) if layer.encoding == "signed" else 0
    result = "q" if layer.has_codes else "y"
    lines = [
        f"%w = {constant(weights, 'i8')}",
        f"%t = {constant(np.sort(thresholds, axis=1), 'i32')}",
        f"%e = tensor.empty() : {types['p']}",
        f"%p = bitplane.pack %x outs(%e : {types['p']}) : {types['x']} -> {types['p']}",
        f"%i = tensor.empty() : {types[result]}",
        f"%{result} = bitplane.{'conv_2d' if layer.is_conv else 'matmul'} %p, %w "
        + (f"thresholds %t : {types['t']} " if layer.has_codes else "")
        + f"outs(%i : {types[result]}) channels {layer.channels} to {OUTPUTS} "
        f"codes {code}, !dorefa.code<{layer.weight_bits}, bipolar> "
        + (f"to {code} " if layer.has_codes else "") + f"kernel {layer.kernel} "
        + ("pads [1, 1, 1, 1] " if layer.is_conv else "")
        + (f"groups {layer.groups} " if layer.groups > 1 else "")
        + (f"decreasing [{directions}] base {base} " if layer.has_codes else "")
        + f"{{dorefa.gpu_tile = array<i64: {', '.join(map(str, tile))}>}} "
        f": {types['p']}, {types['w']} -> {types[result]}",
    ]
    last = "q"
    if layer.pool != (1, 1):
        last, window = "m", list(layer.pool)
        lines += [f"%l = tensor.empty() : {types['m']}",
                  f"%m = bitplane.max_pool %q outs(%l : {types['m']}) code {code} "
                  f"kernel {window} strides {window} : {types['q']} -> {types['m']}"]
    if layer.has_codes:
        lines += [f"%j = tensor.empty() : {types['y']}",
                  f"%y = bitplane.unpack %{last} outs(%j : {types['y']}) "
                  f": {types[last]} -> {types['y']}"]
    body = "\n  ".join(lines)
    text = (f'module attributes {{dorefa.phase = "bitplane"}} {{\nfunc.func @main(%x: {types["x"]} '
            f'{{dorefa.name = "x"}}) -> ({types["y"]} {{dorefa.name = "y"}}) {{\n  {body}\n'
            f"  return %y : {types['y']}\n}}\n}}\n")
    codes = rng.integers(0, 1 << layer.bits, (*image, layer.channels), dtype=np.uint8)
    return text, codes.astype(np.int8)


def steps_of(layer: Layer) -> int:
    """Returns the products along a window: of 256 bits, or of 32 bytes."""
    per_tap = layer.channels + 31 >> 5 if layer.kernel != "dot" else layer.channels + 3 >> 2
    return (per_tap * (TAPS * TAPS if layer.is_conv else 1) + 7) // 8


def run(*command: object) -> None:
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"{command[0]}: exit {result.returncode}: {result.stderr.strip()[:800]}")


def check(binaries: Path, work: Path, layer: Layer, tile: tuple[int, ...]) -> int:
    """Returns the number of values compared; raises where one differs."""
    stem = work / (f"w{layer.weight_bits}a{layer.bits}g{layer.groups}-{layer.kernel}-"
                   f"{'x'.join(map(str, layer.pool + tile))}")
    source, library, data = (stem.with_suffix(s) for s in (".mlir", ".so", ".npy"))
    text, codes = make(layer, tile)
    source.write_text(text)
    np.save(data, codes)
    run(binaries / "dorefa-compile", source, "--target=gpu", "-o", library)
    run(binaries / "dorefa-run", library, "--device=emulator", "--input", data, "--output",
        f"{stem}.gpu.npy")
    run(binaries / "dorefa-interpret", source, "--input", data, "--output", f"{stem}.ref.npy")
    compiled, reference = np.load(f"{stem}.gpu.npy"), np.load(f"{stem}.ref.npy")
    if compiled.tobytes() != reference.tobytes():
        raise RuntimeError(f"{np.sum(compiled != reference)} of {compiled.size} values differ: see "
                           f"{source}")
    if b"max_pool" in library.read_bytes():
        raise RuntimeError(f"has a pool of its own: see {source}")
    if b"mma.sync" not in library.read_bytes():
        raise RuntimeError(f"has no products on tensor cores: see {source}")
    return compiled.size


def main() -> int:
    binaries, work = (Path(argument) for argument in sys.argv[1:])
    work.mkdir(parents=True, exist_ok=True)
    failures = total = 0
    for number, layer in enumerate(LAYERS):
        planes = 1 if layer.kernel == "dot" else layer.bits
        filters = 1 if layer.kernel == "dot" else layer.weight_bits
        # The largest, the smallest, and one more in turn.
        # A lane has two rows of each tile of a warp.
        usable = [tile for tile in TILES if 2 * tile[2] % (layer.pool[0] * layer.pool[1]) == 0]
        drawn = [usable[0], usable[-1], usable[1 + number % (len(usable) - 2)]]
        if planes * filters == 1:
            drawn.append(LARGE[number % 2])
        for tile in drawn:
            stage = 32 * (16 * tile[0] * tile[2] * planes + 32 * tile[1] * tile[3] * filters)
            stages = min(tile[4], (48 << 10) // stage)
            for steps in (1, 2):
                stages -= stages % steps
                if stages < 3 or steps_of(layer) % steps:
                    continue
                try:
                    total += check(binaries, work, layer, (*tile[:4], stages, steps))
                except RuntimeError as error:
                    failures += 1
                    print(f"{layer} {tile}: {error}", flush=True)
    print(f"{total} values compared, {failures} layers differ")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
