// --list says what a network takes and gives, and runs nothing.

// RUN: dorefa-interpret %s --list | FileCheck %s --match-full-lines --strict-whitespace

//      CHECK:input   image    float32 (batch, 3)
// CHECK-NEXT:output  logits   float32 (batch, 3)
// CHECK-NEXT:output  output1  float32 (batch, 3)

func.func @main(%image: tensor<?x3xf32> {dorefa.name = "image"})
    -> (tensor<?x3xf32> {dorefa.name = "logits"}, tensor<?x3xf32>) {
  return %image, %image : tensor<?x3xf32>, tensor<?x3xf32>
}
