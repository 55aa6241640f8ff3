# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares backward rules with float64 straight-through references in NumPy.

Usage: check_backward.py WORK_PREFIX OPT INTERPRETER

All cases of a group are one function: --test-dorefa-backward turns it into the
gradients of its arguments, and the interpreter compares them with the references.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np

RELATIVE = "1e-6"
ROUNDINGS = ["half_even", "half_up", "half_down", "up", "down", "ceil", "floor"]
EDGES = np.array(
    [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, np.nextafter(np.float32(1), np.float32(2)),
     np.nextafter(np.float32(1), np.float32(0)), 1e-45, -1e-45, 1e-30, 3e38, -3e38, np.inf,
     -np.inf, np.nan],
    np.float32,
)  # fmt: skip
Reference = Callable[..., list]


def text_of(shape, element: str) -> str:
    return "tensor<" + "".join(f"{size}x" for size in shape) + element + ">"


def constant(array: np.ndarray) -> str:
    """A dense constant, to the bit."""
    data = np.ascontiguousarray(array, np.float32).tobytes().hex().upper()
    return f'arith.constant dense<"0x{data}"> : {text_of(array.shape, "f32")}'


class Group:
    """Cases that run as one function. With `batch` the leading sizes are dynamic."""

    def __init__(self, name: str, rng: np.random.Generator, batch: bool = False):
        self.name, self.rng, self.batch = name, rng, batch
        self.inputs: list[tuple[str, np.ndarray]] = []
        self.seeds: list[np.ndarray] = []
        self.results: list[tuple[str, str]] = []
        self.expected: list[np.ndarray] = []
        self.body: list[str] = []
        self.count = 0

    def type_of(self, array_or_shape, element: str = "f32") -> str:
        shape = getattr(array_or_shape, "shape", array_or_shape)
        return text_of(("?", *shape[1:]) if self.batch else shape, element)

    def case(self, inputs, body: str, shape, reference: Reference, elements=None) -> None:
        """Adds a case: `body` computes %y of `shape` from %a, %b, ... = `inputs`;
        `reference` gives their gradients from float64 inputs and that of %y."""
        names = {}
        for letter, array, element in zip("abcdefgh", inputs, elements or ["f32"] * 8):
            names[letter] = f"%x{len(self.inputs)}"
            self.inputs.append((f"{names[letter]}: {self.type_of(array, element)}", array))
        # Every other value of the case gets a name of its own.
        for word in sorted({w for w in body.replace(",", " ").split() if w[0] == "%"}):
            names.setdefault(word[1:], f"%v{self.count}_{word[1:]}")
        lines = []
        for line in body.strip().splitlines():
            head = line.replace(",", " ,").replace("(%", "( %").split(" ")
            lines.append(" ".join(names[w[1:]] if w[:1] == "%" else w for w in head))
        self.body += lines
        self.count += 1
        dy = self.rng.standard_normal(shape).astype(np.float32)
        self.seeds.append(dy)
        self.results.append((names["y"], self.type_of(shape)))
        with np.errstate(all="ignore"):
            gradients = reference(*(x.astype(np.float64) for x in inputs), dy.astype(np.float64))
        for x, gradient in zip(inputs, gradients, strict=True):
            if gradient is None:
                gradient = np.zeros(x.shape)
            assert gradient.shape == x.shape
            self.expected.append(gradient.astype(np.float32))

    def run(self, prefix: str, opt: str, interpreter: str) -> None:
        types = ", ".join(type_ for _, type_ in self.results)
        values = ", ".join(name for name, _ in self.results)
        arguments = ", ".join(argument for argument, _ in self.inputs)
        with open(prefix + ".mlir", "w") as file:
            file.write(f"func.func @main({arguments}) -> ({types}) {{\n")
            file.write("\n".join(self.body) + f"\nreturn {values} : {types}\n}}\n")
        subprocess.run(
            [opt, prefix + ".mlir", "--test-dorefa-backward", "-o", prefix + ".backward.mlir"],
            check=True,
        )
        command = [interpreter, prefix + ".backward.mlir", f"--tolerance={RELATIVE}"]
        for i, array in enumerate([x for _, x in self.inputs] + self.seeds):
            np.save(f"{prefix}.x{i}.npy", array)
            command.append(f"--input=input{i}={prefix}.x{i}.npy")
        for i, array in enumerate(self.expected):
            np.save(f"{prefix}.dx{i}.npy", array)
            command.append(f"--expect=output{i}={prefix}.dx{i}.npy")
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        size = sum(array.size for array in self.expected)
        print(f"{self.name}: {self.count} cases, {size} gradients")


