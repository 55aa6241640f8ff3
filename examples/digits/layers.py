#===- layers.py - Layers of a DoReFa network, forward and backward ------------===#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The layers of a DoReFa network (arXiv 1606.06160) in NumPy, backward by hand.

Images are [N, H, W, C] here. A quantized activation is handed on as its integer
code; a quantized layer multiplies codes by signs, which is exact in float32 in
any order of summation, and scales the sum once. So what `forward` computes
without `training` is what an integer program computes. Gradients are those of the
real values, code / N_k.
"""

from __future__ import annotations

import numpy as np

F32 = np.float32
ACTIVATION_BITS = 2
MAX_CODE = 2**ACTIVATION_BITS - 1
CODE_SCALE = F32(1) / F32(MAX_CODE)
BATCH_NORM_EPSILON = F32(1e-4)
BATCH_NORM_MOMENTUM = F32(0.9)


def mean_magnitude(weight: np.ndarray) -> np.float32:
    """E of the paper's 2.3: summed in float64 in row-major order, rounded once."""
    return F32(np.cumsum(np.abs(weight).ravel(), dtype=np.float64)[-1] / weight.size)


def sign(weight: np.ndarray) -> np.ndarray:
    """+1 where the weight is >= 0 (-0.0 included), else -1."""
    return np.where(weight >= 0, F32(1), F32(-1))


class Layer:
    """A named layer; `parameters` are trained, `gradients` has the same keys."""

    def __init__(self, name: str):
        self.name = name
        self.parameters: dict[str, np.ndarray] = {}
        self.gradients: dict[str, np.ndarray] = {}

    def forward(self, x: np.ndarray, training: bool) -> np.ndarray:
        raise NotImplementedError

    def backward(self, dy: np.ndarray) -> np.ndarray:
        raise NotImplementedError


class Linear(Layer):
    """Matrix product with a weight [in, out]; base of the convolution.

    A `quantized` layer takes codes and has weights E * sign(w) and no bias. The
    straight-through estimator hands the gradient of E * sign(w) to w unchanged.
    """

    def __init__(
        self, name: str, shape: tuple[int, ...], fan_in: int, quantized: bool, rng
    ):
        super().__init__(name)
        self.quantized = quantized
        deviation = np.sqrt(2.0 / fan_in)
        self.parameters["weight"] = rng.normal(0, deviation, shape).astype(F32)
        if not quantized:
            self.parameters["bias"] = np.zeros(self.matrix(self.weight).shape[1], F32)

    @property
    def weight(self) -> np.ndarray:
        return self.parameters["weight"]

    def matrix(self, weight: np.ndarray) -> np.ndarray:
        """The weight as the matrix [in, out] of the product."""
        return weight

    def unmatrix(self, gradient: np.ndarray) -> np.ndarray:
        """The inverse of `matrix`."""
        return gradient

    def forward(self, x, training):
        self.x = x
        if not self.quantized:
            self.w = self.matrix(self.weight)
            return x @ self.w + self.parameters["bias"]
        magnitude = mean_magnitude(self.weight)
        signs = sign(self.matrix(self.weight))
        self.w = magnitude * signs
        return (x @ signs) * F32(np.float64(magnitude) * np.float64(CODE_SCALE))

    def backward(self, dy):
        rows, dy_rows = self.x.reshape(-1, self.x.shape[-1]), dy.reshape(-1, dy.shape[-1])
        gradient = self.unmatrix(rows.T @ dy_rows)
        if self.quantized:
            gradient *= CODE_SCALE
        else:
            self.gradients["bias"] = dy_rows.sum(0)
        self.gradients["weight"] = gradient
        return dy @ self.w.T


