# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How many products of single bits tensor cores compute by mma.sync, and nothing else.

Calls the driver (libcuda.so.1) by ctypes; nothing else is needed.
"""

from __future__ import annotations

import ctypes
import statistics

LOOPS, PRODUCTS, THREADS = 2048, 8, 256
#: Operations of one m16n8k256, 2 per product of bits.
OPERATIONS = 2 * 16 * 8 * 256


def kernel() -> str:
    """PTX: a loop of independent products whose sums are stored at the end."""
    sums = [[f"%d{4 * i + j}" for j in range(4)] for i in range(PRODUCTS)]
    products = "\n".join(
        "  mma.sync.aligned.m16n8k256.row.col.s32.b1.b1.s32.and.popc "
        f"{{{', '.join(d)}}}, {{%a, %b, %a, %b}}, {{%b, %a}}, {{{', '.join(d)}}};" for d in sums)
    zeros = "\n".join(f"  mov.u32 {d}, 0;" for group in sums for d in group)
    total = "\n".join(f"  add.u32 %a, %a, {d};" for group in sums for d in group)
    return f"""
.version 7.1
.target sm_80
.address_size 64
.visible .entry ceiling(.param .u64 result) {{
  .reg .u32 %a, %b, %i, %d<{4 * PRODUCTS}>;
  .reg .u64 %p, %o;
  .reg .pred %more;
  mov.u32 %a, %tid.x;
  not.b32 %b, %a;
  mov.u32 %i, {LOOPS};
{zeros}
again:
{products}
  sub.u32 %i, %i, 1;
  setp.ne.u32 %more, %i, 0;
  @%more bra again;
{total}
  ld.param.u64 %p, [result];
  mov.u32 %b, %tid.x;
  mul.wide.u32 %o, %b, 4;
  add.u64 %p, %p, %o;
  st.global.u32 [%p], %a;
  ret;
}}
"""


class Driver:
    """Functions of the driver; an error is an OSError."""

    def __init__(self) -> None:
        self.cuda = ctypes.CDLL("libcuda.so.1")

    def call(self, name: str, *arguments: object) -> None:
        status = getattr(self.cuda, name)(*arguments)
        if status:
            raise OSError(f"{name} of the GPU driver fails with error {status}")

    def attribute(self, number: int, device: ctypes.c_int) -> int:
        value = ctypes.c_int()
        self.call("cuDeviceGetAttribute", ctypes.byref(value), number, device)
        return value.value


def measure(runs: int = 20) -> float:
    """Operations per second of the first GPU; OSError where that cannot be measured."""
    driver, device = Driver(), ctypes.c_int()
    driver.call("cuInit", 0)
    driver.call("cuDeviceGet", ctypes.byref(device), 0)
    # CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, _COMPUTE_CAPABILITY_MAJOR
    count, major = driver.attribute(16, device), driver.attribute(75, device)
    if not 8 <= major <= 9:
        raise OSError(f"a GPU of compute capability {major} has no products of single bits")
    context, module, function, memory, begin, end = (ctypes.c_void_p() for _ in range(6))
    driver.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
    driver.call("cuCtxPushCurrent_v2", context)
    driver.call("cuModuleLoadDataEx", ctypes.byref(module), kernel().encode() + b"\0", 0, None, None)
    driver.call("cuModuleGetFunction", ctypes.byref(function), module, b"ceiling")
    driver.call("cuMemAlloc_v2", ctypes.byref(memory), ctypes.c_size_t(4 * THREADS))
    for event in (begin, end):
        driver.call("cuEventCreate", ctypes.byref(event), 0)
    arguments = (ctypes.c_void_p * 1)(ctypes.addressof(memory))
    blocks, milliseconds, rates = 4 * count, ctypes.c_float(), []
    for run in range(runs + 3):
        driver.call("cuEventRecord", begin, None)
        driver.call("cuLaunchKernel", function, blocks, 1, 1, THREADS, 1, 1, 0, None, arguments, None)
        driver.call("cuEventRecord", end, None)
        driver.call("cuEventSynchronize", end)
        driver.call("cuEventElapsedTime", ctypes.byref(milliseconds), begin, end)
        if run >= 3:
            operations = blocks * THREADS // 32 * LOOPS * PRODUCTS * OPERATIONS
            rates.append(operations / (1e-3 * milliseconds.value))
    return statistics.median(rates)


if __name__ == "__main__":
    print(kernel())
