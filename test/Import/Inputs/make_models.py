# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write a small ONNX file per operator and form, and check what its import computes.

Usage: make_models.py DOREFA_INTERPRET FOLDER [CASE...]

Without names of cases, all of them are written and checked. The expected values are computed by NumPy here, not by ONNX. The last line printed is
the number of networks whose import computes them.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

RANDOM = np.random.default_rng(7)
CASES = {}


def case(function):
    """Registers a maker of (nodes, inputs, constants, expected, options)."""
    CASES[function.__name__] = function
    return function


def node(kind, inputs, outputs="y", domain=None, **attributes):
    """A node; the operators of QONNX get their usual domain."""
    qonnx = {"Quant", "BipolarQuant", "MultiThreshold", "Trunc", "IntQuant"}
    if domain is None:
        domain = "qonnx.custom_op.general" if kind in qonnx else ""
    return helper.make_node(kind, inputs.split(), outputs.split(), domain=domain, **attributes)


def normal(*shape, scale=1.0):
    """Reproducible random float32 values."""
    return (RANDOM.standard_normal(shape) * scale).astype(np.float32)


def integers(low, high, *shape):
    """Reproducible random integers as float32: sums of them are exact."""
    return RANDOM.integers(low, high + 1, shape).astype(np.float32)


def ints(*values):
    return np.array(values, np.int64)


# --- The operators in NumPy ------------------------------------------------------


def pad2d(x, pads, value):
    top, left, bottom, right = pads
    return np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=value)


def conv2d(x, w, bias=None, strides=(1, 1), pads=(0, 0, 0, 0), dilations=(1, 1), group=1):
    x = pad2d(x, pads, 0)
    out, per, kh, kw = w.shape
    sh, sw = strides
    dh, dw = dilations
    oh = (x.shape[2] - (kh - 1) * dh - 1) // sh + 1
    ow = (x.shape[3] - (kw - 1) * dw - 1) // sw + 1
    y = np.zeros((x.shape[0], out, oh, ow), np.float64)
    for o in range(out):
        first = o // (out // group) * per
        for c in range(per):
            for i in range(kh):
                for j in range(kw):
                    rows = x[:, first + c, i * dh:, j * dw:]
                    y[:, o] += w[o, c, i, j] * rows[:, : (oh - 1) * sh + 1 : sh, : (ow - 1) * sw + 1 : sw]
    if bias is not None:
        y += bias.reshape(1, -1, 1, 1)
    return y.astype(np.float32)


def pool2d(x, kernel, strides=(1, 1), pads=(0, 0, 0, 0), dilations=(1, 1), reduce=np.nanmax, fill=np.nan):
    x = pad2d(x, pads, fill)
    (kh, kw), (sh, sw), (dh, dw) = kernel, strides, dilations
    oh = (x.shape[2] - (kh - 1) * dh - 1) // sh + 1
    ow = (x.shape[3] - (kw - 1) * dw - 1) // sw + 1
    windows = [x[:, :, i * dh : i * dh + (oh - 1) * sh + 1 : sh, j * dw : j * dw + (ow - 1) * sw + 1 : sw]
               for i in range(kh) for j in range(kw)]
    return reduce(np.stack(windows), axis=0).astype(np.float32)


def quantize(x, scale, zero, bits, signed=1, narrow=0, mode="ROUND"):
    low = -(2 ** (bits - 1)) + narrow if signed else 0
    high = 2 ** (bits - 1) - 1 if signed else 2**bits - 1 - narrow
    y = np.clip(x / np.float32(scale) + np.float32(zero), low, high).astype(np.float32)
    rounding = {
        "ROUND": np.rint, "CEIL": np.ceil, "FLOOR": np.floor, "DOWN": np.trunc,
        "UP": lambda v: np.sign(v) * np.ceil(np.abs(v)),
        "HALF_UP": lambda v: np.sign(v) * np.floor(np.abs(v) + 0.5),
        "HALF_DOWN": lambda v: np.sign(v) * np.ceil(np.abs(v) - 0.5),
    }
    return ((rounding[mode](y) - np.float32(zero)) * np.float32(scale)).astype(np.float32)


