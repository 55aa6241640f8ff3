/*===- EmbeddedRuntime.c - The runtime of models as data -----------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*/

__asm__(".section .rodata\n"
        ".global dorefa_gpu_runtime_begin\n"
        ".global dorefa_gpu_runtime_end\n"
        "dorefa_gpu_runtime_begin:\n"
        ".incbin \"" DOREFA_GPU_RUNTIME "\"\n"
        "dorefa_gpu_runtime_end:\n"
        ".previous\n");
