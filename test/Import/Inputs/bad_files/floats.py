# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Parameters that are not finite or not usable."""

import numpy as np

from bad_files.case import case, constant, conv, floats, image, model, node


def with_weights(value):
    """A convolution one of whose weights is `value`."""
    m = conv()
    weights = np.ones((4, 3, 3, 3), np.float32)
    weights[1, 2, 0, 1] = value
    m.graph.initializer[0].CopyFrom(constant("w", weights))
    return m


@case
def weights_nan():
    return with_weights(np.nan)


@case
def weights_infinite():
    return with_weights(-np.inf)


@case
def quantized_weights_nan():
    constants = [constant("w", [[1, np.nan], [2, 3]]), constant("s", 1)]
    nodes = [node("BipolarQuant", "w s", "q"), node("MatMul", "x q", "y")]
    return model(nodes, [floats("x", 1, 2)], constants)


@case
def bias_nan():
    m = conv()
    m.graph.node[0].input.append("b")
    m.graph.initializer.append(constant("b", [0, np.nan, 0, 0]))
    return m


def with_operand(kind, value):
    """An operation with a constant."""
    return model([node(kind, "x c", "y")], [image()], [constant("c", value)])


@case
def multiply_by_nan():
    return with_operand("Mul", np.nan)


@case
def add_infinity():
    return with_operand("Add", np.inf)


def batch_norm(scale=1, bias=0, mean=0, variance=1, **attributes):
    """A batch norm over 3 channels."""
    constants = [constant(n, np.full(3, v)) for n, v in zip("gbmv", (scale, bias, mean, variance))]
    return model([node("BatchNormalization", "x g b m v", "y", **attributes)], [image()], constants)


@case
def variance_negative():
    return batch_norm(variance=-1)


@case
def variance_plus_epsilon_zero():
    return batch_norm(variance=0, epsilon=0.0)


@case
def variance_nan():
    return batch_norm(variance=np.nan)


@case
def variance_infinite():
    return batch_norm(variance=np.inf)


@case
def epsilon_negative():
    return batch_norm(variance=0.5, epsilon=-1.0)


@case
def epsilon_nan():
    return batch_norm(epsilon=float("nan"))


@case
def gamma_infinite():
    return batch_norm(scale=-np.inf)


@case
def beta_nan():
    return batch_norm(bias=np.nan)


@case
def mean_nan():
    return batch_norm(mean=np.nan)


@case
def batch_norm_training():
    return batch_norm(training_mode=1)


@case
def batch_norm_wrong_channels():
    constants = [constant(n, np.ones(4)) for n in "gbmv"]
    return model([node("BatchNormalization", "x g b m v", "y")], [image()], constants)


@case
def clip_bounds_crossed():
    constants = [constant("l", 1), constant("h", 0)]
    return model([node("Clip", "x l h", "y")], [image()], constants)


@case
def attribute_nan():
    return model([node("LeakyRelu", "x", "y", alpha=float("nan"))], [image()])


@case
def fold_divides_by_zero():
    constants = [constant("a", [4], np.int64), constant("b", [0], np.int64)]
    return model([node("Div", "a b", "s"), node("Reshape", "x s", "y")], [image()], constants)


@case
def fold_overflows():
    constants = [constant("a", [1 << 62], np.int64), constant("b", [4], np.int64)]
    return model([node("Mul", "a b", "s"), node("Reshape", "x s", "y")], [image()], constants)