def batch_norm(x, gamma, beta, mean, variance, epsilon=1e-5):
    g, b, m, v = (p.reshape([1, -1] + [1] * (x.ndim - 2)) for p in (gamma, beta, mean, variance))
    return ((x - m) / np.sqrt(v + np.float32(epsilon)) * g + b).astype(np.float32)


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


# --- Elementwise -------------------------------------------------------------------


def unary(kind, function, x=None, **attributes):
    x = normal(2, 3, 4, 5) if x is None else x
    return [node(kind, "x", **attributes)], {"x": x}, {}, {"y": function(x)}, {"tolerance": 1e-6}


for kind, function in {
    "Abs": np.abs, "Ceil": np.ceil, "Exp": np.exp, "Floor": np.floor, "Neg": np.negative,
    "Relu": lambda x: np.maximum(x, 0), "Round": np.rint, "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Softplus": lambda x: np.log1p(np.exp(x)), "Tanh": np.tanh, "Reciprocal": lambda x: 1 / x,
    "Identity": lambda x: x, "HardSigmoid": lambda x: np.clip(x * 0.2 + 0.5, 0, 1),
    "HardSwish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "LeakyRelu": lambda x: np.where(x > 0, x, x * np.float32(0.01)), "Dropout": lambda x: x,
}.items():
    CASES[kind.lower()] = lambda kind=kind, function=function: unary(kind, function)


@case
def sqrt():
    return unary("Sqrt", np.sqrt, np.abs(normal(2, 5)))


@case
def scalar_input():
    return unary("Relu", lambda x: np.maximum(x, 0), np.float32(-2.5))


@case
def clip_inputs():
    x = normal(2, 3, 4, 4)
    return [node("Clip", "x l h")], {"x": x}, {"l": np.float32(-0.5), "h": np.float32(1)}, {"y": x.clip(-0.5, 1)}, {}


@case
def clip_only_max():
    x = normal(2, 3)
    return [helper.make_node("Clip", ["x", "", "h"], ["y"])], {"x": x}, {"h": np.float32(0)}, {"y": x.clip(None, 0)}, {}


@case
def clip_attributes():
    x = normal(2, 3)
    return [node("Clip", "x", min=-0.25, max=0.75)], {"x": x}, {}, {"y": x.clip(-0.25, 0.75)}, {"opset": 6}


def binary(kind, function, left, right):
    constants = {"w": right}
    return [node(kind, "x w")], {"x": left}, constants, {"y": function(left, right)}, {"tolerance": 1e-6}


@case
def add_channels():
    return binary("Add", np.add, normal(2, 3, 4, 5), normal(3, 1, 1))


@case
def sub_row():
    return binary("Sub", np.subtract, normal(2, 3, 4, 5), normal(5))


@case
def mul_more_dimensions():
    return binary("Mul", np.multiply, normal(4, 5), normal(2, 1, 4, 5))


@case
def div_scalar():
    return binary("Div", np.divide, normal(2, 7), np.array([3], np.float32))


@case
def pow_two():
    return binary("Pow", np.power, normal(2, 7), np.float32(2))


@case
def sub_from_constant():
    x, w = normal(2, 3, 4), normal(3, 1)
    return [node("Sub", "w x")], {"x": x}, {"w": w}, {"y": w - x}, {}


@case
def max_of_three():
    x, z, w = normal(2, 4), normal(2, 4), normal(4)
    return [node("Max", "x w z")], {"x": x, "z": z}, {"w": w}, {"y": np.maximum(np.maximum(x, w), z)}, {}


@case
def add_of_branches_in_other_layouts():
    x, w = integers(-3, 3, 1, 4, 6, 6), integers(-2, 2, 4, 4, 3, 3)
    nodes = [node("Conv", "x w", "c", pads=[1, 1, 1, 1]), node("Add", "x c", "s"), node("Sub", "s x")]
    return nodes, {"x": x}, {"w": w}, {"y": conv2d(x, w, pads=(1, 1, 1, 1))}, {}


