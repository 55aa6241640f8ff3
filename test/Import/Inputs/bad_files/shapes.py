# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Shapes that contradict each other or are too large."""

import numpy as np
from onnx import TensorProto, helper

from bad_files.case import case, constant, floats, image, model, node, shaped


@case
def input_negative_size():
    return shaped([1, -3, 8, 8])


@case
def input_zero_size():
    return shaped([1, 0, 8, 8])


@case
def input_overflowing_shape():
    return shaped([1 << 31, 1 << 31, 1 << 31])


@case
def input_huge_size():
    return shaped([1, (1 << 63) - 1])


@case
def input_rank_nine():
    return shaped([1] * 9)


@case
def input_symbolic_height():
    return shaped([1, 3, "height", 8])


@case
def input_without_shape():
    return model([node("Relu", "x", "y")], [helper.make_empty_tensor_value_info("x")])


@case
def input_of_integers():
    x = helper.make_tensor_value_info("x", TensorProto.INT64, [1, 3])
    return model([node("Relu", "x", "y")], [x])


@case
def broadcast_mismatch():
    return model([node("Add", "x w", "y")], [image()], [constant("w", np.ones(5))])


@case
def broadcast_too_large():
    constants = [constant("w", np.ones((60000, 1))), constant("v", np.ones((1, 60000)))]
    return model([node("Add", "x v", "a"), node("Add", "a w", "y")], [floats("x", 60000, 1)], constants)


@case
def folding_bomb():
    constants = [constant("w", np.ones((30000, 1))), constant("v", np.ones((1, 30000)))]
    return model([node("Add", "w v", "a"), node("Add", "x a", "y")], [floats("x", 1)], constants)


@case
def constant_of_shape_bomb():
    shape = constant("s", [1 << 20, 1 << 20], np.int64)
    return model([node("ConstantOfShape", "s", "c"), node("Add", "x c", "y")], [image()], [shape])


@case
def expand_negative():
    constants = [constant("c", 1), constant("s", [-4, 2], np.int64)]
    return model([node("Expand", "c s", "e"), node("Add", "x e", "y")], [image()], constants)


@case
def reshape_wrong_count():
    return model([node("Reshape", "x s", "y")], [image()], [constant("s", [1, 7], np.int64)])


@case
def reshape_two_open():
    return model([node("Reshape", "x s", "y")], [image()], [constant("s", [-1, -1], np.int64)])


@case
def reshape_negative():
    return model([node("Reshape", "x s", "y")], [image()], [constant("s", [1, -192], np.int64)])


@case
def reshape_mixes_batch():
    x = floats("x", "N", 4)
    return model([node("Reshape", "x s", "y")], [x], [constant("s", [-1, 8], np.int64)])


@case
def split_of_batch():
    constants = [constant("s", [3, (1 << 63) - 1], np.int64)]
    return model([node("Split", "x s", "y z", axis=0)], [floats("x", "N", 4)], constants,
                 outputs=[floats("y", 1)])


@case
def slice_of_batch():
    constants = [constant(k, [v], np.int64) for k, v in {"s": -2, "e": -1, "a": 0}.items()]
    return model([node("Slice", "x s e a", "y")], [floats("x", "N", 4)], constants)


@case
def gather_of_batch():
    return model([node("Gather", "x i", "y")], [floats("x", "N", 4)], [constant("i", -1, np.int64)])


@case
def concat_of_batch():
    return model([node("Concat", "x w", "y", axis=0)], [floats("x", "N", 4)], [constant("w", np.ones((3, 4)))])


@case
def transpose_of_batch():
    return model([node("Transpose", "x", "t"), node("Relu", "t", "y")], [floats("x", "N", 4)])


@case
def transpose_bad_perm():
    return model([node("Transpose", "x", "y", perm=[0, 1, 1, 2])], [image()])


@case
def squeeze_wrong_axis():
    return model([node("Squeeze", "x a", "y")], [image()], [constant("a", [1], np.int64)])


@case
def unsqueeze_twice():
    return model([node("Unsqueeze", "x a", "y")], [image()], [constant("a", [0, 0], np.int64)])


@case
def concat_mismatch():
    nodes = [node("MaxPool", "x", "p", kernel_shape=[2, 2]), node("Concat", "x p", "y", axis=1)]
    return model(nodes, [image()])


@case
def split_wrong_sum():
    return model([node("Split", "x s", "y z", axis=1)], [image()], [constant("s", [1, 5], np.int64)],
                 outputs=[floats("y", 1)])


@case
def gather_out_of_range():
    return model([node("Gather", "x i", "y", axis=1)], [image()], [constant("i", 3, np.int64)])


@case
def topk_too_large():
    return model([node("TopK", "x k", "v y")], [floats("x", 1, 10)], [constant("k", [11], np.int64)])


@case
def softmax_bad_axis():
    return model([node("Softmax", "x", "y", axis=4)], [image()])


@case
def slice_step_zero():
    lists = {"s": [0], "e": [2], "a": [1], "t": [0]}
    constants = [constant(k, v, np.int64) for k, v in lists.items()]
    return model([node("Slice", "x s e a t", "y")], [image()], constants)


@case
def pad_negative():
    pads = constant("p", [0, 0, -1, 0, 0, 0, 0, 0], np.int64)
    return model([node("Pad", "x p", "y")], [image()], [pads])


@case
def pad_reflect():
    pads = constant("p", [0, 0, 1, 1, 0, 0, 1, 1], np.int64)
    return model([node("Pad", "x p", "y", mode="reflect")], [image()], [pads])
