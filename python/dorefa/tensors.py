# ===- tensors.py - Inputs and outputs of a network -----------------------===#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Inputs and outputs of a network, and what arrays must be to go in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: Arrays by name, or one array where the network has one input.
Inputs = Mapping[str, Array] | Array


@dataclass(frozen=True)
class TensorInfo:
    """One input or output of a network, in the layout of the source file.

    The first size is -1 where the network takes any batch of at least 1, so that
    `array.reshape(info.shape)` fits. `str(info)` is such as "float32 (batch, 1, 8, 8)".
    """

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def has_batch(self) -> bool:
        """Whether the first size is that of any batch."""
        return self.shape[:1] == (-1,)

    def with_batch(self, batch: int) -> tuple[int, ...]:
        """The shape for a batch."""
        return (batch, *self.shape[1:]) if self.has_batch else self.shape

    def accepts(self, shape: Sequence[int]) -> bool:
        """Whether an array of this shape fits."""
        return len(shape) == len(self.shape) and self.with_batch(shape[0] if shape else 0) == (
            tuple(shape)
        )

    def __str__(self) -> str:
        return _describe(self.dtype, self.shape)


def _describe(dtype: np.dtype[Any], shape: tuple[int, ...]) -> str:
    return f"{dtype} {shape}".replace("-1", "batch")


def _describe_names(infos: Sequence[TensorInfo]) -> str:
    if not infos:
        return "the network has no input"
    names = ", ".join(repr(info.name) for info in infos)
    return f"the input is {names}" if len(infos) == 1 else f"the inputs are {names}"


def _suggest_shape(array: Array, info: TensorInfo) -> str:
    """What a user can do about a shape that does not fit."""
    shape = array.shape
    if info.accepts((1, *shape)):
        return "; add the batch with array[None]"
    if len(shape) == 4 and info.accepts((shape[0], shape[3], shape[1], shape[2])):
        return "; move the channels with array.transpose(0, 3, 1, 2)"
    if len(shape) == 4 and info.accepts((shape[0], shape[2], shape[3], shape[1])):
        return "; move the channels with array.transpose(0, 2, 3, 1)"
    if shape[1:] == info.shape[1:] and len(shape) == len(info.shape) > 0:
        return f"; the batch is fixed in the source file, so run {info.shape[0]} at a time"
    if len(shape) != len(info.shape) and info.accepts((shape or (1,))[:1] + info.shape[1:]):
        sizes = (shape or (1,))[:1] + info.shape[1:]
        if array.size == int(np.prod(sizes, dtype=np.int64)):
            return f"; change it with array.reshape({', '.join(map(str, sizes))})"
    return ""


def _check_array(array: object, info: TensorInfo) -> Array:
    """The array, copied if the model could not read it where it lies."""
    what = f"input {info.name!r}"
    if not isinstance(array, np.ndarray):
        found = type(array)
        raise TypeError(
            f"{what} is {found.__module__}.{found.__qualname__} but must be a numpy.ndarray of "
            f'{info}; convert it with numpy.asarray(x, dtype="{info.dtype}")'
        )
    array = cast(Array, array)
    found = f"{what} is {_describe(array.dtype, array.shape)} but must be {info}"
    if array.dtype != info.dtype:
        exact = "" if info.dtype.kind == "f" else "if every value fits, "
        raise TypeError(f'{found}; {exact}convert it with array.astype("{info.dtype}")')
    if not info.accepts(array.shape):
        raise ValueError(found + _suggest_shape(array, info))
    return np.require(array, requirements=["C_CONTIGUOUS", "ALIGNED"])


def _by_name(infos: Sequence[TensorInfo], inputs: object) -> Mapping[str, object]:
    if isinstance(inputs, Mapping):
        named = cast(Mapping[str, object], inputs)
    elif len(infos) == 1:
        return {infos[0].name: inputs}
    else:
        raise TypeError(f"inputs must be a dict of arrays by name; {_describe_names(infos)}")
    known = {info.name for info in infos}
    for name in named:
        if name not in known:
            raise ValueError(f"no input is named {name!r}; {_describe_names(infos)}")
    for info in infos:
        if info.name not in named:
            raise ValueError(f"input {info.name!r} is missing; {_describe_names(infos)}")
    return named


def check_inputs(infos: Sequence[TensorInfo], inputs: Inputs) -> tuple[list[Array], int]:
    """The arrays in the order of `infos`, and the batch (1 where no input has one).

    Types are never converted and shapes never guessed. Raises TypeError for what is not an
    array or has another dtype, ValueError for a name, shape or batch that does not fit; the
    messages say what to do.
    """
    named = _by_name(infos, inputs)
    arrays = [_check_array(named[info.name], info) for info in infos]
    batches = [(info.name, array.shape[0]) for info, array in zip(infos, arrays) if info.has_batch]
    if not batches:
        return arrays, 1
    first, batch = batches[0]
    for name, size in batches:
        if size < 1:
            raise ValueError(f"input {name!r} has a batch of 0 but must have at least 1")
        if size != batch:
            raise ValueError(
                f"input {name!r} has a batch of {size} but must have {batch} like input {first!r}"
            )
    return arrays, batch
