// Every operation that a fused chain may hold, in both encodings.
//
// REQUIRES: z3
// RUN: dorefa-prove %s --run | FileCheck %s
// RUN: dorefa-prove %s --run --encoding=rational | FileCheck %s
//
// CHECK: mode_half_even 0 {{[0-9]+}} [-6, 6] proved
// CHECK: mode_half_up 0 {{[0-9]+}} [-6, 6] proved
// CHECK: mode_half_down 0 {{[0-9]+}} [-6, 6] proved
// CHECK: mode_up 0 {{[0-9]+}} [-6, 6] proved
// CHECK: mode_down 0 {{[0-9]+}} [-6, 6] proved
// CHECK: mode_ceil 0 {{[0-9]+}} [-6, 6] proved
// CHECK: mode_floor 0 {{[0-9]+}} [-6, 6] proved
// CHECK: unary_ceil 0 {{[0-9]+}} [-6, 6] proved
// CHECK: unary_floor 0 {{[0-9]+}} [-6, 6] proved
// CHECK: unary_neg 0 {{[0-9]+}} [-6, 6] proved
// CHECK: unary_relu 0 {{[0-9]+}} [-6, 6] proved
// CHECK: unary_round_half_even 0 {{[0-9]+}} [-6, 6] proved
// CHECK: unary_abs 0 {{[0-9]+}} [-6, 6] proved
// CHECK: binary_add 0 {{[0-9]+}} [-6, 6] proved
// CHECK: binary_sub 0 {{[0-9]+}} [-6, 6] proved
// CHECK: binary_mul 0 {{[0-9]+}} [-6, 6] proved
// CHECK: binary_div 0 {{[0-9]+}} [-6, 6] proved
// CHECK: binary_max 0 {{[0-9]+}} [-6, 6] proved
// CHECK: binary_min 0 {{[0-9]+}} [-6, 6] proved
// CHECK: binary_first_add 0 {{[0-9]+}} [-6, 6] proved
// CHECK: binary_first_sub 0 {{[0-9]+}} [-6, 6] proved
// CHECK: binary_first_mul 0 {{[0-9]+}} [-6, 6] proved
// CHECK: binary_first_max 0 {{[0-9]+}} [-6, 6] proved
// CHECK: binary_first_min 0 {{[0-9]+}} [-6, 6] proved
// CHECK: parameters 0 {{[0-9]+}} [-6, 6] proved
// CHECK: sign 0 {{[0-9]+}} [-6, 6] proved
// CHECK: abs 0 {{[0-9]+}} [-6, 6] proved
// CHECK: threshold 0 {{[0-9]+}} [-6, 6] proved
// CHECK: threshold_decreasing 0 {{[0-9]+}} [-6, 6] proved
// CHECK: dequantized 0 {{[0-9]+}} [-6, 6] proved
// CHECK: 30 of 30 proved

