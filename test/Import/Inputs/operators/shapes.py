# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operators that move or reshape data, and what the importer makes of constants and graphs."""

import numpy as np
from onnx import TensorProto, numpy_helper

from operators.case import case, integers, ints, node, normal
from operators.reference import conv2d, pool2d, quantize, softmax


@case
def flatten_behind_conv_feeds_gemm():
    x, w, f = integers(-2, 2, 1, 3, 5, 5), integers(-2, 2, 4, 3, 2, 2), integers(-2, 2, 6, 64)
    nodes = [node("Conv", "x w", "c"), node("Flatten", "c", "f"), node("Relu", "f", "r"), node("Gemm", "r m", transB=1)]
    y = np.maximum(conv2d(x, w).reshape(1, -1), 0) @ f.T
    return nodes, {"x": x}, {"w": w, "m": f}, {"y": y}, {}


@case
def flatten_behind_conv_meets_columns():
    x, w, b = integers(-2, 2, 2, 3, 5, 5), integers(-2, 2, 4, 3, 2, 2), integers(-2, 2, 64)
    nodes = [node("Conv", "x w", "c"), node("Flatten", "c", "f"), node("Add", "f b")]
    return nodes, {"x": x}, {"w": w, "b": b}, {"y": conv2d(x, w).reshape(2, -1) + b}, {}


@case
def flatten_behind_conv_is_output():
    x, w = integers(-2, 2, 2, 3, 5, 5), integers(-2, 2, 4, 3, 2, 2)
    return [node("Conv", "x w", "c"), node("Flatten", "c")], {"x": x}, {"w": w}, {"y": conv2d(x, w).reshape(2, -1)}, {}


@case
def flatten_quantized_weights_per_row():
    x, w, f = integers(-2, 2, 1, 3, 5, 5), integers(-2, 2, 4, 3, 2, 2), integers(-3, 3, 64, 6)
    s = np.array([[1, 2, 4, 0.5, 1, 2]], np.float32)
    nodes = [node("Conv", "x w", "c"), node("Reshape", "c t", "f"), node("Quant", "m s z b", "q", narrow=0),
             node("MatMul", "f q")]
    y = conv2d(x, w).reshape(1, -1) @ quantize(f, s, 0, 3)
    constants = {"w": w, "m": f, "s": s, "z": np.float32(0), "b": np.float32(3), "t": ints(0, -1)}
    return nodes, {"x": x}, constants, {"y": y}, {}


@case
def flatten_axis_two():
    x = normal(2, 3, 4, 5)
    return [node("Flatten", "x", axis=2)], {"x": x}, {}, {"y": x.reshape(6, 20)}, {}


@case
def flatten_axis_zero():
    x = normal(2, 3, 4)
    return [node("Flatten", "x", axis=0)], {"x": x}, {}, {"y": x.reshape(1, 24)}, {}


@case
def reshape_zero_and_open():
    x = normal(2, 3, 4, 5)
    return [node("Reshape", "x s")], {"x": x}, {"s": ints(0, -1, 5)}, {"y": x.reshape(2, 12, 5)}, {}


@case
def reshape_behind_conv():
    x, w = integers(-2, 2, 1, 3, 5, 5), integers(-2, 2, 4, 3, 2, 2)
    y = conv2d(x, w).reshape(1, 2, 2, 16)
    return [node("Conv", "x w", "c"), node("Reshape", "c s")], {"x": x}, {"w": w, "s": ints(1, 2, 2, 16)}, {"y": y}, {}


@case
def reshape_program():
    x = normal(2, 3, 4)
    nodes = [node("Shape", "x", "s"), node("Gather", "s i", "b", axis=0), node("Unsqueeze", "b", "u", axes=[0]),
             node("Concat", "u o", "t", axis=0), node("Reshape", "x t")]
    return nodes, {"x": x}, {"i": ints(0)[0], "o": ints(-1)}, {"y": x.reshape(2, 12)}, {"opset": 11}


@case
def reshape_program_symbolic_batch():
    x, w, m = integers(-2, 2, 3, 2, 4, 4), integers(-2, 2, 4, 2, 3, 3), integers(-2, 2, 16, 5)
    nodes = [node("Conv", "x w", "c"), node("Shape", "c", "s"), node("Gather", "s i", "b", axis=0),
             node("Unsqueeze", "b a", "u"), node("Concat", "u o", "t", axis=0), node("Reshape", "c t", "f"),
             node("MatMul", "f m")]
    constants = {"w": w, "m": m, "i": ints(0)[0], "o": ints(-1), "a": ints(0)}
    y = conv2d(x, w).reshape(3, 16) @ m
    return nodes, {"x": x}, constants, {"y": y}, {"batch": True}


@case
def symbolic_batch_everything():
    x, w = integers(-2, 2, 3, 2, 6, 6), integers(-2, 2, 4, 2, 3, 3)
    nodes = [node("Conv", "x w", "c"), node("MaxPool", "c", "p", kernel_shape=[2, 2], strides=[2, 2]),
             node("Concat", "p p", "q", axis=1), node("Split", "q", "l r", axis=1), node("Sub", "l r", "d"),
             node("Add", "d p", "s"), node("GlobalAveragePool", "s", "g"), node("Squeeze", "g a", "f"),
             node("Softmax", "f")]
    y = softmax(pool2d(conv2d(x, w), (2, 2), (2, 2)).mean((2, 3)), 1)
    return nodes, {"x": x}, {"w": w, "a": ints(2, 3)}, {"y": y}, {"batch": True, "tolerance": 1e-6}


