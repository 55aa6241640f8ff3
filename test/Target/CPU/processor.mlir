// The exported function finds out whether the processor can run the rest, with code
// that every x86-64 runs.
// RUN: dorefa-compile %s -o %t.so --mcpu=znver4
// RUN: llvm-objdump -d --no-show-raw-insn --disassemble-symbols=dorefa_model_open %t.so \
// RUN:   | FileCheck %s --implicit-check-not=%xmm --implicit-check-not=%ymm --implicit-check-not=%zmm --implicit-check-not=andn
// CHECK: cpuid
// CHECK: xgetbv
// CHECK: ret

// Nobody makes processors with these instruction sets any more.
// RUN: dorefa-compile %s -o %t.old.so --mcpu=bdver4
// RUN: not dorefa-run %t.old.so --list 2>&1 | FileCheck %s --check-prefix=REFUSED
// REFUSED: error: {{.*}} this processor lacks some of its instructions

// Every x86-64 runs the baseline.
// RUN: dorefa-compile %s -o %t.base.so --mcpu=x86-64
// RUN: dorefa-run %t.base.so --list | FileCheck %s --check-prefix=LIST
// LIST: output y

func.func @main(%x: tensor<8xf32> {dorefa.name = "x"}) -> (tensor<8xf32> {dorefa.name = "y"}) {
  %y = dorefa.unary relu %x : tensor<8xf32>
  return %y : tensor<8xf32>
}
