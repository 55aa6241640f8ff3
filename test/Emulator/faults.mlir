// One kernel per way to misuse shared memory, or the lanes of a warp and of a block.

// RUN: %lower_all %s -o %t.kernels.mlir
// DEFINE: %{kernel} =
// DEFINE: %{block} = 64
// DEFINE: %{run} = dorefa-emulate %t.kernels.mlir --kernel=%{kernel} --block=%{block} \
// DEFINE:   --arg=int32[64] --iterations=1000
// DEFINE: %{check} = not %{run} 2>&1 | FileCheck %s --check-prefix

!data = memref<64xi32>
!shared = memref<64xi32, #gpu.address_space<workgroup>>

gpu.module @kernels {
  // Two barriers where they are needed: right in every order.
  // REDEFINE: %{kernel} = right
  // RUN: %{run} --runs=8
  gpu.func @right(%data: !data) workgroup(%shared: !shared) kernel {
    %t = gpu.thread_id x
    %c63 = arith.constant 63 : index
    %other = arith.subi %c63, %t : index
    %v = memref.load %data[%t] : !data
    memref.store %v, %shared[%t] : !shared
    gpu.barrier
    %w = memref.load %shared[%other] : !shared
    gpu.barrier
    memref.store %w, %shared[%t] : !shared
    %x = memref.load %shared[%t] : !shared
    memref.store %x, %data[%t] : !data
    gpu.return
  }

  // A read that no barrier keeps behind the write, which has yet to come.
  // REDEFINE: %{kernel} = read_before_write
  // RUN: %{check}=READ-BEFORE-WRITE
  // READ-BEFORE-WRITE: block (0,0,0), warp 0, lane 0: 'load i32' at faults.mlir:[[#@LINE+7]]:{{[0-9]+}} reads 4 bytes of shared memory at byte 252 of '__wg_read_before_write_0' (256 bytes), which nothing has written; write it or wait for it first
  gpu.func @read_before_write(%data: !data) workgroup(%shared: !shared) kernel {
    %t = gpu.thread_id x
    %c63 = arith.constant 63 : index
    %other = arith.subi %c63, %t : index
    %v = memref.load %data[%t] : !data
    memref.store %v, %shared[%t] : !shared
    %w = memref.load %shared[%other] : !shared
    memref.store %w, %data[%t] : !data
    gpu.return
  }

  // The same where the write has come first by chance.
  // REDEFINE: %{kernel} = read_after_write
  // RUN: %{check}=READ-AFTER-WRITE
  // READ-AFTER-WRITE: warp 1, lane 0: 'load i32' at faults.mlir:[[#@LINE+10]]:{{[0-9]+}} reads 4 bytes of shared memory at byte 124 of '__wg_read_after_write_0' (256 bytes), which 'store i32' at faults.mlir:{{.*}} of warp 0, lane 31 writes, and no barrier of the block is in between; add one
  gpu.func @read_after_write(%data: !data) workgroup(%shared: !shared) kernel {
    %t = gpu.thread_id x
    %c63 = arith.constant 63 : index
    %other = arith.subi %c63, %t : index
    %v = memref.load %data[%t] : !data
    memref.store %v, %shared[%t] : !shared
    %c32 = arith.constant 32 : index
    %second = arith.cmpi uge, %t, %c32 : index
    scf.if %second {
      %w = memref.load %shared[%other] : !shared
      memref.store %w, %data[%t] : !data
    }
    gpu.return
  }

  // A write that no barrier keeps behind the reads.
  // REDEFINE: %{kernel} = overwrite
  // RUN: %{check}=OVERWRITE
  // OVERWRITE: warp 1, lane 0: 'store i32' at faults.mlir:[[#@LINE+14]]:{{[0-9]+}} writes 4 bytes of shared memory at byte 128 of '__wg_overwrite_0' (256 bytes), which 'load i32' at faults.mlir:{{.*}} of warp 0, lane 31 reads, and no barrier of the block is in between; add one
  gpu.func @overwrite(%data: !data) workgroup(%shared: !shared) kernel {
    %t = gpu.thread_id x
    %c63 = arith.constant 63 : index
    %other = arith.subi %c63, %t : index
    %v = memref.load %data[%t] : !data
    memref.store %v, %shared[%t] : !shared
    gpu.barrier
    %c32 = arith.constant 32 : index
    %first = arith.cmpi ult, %t, %c32 : index
    scf.if %first {
      %w = memref.load %shared[%other] : !shared
      memref.store %w, %data[%t] : !data
    } else {
      memref.store %v, %shared[%t] : !shared
    }
    gpu.return
  }

  // Two writes of one word.
  // REDEFINE: %{kernel} = two_writers
  // RUN: %{check}=TWO-WRITERS
  // TWO-WRITERS: warp 0, lane 1: 'store i32' at faults.mlir:[[#@LINE+7]]:{{[0-9]+}} writes 4 bytes of shared memory at byte 0 of '__wg_two_writers_0' (256 bytes), which 'store i32' at faults.mlir:{{.*}} of warp 0, lane 0 writes too, and no barrier of the warp is in between; add one
  gpu.func @two_writers(%data: !data) workgroup(%shared: !shared) kernel {
    %t = gpu.thread_id x
    %c63 = arith.constant 63 : index
    %other = arith.subi %c63, %t : index
    %v = memref.load %data[%t] : !data
    %first = arith.constant 0 : index
    memref.store %v, %shared[%first] : !shared
    gpu.barrier
    %w = memref.load %shared[%first] : !shared
    memref.store %w, %data[%t] : !data
    gpu.return
  }

  // A barrier of the warp is enough between its lanes.
  // REDEFINE: %{kernel} = warp_barrier
  // RUN: %{run} --runs=8
  gpu.func @warp_barrier(%data: !data) workgroup(%shared: !shared) kernel {
    %t = gpu.thread_id x
    %c63 = arith.constant 63 : index
    %other = arith.subi %c63, %t : index
    %v = memref.load %data[%t] : !data
    %c1 = arith.constant 1 : index
    %all = arith.constant -1 : i32
    memref.store %v, %shared[%t] : !shared
    nvvm.bar.warp.sync %all : i32
    %neighbour = arith.xori %t, %c1 : index
    %w = memref.load %shared[%neighbour] : !shared
    memref.store %w, %data[%t] : !data
    gpu.return
  }

  // It is not between warps.
  // REDEFINE: %{kernel} = warp_barrier_between_warps
  // RUN: %{check}=WARP-BARRIER-BETWEEN-WARPS
  // WARP-BARRIER-BETWEEN-WARPS: 'load i32' at faults.mlir:[[#@LINE+9]]:{{[0-9]+}} reads 4 bytes of shared memory at byte 252 of '__wg_warp_barrier_between_warps_0' (256 bytes), which nothing has written
  gpu.func @warp_barrier_between_warps(%data: !data) workgroup(%shared: !shared) kernel {
    %t = gpu.thread_id x
    %c63 = arith.constant 63 : index
    %other = arith.subi %c63, %t : index
    %v = memref.load %data[%t] : !data
    %all = arith.constant -1 : i32
    memref.store %v, %shared[%t] : !shared
    nvvm.bar.warp.sync %all : i32
    %w = memref.load %shared[%other] : !shared
    memref.store %w, %data[%t] : !data
    gpu.return
  }

  // A word behind the array.
  // REDEFINE: %{kernel} = out_of_bounds
  // RUN: %{check}=OUT-OF-BOUNDS
  // OUT-OF-BOUNDS: warp 1, lane 31: 'store i32' at faults.mlir:[[#@LINE+8]]:{{[0-9]+}} writes 4 bytes of shared memory at byte 256 of '__wg_out_of_bounds_0' (256 bytes), which is out of bounds; guard it or enlarge the array
  gpu.func @out_of_bounds(%data: !data) workgroup(%shared: !shared) kernel {
    %t = gpu.thread_id x
    %c63 = arith.constant 63 : index
    %other = arith.subi %c63, %t : index
    %v = memref.load %data[%t] : !data
    %c1 = arith.constant 1 : index
    %next = arith.addi %t, %c1 : index
    memref.store %v, %shared[%next] : !shared
    gpu.return
  }

  // A vector at an address that its size does not divide.
  // REDEFINE: %{kernel} = misaligned
  // RUN: %{check}=MISALIGNED
  // MISALIGNED: warp 0, lane 0: 'store <2 x i32>' at faults.mlir:[[#@LINE+12]]:{{[0-9]+}} writes 8 bytes at byte 4 of buffer 0 (256 bytes), which is not a multiple of 8; use narrower accesses or pad rows
  gpu.func @misaligned(%data: !data) kernel {
    %t = gpu.thread_id x
    %v = memref.load %data[%t] : !data
    %c16 = arith.constant 16 : index
    %low = arith.cmpi ult, %t, %c16 : index
    %vector = vector.broadcast %v : i32 to vector<2xi32>
    %base = memref.extract_aligned_pointer_as_index %data : !data -> index
    %skip = arith.constant 4 : index
    %place = arith.addi %base, %skip : index
    %number = arith.index_cast %place : index to i64
    %pointer = llvm.inttoptr %number : i64 to !llvm.ptr<1>
    llvm.store %vector, %pointer {alignment = 8 : i64} : vector<2xi32>, !llvm.ptr<1>
    gpu.return
  }

  // An address in front of a buffer.
  // REDEFINE: %{kernel} = before_the_buffer
  // RUN: %{check}=BEFORE-THE-BUFFER
  // BEFORE-THE-BUFFER: warp 0, lane 0: 'store i32' at faults.mlir:[[#@LINE+8]]:{{[0-9]+}} writes 4 bytes at byte -4 of buffer 0 (256 bytes), which is out of bounds; guard it by a condition
  gpu.func @before_the_buffer(%data: !data) kernel {
    %t = gpu.thread_id x
    %c63 = arith.constant 63 : index
    %other = arith.subi %c63, %t : index
    %v = memref.load %data[%t] : !data
    %c1 = arith.constant 1 : index
    %last = arith.subi %t, %c1 : index
    memref.store %v, %data[%last] : !data
    gpu.return
  }

  // An address in no buffer.
  // REDEFINE: %{kernel} = no_buffer
  // RUN: %{check}=NO-BUFFER
  // NO-BUFFER: 'store i32' at faults.mlir:[[#@LINE+5]]:{{[0-9]+}} writes 4 bytes at address 0x1000, in no buffer, which is out of bounds
  gpu.func @no_buffer(%data: !data) kernel {
    %zero = arith.constant 0 : i32
    %place = arith.constant 4096 : i64
    %pointer = llvm.inttoptr %place : i64 to !llvm.ptr
    llvm.store %zero, %pointer : i32, !llvm.ptr
    gpu.return
  }

  // A copy onto one that may still land.
  // REDEFINE: %{kernel} = copied_twice
  // RUN: %{check}=COPIED-TWICE
  // COPIED-TWICE: warp 0, lane 0: 'cp.async.ca.shared.global.4' at faults.mlir:[[#@LINE+5]]:{{[0-9]+}} writes 4 bytes of shared memory at byte 0 of '__wg_copied_twice_0' (256 bytes), which 'cp.async.ca.shared.global.4' at faults.mlir:{{.*}} of warp 0, lane 0 may still be filling; that lane must wait for the group of the copy first
  gpu.func @copied_twice(%data: !data) workgroup(%shared: !shared) kernel {
    %t = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %a = nvgpu.device_async_copy %data[%t], %shared[%t], 1 : !data to !shared
    %b = nvgpu.device_async_copy %data[%c0], %shared[%t], 1 : !data to !shared
    gpu.return
  }

  // A barrier of the block that half a warp skips.
  // REDEFINE: %{kernel} = divergent_barrier
  // RUN: %{check}=DIVERGENT-BARRIER
  // DIVERGENT-BARRIER: block (0,0,0), warp 0: lanes that must meet wait at different places: lanes 0-15 at 'barrier.cta.sync.aligned.all' at faults.mlir:[[#@LINE+8]]:{{[0-9]+}}; lanes 16-31 nowhere, having exited; move what all of them need out of the condition
  gpu.func @divergent_barrier(%data: !data) workgroup(%shared: !shared) kernel {
    %t = gpu.thread_id x
    %v = memref.load %data[%t] : !data
    %c16 = arith.constant 16 : index
    %low = arith.cmpi ult, %t, %c16 : index
    scf.if %low {
      memref.store %v, %shared[%t] : !shared
      gpu.barrier
    }
    gpu.return
  }

  // Halves of a warp at two barriers.
  // REDEFINE: %{kernel} = two_barriers
  // RUN: %{check}=TWO-BARRIERS
  // TWO-BARRIERS: warp 0: lanes that must meet wait at different places: lanes 0-15 at 'barrier.cta.sync.aligned.all' at faults.mlir:{{.*}}; lanes 16-31 at 'barrier.cta.sync.aligned.all' at faults.mlir:[[#@LINE+11]]:{{[0-9]+}}; move
  gpu.func @two_barriers(%data: !data) workgroup(%shared: !shared) kernel {
    %t = gpu.thread_id x
    %v = memref.load %data[%t] : !data
    %c16 = arith.constant 16 : index
    %low = arith.cmpi ult, %t, %c16 : index
    scf.if %low {
      gpu.barrier
      memref.store %v, %shared[%t] : !shared
    } else {
      memref.store %v, %data[%t] : !data
      gpu.barrier
    }
    gpu.return
  }

  // A barrier that a warp never comes to.
  // REDEFINE: %{kernel} = skipped_barrier
  // RUN: %{check}=SKIPPED-BARRIER
  // SKIPPED-BARRIER: kernel 'skipped_barrier', block (0,0,0): deadlock: warp 0 waits at 'barrier.cta.sync.aligned.all' at faults.mlir:[[#@LINE+6]]:{{[0-9]+}} for barrier 0, warp 1 has exited; every warp must reach the same barriers
  gpu.func @skipped_barrier(%data: !data) workgroup(%shared: !shared) kernel {
    %t = gpu.thread_id x
    %c32 = arith.constant 32 : index
    %first = arith.cmpi ult, %t, %c32 : index
    scf.if %first {
      gpu.barrier
    }
    gpu.return
  }

  // Two warps that wait for each other at two barriers.
  // REDEFINE: %{kernel} = crossed_barriers
  // RUN: %{check}=CROSSED-BARRIERS
  // CROSSED-BARRIERS: deadlock: warp 0 waits at 'barrier.cta.sync.aligned.all' at faults.mlir:[[#@LINE+8]]:{{[0-9]+}} for barrier 1, warp 1 waits at 'barrier.cta.sync.aligned.all' at faults.mlir:[[#@LINE+8]]:{{[0-9]+}} for barrier 2; every warp
  gpu.func @crossed_barriers(%data: !data) workgroup(%shared: !shared) kernel {
    %t = gpu.thread_id x
    %one = arith.constant 1 : i32
    %two = arith.constant 2 : i32
    %c32 = arith.constant 32 : index
    %first = arith.cmpi ult, %t, %c32 : index
    %mine = arith.select %first, %one, %two : i32
    nvvm.barrier id = %mine
    gpu.return
  }

  // Tensor cores need all lanes.
  // REDEFINE: %{kernel} = divergent_mma
  // RUN: %{check}=DIVERGENT-MMA
  // DIVERGENT-MMA: warp 0: lanes that must meet wait at different places: lanes 0-15 at 'mma.and.popc.m16n8k128.row.col.b1' at faults.mlir:[[#@LINE+7]]:{{[0-9]+}}; lanes 16-31 nowhere, having exited
  gpu.func @divergent_mma(%data: !data) kernel {
    %t = gpu.thread_id x
    %v = memref.load %data[%t] : !data
    %c16 = arith.constant 16 : index
    %low = arith.cmpi ult, %t, %c16 : index
    scf.if %low {
      %d = nvvm.mma.sync A[%v, %v] B[%v] C[%v, %v, %v, %v]
          {b1Op = #nvvm.mma_b1op<and_popc>, layoutA = #nvvm.mma_layout<row>,
           layoutB = #nvvm.mma_layout<col>, multiplicandAPtxType = #nvvm.mma_type<b1>,
           multiplicandBPtxType = #nvvm.mma_type<b1>, shape = #nvvm.shape<m = 16, n = 8, k = 128>}
          : (i32, i32, i32) -> !llvm.struct<(i32, i32, i32, i32)>
      %d0 = llvm.extractvalue %d[0] : !llvm.struct<(i32, i32, i32, i32)>
      memref.store %d0, %data[%t] : !data
    }
    gpu.return
  }

  // The last warp of a block of 40 threads has too few.
  // REDEFINE: %{kernel} = partial_warp
  // REDEFINE: %{block} = 40
  // RUN: %{check}=PARTIAL-WARP
  // PARTIAL-WARP: warp 1: lanes that must meet wait at different places: lanes 0-7 at 'mma.and.popc.m16n8k128.row.col.b1' at faults.mlir:[[#@LINE+8]]:{{[0-9]+}}; lanes 8-31 nowhere, as the block has fewer threads
  gpu.func @partial_warp(%data: !data) kernel {
    %t = gpu.thread_id x
    %v = memref.load %data[%t] : !data
    %c16 = arith.constant 16 : index
    %low = arith.cmpi ult, %t, %c16 : index
    scf.if %low {
    }
      %d = nvvm.mma.sync A[%v, %v] B[%v] C[%v, %v, %v, %v]
          {b1Op = #nvvm.mma_b1op<and_popc>, layoutA = #nvvm.mma_layout<row>,
           layoutB = #nvvm.mma_layout<col>, multiplicandAPtxType = #nvvm.mma_type<b1>,
           multiplicandBPtxType = #nvvm.mma_type<b1>, shape = #nvvm.shape<m = 16, n = 8, k = 128>}
          : (i32, i32, i32) -> !llvm.struct<(i32, i32, i32, i32)>
      %d0 = llvm.extractvalue %d[0] : !llvm.struct<(i32, i32, i32, i32)>
      memref.store %d0, %data[%t] : !data
    gpu.return
  }
  // REDEFINE: %{block} = 64

  // A shuffle whose mask names lanes that do not come.
  // REDEFINE: %{kernel} = shuffle_in_condition
  // RUN: %{check}=SHUFFLE-IN-CONDITION
  // SHUFFLE-IN-CONDITION: lanes 0-15 at 'shfl.sync.bfly.i32' at faults.mlir:[[#@LINE+10]]:{{[0-9]+}} for lanes 0-31; lanes 16-31 nowhere, having exited
  gpu.func @shuffle_in_condition(%data: !data) kernel {
    %t = gpu.thread_id x
    %v = memref.load %data[%t] : !data
    %c16 = arith.constant 16 : index
    %low = arith.cmpi ult, %t, %c16 : index
    scf.if %low {
      %all = arith.constant -1 : i32
      %one = arith.constant 1 : i32
      %last = arith.constant 31 : i32
      %w = nvvm.shfl.sync bfly %all, %v, %one, %last : i32 -> i32
      memref.store %w, %data[%t] : !data
    }
    gpu.return
  }

  // A shuffle that reads from a lane outside its mask.
  // REDEFINE: %{kernel} = shuffle_from_outside
  // RUN: %{check}=SHUFFLE-FROM-OUTSIDE
  // SHUFFLE-FROM-OUTSIDE: warp 0, lane 0: 'shfl.sync.idx.i32' at faults.mlir:[[#@LINE+10]]:{{[0-9]+}} reads from lane 20, which takes no part in it; name that lane in the mask and let it come
  gpu.func @shuffle_from_outside(%data: !data) kernel {
    %t = gpu.thread_id x
    %v = memref.load %data[%t] : !data
    %c16 = arith.constant 16 : index
    %low = arith.cmpi ult, %t, %c16 : index
    scf.if %low {
      %half = arith.constant 0xffff : i32
      %from = arith.constant 20 : i32
      %last = arith.constant 31 : i32
      %w = nvvm.shfl.sync idx %half, %v, %from, %last : i32 -> i32
      memref.store %w, %data[%t] : !data
    }
    gpu.return
  }

  // The mask of gpu.shuffle with a width below 32 leaves out lanes that execute it
  // (MLIR 22).
  // REDEFINE: %{kernel} = shuffle_of_others
  // RUN: %{check}=SHUFFLE-OF-OTHERS
  // SHUFFLE-OF-OTHERS: warp 0, lane 8: 'shfl.sync.bfly.i32' at faults.mlir:[[#@LINE+8]]:{{[0-9]+}} is for lanes 0-7 only; add this lane to the mask or keep it away
  gpu.func @shuffle_of_others(%data: !data) kernel {
    %t = gpu.thread_id x
    %v = memref.load %data[%t] : !data
    %c16 = arith.constant 16 : index
    %low = arith.cmpi ult, %t, %c16 : index
    %one = arith.constant 1 : i32
    %eight = arith.constant 8 : i32
    %w, %valid = gpu.shuffle xor %v, %one, %eight : i32
    memref.store %w, %data[%t] : !data
    gpu.return
  }

  // A loop without end.
  // REDEFINE: %{kernel} = endless
  // RUN: %{check}=ENDLESS
  // ENDLESS: warp 0, lane 0: 'loop' at faults.mlir:{{[0-9]+}}:{{[0-9]+}} has gone on for 1000 iterations without an end; threads that wait for others need a barrier
  gpu.func @endless(%data: !data) kernel {
    %zero = arith.constant 0 : i32
    %first = arith.constant 0 : index
    scf.while : () -> () {
      %w = memref.load %data[%first] : !data
      %wait = arith.cmpi eq, %w, %zero : i32
      scf.condition(%wait)
    } do {
      memref.store %zero, %data[%first] : !data
      scf.yield
    }
    gpu.return
  }
}
