// What the lanes of a warp exchange, against NumPy.

// RUN: %python %S/Inputs/arrays.py warp %t
// RUN: %lower_kernels %s -o %t.kernels.mlir
// RUN: dorefa-emulate %t.kernels.mlir --kernel=words --block=64 --arg=%t.x.npy \
// RUN:   --arg=int32[14,64] --expect=1=%t.words.npy --runs=3
// RUN: dorefa-emulate %t.kernels.mlir --kernel=matrices --block=32 --arg=%t.rows.npy \
// RUN:   --arg=int32[2,4,32] --expect=1=%t.matrices.npy --runs=3

!x = memref<64xi32>
!y = memref<14x64xi32>
!rows = memref<32x4xi32>
!fragments = memref<2x4x32xi32>

gpu.module @kernels {
  func.func @put(%y: !y, %row: index, %t: index, %v: i32) {
    memref.store %v, %y[%row, %t] : !y
    return
  }

  gpu.func @words(%x: !x, %y: !y) kernel {
    %t = gpu.thread_id x
    %v = memref.load %x[%t] : !x
    %lane = nvvm.read.ptx.sreg.laneid : i32
    %i0 = arith.constant 0 : index
    %i1 = arith.constant 1 : index
    %i2 = arith.constant 2 : index
    %i3 = arith.constant 3 : index
    %i4 = arith.constant 4 : index
    %i5 = arith.constant 5 : index
    %i6 = arith.constant 6 : index
    %i7 = arith.constant 7 : index
    %i8 = arith.constant 8 : index
    %i9 = arith.constant 9 : index
    %i10 = arith.constant 10 : index
    %i11 = arith.constant 11 : index
    %i12 = arith.constant 12 : index
    %i13 = arith.constant 13 : index
    %all = arith.constant -1 : i32
    %c0 = arith.constant 0 : i32
    %c3 = arith.constant 3 : i32
    %c5 = arith.constant 5 : i32
    %c7 = arith.constant 7 : i32
    %c16 = arith.constant 16 : i32
    %c31 = arith.constant 31 : i32
    %c32 = arith.constant 32 : i32
    %to = arith.muli %lane, %c7 : i32

    %xor, %always = gpu.shuffle xor %v, %c5, %c32 : i32
    func.call @put(%y, %i0, %t, %xor) : (!y, index, index, i32) -> ()
    %up, %from_up = gpu.shuffle up %v, %c3, %c32 : i32
    func.call @put(%y, %i1, %t, %up) : (!y, index, index, i32) -> ()
    // Within groups of eight lanes.
    %groups = arith.constant 0x181f : i32
    %both = nvvm.shfl.sync down %all, %v, %c3, %groups {return_value_and_is_valid}
        : i32 -> !llvm.struct<(i32, i1)>
    %down = llvm.extractvalue %both[0] : !llvm.struct<(i32, i1)>
    %from_down = llvm.extractvalue %both[1] : !llvm.struct<(i32, i1)>
    func.call @put(%y, %i2, %t, %down) : (!y, index, index, i32) -> ()
    %is_down = arith.extui %from_down : i1 to i32
    func.call @put(%y, %i3, %t, %is_down) : (!y, index, index, i32) -> ()
    %idx, %from_idx = gpu.shuffle idx %v, %to, %c32 : i32
    func.call @put(%y, %i4, %t, %idx) : (!y, index, index, i32) -> ()

    %positive = arith.cmpi sgt, %v, %c0 : i32
    %ballot = nvvm.vote.sync ballot %all, %positive -> i32
    func.call @put(%y, %i5, %t, %ballot) : (!y, index, index, i32) -> ()
    %any = nvvm.vote.sync any %all, %positive -> i1
    %is_any = arith.extui %any : i1 to i32
    func.call @put(%y, %i6, %t, %is_any) : (!y, index, index, i32) -> ()
    %every = nvvm.vote.sync all %all, %positive -> i1
    %is_every = arith.extui %every : i1 to i32
    func.call @put(%y, %i7, %t, %is_every) : (!y, index, index, i32) -> ()

    %sum = nvvm.redux.sync add %v, %all : i32 -> i32
    func.call @put(%y, %i8, %t, %sum) : (!y, index, index, i32) -> ()
    %umax = nvvm.redux.sync umax %v, %all : i32 -> i32
    func.call @put(%y, %i9, %t, %umax) : (!y, index, index, i32) -> ()
    %min = nvvm.redux.sync min %v, %all : i32 -> i32
    func.call @put(%y, %i10, %t, %min) : (!y, index, index, i32) -> ()

    // Half a warp alone.
    %low = arith.cmpi ult, %lane, %c16 : i32
    scf.if %low {
      %half = arith.constant 0xffff : i32
      %s = nvvm.shfl.sync bfly %half, %v, %c3, %c31 : i32 -> i32
      func.call @put(%y, %i11, %t, %s) : (!y, index, index, i32) -> ()
    }

    %flat = vector.broadcast %v : i32 to vector<1xi32>
    %bytes = vector.bitcast %flat : vector<1xi32> to vector<4xi8>
    %dot = nvvm.dot.accumulate.4way %bytes <signed>, %bytes <unsigned>, %v
        : vector<4xi8>, vector<4xi8>
    func.call @put(%y, %i12, %t, %dot) : (!y, index, index, i32) -> ()
    // Bytes 1 and 3 of the value, the lowest byte of the lane, the sign of byte 2.
    %selector = arith.constant 0xa431 : i32
    %mixed = nvvm.prmt #nvvm.permute_mode<default> %selector, %v, %lane : i32
    func.call @put(%y, %i13, %t, %mixed) : (!y, index, index, i32) -> ()
    gpu.return
  }

  llvm.mlir.global internal @tile() {addr_space = 3 : i32, alignment = 16 : i64}
      : !llvm.array<128 x i32>

  gpu.func @matrices(%rows: !rows, %y: !fragments) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %all = arith.constant -1 : i32
    %lane = gpu.thread_id x
    %row = vector.load %rows[%lane, %c0] : !rows, vector<4xi32>
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %number = arith.index_cast %lane : index to i32
    %pointer = llvm.getelementptr %tile[%number]
        : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, !llvm.array<4 x i32>
    llvm.store %row, %pointer : vector<4xi32>, !llvm.ptr<3>
    nvvm.bar.warp.sync %all : i32
    %plain = nvvm.ldmatrix %pointer {num = 4 : i32, layout = #nvvm.mma_layout<row>,
        shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>,
        eltType = #nvvm.ld_st_matrix_elt_type<b16>}
        : (!llvm.ptr<3>) -> !llvm.struct<(i32, i32, i32, i32)>
    func.call @put_fragments(%y, %c0, %lane, %plain)
        : (!fragments, index, index, !llvm.struct<(i32, i32, i32, i32)>) -> ()
    %flipped = nvvm.ldmatrix %pointer {num = 4 : i32, layout = #nvvm.mma_layout<col>,
        shape = #nvvm.ld_st_matrix_shape<m = 8, n = 8>,
        eltType = #nvvm.ld_st_matrix_elt_type<b16>}
        : (!llvm.ptr<3>) -> !llvm.struct<(i32, i32, i32, i32)>
    func.call @put_fragments(%y, %c1, %lane, %flipped)
        : (!fragments, index, index, !llvm.struct<(i32, i32, i32, i32)>) -> ()
    gpu.return
  }

  func.func @put_fragments(%y: !fragments, %i: index, %lane: index,
                           %all: !llvm.struct<(i32, i32, i32, i32)>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %v0 = llvm.extractvalue %all[0] : !llvm.struct<(i32, i32, i32, i32)>
    memref.store %v0, %y[%i, %c0, %lane] : !fragments
    %v1 = llvm.extractvalue %all[1] : !llvm.struct<(i32, i32, i32, i32)>
    memref.store %v1, %y[%i, %c1, %lane] : !fragments
    %v2 = llvm.extractvalue %all[2] : !llvm.struct<(i32, i32, i32, i32)>
    memref.store %v2, %y[%i, %c2, %lane] : !fragments
    %v3 = llvm.extractvalue %all[3] : !llvm.struct<(i32, i32, i32, i32)>
    memref.store %v3, %y[%i, %c3, %lane] : !fragments
    return
  }
}
