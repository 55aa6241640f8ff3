# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operators at the end of a classifier."""

import numpy as np

from operators.case import case, ints, node, normal
from operators.reference import softmax


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
