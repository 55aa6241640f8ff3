# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Convolutions, matrix products and batch normalization."""

import numpy as np

from operators.case import case, integers, node, normal
from operators.reference import batch_norm, conv2d, pool2d


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
