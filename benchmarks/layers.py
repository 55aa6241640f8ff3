# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Single layers: their shapes, their work, and the modules that hold one of them each.

A module takes packed words and returns packed words, in phase `bitplane`: nothing but the
layer is compiled, with window-sum correction, thresholds and packing.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Conv:
    """A square convolution of one feature map; sizes in pixels."""

    size: int
    channels: int
    filters: int
    kernel: int
    stride: int = 1
    groups: int = 1

    @property
    def pad(self) -> int:
        return self.kernel // 2

    @property
    def result(self) -> int:
        return (self.size + 2 * self.pad - self.kernel) // self.stride + 1

    @property
    def name(self) -> str:
        stride = f"/{self.stride}" if self.stride > 1 else ""
        return f"{self.kernel}x{self.kernel}{stride} {self.channels}-{self.filters} @{self.size}"

    @property
    def taps(self) -> int:
        """Multiply-adds on taps inside the input: those on padding are no work."""
        inside = sum(0 <= at * self.stride - self.pad + tap < self.size
                     for at in range(self.result) for tap in range(self.kernel))
        return inside * inside * self.channels // self.groups * self.filters

    @property
    def weights(self) -> int:
        return self.filters * self.channels // self.groups * self.kernel**2

    def peer_arguments(self) -> list[object]:
        return ["conv", self.size, self.channels, self.filters, self.kernel, self.stride,
                self.pad, self.groups]


@dataclass(frozen=True)
class MatMul:
    """Rows times weights: `rows x depth` by `depth x columns`."""

    rows: int
    depth: int
    columns: int

    @property
    def name(self) -> str:
        kind = "FC" if self.rows == 1 else f"GEMM {self.rows}x"
        return f"{kind} {self.depth}-{self.columns}".replace("x ", "x")

    @property
    def taps(self) -> int:
        return self.rows * self.depth * self.columns

    @property
    def weights(self) -> int:
        return self.depth * self.columns

    def peer_arguments(self) -> list[object]:
        return ["matmul", self.rows, self.depth, self.columns]


Layer = Conv | MatMul

# The convolutions of ResNet-18 that TVM's and the CGO'20 bit-serial papers measure.
RESNET18 = [
    Conv(56, 64, 64, 3), Conv(56, 64, 64, 1), Conv(56, 64, 128, 3, 2), Conv(56, 64, 128, 1, 2),
    Conv(28, 128, 128, 3), Conv(28, 128, 256, 3, 2), Conv(28, 128, 256, 1, 2),
    Conv(14, 256, 256, 3), Conv(14, 256, 512, 3, 2), Conv(14, 256, 512, 1, 2),
    Conv(7, 512, 512, 3),
]
FULLY_CONNECTED = MatMul(1, 4096, 4096)
GEMMS = [MatMul(512, 512, 512), MatMul(4096, 4096, 64)]
# Bits of weights and of activations.
WIDTHS = [(1, 1), (1, 2), (1, 4), (2, 2), (2, 4), (4, 4), (8, 8)]


def words_of(channels: int) -> int:
    return (channels + 31) // 32


def words_type(sizes: tuple[int, ...]) -> str:
    return "tensor<" + "x".join(map(str, sizes)) + "xi32>"


def hex_constant(values: np.ndarray, element: str) -> str:
    shape = "x".join(map(str, values.shape))
    return f'arith.constant dense<"0x{values.tobytes().hex()}"> : tensor<{shape}x{element}>'


def thresholds_of(layer: Layer, widths: tuple[int, int], random: np.random.Generator) -> np.ndarray:
    """Thresholds of each channel: a scale and an offset, rounded, that spread the codes over
    the values that its sums take."""
    depth = layer.weights // (layer.filters if isinstance(layer, Conv) else layer.columns)
    channels = layer.weights // depth
    spread = depth**0.5 * 2 ** (widths[0] - 1) * 2 ** (widths[1] - 1)
    count = 2 ** widths[1] - 1
    width = spread * random.uniform(2, 4, (channels, 1))
    offset = spread * random.uniform(-0.5, 0.5, (channels, 1))
    steps = (np.arange(count) - (count - 1) / 2) / count
    return np.ceil(offset + width * steps).astype(np.int32)


def module_of(layer: Layer, widths: tuple[int, int], codes: bool, batch: int = 1) -> str:
    """Returns the module as text; `codes`: packed codes as wide as the input, or sums. `batch`
    counts feature maps."""
    random = np.random.default_rng(layer.weights + 10 * widths[0] + widths[1])
    weight_bits, bits = widths
    if isinstance(layer, Conv):
        window = (layer.filters, layer.kernel, layer.kernel, layer.channels // layer.groups)
        before, after = (batch, layer.size, layer.size), (batch, layer.result, layer.result)
        channels, filters, operation = layer.channels, layer.filters, "conv_2d"
        place = (f"strides [{layer.stride}, {layer.stride}] pads [{layer.pad}, {layer.pad}, "
                 f"{layer.pad}, {layer.pad}] groups {layer.groups}")
    else:
        window, before, after = (layer.columns, layer.depth), (layer.rows,), (layer.rows,)
        channels, filters, operation, place = layer.depth, layer.columns, "matmul", ""
    source = words_type((*before, words_of(channels), bits))
    result = words_type((*after, words_of(filters), bits) if codes else (*after, filters))
    weights = random.integers(0, 2**weight_bits, window).astype(np.int8)
    limits = thresholds_of(layer, widths, random)
    table = f"tensor<{limits.shape[0]}x{limits.shape[1]}xi32>"
    decreasing = ", ".join(str(bool(flip)).lower() for flip in random.random(filters) < 0.25)
    return f"""
func.func @main(%x: {source} {{dorefa.name = "x"}}) -> ({result} {{dorefa.name = "y"}}) {{
  %w = {hex_constant(weights, "i8")}
  {f'%t = {hex_constant(limits, "i32")}' if codes else ''}
  %init = tensor.empty() : {result}
  %y = bitplane.{operation} %x, %w {f'thresholds %t : {table}' if codes else ''}
      outs(%init : {result}) channels {channels} to {filters}
      codes !dorefa.code<{bits}, unipolar>, !dorefa.code<{weight_bits}, bipolar>
      {f'to !dorefa.code<{bits}, unipolar>' if codes else ''} {place}
      {f'decreasing [{decreasing}]' if codes else ''}
      : {source}, tensor<{"x".join(map(str, window))}xi8> -> {result}
  return %y : {result}
}}
"""