func.func @main(%x: tensor<1x4x!dorefa.code<2, unipolar>>) -> (tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<4, unipolar>>, tensor<1x1x!dorefa.code<1, bipolar>>, tensor<1x1x!dorefa.code<2, unipolar>>, tensor<1x1x!dorefa.code<2, unipolar>>, tensor<1x1x!dorefa.code<2, unipolar>>, tensor<1x1x!dorefa.code<2, signed>>) {
  %w = dorefa.constant dense<[[1, 0, 1, 0]]> : tensor<1x4xi8> -> tensor<1x4x!dorefa.code<1, bipolar>>
  %s = arith.constant dense<0.5> : tensor<f32>
  %c = arith.constant dense<-0.5> : tensor<f32>
  %c8 = arith.constant dense<8.0> : tensor<f32>
  %d = arith.constant dense<0.25> : tensor<f64>
  %acc = dorefa.matmul %x, %w : tensor<1x4x!dorefa.code<2, unipolar>>, tensor<1x4x!dorefa.code<1, bipolar>> -> tensor<1x1xi32>
  %y = dorefa.scale %acc, %s : tensor<1x1xi32>, tensor<f32> -> tensor<1x1xf32>
  %v1 = dorefa.quantize %y scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("mode_half_even")
  %v2 = dorefa.quantize %y scale [1.0] zero_point [0.0] half_up : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("mode_half_up")
  %v3 = dorefa.quantize %y scale [1.0] zero_point [0.0] half_down : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("mode_half_down")
  %v4 = dorefa.quantize %y scale [1.0] zero_point [0.0] up : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("mode_up")
  %v5 = dorefa.quantize %y scale [1.0] zero_point [0.0] down : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("mode_down")
  %v6 = dorefa.quantize %y scale [1.0] zero_point [0.0] ceil : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("mode_ceil")
  %v7 = dorefa.quantize %y scale [1.0] zero_point [0.0] floor : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("mode_floor")
  %v8 = dorefa.unary ceil %y : tensor<1x1xf32>
  %v9 = dorefa.quantize %v8 scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("unary_ceil")
  %v10 = dorefa.unary floor %y : tensor<1x1xf32>
  %v11 = dorefa.quantize %v10 scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("unary_floor")
  %v12 = dorefa.unary neg %y : tensor<1x1xf32>
  %v13 = dorefa.quantize %v12 scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("unary_neg")
  %v14 = dorefa.unary relu %y : tensor<1x1xf32>
  %v15 = dorefa.quantize %v14 scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("unary_relu")
  %v16 = dorefa.unary round_half_even %y : tensor<1x1xf32>
  %v17 = dorefa.quantize %v16 scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("unary_round_half_even")
  %v18 = dorefa.binary add %y, %c8 : tensor<1x1xf32>, tensor<f32> -> tensor<1x1xf32>
  %v19 = dorefa.unary abs %v18 : tensor<1x1xf32>
  %v20 = dorefa.quantize %v19 scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("unary_abs")
  %v21 = dorefa.binary add %y, %c : tensor<1x1xf32>, tensor<f32> -> tensor<1x1xf32>
  %v22 = dorefa.quantize %v21 scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("binary_add")
  %v23 = dorefa.binary sub %y, %c : tensor<1x1xf32>, tensor<f32> -> tensor<1x1xf32>
  %v24 = dorefa.quantize %v23 scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("binary_sub")
  %v25 = dorefa.binary mul %y, %c : tensor<1x1xf32>, tensor<f32> -> tensor<1x1xf32>
  %v26 = dorefa.quantize %v25 scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("binary_mul")
  %v27 = dorefa.binary div %y, %c : tensor<1x1xf32>, tensor<f32> -> tensor<1x1xf32>
  %v28 = dorefa.quantize %v27 scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("binary_div")
  %v29 = dorefa.binary max %y, %c : tensor<1x1xf32>, tensor<f32> -> tensor<1x1xf32>
  %v30 = dorefa.quantize %v29 scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("binary_max")
  %v31 = dorefa.binary min %y, %c : tensor<1x1xf32>, tensor<f32> -> tensor<1x1xf32>
  %v32 = dorefa.quantize %v31 scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("binary_min")
  %v33 = dorefa.binary add %c, %y : tensor<f32>, tensor<1x1xf32> -> tensor<1x1xf32>
  %v34 = dorefa.quantize %v33 scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("binary_first_add")
  %v35 = dorefa.binary sub %c, %y : tensor<f32>, tensor<1x1xf32> -> tensor<1x1xf32>
  %v36 = dorefa.quantize %v35 scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("binary_first_sub")
  %v37 = dorefa.binary mul %c, %y : tensor<f32>, tensor<1x1xf32> -> tensor<1x1xf32>
  %v38 = dorefa.quantize %v37 scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("binary_first_mul")
  %v39 = dorefa.binary max %c, %y : tensor<f32>, tensor<1x1xf32> -> tensor<1x1xf32>
  %v40 = dorefa.quantize %v39 scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("binary_first_max")
  %v41 = dorefa.binary min %c, %y : tensor<f32>, tensor<1x1xf32> -> tensor<1x1xf32>
  %v42 = dorefa.quantize %v41 scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, signed>> loc("binary_first_min")
  %v43 = dorefa.quantize %y scale [0.25] zero_point [-0.5] half_even narrow : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<4, unipolar>> loc("parameters")
  %v44 = dorefa.quantize_sign %y : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<1, bipolar>> loc("sign")
  %v46 = dorefa.binary add %y, %c8 : tensor<1x1xf32>, tensor<f32> -> tensor<1x1xf32>
  %v45 = dorefa.quantize_activations %v46 abs : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<2, unipolar>> loc("abs")
  %t = arith.constant dense<[[1.5, -0.25, 0.5]]> : tensor<1x3xf32>
  %v47 = dorefa.threshold %y, %t : tensor<1x1xf32>, tensor<1x3xf32> -> tensor<1x1x!dorefa.code<2, unipolar>> loc("threshold")
  %v48 = dorefa.threshold %y, %t decreasing [true] : tensor<1x1xf32>, tensor<1x3xf32> -> tensor<1x1x!dorefa.code<2, unipolar>> loc("threshold_decreasing")
  %v49 = dorefa.quantize %y scale [0.5] zero_point [2.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<3, bipolar>> loc("inner")
  %v50 = dorefa.dequantize %v49, %d zero_point 1.0 : tensor<1x1x!dorefa.code<3, bipolar>>, tensor<f64> -> tensor<1x1xf32>
  %v51 = dorefa.quantize %v50 scale [1.0] zero_point [0.0] half_even : tensor<1x1xf32> -> tensor<1x1x!dorefa.code<2, signed>> loc("dequantized")
  return %v1, %v2, %v3, %v4, %v5, %v6, %v7, %v9, %v11, %v13, %v15, %v17, %v20, %v22, %v24, %v26, %v28, %v30, %v32, %v34, %v36, %v38, %v40, %v42, %v43, %v44, %v45, %v47, %v48, %v51 : tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<3, signed>>, tensor<1x1x!dorefa.code<4, unipolar>>, tensor<1x1x!dorefa.code<1, bipolar>>, tensor<1x1x!dorefa.code<2, unipolar>>, tensor<1x1x!dorefa.code<2, unipolar>>, tensor<1x1x!dorefa.code<2, unipolar>>, tensor<1x1x!dorefa.code<2, signed>>
}
