#===- data.py - The handwritten digits and their fixed split ------------------===#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The 1,797 handwritten digits that scikit-learn ships, split once and for all.

The images stay with scikit-learn (Debian: python3-sklearn); nothing of them is
kept in this repository.

    from data import load_split
    images, labels = load_split().heldout
"""

from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HELDOUT = 360
SPLIT_SEED = 0


class Digits(NamedTuple):
    """`images` is float32 [N, 1, 8, 8] with the integers 0 to 16, `labels` int64 [N]."""

    images: np.ndarray
    labels: np.ndarray


class Split(NamedTuple):
    """1,437 images to train on and 360 that training never looks at."""

    train: Digits
    heldout: Digits


def load_split() -> Split:
    """Splits the digits, the ten classes in the same proportion on both sides."""
    digits = load_digits()
    images = digits.images.astype(np.float32)[:, None]
    labels = digits.target.astype(np.int64)
    train_images, heldout_images, train_labels, heldout_labels = train_test_split(
        images, labels, test_size=HELDOUT, random_state=SPLIT_SEED, stratify=labels
    )
    return Split(
        Digits(train_images, train_labels), Digits(heldout_images, heldout_labels)
    )