def draw(rng: np.random.Generator, *shape, spread: float = 1.0) -> np.ndarray:
    return (rng.standard_normal(shape) * spread).astype(np.float32)


def draw_with_edges(rng: np.random.Generator, *shape, spread: float = 1.0) -> np.ndarray:
    x = draw(rng, *shape, spread=spread)
    x.reshape(-1)[: len(EDGES)] = EDGES
    return x


def sum_to(gradient: np.ndarray, shape) -> np.ndarray:
    """Sums what broadcasting repeats."""
    gradient = gradient.sum(tuple(range(gradient.ndim - len(shape))))
    axes = tuple(i for i, size in enumerate(shape) if size == 1)
    return gradient.sum(axes, keepdims=True) if axes else gradient


def masked(mask: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    return np.where(mask, gradient, 0.0)


# Quantizers


def add_uniform(g: Group, bits: int, encoding: str, rounding: str, narrow: bool, axis: int) -> None:
    shape = (3, 5, 7)
    count = 1 if axis < 0 else shape[axis]
    scale = g.rng.uniform(0.05, 1.0, count).astype(np.float32)
    zero = g.rng.integers(-2, 3, count).astype(np.float32)
    low = -(2 ** (bits - 1)) if encoding == "signed" else 0
    high = low + 2**bits - 1
    if narrow:
        low, high = (low + 1, high) if encoding == "signed" else (low, high - 1)
    x = draw(g.rng, *shape, spread=float(scale[0]) * 2.0**bits)
    flat = x.reshape(-1)
    flat[:18] = EDGES
    flat[18:20] = np.float32(low - zero[0]) * scale[0], np.float32(high - zero[0]) * scale[0]
    wide = [1] * 3
    wide[max(axis, 0)] = count
    with np.errstate(all="ignore"):
        level = x / scale.reshape(wide) + zero.reshape(wide)
    code = f"!dorefa.code<{bits}, {encoding}>"
    scales = ", ".join(f"{v:.9e}" for v in scale)
    zeros = ", ".join(f"{v:.1f}" for v in zero)
    g.case(
        [x],
        f"%q = dorefa.quantize %a scale [{scales}] zero_point [{zeros}] {rounding}"
        f"{' narrow' if narrow else ''}{f' axis {axis}' if axis > 0 else ''}"
        f" : {g.type_of(x)} -> {g.type_of(x, code)}\n"
        f"%s = arith.constant dense<0.5> : tensor<f64>\n"
        f"%y = dorefa.dequantize %q, %s : {g.type_of(x, code)}, tensor<f64> -> {g.type_of(x)}",
        shape,
        lambda x, dy: [masked((level >= low) & (level <= high), dy)],
    )


def add_pair(g: Group, quantizer: str, x: np.ndarray, code: str, reference: Reference) -> None:
    """A quantizer without a scale and the dequantization of its codes."""
    g.case(
        [x],
        f"%q = dorefa.{quantizer.format('%a')} : {g.type_of(x)} -> {g.type_of(x, code)}\n"
        f"%s = arith.constant dense<0.25> : tensor<f64>\n"
        f"%y = dorefa.dequantize %q, %s : {g.type_of(x, code)}, tensor<f64> -> {g.type_of(x)}",
        x.shape,
        reference,
    )


def add_activations(g: Group, bits: int) -> None:
    code = f"!dorefa.code<{bits}, unipolar>"
    rules = {
        "clip": lambda x, dy: [masked((x >= 0) & (x <= 1), dy)],
        "tanh": lambda x, dy: [dy * (1 - np.tanh(x) ** 2) / 2],
        "abs": lambda x, dy: [masked(np.abs(x) < 1, np.sign(x) * dy)],
    }
    for h, rule in rules.items():
        x = draw_with_edges(g.rng, 4, 60, spread=1.5)
        if h == "tanh":
            x[np.isnan(x)] = 0
        add_pair(g, f"quantize_activations {{}} {h}", x, code, rule)


def weight_gradient(w: np.ndarray, dy: np.ndarray, max_gradient: bool) -> np.ndarray:
    """Of 2 quantize_k(tanh(w) / (2 max) + 1/2) - 1, as TensorFlow differentiates it.
    tanh is rounded to float32 before maxima are compared."""
    t = np.tanh(w).astype(np.float32).astype(np.float64)
    maximum = np.abs(t).max() or 1.0
    dt = dy / maximum
    if max_gradient:
        attains = np.abs(t) == maximum
        share = -(dy * t).sum() / maximum**2 / max(attains.sum(), 1)
        dt = dt + attains * np.sign(t) * share
    return dt * (1 - t**2)


def add_weights(g: Group, w: np.ndarray, bits: int, channels: bool, max_gradient: bool) -> None:
    code = f"!dorefa.code<{bits}, bipolar>"
    scale = f"tensor<{len(w)}xf64>" if channels else "tensor<f64>"

    def reference(w, dy):
        if bits == 1:
            return [dy]
        if not channels:
            return [weight_gradient(w, dy, max_gradient)]
        return [np.stack([weight_gradient(c, d, max_gradient) for c, d in zip(w, dy)])]

    g.case(
        [w],
        f"%q, %s = dorefa.quantize_weights %a {'per_channel ' if channels else ''}"
        f"{'' if max_gradient else 'max_gradient false '}"
        f": {g.type_of(w)} -> {g.type_of(w, code)}, {scale}\n"
        f"%y = dorefa.dequantize %q, %s : {g.type_of(w, code)}, {scale} -> {g.type_of(w)}",
        w.shape,
        reference,
    )


def add_ternary(g: Group, w: np.ndarray) -> None:
    code = "!dorefa.code<2, ternary>"
    g.case(
        [w],
        f"%q, %s = dorefa.quantize_ternary %a"
        f" : {g.type_of(w)} -> {g.type_of(w, code)}, tensor<f64>\n"
        f"%y = dorefa.dequantize %q, %s : {g.type_of(w, code)}, tensor<f64> -> {g.type_of(w)}",
        w.shape,
        lambda w, dy: [dy],
    )


def make_quantizers(rng: np.random.Generator) -> Group:
    g = Group("quantizers", rng)
    for i, rounding in enumerate(ROUNDINGS):
        for encoding in ("unipolar", "bipolar", "signed"):
            for axis in (-1, 0, 1, 2):
                bits = int(rng.integers(2, 9))
                add_uniform(g, bits, encoding, rounding, bool((i + axis) % 2), axis)
    for _ in range(8):
        x = draw_with_edges(rng, 5, 40)
        rule = lambda x, dy: [masked(np.abs(x) <= 1, dy)]  # noqa: E731
        add_pair(g, "quantize_sign {}", x, "!dorefa.code<1, bipolar>", rule)
    for bits in range(1, 9):
        add_activations(g, bits)
    x, v = draw(rng, 3, 4), draw(rng, 3, 4)
    type_ = g.type_of(x)
    body = f"%y = dorefa.straight_through %a to %b : {type_}"
    g.case([v, x], body, x.shape, lambda v, x, dy: [None, dy])
    return g


def make_weights(rng: np.random.Generator) -> Group:
    g = Group("weights", rng)
    for bits in range(1, 9):
        for channels in (False, True):
            for max_gradient in (False, True):
                spread = float(rng.choice([1e-3, 0.1, 1.0, 3.0]))
                w = draw(rng, 4, 3, 3, 2, spread=spread)
                add_weights(g, w, bits, channels, max_gradient)
    zero, tied = np.zeros((3, 4), np.float32), draw(rng, 3, 4, spread=0.1)
    tied[:, 1], tied[:, 3] = 0.75, -0.75
    # tanh of both is 1 in float32.
    saturated = np.array([[20.0, -30.0, 0.5, -0.0], [0.1, 0.2, -0.3, 0.4]], np.float32)
    tiny = draw(rng, 2, 5, spread=1e-30)
    for w in (zero, tied, saturated, tiny, np.array([[2.0]], np.float32)):
        for channels in (False, True):
            add_weights(g, w, 1, channels, True)
            add_weights(g, w, 4, channels, True)
        add_ternary(g, w)
    add_weights(g, np.float32(0.3).reshape(()), 3, False, True)
    add_ternary(g, draw(rng, 6, 7))
    return g


# Floats


def add_unary(g: Group, kind: str, x: np.ndarray, rule) -> None:
    g.case([x], f"%y = dorefa.unary {kind} %a : {g.type_of(x)}", x.shape,
           lambda x, dy: [None if rule is None else rule(x, dy)])  # fmt: skip


def add_binary(g: Group, kind: str, a: np.ndarray, b: np.ndarray, rule) -> None:
    shape = np.broadcast_shapes(a.shape, b.shape)
    g.case(
        [a, b],
        f"%y = dorefa.binary {kind} %a, %b : {g.type_of(a)}, {g.type_of(b)} -> {g.type_of(shape)}",
        shape,
        lambda a, b, dy: [
            sum_to(np.broadcast_to(d, shape), x.shape) for d, x in zip(rule(a, b, dy), (a, b))
        ],
    )


def make_elementwise(rng: np.random.Generator) -> Group:
    g = Group("elementwise", rng)
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    unary = {
        "abs": lambda x, dy: np.sign(x) * dy,
        "ceil": None,
        "exp": lambda x, dy: dy * np.exp(x),
        "floor": None,
        "neg": lambda x, dy: -dy,
        "relu": lambda x, dy: masked(x > 0, dy),
        "round_half_even": None,
        "sigmoid": lambda x, dy: dy * sigmoid(x) * (1 - sigmoid(x)),
        "softplus": lambda x, dy: dy * sigmoid(x),
        "tanh": lambda x, dy: dy * (1 - np.tanh(x) ** 2),
    }
    for kind, rule in unary.items():
        x = draw(rng, 6, 50, spread=2.0)
        x[0, :6] = [0.0, -0.0, 1.0, -1.0, 1e-30, -1e-30]
        add_unary(g, kind, x, rule)
    x = rng.uniform(0.01, 9.0, (6, 50)).astype(np.float32)
    add_unary(g, "sqrt", x, lambda x, dy: dy / (2 * np.sqrt(x)))
    binary = {
        "add": lambda a, b, dy: (dy, dy),
        "sub": lambda a, b, dy: (dy, -dy),
        "mul": lambda a, b, dy: (dy * b, dy * a),
        "div": lambda a, b, dy: (dy / b, -dy * a / b**2),
        "max": lambda a, b, dy: (masked(a > b, dy), masked(~(a > b), dy)),
        "min": lambda a, b, dy: (masked(a < b, dy), masked(~(a < b), dy)),
    }
    shapes = [
        ((3, 4), (3, 4)), ((2, 3, 4), (4,)), ((4,), (2, 3, 4)), ((2, 3, 4), ()), ((), (3,)),
        ((3, 1), (1, 4)), ((2, 1, 4), (3, 1)), ((1, 1), (3, 4)), ((2, 3, 1), (2, 3, 4)),
    ]  # fmt: skip
    for kind, rule in binary.items():
        for a_shape, b_shape in shapes:
            a, b = draw(rng, *a_shape), draw(rng, *b_shape)
            b = np.where(np.abs(b) < 0.3, np.float32(0.3), b).astype(np.float32)
            if kind in ("max", "min") and a_shape == b_shape:
                a[1] = b[1]
            add_binary(g, kind, a, b, rule)
    a = rng.uniform(0.1, 3.0, (5, 8)).astype(np.float32)
    g.case(
        [a],
        f"%e = {constant(np.array(2.5))}\n"
        f"%y = dorefa.binary pow %a, %e : {g.type_of(a)}, tensor<f32> -> {g.type_of(a)}",
        a.shape,
        lambda a, dy: [dy * 2.5 * a**1.5],
    )
    # A value that is used twice.
    g.case(
        [a],
        f"%y = dorefa.binary mul %a, %a : {g.type_of(a)}, {g.type_of(a)} -> {g.type_of(a)}",
        a.shape,
        lambda a, dy: [2 * a * dy],
    )
    return g


def softmax_gradient(x: np.ndarray, dy: np.ndarray) -> list:
    e = np.exp(x - x.max(-1, keepdims=True))
    y = e / e.sum(-1, keepdims=True)
    return [y * (dy - (dy * y).sum(-1, keepdims=True))]


def add_softmax(g: Group, x: np.ndarray) -> None:
    g.case([x], f"%y = dorefa.softmax %a : {g.type_of(x)}", x.shape, softmax_gradient)


def add_batch_norm(g: Group, shape) -> None:
    rng, channels = g.rng, shape[-1]
    x, mean, gamma, beta = draw(rng, *shape), *(draw(rng, channels) for _ in range(3))
    variance = rng.uniform(0.1, 2.0, channels).astype(np.float32)
    gamma[0] = 0.0
    epsilon = np.float32(1e-5)

    def reference(x, mean, variance, gamma, beta, dy):
        rstd = 1 / np.sqrt(variance + np.float64(epsilon))
        axes = tuple(range(x.ndim - 1))
        return [dy * gamma * rstd, None, None, (dy * (x - mean) * rstd).sum(axes), dy.sum(axes)]

    g.case(
        [x, mean, variance, gamma, beta],
        f"%y = dorefa.batch_norm %a, %b, %c, %d, %e epsilon {epsilon:.9e}"
        f" : {g.type_of(x)}, {g.type_of(mean)}",
        shape,
        reference,
    )


def add_matmul(g: Group, leading, k: int, outputs: int, bias: bool) -> None:
    x, w, b = draw(g.rng, *leading, k), draw(g.rng, outputs, k), draw(g.rng, outputs)

    def reference(x, w, *rest):
        dy = rest[-1]
        rows = dy.reshape(-1, outputs)
        gradients = [dy @ w, rows.T @ x.reshape(-1, k)]
        return gradients + ([rows.sum(0)] if bias else [])

    g.case(
        [x, w, b][: 3 if bias else 2],
        f"%y = dorefa.matmul %a, %b {f'bias( %c : {g.type_of(b)}) ' if bias else ''}"
        f": {g.type_of(x)}, {g.type_of(w)} -> {g.type_of((*leading, outputs))}",
        (*leading, outputs),
        reference,
    )


def add_scale(g: Group, per_channel: bool) -> None:
    acc = g.rng.integers(-(1 << 20), 1 << 20, (2, 3, 4)).astype(np.int32)
    s = draw(g.rng, 4) if per_channel else np.float32(0.3).reshape(())
    g.case(
        [acc, s],
        f"%y = dorefa.scale %a, %b : {g.type_of(acc, 'i32')}, {g.type_of(s)} -> {g.type_of(acc)}",
        acc.shape,
        lambda acc, s, dy: [dy * s, None],
        elements=["i32", "f32"],
    )


def windows(size, kernel, strides, pads, dilations):
    """For each window of a pool its index and its elements inside the input."""
    counts = [
        (size[i] + pads[i] + pads[i + 2] - (kernel[i] - 1) * dilations[i] - 1) // strides[i] + 1
        for i in range(2)
    ]
    for oy in range(counts[0]):
        for ox in range(counts[1]):
            taps = []
            for ky in range(kernel[0]):
                for kx in range(kernel[1]):
                    y = oy * strides[0] + ky * dilations[0] - pads[0]
                    x = ox * strides[1] + kx * dilations[1] - pads[1]
                    if 0 <= y < size[0] and 0 <= x < size[1]:
                        taps.append((y, x))
            yield (oy, ox), taps


def max_pool_gradient(pool, x, dy) -> np.ndarray:
    dx = np.zeros(x.shape)
    for (oy, ox), taps in windows(*pool):
        for n, c in np.ndindex(x.shape[0], x.shape[3]):
            values = [x[n, ty, tx, c] for ty, tx in taps]
            numbers = [v for v in values if not np.isnan(v)]
            if numbers:
                ty, tx = taps[values.index(max(numbers))]
                dx[n, ty, tx, c] += dy[n, oy, ox, c]
    return dx


def avg_pool_gradient(pool, count_pads: bool, x, dy) -> np.ndarray:
    dx = np.zeros(x.shape)
    for (oy, ox), taps in windows(*pool):
        for ty, tx in taps:
            dx[:, ty, tx] += dy[:, oy, ox] / (np.prod(pool[1]) if count_pads else len(taps))
    return dx


def add_pools(g: Group, pool, batch: int, channels: int) -> None:
    size, kernel, strides, pads, dilations = pool
    positions = [index for index, _ in windows(*pool)]
    shape = (batch, positions[-1][0] + 1, positions[-1][1] + 1, channels)
    attributes = f"strides {list(strides)} pads {list(pads)} dilations {list(dilations)}"
    # Few values: many ties. NaN and infinities take part, too.
    x = g.rng.integers(-2, 3, (batch, *size, channels)).astype(np.float32)
    x[g.rng.random(x.shape) < 0.1] = np.nan
    x[g.rng.random(x.shape) < 0.1] = -np.inf
    g.case(
        [x],
        f"%y = dorefa.max_pool %a kernel {list(kernel)} {attributes}"
        f" : {g.type_of(x)} -> {g.type_of(shape)}",
        shape,
        lambda x, dy: [max_pool_gradient(pool, x, dy)],
    )
    for count_pads in (False, True):
        g.case(
            [draw(g.rng, *x.shape)],
            f"%y = dorefa.avg_pool %a kernel {list(kernel)} {attributes}"
            f"{' {count_include_pad}' if count_pads else ''}"
            f" : {g.type_of(x)} -> {g.type_of(shape)}",
            shape,
            lambda x, dy, count_pads=count_pads: [avg_pool_gradient(pool, count_pads, x, dy)],
        )


def draw_pool(rng: np.random.Generator):
    kernel = tuple(int(k) for k in rng.integers(1, 4, 2))
    dilations = tuple(int(d) for d in rng.integers(1, 3, 2))
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    pads = tuple(int(rng.integers(0, spans[i % 2])) for i in range(4))
    size = tuple(int(s) for s in rng.integers(6, 9, 2))
    return size, kernel, tuple(int(s) for s in rng.integers(1, 4, 2)), pads, dilations


def make_layers(rng: np.random.Generator) -> Group:
    g = Group("layers", rng)
    for shape in ((10,), (4, 10), (2, 3, 5), (3, 1)):
        add_softmax(g, draw(rng, *shape, spread=2.0))
    for shape in ((5,), (6, 5), (2, 3, 3, 4)):
        add_batch_norm(g, shape)
    for leading in ((), (1,), (4,), (2, 3)):
        for bias in (False, True):
            add_matmul(g, leading, 7, 5, bias)
    add_scale(g, False)
    add_scale(g, True)
    for _ in range(12):
        add_pools(g, draw_pool(rng), 2, 3)
    return g


def make_batches(rng: np.random.Generator) -> Group:
    """A batch that is known at run time only."""
    g = Group("dynamic batch", rng, batch=True)
    for bits in (1, 3):
        add_activations(g, bits)
    x = draw(rng, 4, 9)
    add_unary(g, "relu", x, lambda x, dy: masked(x > 0, dy))
    add_binary(g, "max", x, draw(rng, 4, 9),
               lambda a, b, dy: (masked(a > b, dy), masked(~(a > b), dy)))  # fmt: skip
    add_softmax(g, x)
    add_pools(g, ((6, 7), (3, 2), (2, 1), (1, 0, 2, 1), (1, 1)), 4, 3)
    return g


def make_network(rng: np.random.Generator) -> Group:
    """matmul with 2-bit weights, batch norm, 3-bit activations, matmul with 1-bit
    weights, residual: Algorithm 1 of the paper without gradient quantization."""
    g = Group("network", rng)
    x, w, v = draw(rng, 6, 8), draw(rng, 5, 8), draw(rng, 8, 5)
    mean, gamma, beta = (draw(rng, 5, spread=0.5) for _ in range(3))
    variance = rng.uniform(0.5, 2.0, 5).astype(np.float32)

    def reference(x, w, v, mean, variance, gamma, beta, dy):
        t = np.tanh(w)
        wq = 2 * np.round((t / (2 * np.abs(t).max()) + 0.5) * 3) / 3 - 1
        vq = np.where(v >= 0, 1, -1) * np.abs(v).mean()
        normalized = (x @ wq.T - mean) / np.sqrt(variance + 1e-5)
        n = normalized * gamma + beta
        a = np.round(np.clip(n, 0, 1) * 7) / 7
        dn = masked((n >= 0) & (n <= 1), dy @ vq)
        dm = dn * gamma / np.sqrt(variance + 1e-5)
        return [dm @ wq + dy, weight_gradient(w, dm.T @ x, True), dy.T @ a, None, None,
                (dn * normalized).sum(0), dn.sum(0)]  # fmt: skip

    body = """
%wc, %ws = dorefa.quantize_weights %b : WF -> WC, tensor<f64>
%wf = dorefa.dequantize %wc, %ws : WC, tensor<f64> -> WF
%m = dorefa.matmul %a, %wf : tensor<6x8xf32>, WF -> MF
%n = dorefa.batch_norm %m, %d, %e, %f, %g epsilon 1.0e-05 : MF, tensor<5xf32>
%ac = dorefa.quantize_activations %n clip : MF -> MC
%as = arith.constant dense<0.14285714285714285> : tensor<f64>
%af = dorefa.dequantize %ac, %as : MC, tensor<f64> -> MF
%vc, %vs = dorefa.quantize_weights %c : VF -> VC, tensor<f64>
%vf = dorefa.dequantize %vc, %vs : VC, tensor<f64> -> VF
%o = dorefa.matmul %af, %vf : MF, VF -> tensor<6x8xf32>
%y = dorefa.binary add %o, %a : tensor<6x8xf32>, tensor<6x8xf32> -> tensor<6x8xf32>
"""
    for name, size, bits, encoding in (
        ("W", "5x8", 2, "bipolar"), ("M", "6x5", 3, "unipolar"), ("V", "8x5", 1, "bipolar")
    ):  # fmt: skip
        body = body.replace(name + "F", f"tensor<{size}xf32>")
        body = body.replace(name + "C", f"tensor<{size}x!dorefa.code<{bits}, {encoding}>>")
    for _ in range(5):
        g.case([x, w, v, mean, variance, gamma, beta], body, x.shape, reference)
        x, w, v = draw(rng, 6, 8), draw(rng, 5, 8), draw(rng, 8, 5)
    return g


if __name__ == "__main__":
    for number, make in enumerate(
        [make_quantizers, make_weights, make_elementwise, make_layers, make_batches, make_network]
    ):
        make(np.random.default_rng(number)).run(*sys.argv[1:4])