@case
def transpose_rank_two():
    x = normal(3, 5)
    return [node("Transpose", "x", "t"), node("Relu", "t")], {"x": x}, {}, {"y": np.maximum(x.T, 0)}, {}


@case
def transpose_any():
    x = normal(2, 3, 4, 5)
    return [node("Transpose", "x", perm=[2, 0, 3, 1])], {"x": x}, {}, {"y": x.transpose(2, 0, 3, 1)}, {}


@case
def concat_channels_behind_conv():
    x, w = integers(-2, 2, 1, 3, 5, 5), integers(-2, 2, 4, 3, 3, 3)
    nodes = [node("Conv", "x w", "c", pads=[1, 1, 1, 1]), node("Concat", "x c x", axis=1)]
    y = np.concatenate([x, conv2d(x, w, pads=(1, 1, 1, 1)), x], 1)
    return nodes, {"x": x}, {"w": w}, {"y": y}, {}


@case
def concat_with_constant():
    x, w = normal(2, 3), normal(2, 4)
    return [node("Concat", "x w", axis=-1)], {"x": x}, {"w": w}, {"y": np.concatenate([x, w], 1)}, {}


@case
def split_sizes_behind_conv():
    x, w = integers(-2, 2, 1, 3, 5, 5), integers(-2, 2, 5, 3, 3, 3)
    nodes = [node("Conv", "x w", "c"), node("Split", "c s", "y z", axis=1)]
    y = conv2d(x, w)
    return nodes, {"x": x}, {"w": w, "s": ints(2, 3)}, {"y": y[:, :2], "z": y[:, 2:]}, {}


@case
def split_attribute():
    x = normal(2, 6)
    return [node("Split", "x", "y z", axis=1, split=[4, 2])], {"x": x}, {}, {"y": x[:, :4], "z": x[:, 4:]}, {"opset": 11}


@case
def slice_steps():
    x = normal(2, 9, 5)
    constants = {"s": ints(1, -4), "e": ints(2**31, -1), "a": ints(1, 2), "t": ints(3, 1)}
    return [node("Slice", "x s e a t")], {"x": x}, constants, {"y": x[:, 1::3, -4:-1]}, {}


@case
def gather_one():
    x = normal(2, 4, 5)
    return [node("Gather", "x i", axis=1)], {"x": x}, {"i": ints(-1)[0]}, {"y": x[:, -1]}, {}


@case
def pad_inputs():
    x = normal(1, 2, 3, 3)
    constants = {"p": ints(0, 0, 1, 2, 0, 0, 0, 1), "v": np.float32(0.5)}
    y = np.pad(x, ((0, 0), (0, 0), (1, 0), (2, 1)), constant_values=0.5)
    return [node("Pad", "x p v")], {"x": x}, constants, {"y": y}, {}


@case
def pad_attributes_behind_conv():
    x, w = integers(-2, 2, 1, 3, 4, 4), integers(-2, 2, 2, 3, 3, 3)
    nodes = [node("Conv", "x w", "c"), node("Pad", "c", pads=[0, 1, 0, 0, 0, 0, 0, 1], mode="constant")]
    y = np.pad(conv2d(x, w), ((0, 0), (1, 0), (0, 0), (0, 1)))
    return nodes, {"x": x}, {"w": w}, {"y": y}, {"opset": 10}


@case
def constant_nodes():
    x = normal(2, 3)
    value = numpy_helper.from_array(normal(3), "v")
    nodes = [node("Constant", "", "c", value=value), node("Constant", "", "d", value_float=2.0),
             node("Add", "x c", "s"), node("Mul", "s d")]
    return nodes, {"x": x}, {}, {"y": (x + numpy_helper.to_array(value)) * 2}, {}


@case
def folded_program():
    x, w = normal(2, 4), normal(4, 3)
    nodes = [node("Abs", "w", "a"), node("ReduceMax", "a", "m", keepdims=0), node("Div", "w m", "n"),
             node("Add", "x r", "z"), node("MatMul", "z n")]
    y = (x + 1) @ (w / np.abs(w).max())
    return nodes, {"x": x}, {"w": w, "r": np.float32(1)}, {"y": y}, {"tolerance": 1e-6}


@case
def half_precision_constants():
    x, w = normal(2, 3), np.array([0.5, -1.25, 3], np.float16)
    nodes = [node("Cast", "w", "f", to=TensorProto.FLOAT), node("Mul", "x f")]
    return nodes, {"x": x}, {"w": w}, {"y": x * w.astype(np.float32)}, {}


@case
def initializer_that_is_an_input():
    x, w = normal(2, 3), normal(3)
    return [node("Add", "x w")], {"x": x}, {"w": w}, {"y": x + w}, {"constants_are_inputs": True}


@case
def nodes_out_of_order():
    x = normal(2, 3)
    return [node("Neg", "a"), node("Abs", "x", "a")], {"x": x}, {}, {"y": -np.abs(x)}, {}


@case
def unused_constants_and_nodes():
    x = normal(2, 3)
    nodes = [node("Neg", "x"), node("NotAnOperator", "x w", "unused")]
    return nodes, {"x": x}, {"w": np.array([np.nan], np.float32)}, {"y": -x}, {}


@case
def input_is_output():
    x = normal(2, 3)
    return [node("Neg", "x")], {"x": x}, {}, {"y": -x, "x": x}, {}


@case
def no_opset_imports():
    x = normal(2, 3)
    return [node("Softmax", "x")], {"x": x}, {}, {"y": softmax(x, 1)}, {"opset": None, "tolerance": 1e-6}
