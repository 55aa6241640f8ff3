/*===- EmbeddedRuntime.c - The runtime of models as data -----------------------===*
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===--------------------------------------------------------------------------===*/

__asm__(".section .rodata\n"
        ".global dorefa_bpa_runtime_begin\n"
        ".global dorefa_bpa_runtime_end\n"
        "dorefa_bpa_runtime_begin:\n"
        ".incbin \"" DOREFA_BPA_RUNTIME "\"\n"
        "dorefa_bpa_runtime_end:\n"
        ".previous\n");
