// C = (A_0 + 2 A_1) B^T on tensor cores, w1a2: two planes of A, one of B, 64 x 32 x 2048 bits.
// A block of two warps computes 32 x 16. Stages of 512 bits are copied by cp.async into one of
// two buffers while the other is multiplied; rows of 64 bytes are swizzled, so that ldmatrix
// meets no bank twice. Comments in capitals are where tests plant faults.

!A = memref<2x64x64xi32>
!B = memref<32x64xi32>
!C = memref<64x32xi32>
!sharedA = memref<2x2x32x16xi32, #gpu.address_space<workgroup>>
!sharedB = memref<2x16x16xi32, #gpu.address_space<workgroup>>
!fragments = vector<4x1xi32>

gpu.module @kernels {
  // The first word of a chunk of 4 in a row, after the swizzle.
  func.func @swizzle(%row: index, %chunk: index) -> index {
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %pair = arith.divui %row, %c2 : index
    %key = arith.remui %pair, %c4 : index
    %place = arith.xori %chunk, %key : index
    %word = arith.muli %place, %c4 : index
    return %word : index
  }

  // Copies the words from %k on into a buffer. Each thread copies 4 chunks of A, 1 of B.
  func.func @copy(%A: !A, %B: !B, %sharedA: !sharedA, %sharedB: !sharedB, %buffer: index,
                  %k: index, %m: index, %n: index) {
    %t = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c16 = arith.constant 16 : index
    %chunk = arith.remui %t, %c4 : index
    %row = arith.divui %t, %c4 : index
    %from = arith.muli %chunk, %c4 : index
    %word = arith.addi %k, %from : index // GLOBAL
    scf.for %plane = %c0 to %c2 step %c1 { // PLANES
      scf.for %half = %c0 to %c2 step %c1 {
        %first = arith.muli %half, %c16 : index
        %r = arith.addi %first, %row : index
        %to = func.call @swizzle(%r, %chunk) : (index, index) -> index // DESTINATION
        %global = arith.addi %m, %r : index
        %copied = nvgpu.device_async_copy %A[%plane, %global, %word],
            %sharedA[%buffer, %plane, %r, %to], 4 {bypassL1} : !A to !sharedA
      }
    }
    %to_b = func.call @swizzle(%row, %chunk) : (index, index) -> index
    %global_b = arith.addi %n, %row : index
    %copied_b = nvgpu.device_async_copy %B[%global_b, %word],
        %sharedB[%buffer, %row, %to_b], 4 {bypassL1} : !B to !sharedB
    return
  }

  func.func @mma(%a: !fragments, %b0: i32, %b1: i32, %c: vector<4xi32>) -> vector<4xi32> {
    %a0 = vector.extract %a[0, 0] : i32 from !fragments
    %a1 = vector.extract %a[1, 0] : i32 from !fragments
    %a2 = vector.extract %a[2, 0] : i32 from !fragments
    %a3 = vector.extract %a[3, 0] : i32 from !fragments
    %c0 = vector.extract %c[0] : i32 from vector<4xi32>
    %c1 = vector.extract %c[1] : i32 from vector<4xi32>
    %c2 = vector.extract %c[2] : i32 from vector<4xi32>
    %c3 = vector.extract %c[3] : i32 from vector<4xi32>
    %d = nvvm.mma.sync A[%a0, %a1, %a2, %a3] B[%b0, %b1] C[%c0, %c1, %c2, %c3]
        {b1Op = #nvvm.mma_b1op<and_popc>,
         multiplicandAPtxType = #nvvm.mma_type<b1>, multiplicandBPtxType = #nvvm.mma_type<b1>,
         shape = #nvvm.shape<m = 16, n = 8, k = 256>,
         layoutA = #nvvm.mma_layout<row>, layoutB = #nvvm.mma_layout<col>}
        : (i32, i32, i32) -> !llvm.struct<(i32, i32, i32, i32)>
    %d0 = llvm.extractvalue %d[0] : !llvm.struct<(i32, i32, i32, i32)>
    %d1 = llvm.extractvalue %d[1] : !llvm.struct<(i32, i32, i32, i32)>
    %d2 = llvm.extractvalue %d[2] : !llvm.struct<(i32, i32, i32, i32)>
    %d3 = llvm.extractvalue %d[3] : !llvm.struct<(i32, i32, i32, i32)>
    %result = vector.from_elements %d0, %d1, %d2, %d3 : vector<4xi32>
    return %result : vector<4xi32>
  }

  gpu.func @matmul(%A: !A, %B: !B, %C: !C)
      workgroup(%sharedA: !sharedA, %sharedB: !sharedB) kernel
      attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %c32 = arith.constant 32 : index
    %zero = arith.constant dense<0> : vector<4xi32>
    %one = arith.constant dense<1> : vector<4xi32>
    %t = gpu.thread_id x
    %bx = gpu.block_id x
    %by = gpu.block_id y
    %n = arith.muli %bx, %c16 : index
    %m = arith.muli %by, %c32 : index
    %warp = arith.divui %t, %c32 : index
    %lane = arith.remui %t, %c32 : index
    %m_warp = arith.muli %warp, %c16 : index
    // Lane i gives row i % 8 of matrix i / 8. A: rows low, rows high, then the second half of
    // K; B: first column block, both halves of K, then the second column block.
    %row = arith.remui %lane, %c8 : index
    %matrix = arith.divui %lane, %c8 : index
    %low = arith.remui %matrix, %c2 : index
    %high = arith.divui %matrix, %c2 : index
    %skip_a = arith.muli %low, %c8 : index
    %row_block = arith.addi %row, %skip_a : index
    %row_a = arith.addi %row_block, %m_warp : index
    %skip_b = arith.muli %high, %c8 : index
    %row_b = arith.addi %row, %skip_b : index

    func.call @copy(%A, %B, %sharedA, %sharedB, %c0, %c0, %m, %n)
        : (!A, !B, !sharedA, !sharedB, index, index, index, index) -> ()
    nvvm.cp.async.commit.group
    %sums:4 = scf.for %stage = %c0 to %c4 step %c1
        iter_args(%x0 = %zero, %x1 = %zero, %y0 = %zero, %y1 = %zero)
        -> (vector<4xi32>, vector<4xi32>, vector<4xi32>, vector<4xi32>) {
      %buffer = arith.remui %stage, %c2 : index
      nvvm.cp.async.wait.group 0
      gpu.barrier // VISIBLE
      %next = arith.addi %stage, %c1 : index
      %more = arith.cmpi ult, %next, %c4 : index
      scf.if %more {
        %next_buffer = arith.remui %next, %c2 : index // BUFFER
        %k = arith.muli %next, %c16 : index
        func.call @copy(%A, %B, %sharedA, %sharedB, %next_buffer, %k, %m, %n)
            : (!A, !B, !sharedA, !sharedB, index, index, index, index) -> ()
      }
      nvvm.cp.async.commit.group
      %inner:4 = scf.for %kk = %c0 to %c2 step %c1
          iter_args(%u0 = %x0, %u1 = %x1, %v0 = %y0, %v1 = %y1)
          -> (vector<4xi32>, vector<4xi32>, vector<4xi32>, vector<4xi32>) {
        %pair = arith.muli %kk, %c2 : index
        %chunk_a = arith.addi %pair, %high : index
        %word_a = func.call @swizzle(%row_a, %chunk_a) : (index, index) -> index // SOURCE
        %a0 = nvgpu.ldmatrix %sharedA[%buffer, %c0, %row_a, %word_a]
            {numTiles = 4 : i32, transpose = false} : !sharedA -> !fragments
        %a1 = nvgpu.ldmatrix %sharedA[%buffer, %c1, %row_a, %word_a]
            {numTiles = 4 : i32, transpose = false} : !sharedA -> !fragments
        %chunk_b = arith.addi %pair, %low : index
        %word_b = func.call @swizzle(%row_b, %chunk_b) : (index, index) -> index
        %b = nvgpu.ldmatrix %sharedB[%buffer, %row_b, %word_b]
            {numTiles = 4 : i32, transpose = false} : !sharedB -> !fragments
        %b0 = vector.extract %b[0, 0] : i32 from !fragments
        %b1 = vector.extract %b[1, 0] : i32 from !fragments
        %b2 = vector.extract %b[2, 0] : i32 from !fragments
        %b3 = vector.extract %b[3, 0] : i32 from !fragments
        %p0 = func.call @mma(%a0, %b0, %b1, %u0)
            : (!fragments, i32, i32, vector<4xi32>) -> vector<4xi32>
        %p1 = func.call @mma(%a0, %b2, %b3, %u1)
            : (!fragments, i32, i32, vector<4xi32>) -> vector<4xi32>
        %q0 = func.call @mma(%a1, %b0, %b1, %v0)
            : (!fragments, i32, i32, vector<4xi32>) -> vector<4xi32>
        %q1 = func.call @mma(%a1, %b2, %b3, %v1)
            : (!fragments, i32, i32, vector<4xi32>) -> vector<4xi32>
        scf.yield %p0, %p1, %q0, %q1
            : vector<4xi32>, vector<4xi32>, vector<4xi32>, vector<4xi32>
      }
      scf.yield %inner#0, %inner#1, %inner#2, %inner#3
          : vector<4xi32>, vector<4xi32>, vector<4xi32>, vector<4xi32>
    }

    %group = arith.divui %lane, %c4 : index
    %in_group = arith.remui %lane, %c4 : index
    %column = arith.muli %in_group, %c2 : index
    %m_tile = arith.addi %m, %m_warp : index
    %m_lane = arith.addi %m_tile, %group : index
    %n_lane = arith.addi %n, %column : index
    %twice0 = arith.shli %sums#2, %one : vector<4xi32>
    %total0 = arith.addi %sums#0, %twice0 : vector<4xi32>
    func.call @store(%C, %m_lane, %n_lane, %total0) : (!C, index, index, vector<4xi32>) -> ()
    %twice1 = arith.shli %sums#3, %one : vector<4xi32>
    %total1 = arith.addi %sums#1, %twice1 : vector<4xi32>
    %n_next = arith.addi %n_lane, %c8 : index
    func.call @store(%C, %m_lane, %n_next, %total1) : (!C, index, index, vector<4xi32>) -> ()
    gpu.return
  }

  func.func @store(%C: !C, %row: index, %column: index, %values: vector<4xi32>) {
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %next_column = arith.addi %column, %c1 : index
    %next_row = arith.addi %row, %c8 : index
    %v0 = vector.extract %values[0] : i32 from vector<4xi32>
    %v1 = vector.extract %values[1] : i32 from vector<4xi32>
    %v2 = vector.extract %values[2] : i32 from vector<4xi32>
    %v3 = vector.extract %values[3] : i32 from vector<4xi32>
    memref.store %v0, %C[%row, %column] : !C
    memref.store %v1, %C[%row, %next_column] : !C
    memref.store %v2, %C[%next_row, %column] : !C
    memref.store %v3, %C[%next_row, %next_column] : !C
    return
  }
}