@case
def add_channels_behind_conv():
    x, w, b = integers(-3, 3, 1, 4, 6, 5), integers(-2, 2, 3, 4, 3, 3), integers(-9, 9, 1, 3, 1, 1)
    rows = integers(-9, 9, 4, 1)
    nodes = [node("Conv", "x w", "c"), node("Add", "c b", "d"), node("Mul", "d r")]
    expected = (conv2d(x, w) + b) * rows
    return nodes, {"x": x}, {"w": w, "b": b, "r": rows}, {"y": expected}, {}


@case
def cast_keeps_type():
    x = normal(3)
    return [node("Cast", "x", to=TensorProto.FLOAT)], {"x": x}, {}, {"y": x}, {}


# --- Layers ------------------------------------------------------------------------


def convolution(shape, weights, bias=False, **attributes):
    x, w = integers(-3, 3, *shape), integers(-3, 3, *weights)
    constants = {"w": w}
    if bias:
        constants["b"] = integers(-5, 5, weights[0])
    options = {k: v for k, v in attributes.items() if k != "auto_pad"}
    y = conv2d(x, w, constants.get("b"), **options)
    return [node("Conv", "x w b" if bias else "x w", **attributes)], {"x": x}, constants, {"y": y}, {}


@case
def conv_plain():
    return convolution((1, 3, 7, 9), (5, 3, 3, 2))


@case
def conv_bias_batch():
    return convolution((3, 3, 5, 5), (4, 3, 1, 1), bias=True)


@case
def conv_strides_pads_dilations():
    return convolution((1, 2, 11, 12), (3, 2, 3, 2), strides=[2, 3], pads=[1, 0, 2, 1], dilations=[2, 1])


@case
def conv_groups():
    return convolution((1, 6, 5, 5), (4, 3, 3, 3), group=2)


@case
def conv_depthwise():
    return convolution((1, 4, 5, 5), (8, 1, 3, 3), group=4)


@case
def conv_same_upper():
    x, w = integers(-3, 3, 1, 2, 6, 7), integers(-3, 3, 3, 2, 3, 3)
    y = conv2d(x, w, strides=(2, 2), pads=(0, 1, 1, 1))
    return [node("Conv", "x w", auto_pad="SAME_UPPER", strides=[2, 2])], {"x": x}, {"w": w}, {"y": y}, {}


@case
def conv_same_lower():
    x, w = integers(-3, 3, 1, 2, 6, 7), integers(-3, 3, 3, 2, 3, 3)
    y = conv2d(x, w, strides=(2, 2), pads=(1, 1, 0, 1))
    return [node("Conv", "x w", auto_pad="SAME_LOWER", strides=[2, 2])], {"x": x}, {"w": w}, {"y": y}, {}


@case
def conv_1d():
    x, w, b = integers(-3, 3, 2, 3, 9), integers(-3, 3, 4, 3, 3), integers(-3, 3, 4)
    y = conv2d(x[:, :, None], w[:, :, None], b, strides=(1, 2), pads=(0, 1, 0, 0))[:, :, 0]
    return [node("Conv", "x w b", strides=[2], pads=[1, 0])], {"x": x}, {"w": w, "b": b}, {"y": y}, {}


@case
def conv_channels_last_domain():
    x, w = integers(-3, 3, 1, 6, 5, 3), integers(-3, 3, 4, 2, 2, 3)
    y = conv2d(x.transpose(0, 3, 1, 2), w.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)
    domain = "qonnx.custom_op.channels_last"
    pool = pool2d(y.transpose(0, 3, 1, 2), (2, 2), (2, 2)).transpose(0, 2, 3, 1)
    nodes = [node("Conv", "x w", "c", domain=domain, kernel_shape=[2, 2]),
             node("MaxPool", "c", domain=domain, kernel_shape=[2, 2], strides=[2, 2])]
    return nodes, {"x": x}, {"w": w}, {"y": pool}, {}


