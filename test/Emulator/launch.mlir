// A kernel without shared memory: grids, bounds, arguments.

// RUN: %python %S/Inputs/arrays.py scale %t
// RUN: %lower_kernels %s -o %t.kernels.mlir
// DEFINE: %{emulate} = dorefa-emulate %t.kernels.mlir --kernel=scale \
// DEFINE:   --arg=%t.x.npy --arg=float32[10,30]
// DEFINE: %{fail} = not %{emulate} 2>&1

// RUN: %{emulate} --arg=i32:300 --grid=3,1 --block=8,2,8 --expect=1=%t.y.npy --runs=3 | FileCheck %s
// CHECK-COUNT-3: 300 of 300 values equal

// RUN: %{emulate} --arg=i32:299 --grid=3 --block=128 --output=1=%t.out.npy
// RUN: %python -c "import numpy as np; assert np.load('%t.out.npy')[-1, -1] == 0"
// RUN: not dorefa-emulate %t.kernels.mlir --kernel=scale --arg=%t.x.npy --arg=float32[10,30] \
// RUN:   --arg=i32:299 --grid=3 --block=128 --expect=1=%t.y.npy | FileCheck %s --check-prefix=DIFFERENT
// DIFFERENT: 1 of 300 values differ

// A bound that is one too large.
// RUN: %{fail} --arg=i32:301 --grid=3 --block=128 | FileCheck %s --check-prefix=BOUNDS
// BOUNDS: dorefa-emulate: error: kernel 'scale', block (2,0,0), warp 1, lane 12: 'load float' at launch.mlir:[[#LINE:]]:{{[0-9]+}} reads 4 bytes at byte 1200 of buffer 0 (1200 bytes), which is out of bounds; guard it by a condition

// Launches that no device accepts.
// RUN: %{fail} --arg=i32:1 --block=1024,2 | FileCheck %s --check-prefix=THREADS
// THREADS: error: kernel 'scale': block has 2048 threads but must have at most 1024
// RUN: %{fail} --arg=i32:1 --grid=1,70000 | FileCheck %s --check-prefix=GRID
// GRID: error: kernel 'scale': grid has 70000 in dimension y but must have 1 to 65535
// RUN: %{fail} --arg=i32:1 --block=8,0 | FileCheck %s --check-prefix=EMPTY
// EMPTY: error: kernel 'scale': block has 0 in dimension y but must have 1 to 1024
// RUN: %{fail} --arg=i32:1 --shared=300000 | FileCheck %s --check-prefix=SHARED
// SHARED: error: kernel 'scale': 300000 bytes of shared memory are more than the 232448 of a block
// RUN: %{fail} | FileCheck %s --check-prefix=COUNT
// COUNT: error: kernel 'scale': got 2 arguments but has 3
// RUN: not dorefa-emulate %t.kernels.mlir --kernel=other 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: error: the module has no kernel 'other'; it has 'scale', 'known_size'

// The compiler has folded the size of the block.
// RUN: dorefa-emulate %t.kernels.mlir --kernel=known_size --block=64,2
// RUN: not dorefa-emulate %t.kernels.mlir --kernel=known_size --block=32,4 2>&1 \
// RUN:   | FileCheck %s --check-prefix=KNOWN
// KNOWN: error: kernel 'known_size': block has 4 threads in dimension y but was compiled for at most 2

gpu.module @kernels {
  // y[i] = 2 * x[i] + block x for i < n.
  gpu.func @scale(%x: memref<300xf32>, %y: memref<300xf32>, %n: i32) kernel {
    %block = gpu.block_id x
    %bx = gpu.block_dim x
    %by = gpu.block_dim y
    %bz = gpu.block_dim z
    %tx = gpu.thread_id x
    %ty = gpu.thread_id y
    %tz = gpu.thread_id z
    %row = arith.muli %tz, %by : index
    %row_y = arith.addi %row, %ty : index
    %flat = arith.muli %row_y, %bx : index
    %t = arith.addi %flat, %tx : index
    %area = arith.muli %bx, %by : index
    %size = arith.muli %area, %bz : index
    %base = arith.muli %block, %size : index
    %i = arith.addi %base, %t : index
    %limit = arith.index_cast %n : i32 to index
    %inside = arith.cmpi ult, %i, %limit : index
    scf.if %inside {
      %v = memref.load %x[%i] : memref<300xf32>
      %two = arith.constant 2.0 : f32
      %b = arith.index_cast %block : index to i32
      %bf = arith.sitofp %b : i32 to f32
      %w = math.fma %v, %two, %bf : f32
      memref.store %w, %y[%i] : memref<300xf32>
    }
    gpu.return
  }

  gpu.func @known_size() kernel attributes {known_block_size = array<i32: 64, 2, 1>} {
    gpu.return
  }
}
