# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Elementwise operators."""

import numpy as np
from onnx import TensorProto, helper

from operators.case import CASES, case, integers, node, normal
from operators.reference import conv2d


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
