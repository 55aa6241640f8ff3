# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The operators of ONNX and QONNX in NumPy; maps are N x C x H x W."""

import numpy as np


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
