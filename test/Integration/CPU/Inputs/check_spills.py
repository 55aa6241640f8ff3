# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Check that the hot loops of AVX-512 kernels use what they should and spill nothing.

usage: check_spills.py WORKDIR

Kernels are compiled for znver4 and disassembled; nothing runs. A spilled vector in
a hot loop costs a factor of two to three, so a single one is an error.
"""

import re
import subprocess
import sys

import check_kernels
import numpy as np
from check_kernels import Code, Conv


FLOAT_GROUPS = """linalg.generic {{
  indexing_maps = [affine_map<(n, y, x, ky, kx, c, g, f) -> (n, y + ky, x + kx, g, c)>,
                   affine_map<(n, y, x, ky, kx, c, g, f) -> (ky, kx, c, g, f)>,
                   affine_map<(n, y, x, ky, kx, c, g, f) -> (n, y, x, g, f)>],
  iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "reduction",
                    "parallel", "parallel"]}}
  ins({x}, {w} : {types}) outs({y} : {result}) {{
^bb0(%a: f32, %b: f32, %sum: f32):
  %s = math.fma %a, %b, %sum : f32
  linalg.yield %s : f32
}}"""


def loops(library):
    """Instructions of each innermost loop."""
    text = subprocess.run(["llvm-objdump", "-d", "--no-show-raw-insn", library],
                          capture_output=True, text=True, check=True).stdout
    code = [(int(address, 16), instruction)
            for address, instruction in re.findall(r"^\s*([0-9a-f]+):\s+(.*?)(?: *#.*)?$", text, re.M)]
    position = {address: i for i, (address, _) in enumerate(code)}
    spans = []
    for i, (address, instruction) in enumerate(code):
        jump = re.match(r"j\w+\s+0x([0-9a-f]+)", instruction)
        if jump and int(jump[1], 16) <= address and int(jump[1], 16) in position:
            spans.append((position[int(jump[1], 16)], i))
    for begin, end in spans:
        if not any((a, b) != (begin, end) and begin <= a and b <= end for a, b in spans):
            yield [instruction for _, instruction in code[begin : end + 1]]


def check(module, wanted):
    """Number of complaints about the innermost loops that execute `wanted`."""
    hot = [loop for loop in loops(module.compile())
           if sum(wanted in i and "%zmm" in i for i in loop) >= 4]
    # A hot loop stores nothing, and reads nothing from the stack.
    spills = sum(re.search(r"%zmm\d+, .*\(|\(%rsp.*%zmm", i) is not None for loop in hot for i in loop)
    count = sum(wanted in i for loop in hot for i in loop)
    print(f"{module.name}: {len(hot)} hot loops, {count} {wanted}, {spills} spills")
    return spills + (not hot)


def main():
    options = check_kernels.parse_options(["--cpu=znver4", *sys.argv[1:]])
    bad = 0
    lookup = check_kernels.parse_options(["--cpu=znver4", "--kernel=lookup", "--features=avx512bw,avx512vbmi",
                                          *sys.argv[1:]])
    for bits, settings, wanted in ((1, options, "vpopcntd"), (2, options, "vpopcntd"), (2, lookup, "vpermb")):
        for size, channels in ((56, 64), (28, 128), (14, 256), (7, 512)):
            module = check_kernels.Module(f"{settings.kernel}_w1a{bits}_{size}x{size}x{channels}", settings)
            case = Conv(Code(bits), Code(1, "bipolar"), Code(bits), size=(size, size), channels=channels,
                        outputs=channels, pads=(1, 1, 1, 1))
            check_kernels.add_contraction(module, case, np.random.default_rng(1))
            bad += check(module, wanted)
    module = check_kernels.Module("first_layer", options)
    x, w = np.zeros((1, 224, 224, 3), np.float32), np.zeros((12, 12, 3, 96), np.float32)
    module.add("", [x, w], np.zeros((1, 54, 54, 96), np.float32),
               lambda n, t: f"linalg.conv_2d_nhwc_hwcf {{strides = dense<4> : tensor<2xi64>}} "
               f"ins({n[0]}, {n[1]} : {t[0]}, {t[1]}) outs({n[2]} : {t[2]})")
    bad += check(module, "vfmadd")
    module = check_kernels.Module("float_groups", options)
    x, w = np.zeros((1, 58, 58, 2, 48), np.float32), np.zeros((5, 5, 48, 2, 128), np.float32)
    module.add("", [x, w], np.zeros((1, 54, 54, 2, 128), np.float32), lambda n, t: FLOAT_GROUPS.format(
        x=n[0], w=n[1], y=n[2], types=f"{t[0]}, {t[1]}", result=t[2]))
    bad += check(module, "vfmadd")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
