# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pools of maps that do not fit the accelerator, on it and before.

Usage: pooled.py DIR SOURCE DOREFA_OPT DOREFA_INTERPRET CONFIGURATION SIZE

Prints a line per pool: maps that lie in DRAM between layers, pools of rows, and whether all is
equal. Maps have SIZE times SIZE pixels.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(sys.argv[2]) / "benchmarks"))
from layers import Conv, module_of, words_of, words_type

#: Name, kernel of the convolution, window, strides and pads of the pool, batch.
POOLS = [("halves", 3, 2, 2, 0, 1), ("overlap", 1, 3, 2, 1, 1), ("wide", 3, 5, 1, 2, 1),
         ("batch", 1, 2, 2, 0, 2)]
BITS = 3


def run(*command: object) -> None:
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                            check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout}{result.stderr}")


def pooled_module(layer: Conv, window: int, stride: int, pad: int, batch: int) -> str:
    size = (layer.result + 2 * pad - window) // stride + 1
    words = words_of(layer.filters)
    between = words_type((batch, layer.result, layer.result, words, BITS))
    result = words_type((batch, size, size, words, BITS))
    head, body = module_of(layer, (1, BITS), True, batch).split("{\n", 1)
    pool = f"""%e = tensor.empty() : {result}
  %z = bitplane.max_pool %y outs(%e : {result}) code !dorefa.code<{BITS}, unipolar>
      kernel [{window}, {window}] strides [{stride}, {stride}] pads [{pad}, {pad}, {pad}, {pad}]
      : {between} -> {result}
  return %z : {result}"""
    source, target = head.split("->")
    return (f"{source}->{target.replace(between, result)}{{\n"
            + body.replace(f"return %y : {between}", pool))


def main() -> int:
    folder, opt, interpreter, configuration = Path(sys.argv[1]), *sys.argv[3:6]
    folder.mkdir(parents=True, exist_ok=True)
    size = int(sys.argv[6])
    for name, kernel, window, stride, pad, batch in POOLS:
        before, after = folder / f"{name}.mlir", folder / f"{name}.bpa.mlir"
        before.write_text(pooled_module(Conv(size, 32, 64, kernel), window, stride, pad, batch))
        words = np.random.default_rng(1).integers(-2**31, 2**31, (batch, size, size, 1, BITS))
        np.save(folder / "x.npy", words.astype(np.int32))
        run(opt, before, f"--convert-bitplane-to-bpa=configuration={configuration}",
            "--bpa-insert-tokens", "-o", after)
        run(interpreter, before, "--input", folder / "x.npy", "--output", folder / "expected.npy")
        run(interpreter, after, "--input", folder / "x.npy", "--expect", folder / "expected.npy")
        text = after.read_text()
        print(f"{name}: {text.count('bpa.space @map')} maps between, {text.count('bpa.mp ')} pools, "
              "equal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
