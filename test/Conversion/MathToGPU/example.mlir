// The documented example, before and after.
// RUN: split-file %s %t
// RUN: dorefa-opt %t/before.mlir --convert-math-to-gpu > %t/result.mlir
// RUN: dorefa-opt %t/after.mlir | diff %t/result.mlir -

//--- before.mlir
func.func @round(%x: f32) -> f32 {
  %y = math.roundeven %x : f32
  return %y : f32
}

//--- after.mlir
func.func @round(%x: f32) -> f32 {
  %y = llvm.call_intrinsic "llvm.roundeven"(%x) : (f32) -> f32
  return %y : f32
}
