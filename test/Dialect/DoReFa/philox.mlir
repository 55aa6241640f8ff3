// RUN: dorefa-opt %s --test-dorefa-philox -o /dev/null | FileCheck %s

// The known answers that the authors of Philox4x32-10 publish (Salmon et al., 2011):
// counter and key are all zeros, all ones, the digits of pi.
// CHECK: ones: 408f276d 41c83b0e a20bc7c6 6d5451fd
// CHECK: pi: d16cfe09 94fdcceb 5001e420 24126ea1
// CHECK: zeros: 6627e8d5 e169c58d bc57ac4c 9b00dbd8
module attributes {
  test.ones = array<i32: 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF>,
  test.pi = array<i32: 0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0>,
  test.zeros = array<i32: 0, 0, 0, 0, 0, 0>
} {}
