# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Layers whose windows or weights do not fit the buffers, on the accelerator and before.

Usage: parts.py DIR SOURCE DOREFA_OPT DOREFA_INTERPRET CONFIGURATION

Prints a line per layer: products that keep sums, and whether all is equal.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(sys.argv[2]) / "benchmarks"))
from layers import Conv, MatMul, module_of, words_of

#: Name, layer, bits of weights and activations, codes or sums, batch, encoding of the input.
LAYERS = [
    ("window", Conv(5, 2000, 12, 3), (2, 4), True, 1, "unipolar"),
    ("strides", Conv(6, 1500, 20, 5, 2), (1, 2), True, 2, "unipolar"),
    ("ones", Conv(4, 1300, 12, 3), (2, 4), True, 1, "bipolar"),
    ("sums", Conv(4, 2000, 12, 3), (2, 4), False, 2, "unipolar"),
    ("groups", Conv(4, 4000, 32, 3, 1, 2), (2, 4), True, 1, "unipolar"),
    ("weights", MatMul(1, 9216, 40), (8, 2), True, 1, "unipolar"),
    ("lanes", MatMul(2, 20000, 40), (1, 1), True, 2, "unipolar"),
    ("both", MatMul(1, 25088, 40), (2, 4), False, 1, "unipolar"),
]


def run(*command: object) -> None:
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                            check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout}{result.stderr}")


def main() -> int:
    folder, opt, interpreter, configuration = Path(sys.argv[1]), *sys.argv[3:]
    folder.mkdir(parents=True, exist_ok=True)
    for name, layer, widths, codes, batch, encoding in LAYERS:
        before, after = folder / f"{name}.mlir", folder / f"{name}.bpa.mlir"
        source = module_of(layer, widths, codes, batch)
        before.write_text(source.replace(f"codes !dorefa.code<{widths[1]}, unipolar>",
                                         f"codes !dorefa.code<{widths[1]}, {encoding}>"))
        channels = layer.channels if isinstance(layer, Conv) else layer.depth
        place = (batch, layer.size, layer.size) if isinstance(layer, Conv) else (layer.rows,)
        values = np.random.default_rng(1).random((*place, words_of(channels) * 32, widths[1])) < 0.5
        values[..., channels:, :] = False
        words = np.packbits(values, axis=-2, bitorder="little")
        words = np.moveaxis(words, -2, -1).copy().view("<i4")
        np.save(folder / "x.npy", np.ascontiguousarray(np.moveaxis(words, -1, -2)))
        run(opt, before, f"--convert-bitplane-to-bpa=configuration={configuration}",
            "--bpa-insert-tokens", "-o", after)
        run(interpreter, before, "--input", folder / "x.npy", "--output", folder / "expected.npy")
        run(interpreter, after, "--input", folder / "x.npy", "--expect", folder / "expected.npy")
        text = after.read_text()
        left = text.count("= bitplane.")
        print(f"{name}: {text.count(' keep=1')} products keep sums, {left} layers left, equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