@case
def conv_between_transposes():
    x, w = integers(-3, 3, 1, 6, 5, 3), integers(-3, 3, 4, 3, 2, 2)
    nodes = [node("Transpose", "x", "t", perm=[0, 3, 1, 2]), node("Conv", "t w", "c"), node("Relu", "c", "r"),
             node("Transpose", "r", perm=[0, 2, 3, 1])]
    y = np.maximum(conv2d(x.transpose(0, 3, 1, 2), w), 0).transpose(0, 2, 3, 1)
    return nodes, {"x": x}, {"w": w}, {"y": y}, {}


@case
def matmul_rank_three():
    x, w = integers(-3, 3, 2, 4, 6), integers(-3, 3, 6, 5)
    return [node("MatMul", "x w")], {"x": x}, {"w": w}, {"y": x @ w}, {}


@case
def gemm_everything():
    x, w, c = integers(-3, 3, 6, 2), integers(-3, 3, 5, 6), integers(-3, 3, 2, 1)
    nodes = [node("Gemm", "x w c", transA=1, transB=1, alpha=0.5, beta=2.0)]
    return nodes, {"x": x}, {"w": w, "c": c}, {"y": 0.5 * (x.T @ w.T) + 2 * c}, {}


@case
def gemm_row_bias():
    x, w, c = integers(-3, 3, 2, 6), integers(-3, 3, 6, 5), integers(-3, 3, 1, 5)
    return [node("Gemm", "x w c", beta=3.0)], {"x": x}, {"w": w, "c": c}, {"y": x @ w + 3 * c}, {}


def statistics(channels):
    return {"g": normal(channels), "b": normal(channels), "m": normal(channels), "v": np.abs(normal(channels)) + 0.1}


@case
def batch_norm_rank_two():
    x, s = normal(3, 6), statistics(6)
    return [node("BatchNormalization", "x g b m v")], {"x": x}, s, {"y": batch_norm(x, *s.values())}, {"tolerance": 1e-6}


@case
def batch_norm_feature_map():
    x, s = normal(2, 6, 3, 4), statistics(6)
    y = batch_norm(x, *s.values(), 0.25)
    return [node("BatchNormalization", "x g b m v", epsilon=0.25)], {"x": x}, s, {"y": y}, {"tolerance": 1e-6}


@case
def batch_norm_between_unsqueeze_and_squeeze():
    x, s = normal(2, 6), statistics(6)
    nodes = [node("Unsqueeze", "x", "u", axes=[2]), node("BatchNormalization", "u g b m v", "n"),
             node("Squeeze", "n", axes=[2])]
    return nodes, {"x": x}, s, {"y": batch_norm(x, *s.values())}, {"opset": 11, "tolerance": 1e-6}


# --- Pools -------------------------------------------------------------------------


@case
def max_pool_asymmetric():
    x = normal(1, 3, 8, 8)
    y = pool2d(x, (3, 3), (2, 2), (0, 0, 1, 1))
    return [node("MaxPool", "x", kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1])], {"x": x}, {}, {"y": y}, {}


@case
def max_pool_ceil_mode():
    x = normal(1, 2, 6, 7)
    y = pool2d(x, (3, 2), (2, 2), (0, 0, 1, 1))
    return [node("MaxPool", "x", kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1)], {"x": x}, {}, {"y": y}, {}


@case
def max_pool_ceil_mode_ignores_window_behind():
    x = normal(1, 2, 6, 6)
    y = pool2d(x, (2, 2), (3, 3))
    return [node("MaxPool", "x", kernel_shape=[2, 2], strides=[3, 3], ceil_mode=1)], {"x": x}, {}, {"y": y}, {}


@case
def max_pool_dilated():
    x = normal(1, 2, 7, 7)
    y = pool2d(x, (2, 2), dilations=(3, 2))
    return [node("MaxPool", "x", kernel_shape=[2, 2], dilations=[3, 2])], {"x": x}, {}, {"y": y}, {}


@case
def max_pool_1d():
    x = normal(2, 3, 9)
    y = pool2d(x[:, :, None], (1, 2), (1, 2))[:, :, 0]
    return [node("MaxPool", "x", kernel_shape=[2], strides=[2])], {"x": x}, {}, {"y": y}, {}