class Conv3x3(Linear):
    """3x3 convolution, zero padding 1; the weight is [out, in, 3, 3] as in ONNX."""

    def __init__(self, name: str, inputs: int, outputs: int, quantized: bool, rng):
        super().__init__(name, (outputs, inputs, 3, 3), 9 * inputs, quantized, rng)

    def matrix(self, weight):
        return weight.transpose(2, 3, 1, 0).reshape(-1, weight.shape[0])

    def unmatrix(self, gradient):
        outputs, inputs = self.weight.shape[:2]
        return gradient.reshape(3, 3, inputs, outputs).transpose(3, 2, 0, 1)

    def forward(self, x, training):
        _, height, width, _ = x.shape
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        windows = [
            padded[:, ky : ky + height, kx : kx + width]
            for ky in range(3)
            for kx in range(3)
        ]
        return super().forward(np.concatenate(windows, -1), training)

    def backward(self, dy):
        windows = super().backward(dy)
        count, height, width, _ = dy.shape
        padded = np.zeros((count, height + 2, width + 2, self.weight.shape[1]), F32)
        for tap, window in enumerate(np.split(windows, 9, -1)):
            ky, kx = divmod(tap, 3)
            padded[:, ky : ky + height, kx : kx + width] += window
        return padded[:, 1:-1, 1:-1]


class BatchNorm(Layer):
    """Batch normalization over all axes but the last; running statistics outside training."""

    def __init__(self, name: str, channels: int):
        super().__init__(name)
        self.parameters["gamma"] = np.ones(channels, F32)
        # Centres the activation in its range [0, 1], where its derivative is 1.
        self.parameters["beta"] = np.full(channels, 0.5, F32)
        self.mean = np.zeros(channels, F32)
        self.variance = np.ones(channels, F32)

    def forward(self, x, training):
        mean, variance = self.mean, self.variance
        if training:
            axes = tuple(range(x.ndim - 1))
            mean, variance = x.mean(axes), x.var(axes)
            keep = BATCH_NORM_MOMENTUM
            self.mean = keep * self.mean + (1 - keep) * mean
            self.variance = keep * self.variance + (1 - keep) * variance
        self.deviation = np.sqrt(variance + BATCH_NORM_EPSILON)
        self.normalized = (x - mean) / self.deviation
        return self.normalized * self.parameters["gamma"] + self.parameters["beta"]

    def backward(self, dy):
        axes = tuple(range(dy.ndim - 1))
        count = F32(dy.size // dy.shape[-1])
        d_beta, d_gamma = dy.sum(axes), (dy * self.normalized).sum(axes)
        self.gradients = {"gamma": d_gamma, "beta": d_beta}
        centred = dy - (d_beta + self.normalized * d_gamma) / count
        return centred * (self.parameters["gamma"] / self.deviation)


class MaxPool2x2(Layer):
    """2x2 maximum, stride 2; the gradient goes to the first of equal maxima."""

    def forward(self, x, training):
        n, h, w, c = x.shape
        blocks = x.reshape(n, h // 2, 2, w // 2, 2, c).transpose(0, 1, 3, 5, 2, 4)
        blocks = blocks.reshape(n, h // 2, w // 2, c, 4)
        self.winner = blocks.argmax(-1)[..., None]
        return np.take_along_axis(blocks, self.winner, -1)[..., 0]

    def backward(self, dy):
        n, h, w, c = dy.shape
        blocks = np.zeros((n, h, w, c, 4), F32)
        np.put_along_axis(blocks, self.winner, dy[..., None], -1)
        blocks = blocks.reshape(n, h, w, c, 2, 2).transpose(0, 1, 4, 2, 5, 3)
        return blocks.reshape(n, 2 * h, 2 * w, c)


class Activation(Layer):
    """clip(x, 0, 1), then the code of quantize_k if `quantized` (2.4 of the paper).

    The derivative is that of clip; the straight-through estimator makes that of
    quantize_k the identity.
    """

    def __init__(self, name: str, quantized: bool):
        super().__init__(name)
        self.quantized = quantized

    def forward(self, x, training):
        self.inside = (x >= 0) & (x <= 1)
        bounded = np.clip(x, F32(0), F32(1))
        return np.rint(bounded * F32(MAX_CODE)) if self.quantized else bounded

    def backward(self, dy):
        return dy * self.inside


class Flatten(Layer):
    """[N, H, W, C] to [N, C*H*W]: the order of the exported [N, C, H, W] file."""

    def forward(self, x, training):
        self.shape = x.shape
        return x.transpose(0, 3, 1, 2).reshape(len(x), -1)

    def backward(self, dy):
        n, h, w, c = self.shape
        return dy.reshape(n, c, h, w).transpose(0, 2, 3, 1)
