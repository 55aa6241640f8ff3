# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Convolutions, pools and products with wrong attributes or operands."""

import numpy as np

from bad_files.case import case, constant, conv, floats, image, model, node


@case
def conv_stride_zero():
    return conv(strides=[0, 1])


@case
def conv_stride_negative():
    return conv(strides=[-1, -1])


@case
def conv_dilation_zero():
    return conv(dilations=[0, 0])


@case
def conv_dilation_huge():
    return conv(dilations=[1 << 62, 1])


@case
def conv_pad_negative():
    return conv(pads=[-1, 0, 0, 0])


@case
def conv_pad_huge():
    return conv(pads=[1 << 62] * 4)


@case
def conv_pads_too_few():
    return conv(pads=[1, 1])


@case
def conv_group_zero():
    return conv(group=0)


@case
def conv_group_negative():
    return conv(group=-3)


@case
def conv_group_not_dividing():
    return conv(group=2)


@case
def conv_kernel_larger_than_input():
    return conv(weights=(4, 3, 9, 9))


@case
def conv_kernel_shape_contradicts():
    return conv(kernel_shape=[5, 5])


@case
def conv_channels_mismatch():
    return conv(weights=(4, 5, 3, 3))


@case
def conv_rank_five():
    return conv(weights=(4, 3, 3, 3, 3), x=floats("x", 1, 3, 8, 8, 8))


@case
def conv_weights_rank_two():
    return conv(weights=(4, 3))


@case
def conv_run_time_weights():
    return model([node("Conv", "x w", "y")], [image(), floats("w", 4, 3, 3, 3)])


@case
def conv_bias_too_short():
    constants = [constant("w", np.ones((4, 3, 3, 3))), constant("b", np.ones(3))]
    return model([node("Conv", "x w b", "y")], [image()], constants)


@case
def conv_attribute_of_wrong_type():
    return conv(strides=1.5)


@case
def conv_bad_auto_pad():
    return conv(auto_pad="SOMEHOW")


@case
def pool_kernel_missing():
    return model([node("MaxPool", "x", "y")], [image()])


@case
def pool_pad_not_smaller_than_kernel():
    return model([node("MaxPool", "x", "y", kernel_shape=[2, 2], pads=[2, 2, 0, 0])], [image()])


@case
def pool_indices_read():
    return model([node("MaxPool", "x", "v y", kernel_shape=[2, 2])], [image()])


@case
def matmul_size_mismatch():
    return model([node("MatMul", "x w", "y")], [floats("x", 1, 8)], [constant("w", np.ones((7, 3)))])


@case
def matmul_run_time_both():
    return model([node("MatMul", "x w", "y")], [floats("x", 1, 8), floats("w", 8, 3)])


@case
def gemm_input_rank_four():
    return model([node("Gemm", "x w", "y")], [image()], [constant("w", np.ones((8, 3)))])
