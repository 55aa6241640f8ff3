# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pools."""

import numpy as np

from operators.case import case, integers, node, normal
from operators.reference import pool2d


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
