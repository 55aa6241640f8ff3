# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Quantizers of QONNX and FINN."""

import numpy as np

from operators.case import CASES, case, integers, node, normal
from operators.reference import conv2d, quantize


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
