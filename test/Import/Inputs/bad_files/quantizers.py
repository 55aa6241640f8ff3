# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Quantizers with wrong bits, scales, zero points or thresholds."""

import numpy as np

from bad_files.case import case, constant, floats, image, model, node, quant


@case
def bits_zero():
    return quant(bits=0.0)


@case
def bits_negative():
    return quant(bits=-2.0)


@case
def bits_fractional():
    return quant(bits=2.5)


@case
def bits_absurd():
    return quant(bits=1e9)


@case
def bits_nan():
    return quant(bits=np.nan)


@case
def bits_of_integer_type_zero():
    return quant(bits=0, dtype=np.int64)


@case
def bits_of_different_values():
    return quant(bits=[2.0, 3.0])


@case
def bits_at_run_time():
    constants = [constant("s", 1), constant("z", 0)]
    return model([node("Quant", "x s z b", "y")], [image(), floats("b")], constants)


@case
def scale_zero():
    return quant(scale=0.0)


@case
def scale_negative():
    return quant(scale=-1.0)


@case
def scale_infinite():
    return quant(scale=np.inf)


@case
def scale_nan():
    return quant(scale=np.nan)


@case
def scale_of_channel_nan():
    return quant(scale=np.reshape([1, np.nan, 2], (1, 3, 1, 1)))


@case
def scale_denormal_underflow():
    return quant(scale=np.float64(1e-60), dtype=np.float64)


@case
def scale_wrong_count():
    return quant(scale=np.ones(7))


@case
def scale_on_two_dimensions():
    return quant(scale=np.ones((1, 3, 8, 1)))


@case
def zero_point_nan():
    return quant(zero=np.nan)


@case
def zero_point_infinite():
    return quant(zero=-np.inf)


def bipolar(scale):
    """A sign with this scale."""
    return model([node("BipolarQuant", "x s", "y")], [image()], [constant("s", scale)])


@case
def bipolar_scale_nan():
    return bipolar(np.nan)


@case
def bipolar_scale_infinite():
    return bipolar(-np.inf)


@case
def rounding_unknown():
    return quant(rounding_mode="STOCHASTIC")


@case
def signed_not_a_flag():
    return quant(signed=7)


@case
def quant_three_inputs():
    constants = [constant("s", 1), constant("z", 0)]
    return model([node("Quant", "x s z", "y")], [image()], constants)


def trunc(scale=1, in_bits=8, out_bits=4):
    """Codes that lose their last bits."""
    constants = [constant(n, v) for n, v in zip("szio", (scale, 0, in_bits, out_bits))]
    return model([node("Trunc", "x s z i o", "y")], [image()], constants)


@case
def trunc_to_more_bits():
    return trunc(in_bits=4, out_bits=8)


@case
def trunc_scale_zero():
    return trunc(scale=0)


@case
def trunc_scale_nan():
    return trunc(scale=np.nan)


def thresholds(table, **attributes):
    """A MultiThreshold with this table."""
    return model([node("MultiThreshold", "x t", "y", **attributes)], [image()], [constant("t", table)])


@case
def thresholds_too_many():
    return thresholds(np.zeros((3, 256)))


@case
def thresholds_wrong_rows():
    return thresholds(np.zeros((5, 3)))


@case
def thresholds_nan():
    return thresholds([[0, np.nan, 1]])


@case
def thresholds_bad_type():
    return thresholds(np.zeros((1, 3)), out_dtype="INT0")


@case
def thresholds_bad_layout():
    return thresholds(np.zeros((1, 3)), data_layout="CHWN")


@case
def thresholds_scale_zero():
    return thresholds(np.zeros((1, 3)), out_scale=0.0)


@case
def thresholds_scale_nan():
    return thresholds(np.zeros((1, 3)), out_scale=float("nan"))


@case
def thresholds_scale_infinite():
    return thresholds(np.zeros((1, 3)), out_scale=float("inf"))


@case
def thresholds_bias_infinite():
    return thresholds(np.zeros((1, 3)), out_bias=float("-inf"))
