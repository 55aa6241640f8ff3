# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files that are damaged or no models at all."""

import numpy as np
from onnx import ModelProto, helper

from bad_files.case import case, good, image, model


@case
def empty_file():
    return b""


@case
def random_bytes():
    return np.random.default_rng(1).bytes(4096)


@case
def zero_bytes():
    return bytes(4096)


@case
def text_file():
    return b"module { func.func @main() }\n" * 20


@case
def truncated_half():
    data = good()
    return data[: len(data) // 2]


@case
def truncated_last_byte():
    return good()[:-1]


@case
def trailing_garbage():
    return good() + b"\xff\xff\xff\xff"


@case
def length_beyond_file():
    return b"\x3a\xff\xff\xff\xff\x07" + good()


@case
def huge_varint():
    return b"\x08" + b"\xff" * 20


@case
def end_group_tag():
    return b"\x0c" + good()


@case
def no_graph():
    return ModelProto(ir_version=7).SerializeToString()


@case
def only_version():
    return b"\x08\x07"


@case
def nested_subgraphs():
    inner = helper.make_graph([], "g", [], [])
    for _ in range(60):
        loop = helper.make_node("If", ["c"], ["y"], then_branch=inner)
        inner = helper.make_graph([loop], "g", [], [])
    outer = helper.make_node("If", ["x"], ["y"], name="the_if", then_branch=inner)
    return model([outer], [image()])


@case
def nested_types():
    # TypeProto.Sequence of a sequence of a sequence ..., written by hand.
    data = b""
    for _ in range(5000):
        data = b"\x22" + varint(len(data) + 1 + len(varint(len(data)))) + b"\x0a" + varint(len(data)) + data
    value = b"\x0a\x01x\x12" + varint(len(data)) + data
    graph = b"\x5a" + varint(len(value)) + value
    return b"\x08\x07\x3a" + varint(len(graph)) + graph


def varint(number):
    """A number as protobuf writes it."""
    data = b""
    while number > 127:
        data += bytes([number & 127 | 128])
        number >>= 7
    return data + bytes([number])
