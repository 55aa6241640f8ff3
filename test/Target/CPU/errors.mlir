// Each mistake is one diagnostic, exit code 1, and leaves no file behind.
// RUN: rm -rf %t && mkdir -p %t/directory && mkfifo %t/fifo
// RUN: not dorefa-compile %s -o %t/x.so --mcpu=zen99 2>&1 | FileCheck %s --check-prefix=PROCESSOR
// RUN: not dorefa-compile %s -o %t/x.so --mcpu=pentium4 2>&1 | FileCheck %s --check-prefix=BITS32
// RUN: not dorefa-compile %s -o %t/x.so --symbol-prefix=2nd 2>&1 | FileCheck %s --check-prefix=PREFIX
// RUN: not dorefa-compile %s -o %t/missing/x.so 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not dorefa-compile %s -o %t/directory 2>&1 | FileCheck %s --check-prefix=IRREGULAR
// RUN: not dorefa-compile %s -o %t/fifo 2>&1 | FileCheck %s --check-prefix=IRREGULAR
// RUN: ls %t | FileCheck %s --check-prefix=LEFT --implicit-check-not=.so
// RUN: test -p %t/fifo
// RUN: test -d %t/directory

// PROCESSOR: error: processor is 'zen99' but must be native or an x86-64 processor that LLVM knows, such as x86-64-v3, haswell, znver4 or sapphirerapids
// BITS32: error: processor is 'pentium4' but must be native or an x86-64 processor
// PREFIX: error: symbol prefix is '2nd' but must be a C identifier
// MISSING: error: cannot write shared object '{{.*}}missing/x.so': {{.*}}No such file or directory
// IRREGULAR: error: cannot write shared object '{{.*}}': the path exists and is not a regular file
// LEFT: directory
// LEFT-NEXT: fifo

func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> {
  %y = dorefa.unary relu %x : tensor<8xf32>
  return %y : tensor<8xf32>
}
