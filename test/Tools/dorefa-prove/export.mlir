// What the files hold. They are standard SMT-LIB: no solver is named in them.
//
// RUN: rm -rf %t && dorefa-prove %s --channel=1 -o %t
// RUN: ls %t | FileCheck %s --check-prefix=FILES
// RUN: FileCheck %s --check-prefix=CASES < %t/0-conv1_out_1-1.smt2
// RUN: dorefa-prove %s --channel=1 --symbolic | FileCheck %s --check-prefix=SYMBOLIC
// RUN: dorefa-prove %s --channel=1 --encoding=rational | FileCheck %s --check-prefix=RATIONAL
//
// FILES-NOT: smt2
// FILES: 0-conv1_out_1-1.smt2
// FILES-NOT: smt2
//
// CASES: ; conv1/out:1, channel 1: accumulators in [-1, 0], level = 0 + sum_j [acc <= T_j], T = -1
// CASES: (set-logic QF_BVFP)
// CASES: (fp.mul RNE (v0 a) ((_ to_fp 8 24) #xbf000000))
// CASES: (define-fun reference ((a (_ BitVec 1))) (_ BitVec 10)
// CASES: (define-fun fused ((a (_ BitVec 1))) (_ BitVec 10)
// CASES-NEXT: (ite (bvsle a #b1) #b0000000001
// CASES-NEXT: #b0000000000))
// CASES: (declare-const acc (_ BitVec 1))
// CASES: (assert (or false
// CASES-NEXT: (wrong #b1)
// CASES-NEXT: (wrong #b0)))
// CASES-NEXT: (check-sat)
//
// SYMBOLIC: (declare-const acc (_ BitVec 1))
// SYMBOLIC-NEXT: (assert (bvsge acc #b1))
// SYMBOLIC-NEXT: (assert (bvsle acc #b0))
// SYMBOLIC-NEXT: (assert (distinct (reference acc) (fused acc)))
// SYMBOLIC-NEXT: (check-sat)
//
// RATIONAL: (set-logic QF_LIA)
// RATIONAL: (declare-const acc Int)
// RATIONAL: (assert (>= acc (- 0 1)))
// RATIONAL: (assert (<= acc 0))
// RATIONAL: (distinct
// RATIONAL-SAME: (ite (<= acc (- 0 1)) 1 0)
// RATIONAL: (check-sat)
// RATIONAL-NOT: (reset)

func.func @main(%x: tensor<1x1x!dorefa.code<1, unipolar>>) -> tensor<1x2x!dorefa.code<1, unipolar>> {
  %w = dorefa.constant dense<[[1], [0]]> : tensor<2x1xi8> -> tensor<2x1x!dorefa.code<1, bipolar>>
  %s = arith.constant dense<[0.25, -0.5]> : tensor<2xf32>
  %acc = dorefa.matmul %x, %w : tensor<1x1x!dorefa.code<1, unipolar>>, tensor<2x1x!dorefa.code<1, bipolar>> -> tensor<1x2xi32>
  %y = dorefa.scale %acc, %s : tensor<1x2xi32>, tensor<2xf32> -> tensor<1x2xf32>
  %q = dorefa.quantize %y scale [0.5] zero_point [0.0] half_even : tensor<1x2xf32> -> tensor<1x2x!dorefa.code<1, unipolar>> loc("conv1/out:1")
  return %q : tensor<1x2x!dorefa.code<1, unipolar>>
}
