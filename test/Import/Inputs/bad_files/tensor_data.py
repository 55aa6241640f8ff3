# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensors whose data do not fit their type and shape."""

import numpy as np
from onnx import TensorProto

from bad_files.case import case, constant, image, model, node


def with_tensor(**fields):
    """A network that adds a tensor with hand-made fields."""
    m = model([node("Add", "x w", "y")], [image()], [constant("w", np.ones((2, 4)))])
    tensor = m.graph.initializer[0]
    for name, value in fields.items():
        tensor.ClearField(name)
        if isinstance(value, list):
            getattr(tensor, name).extend(value)
        else:
            setattr(tensor, name, value)
    return m


@case
def data_shorter_than_shape():
    return with_tensor(raw_data=bytes(12))


@case
def data_longer_than_shape():
    return with_tensor(raw_data=bytes(64))


@case
def data_odd_length():
    return with_tensor(raw_data=bytes(31))


@case
def data_missing():
    return with_tensor(raw_data=b"")


@case
def data_twice():
    return with_tensor(float_data=[1.0] * 8)


@case
def data_typed_too_short():
    return with_tensor(raw_data=b"", float_data=[1.0] * 3)


@case
def data_of_strings():
    return with_tensor(data_type=TensorProto.STRING)


@case
def data_complex():
    return with_tensor(data_type=TensorProto.COMPLEX64)


@case
def data_type_absurd():
    return with_tensor(data_type=12345)


@case
def tensor_negative_size():
    return with_tensor(dims=[-2, 4])


@case
def tensor_overflowing_shape():
    return with_tensor(dims=[1 << 33, 1 << 33, 1 << 33])


@case
def tensor_wrapping_shape():
    # The product is 0 modulo 2^64 and 32 bytes fit nothing.
    return with_tensor(dims=[1 << 32, 1 << 32])


@case
def tensor_rank_hundred():
    return with_tensor(dims=[1] * 100)


@case
def tensor_minimum_size():
    return with_tensor(dims=[-(1 << 63), 4])


@case
def constant_without_value():
    return model([node("Constant", "", "c"), node("Add", "x c", "y")], [image()])


@case
def constant_of_string():
    c = node("Constant", "", "c", value_string="text")
    return model([c, node("Add", "x c", "y")], [image()])


@case
def integer_operand():
    return model([node("Add", "x w", "y")], [image()], [constant("w", 1, np.int64)])