@case
def average_pool_excludes_pads():
    x = integers(-8, 8, 1, 2, 6, 6)
    y = pool2d(x, (2, 2), (2, 2), (1, 1, 1, 1), reduce=np.nanmean)
    return [node("AveragePool", "x", kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 1, 1])], {"x": x}, {}, {"y": y}, {}


@case
def average_pool_includes_pads():
    x = integers(-8, 8, 1, 2, 6, 6)
    y = pool2d(x, (2, 2), (2, 2), (1, 1, 1, 1), reduce=np.mean, fill=0)
    nodes = [node("AveragePool", "x", kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1)]
    return nodes, {"x": x}, {}, {"y": y}, {}


@case
def global_average_pool_and_flatten():
    x = integers(-8, 8, 2, 3, 4, 4)
    nodes = [node("GlobalAveragePool", "x", "g"), node("Flatten", "g")]
    return nodes, {"x": x}, {}, {"y": x.mean((2, 3))}, {}


@case
def global_max_pool():
    x = normal(2, 3, 4, 5)
    return [node("GlobalMaxPool", "x")], {"x": x}, {}, {"y": x.max((2, 3), keepdims=True)}, {}


@case
def reduce_mean_of_feature_map():
    x = integers(-8, 8, 2, 3, 4, 4)
    return [node("ReduceMean", "x", axes=[-2, -1])], {"x": x}, {}, {"y": x.mean((2, 3), keepdims=True)}, {}


# --- Shapes ------------------------------------------------------------------------


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


# --- Heads -------------------------------------------------------------------------


@case
def softmax_middle_axis():
    x = normal(2, 3, 4)
    return [node("Softmax", "x", axis=1)], {"x": x}, {}, {"y": softmax(x, 1)}, {"tolerance": 1e-6}


@case
def softmax_old_flattens():
    x = normal(2, 3, 4)
    y = softmax(x.reshape(2, 12), 1).reshape(2, 3, 4)
    return [node("Softmax", "x")], {"x": x}, {}, {"y": y}, {"opset": 11, "tolerance": 1e-6}


@case
def top_k():
    x = normal(2, 9)
    order = np.argsort(-x, axis=1, kind="stable")[:, :3]
    y = {"v": np.take_along_axis(x, order, 1), "y": order.astype(np.int64)}
    return [node("TopK", "x k", "v y")], {"x": x}, {"k": ints(3)}, y, {}


@case
def top_k_smallest_of_channels():
    x = normal(2, 5, 3, 3)
    order = np.argsort(x, axis=1, kind="stable")[:, :2]
    y = {"v": np.take_along_axis(x, order, 1), "y": order.astype(np.int64)}
    return [node("TopK", "x k", "v y", axis=1, largest=0)], {"x": x}, {"k": ints(2)}, y, {}


@case
def arg_max_without_dimension():
    x = normal(3, 7)
    return [node("ArgMax", "x", axis=1, keepdims=0)], {"x": x}, {}, {"y": x.argmax(1)}, {}


@case
def arg_min():
    x = normal(3, 7)
    return [node("ArgMin", "x", axis=-1)], {"x": x}, {}, {"y": x.argmin(1)[:, None]}, {}


# --- Quantizers ----------------------------------------------------------------------


def quantizer(scale=0.25, zero=0.0, bits=3.0, domain=None, x=None, names="x s z b", **attributes):
    x = np.arange(-40, 40, dtype=np.float32).reshape(2, 4, 10) / 16 if x is None else x
    constants = {"s": np.asarray(scale, np.float32), "z": np.asarray(zero, np.float32), "b": np.asarray(bits)}
    known = {k: v for k, v in attributes.items() if k in ("signed", "narrow")}
    known.setdefault("narrow", 1)
    mode = attributes.get("rounding_mode", "ROUND")
    y = quantize(x, constants["s"], zero, int(np.ravel(bits)[0]), mode=mode, **known)
    return [node("Quant", names, domain=domain, **attributes)], {"x": x}, constants, {"y": y}, {}


