// What a compiled network shows to the outside, whatever is inside.
// RUN: dorefa-compile %s -o %t.so --mcpu=x86-64-v3 --header=%t.h
// RUN: llvm-nm -D %t.so | FileCheck %s --check-prefix=SYMBOLS --implicit-check-not=" T " --implicit-check-not=" D "
// RUN: llvm-readelf -d %t.so | FileCheck %s --check-prefix=DYNAMIC --implicit-check-not=RPATH --implicit-check-not=RUNPATH
// RUN: llvm-readelf -lW %t.so | FileCheck %s --check-prefix=SEGMENTS

// SYMBOLS: T dorefa_model_open
// SYMBOLS-NEXT: U exp
// DYNAMIC: (NEEDED) {{.*}}[libm.so.6]
// DYNAMIC-NEXT: (NEEDED) {{.*}}[libc.so.6]
// DYNAMIC: NOW
// SEGMENTS: GNU_RELRO
// SEGMENTS: GNU_STACK {{.*}} RW {{ *}}0

// It depends neither on the machine nor on where it is written.
// RUN: mkdir -p %t.dir
// RUN: dorefa-compile %s -o %t.dir/again.so --mcpu=x86-64-v3
// RUN: cmp %t.so %t.dir/again.so

// Another name, so that one program can link several networks.
// RUN: dorefa-compile %s -o %t.prefix.so --symbol-prefix=toy --header=%t.prefix.h
// RUN: llvm-nm -D %t.prefix.so | FileCheck %s --check-prefix=PREFIX --implicit-check-not=" T "
// PREFIX: T toy_open

// The header is C and C++, and the interface answers every mistake with a status.
// RUN: FileCheck %s --check-prefix=HEADER < %t.prefix.h
// RUN: %clang -std=c11 -Wall -Wextra -Wpedantic -Werror -I%dorefa_src/include -fsyntax-only %t.h %t.prefix.h
// RUN: %clang -x c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -I%dorefa_src/include -fsyntax-only %t.prefix.h
// RUN: %clang -std=c11 -I%dorefa_src/include %S/../../CAPI/model.c -pthread -o %t.run
// RUN: %t.run %t.so 3 | FileCheck %s --check-prefix=CALL
// HEADER: int32_t toy_open(uint32_t abi_version, const dorefa_model **model);
// HEADER: /* the image: float, batch x 4 x 2 */
// HEADER-NEXT: #define TOY_INPUT0_ELEMENTS(batch) (INT64_C(8) * (batch))
// HEADER-NEXT: #define TOY_INPUT_THE_IMAGE 0
// HEADER: #define TOY_OUTPUT1_ELEMENTS 2
// CALL: model toy for x86_64-linux-gnu x86-64-v3
// CALL-NEXT: input the image: f32 -1 4 2
// CALL-NEXT: output scores: f32 -1 4 2
// CALL-NEXT: output fixed: i64 2
// CALL: 2 threads, 4 runs each, batch 3: equal outputs
// CALL-NEXT: 0 layers: begun and ended in order
// CALL-NEXT: mistakes: refused

module @toy {
  func.func @main(%x: tensor<?x4x2xf32> {dorefa.name = "the image"})
      -> (tensor<?x4x2xf32> {dorefa.name = "scores"}, tensor<2xi64> {dorefa.name = "fixed"}) {
    %y = dorefa.softmax %x : tensor<?x4x2xf32>
    %c = arith.constant dense<[3, 4]> : tensor<2xi64>
    return %y, %c : tensor<?x4x2xf32>, tensor<2xi64>
  }
}
