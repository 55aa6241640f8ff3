#===- train.py - Trains the digits network and writes digits.onnx -------------===#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains a small DoReFa network (W1 A2, first and last layer float) on the digits.

    OMP_NUM_THREADS=1 /usr/bin/python3 examples/digits/train.py

Quantization-aware: the forward pass uses the quantized weights and activations, the
backward pass the straight-through estimator. The held-out images are looked at
once, after the last step.
"""

import argparse
import os
import time
from pathlib import Path

# One thread: the same sums in the same order on every run. NumPy reads these at import.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

from data import Digits, load_split
from export import save_onnx
from layers import (
    F32,
    Activation,
    BatchNorm,
    Conv3x3,
    Flatten,
    Layer,
    Linear,
    MaxPool2x2,
)

MAX_PIXEL = 16
SEED = 1
EPOCHS = 150
BATCH = 64
LEARNING_RATE = 2e-3
# Largest random distortion of a training image.
MAX_ROTATION = np.radians(10)
MAX_STRETCH = 0.1
MAX_SHIFT = 0.6  # pixels


def build_network(rng) -> list[Layer]:
    """conv0 and fc4 are float, the layers between W1 A2; fc3's activation is bounded only."""
    return [
        Conv3x3("conv0", 1, 32, False, rng),
        Activation("act0", True),
        Conv3x3("conv1", 32, 48, True, rng),
        BatchNorm("bn1", 48),
        MaxPool2x2("pool1"),
        Activation("act1", True),
        Conv3x3("conv2", 48, 64, True, rng),
        BatchNorm("bn2", 64),
        MaxPool2x2("pool2"),
        Activation("act2", True),
        Flatten("flatten"),
        Linear("fc3", (256, 96), 256, True, rng),
        BatchNorm("bn3", 96),
        Activation("act3", False),
        Linear("fc4", (96, 10), 96, False, rng),
    ]


def to_network_input(images: np.ndarray) -> np.ndarray:
    """[N, 1, 8, 8] of 0 to 16 becomes [N, 8, 8, 1] of 0 to 1."""
    return images.transpose(0, 2, 3, 1) * F32(1 / MAX_PIXEL)


def predict_scores(network: list[Layer], images: np.ndarray) -> np.ndarray:
    """Scores [N, 10] of the quantized network with running statistics."""
    x = to_network_input(images)
    for layer in network:
        x = layer.forward(x, training=False)
    return x


def accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(scores.argmax(1) == labels))


def distort(images: np.ndarray, rng) -> np.ndarray:
    """Rotates, stretches and shifts each image [N, 1, 8, 8] a little (bilinear, 0 outside)."""
    count, _, height, width = images.shape
    angle = rng.uniform(-MAX_ROTATION, MAX_ROTATION, (count, 1, 1))
    stretch = 1 + rng.uniform(-MAX_STRETCH, MAX_STRETCH, (2, count, 1, 1))
    shift = rng.uniform(-MAX_SHIFT, MAX_SHIFT, (2, count, 1, 1))
    y, x = np.mgrid[:height, :width]
    y, x = y - (height - 1) / 2, x - (width - 1) / 2
    source_y = (np.cos(angle) * y - np.sin(angle) * x) * stretch[0] + shift[0]
    source_x = (np.sin(angle) * y + np.cos(angle) * x) * stretch[1] + shift[1]
    # Two pixels of border hold the 0 outside; farther positions read that border too.
    padded = np.pad(images[:, 0], ((0, 0), (2, 2), (2, 2)))
    source_y = np.clip(source_y + (height - 1) / 2 + 2, 0, height + 2)
    source_x = np.clip(source_x + (width - 1) / 2 + 2, 0, width + 2)
    top, left = source_y.astype(int), source_x.astype(int)
    down, right = source_y - top, source_x - left
    image = np.arange(count)[:, None, None]
    upper = padded[image, top, left] * (1 - right) + padded[image, top, left + 1] * right
    lower = (
        padded[image, top + 1, left] * (1 - right)
        + padded[image, top + 1, left + 1] * right
    )
    return (upper * (1 - down) + lower * down).astype(F32)[:, None]


class Adam:
    """Adam (arXiv 1412.6980) with its usual constants."""

    def __init__(self):
        self.moments: dict[tuple[str, str], list[np.ndarray]] = {}
        self.steps = 0

    def update(self, network: list[Layer], rate: float) -> None:
        self.steps += 1
        rate *= np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
        for layer in network:
            for key, gradient in layer.gradients.items():
                zeros = [np.zeros_like(gradient), np.zeros_like(gradient)]
                first, second = self.moments.setdefault((layer.name, key), zeros)
                first += F32(0.1) * (gradient - first)
                second += F32(0.001) * (gradient * gradient - second)
                layer.parameters[key] -= F32(rate) * first / (np.sqrt(second) + F32(1e-8))


def train_step(network: list[Layer], images, labels, optimizer: Adam, rate: float) -> float:
    """One step of softmax cross-entropy; returns the mean loss of the batch."""
    x = to_network_input(images)
    for layer in network:
        x = layer.forward(x, training=True)
    shifted = x - x.max(1, keepdims=True)
    log_probability = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    rows = np.arange(len(labels))
    gradient = np.exp(log_probability)
    gradient[rows, labels] -= 1
    gradient /= F32(len(labels))
    for layer in reversed(network):
        gradient = layer.backward(gradient)
    optimizer.update(network, rate)
    return float(-log_probability[rows, labels].mean())


def train(network: list[Layer], digits: Digits, epochs: int, rng) -> None:
    optimizer, start = Adam(), time.monotonic()
    batches = len(digits.labels) // BATCH
    for epoch in range(epochs):
        order, losses = rng.permutation(len(digits.labels)), []
        for batch in range(batches):
            chosen = order[batch * BATCH : (batch + 1) * BATCH]
            progress = (epoch + batch / batches) / epochs
            rate = LEARNING_RATE * 0.5 * (1 + np.cos(np.pi * progress))
            images = distort(digits.images[chosen], rng)
            loss = train_step(network, images, digits.labels[chosen], optimizer, rate)
            losses.append(loss)
        if (epoch + 1) % 10 == 0 or epoch + 1 == epochs:
            fit = accuracy(predict_scores(network, digits.images), digits.labels)
            print(
                f"epoch {epoch + 1:4d}/{epochs}   loss {np.mean(losses):.4f}   "
                f"training images {100 * fit:6.2f} %   {time.monotonic() - start:5.0f} s",
                flush=True,
            )


def main() -> None:
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description="train the digits network")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="passes over the images")
    parser.add_argument("-o", "--output", type=Path, default=here / "digits.onnx")
    options = parser.parse_args()

    rng = np.random.RandomState(SEED)
    split = load_split()
    network = build_network(rng)
    train(network, split.train, options.epochs, rng)

    scores = predict_scores(network, split.heldout.images)
    wrong = int(np.sum(scores.argmax(1) != split.heldout.labels))
    total = len(split.heldout.labels)
    print(f"held-out images: {total - wrong} of {total} right, {100 - 100 * wrong / total:.2f} %")
    save_onnx(network, options.output)
    print(f"wrote {options.output} ({options.output.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