for mode in ("ROUND", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN"):
    CASES[f"quant_{mode.lower()}"] = lambda mode=mode: quantizer(rounding_mode=mode, signed=1, narrow=0)
    CASES[f"quant_wide_{mode.lower()}"] = lambda mode=mode: quantizer(rounding_mode=mode, bits=12.0, narrow=0)
    CASES[f"quant_wide_offset_{mode.lower()}"] = lambda mode=mode: quantizer(
        rounding_mode=mode, bits=9.0, signed=0, narrow=1, zero=2.0, scale=0.0625)
for domain in ("", "qonnx", "qonnx.custom_op.general", "finn.custom_op.general", "finn", "onnx.brevitas"):
    CASES[f"quant_domain_{domain or 'none'}"] = lambda domain=domain: quantizer(domain=domain)
for bits in (np.float32(4), np.array([4.0], np.float32), np.int64(4), np.array([[4]], np.int32)):
    CASES[f"quant_bits_{bits.dtype}_{bits.ndim}"] = lambda bits=bits: quantizer(bits=bits)
for narrow in (0, 1):
    for signed in (0, 1):
        CASES[f"quant_signed{signed}_narrow{narrow}"] = lambda s=signed, n=narrow: quantizer(signed=s, narrow=n)


@case
def quant_integer_zero_point():
    return quantizer(zero=3.0, signed=0, narrow=0)


@case
def quant_half_integer_zero_point():
    return quantizer(zero=3.5, signed=0, narrow=0)


@case
def quant_half_integer_zero_point_off_centre():
    return quantizer(zero=1.5, bits=3.0, signed=0, narrow=0)


@case
def quant_fractional_zero_point():
    return quantizer(zero=0.25)


@case
def quant_zero_point_of_one_bit():
    return quantizer(zero=0.5, bits=1.0, signed=0, narrow=0)


@case
def quant_scale_of_rank_one():
    return quantizer(scale=[0.5])


@case
def quant_scale_per_channel():
    return quantizer(scale=np.array([[0.25], [0.5], [1], [2]]))


@case
def quant_wide_scale_per_channel():
    return quantizer(scale=np.array([[0.25], [0.5], [1], [2]]), bits=10.0)


@case
def quant_scale_per_channel_behind_conv():
    x, w = integers(-2, 2, 1, 3, 5, 5), integers(-2, 2, 4, 3, 2, 2)
    s = np.array([1, 2, 4, 8], np.float32).reshape(4, 1, 1)
    nodes = [node("Conv", "x w", "c"), node("Quant", "c s z b", narrow=0)]
    constants = {"w": w, "s": s, "z": np.float32(0), "b": np.float32(4)}
    return nodes, {"x": x}, constants, {"y": quantize(conv2d(x, w), s, 0, 4)}, {}


@case
def quant_of_32_bits():
    # Rounds to multiples of the scale; the largest input saturates.
    x = np.concatenate([normal(61), np.float32([3e9, -3e9, 0.3])]).reshape(2, 4, 8)
    return quantizer(scale=2.0**-20, bits=32.0, x=x, narrow=0)


@case
def quant_computed_bits():
    nodes, inputs, constants, expected, options = quantizer(names="x s z c", bits=4.0)
    constants["b"] = np.array(3.25, np.float32)
    return [node("Ceil", "b", "c")] + nodes, inputs, constants, expected, options


def quantized_layer(scale, **attributes):
    x, w = integers(-2, 2, 1, 3, 5, 5), normal(4, 3, 2, 2, scale=2)
    scale = np.asarray(scale, np.float32)
    nodes = [node("Quant", "w s z b", "q", **attributes), node("Conv", "x q")]
    constants = {"w": w, "s": scale, "z": np.float32(attributes.pop("zero", 0)), "b": np.float32(3)}
    y = conv2d(x, quantize(w, scale, 0, 3, narrow=attributes["narrow"]))
    return nodes, {"x": x}, constants, {"y": y}, {}


@case
def weights_per_tensor():
    return quantized_layer(0.5, narrow=1)


@case
def weights_per_channel():
    return quantized_layer(np.array([1, 0.5, 0.25, 2]).reshape(4, 1, 1, 1), narrow=0)


@case
def weights_of_dorefa():
    x, w = integers(0, 3, 2, 6), np.linspace(-1, 1, 24).reshape(6, 4).astype(np.float32)
    s, z = np.float32(0.5), np.float32(1.5)
    nodes = [node("Quant", "w s z b", "q", signed=0, narrow=0), node("MatMul", "x q")]
    y = x @ quantize(w, s, z, 2, signed=0)
    return nodes, {"x": x}, {"w": w, "s": s, "z": z, "b": np.float32(2)}, {"y": y}, {}


@case
def weights_bipolar_behind_transpose():
    x, w = integers(0, 3, 2, 6), normal(4, 6)
    s = np.array([[1], [2], [0.5], [4]], np.float32)
    nodes = [node("BipolarQuant", "w s", "q"), node("Transpose", "q", "t", perm=[1, 0]), node("MatMul", "x t")]
    return nodes, {"x": x}, {"w": w, "s": s}, {"y": x @ (np.where(w >= 0, 1, -1) * s).T}, {}


@case
def weights_shared():
    x, w = integers(0, 3, 2, 4), normal(4, 4)
    nodes = [node("BipolarQuant", "w s", "q"), node("MatMul", "x q", "h"), node("MatMul", "h q")]
    q = np.where(w >= 0, 1, -1)
    return nodes, {"x": x}, {"w": w, "s": np.float32(1)}, {"y": x @ q @ q}, {}


@case
def weights_of_sixteen_bits():
    x, w = integers(0, 3, 2, 4), normal(4, 4)
    nodes = [node("Quant", "w s z b", "q", narrow=0), node("MatMul", "x q")]
    constants = {"w": w, "s": np.float32(2**-8), "z": np.float32(0), "b": np.float32(16)}
    return nodes, {"x": x}, constants, {"y": x @ quantize(w, 2**-8, 0, 16)}, {}


@case
def bias_quantized():
    x, w, c = integers(0, 3, 2, 4), integers(-2, 2, 4, 5), normal(5)
    nodes = [node("Quant", "c s z b", "q", narrow=0), node("MatMul", "x w", "m"), node("Add", "m q")]
    constants = {"w": w, "c": c, "s": np.float32(2**-6), "z": np.float32(0), "b": np.float32(16)}
    return nodes, {"x": x}, constants, {"y": x @ w + quantize(c, 2**-6, 0, 16)}, {}


@case
def weights_declared_by_finn():
    x, w = integers(-1, 1, 2, 6), integers(0, 1, 6, 4) * 2 - 1
    return [node("MatMul", "x w")], {"x": x}, {"w": w}, {"y": x @ w}, {"datatype": ("w", "BIPOLAR")}


@case
def bipolar_quant():
    x = np.array([[-1, -0.0, 0.0, 2]], np.float32)
    return [node("BipolarQuant", "x s")], {"x": x}, {"s": np.float32(0.5)}, {"y": np.where(x >= 0, 0.5, -0.5)}, {}


def multi_threshold(scale, bias, count, rank=4, layout="NCHW", rows=3, **attributes):
    shape = (2, 3, 4, 3)[:rank]
    x = integers(-6, 6, *shape)
    t = np.sort(integers(-6, 6, rows, count), axis=1)
    spread = x if layout == "NHWC" or rank == 2 else np.moveaxis(x, 1, -1)
    y = (spread[..., None] >= t).sum(-1).astype(np.float32)
    y = y if layout == "NHWC" or rank == 2 else np.moveaxis(y, -1, 1)
    y = (y * np.float32(scale) + np.float32(bias)).astype(np.float32)
    nodes = [node("MultiThreshold", "x t", out_scale=scale, out_bias=bias, data_layout=layout, **attributes)]
    return nodes, {"x": x}, {"t": t}, {"y": y}, {}


for name, (scale, bias, count) in {
    "plain": (1.0, 0.0, 3), "signed": (1.0, -1.0, 2), "bipolar": (2.0, -1.0, 1), "bipolar_two_bits": (2.0, -3.0, 3),
    "third": (1 / 3, 0.0, 3), "odd": (0.3, 0.7, 5), "offset": (0.5, 2.0, 7), "minus_one": (1.0, -1.0, 1),
    "signed_eight_bits": (1.0, -128.0, 255), "many": (1.0, 0.0, 255), "beyond": (1.0, -200.0, 15),
}.items():
    CASES[f"multi_threshold_{name}"] = lambda a=(scale, bias, count): multi_threshold(*a)


@case
def multi_threshold_channels_last():
    return multi_threshold(1.0, 0.0, 3, layout="NHWC", out_dtype="UINT2")


@case
def multi_threshold_one_row():
    return multi_threshold(1.0, 0.0, 3, rows=1)


@case
def multi_threshold_rank_two():
    return multi_threshold(1.0, 0.0, 3, rank=2)


@case
def trunc_version_one():
    x = np.arange(-32, 32, dtype=np.float32).reshape(4, 16) * 0.25
    constants = {"s": np.float32(0.25), "z": np.float32(0), "i": np.float32(8), "o": np.float32(5)}
    return [node("Trunc", "x s z i o")], {"x": x}, constants, {"y": np.floor(x / 0.25 / 8) * 0.25}, {}


@case
def trunc_version_two():
    x = np.arange(-32, 32, dtype=np.float32).reshape(4, 16) * 0.25
    constants = {"s": np.float32(0.25), "z": np.float32(0), "i": np.float32(8), "t": np.float32(1), "o": np.float32(3)}
    y = np.rint(np.clip(x / 0.25 / 4, -4, 3)) * 1
    nodes = [node("Trunc", "x s z i t o", rounding_mode="ROUND", signed=1, narrow=0)]
    return nodes, {"x": x}, constants, {"y": y}, {}


# --- Driver --------------------------------------------------------------------------


def build(nodes, inputs, constants, expected, options):
    """The model of a case."""

    def describe(name, array):
        kind = TensorProto.INT64 if array.dtype == np.int64 else TensorProto.FLOAT
        shape = list(array.shape)
        if options.get("batch"):
            shape[0] = "N"
        return helper.make_tensor_value_info(name, kind, shape)

    graph_inputs = [describe(k, np.asarray(v)) for k, v in inputs.items()]
    if options.get("constants_are_inputs"):
        graph_inputs += [describe(k, np.asarray(v)) for k, v in constants.items()]
    outputs = [describe(k, np.asarray(v)) for k, v in expected.items()]
    initializers = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()]
    graph = helper.make_graph(nodes, "g", graph_inputs, outputs, initializers)
    if "datatype" in options:
        annotation = graph.quantization_annotation.add()
        annotation.tensor_name, datatype = options["datatype"]
        entry = annotation.quant_parameter_tensor_names.add()
        entry.key, entry.value = "finn_datatype", datatype
    opset = options.get("opset", 13)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset or 1)])
    if opset is None:
        del made.opset_import[:]
    return made


def check(program, folder, name, made):
    """Returns what is wrong with the import of a case, or nothing."""
    nodes, inputs, constants, expected, options = made
    path = folder / f"{name}.onnx"
    path.write_bytes(build(*made).SerializeToString())
    command = [program, str(path), "--phase=input"]
    for option, arrays in (("input", inputs), ("expect", expected)):
        for key, array in arrays.items():
            array = np.asarray(array)
            file = folder / f"{name}.{option}.{key}.npy"
            np.save(file, np.array(array, np.int64 if array.dtype == np.int64 else np.float32, order="C"))
            command.append(f"--{option}={key}={file}")
    if "tolerance" in options:
        command.append(f"--tolerance={options['tolerance']}")
    result = subprocess.run(command, capture_output=True, text=True)
    return "" if result.returncode == 0 else (result.stdout + result.stderr).strip()


def main() -> int:
    program, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    good, names = 0, sys.argv[3:] or list(CASES)
    for name in names:
        problem = check(program, folder, name, CASES[name]())
        good += not problem
        if problem:
            print(f"{name}: {problem}")
    print(f"{good} of {len(names)} imported networks compute what they should")
    return good != len(names)


if __name__ == "__main__":
    sys.exit(main())
