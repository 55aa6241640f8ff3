# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Print the tables that benchmarks/gpu.py makes of times that are made up; where ptxas is,
assemble the kernel that measures the ceiling: gpu_report.py BENCHMARKS WORK"""

import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
import gpu
import gpu_ceiling

CASES = {"chip": "sm_90", "cases": [
    {"name": "bits", "kernel": "b1", "predicted": 1e-5, "operations": 10**9,
     "bars": {"ceiling": 0.6}},
    {"name": "layer", "kernel": "b1", "predicted": None, "operations": 0,
     "bars": {"fp16": 3.0, "int8": 1.6}},
]}
TIMES = [{"ours": 2e-6}, {"ours": 1e-5, "fp16": 6e-5, "fp16 graph": 4e-5, "int8": 1.5e-5}]
print(gpu.report(CASES, TIMES, 1e15, {"torch int8 graph": "cannot"}))
print(gpu.report(CASES, [{"ours": 2e-6}, {"ours": 1e-5}], None, {}))

if shutil.which("ptxas"):
    ptx = Path(sys.argv[2]) / "ceiling.ptx"
    ptx.write_text(gpu_ceiling.kernel())
    subprocess.run(["ptxas", "--gpu-name=sm_90", str(ptx), "-o", str(ptx) + ".cubin"], check=True)
