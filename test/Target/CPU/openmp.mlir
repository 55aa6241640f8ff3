// A network that spreads over threads: what it needs, and that it computes the same with
// any number of them.

// RUN: dorefa-compile %s -o %t.so --openmp --mcpu=x86-64-v3
// RUN: llvm-readelf -d %t.so | FileCheck %s --check-prefix=NEEDED
// NEEDED: (NEEDED) {{.*}}[libomp.so.5]
// NEEDED-NOT: (NEEDED)
// NEEDED: (NEEDED) {{.*}}[libc.so.6]
// RUN: llvm-nm -D --undefined-only %t.so | FileCheck %s --check-prefix=SYMBOLS --implicit-check-not=" U "
// SYMBOLS-DAG: U __kmpc_for_static_fini
// SYMBOLS-DAG: U __kmpc_for_static_init_8u
// SYMBOLS-DAG: U __kmpc_fork_call{{$}}
// SYMBOLS-DAG: U __kmpc_global_thread_num
// SYMBOLS-DAG: U __kmpc_push_num_threads
// SYMBOLS-DAG: U mem

// It does without where it is not asked for.
// RUN: dorefa-compile %s -o %t.serial.so --mcpu=x86-64-v3
// RUN: llvm-readelf -d %t.serial.so | not grep libomp

// RUN: %python -c "import numpy; numpy.save('%t.x.npy', numpy.random.default_rng(1).random((1, 40, 36, 3), 'f4'))"
// RUN: dorefa-run %t.serial.so --input %t.x.npy --output %t.y.npy
// RUN: dorefa-run %t.so --input %t.x.npy --expect %t.y.npy --threads 1
// RUN: dorefa-run %t.so --input %t.x.npy --expect %t.y.npy --threads 2
// RUN: dorefa-run %t.so --input %t.x.npy --expect %t.y.npy --threads 3
// RUN: dorefa-run %t.so --input %t.x.npy --expect %t.y.npy --threads 2 --profile | FileCheck %s --check-prefix=PROFILE
// PROFILE: first conv_2d float

// RUN: dorefa-run %t.serial.so --input %t.x.npy --expect %t.y.npy --threads 2 2>&1 | FileCheck %s --check-prefix=SERIAL
// SERIAL: dorefa-run: warning: {{.*}}.serial.so: runs in one thread; it was compiled without --openmp, or has too little work for more

// Another processor has the same library.
// RUN: dorefa-compile %s -o %t.aarch64.so --openmp --mtriple=aarch64-linux-gnu --mcpu=generic
// RUN: llvm-readelf -d %t.aarch64.so | FileCheck %s --check-prefix=NEEDED

func.func @main(%x: tensor<1x40x36x3xf32>) -> tensor<1x300xf32> {
  %w0 = arith.constant dense<0.01> : tensor<72x5x5x3xf32>
  %y = dorefa.conv_2d %x, %w0 : tensor<1x40x36x3xf32>, tensor<72x5x5x3xf32> -> tensor<1x36x32x72xf32> loc("first")
  %q = dorefa.quantize_activations %y clip : tensor<1x36x32x72xf32> -> tensor<1x36x32x72x!dorefa.code<2, unipolar>>
  // Groups whose window sums differ from lane to lane, in scratch memory.
  %w1 = dorefa.constant dense<2> : tensor<144x3x3x12xi8> -> tensor<144x3x3x12x!dorefa.code<2, unipolar>>
  %a1 = dorefa.conv_2d %q, %w1 pads [1, 1, 1, 1] groups 6 offsets 0, -1
      : tensor<1x36x32x72x!dorefa.code<2, unipolar>>, tensor<144x3x3x12x!dorefa.code<2, unipolar>> -> tensor<1x36x32x144xi32> loc("groups")
  %t = arith.constant dense<[[60, 90, 110]]> : tensor<1x3xi32>
  %b = dorefa.threshold %a1, %t : tensor<1x36x32x144xi32>, tensor<1x3xi32> -> tensor<1x36x32x144x!dorefa.code<2, unipolar>> loc("codes")
  %p = dorefa.max_pool %b kernel [2, 2] strides [2, 2] : tensor<1x36x32x144x!dorefa.code<2, unipolar>> -> tensor<1x18x16x144x!dorefa.code<2, unipolar>>
  %f = tensor.collapse_shape %p [[0], [1, 2, 3]] : tensor<1x18x16x144x!dorefa.code<2, unipolar>> into tensor<1x41472x!dorefa.code<2, unipolar>>
  %w2 = dorefa.constant dense<1> : tensor<250x41472xi8> -> tensor<250x41472x!dorefa.code<1, bipolar>>
  %a2 = dorefa.matmul %f, %w2 : tensor<1x41472x!dorefa.code<2, unipolar>>, tensor<250x41472x!dorefa.code<1, bipolar>> -> tensor<1x250xi32> loc("codes of a row")
  %s = arith.constant dense<0.001> : tensor<f32>
  %z = dorefa.scale %a2, %s : tensor<1x250xi32>, tensor<f32> -> tensor<1x250xf32>
  %w3 = arith.constant dense<0.3> : tensor<300x250xf32>
  %r = dorefa.matmul %z, %w3 : tensor<1x250xf32>, tensor<300x250xf32> -> tensor<1x300xf32> loc("last")
  return %r : tensor<1x300xf32>
}
