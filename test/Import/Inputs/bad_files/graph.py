# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Graphs that are malformed or hold unknown operators."""

from onnx import helper

from bad_files.case import case, constant, conv, floats, image, model, node
from bad_files.damaged import varint


@case
def no_outputs():
    m = conv()
    del m.graph.output[:]
    return m


@case
def output_not_computed():
    return model([node("Relu", "x", "y")], [image()], outputs=[floats("nowhere", 1)])


@case
def cycle_of_two():
    return model([node("Add", "x b", "a"), node("Relu", "a", "b")], [image()])


@case
def cycle_of_one():
    return model([node("Add", "x y", "y")], [image()])


@case
def dangling_input():
    return model([node("Relu", "missing", "y")], [image()])


@case
def duplicate_output():
    return model([node("Relu", "x", "y"), node("Abs", "x", "y")], [image()])


@case
def duplicate_initializer():
    return model([node("Add", "x w", "y")], [image()], [constant("w", 1), constant("w", 2)])


@case
def duplicate_input():
    return model([node("Relu", "x", "y")], [image(), image()])


@case
def output_shadows_input():
    return model([node("Relu", "x", "x")], [image()])


@case
def output_shadows_constant():
    return model([node("Relu", "x", "w"), node("Add", "x w", "y")], [image()], [constant("w", 1)])


@case
def unknown_operator():
    return model([node("Einsum", "x", "y", equation="abcd->a")], [image()])


@case
def unknown_domain():
    return model([helper.make_node("Relu", ["x"], ["y"], domain="com.example")], [image()])


@case
def loop_operator():
    body = helper.make_graph([], "body", [], [])
    return model([node("Loop", "x", "y", body=body)], [image()])


@case
def float_quant():
    return model([node("FloatQuant", "x x x x", "y")], [image()])


@case
def resize_operator():
    return model([node("Resize", "x", "y")], [image()])


@case
def too_few_inputs():
    return model([node("Conv", "x", "y")], [image()])


@case
def too_many_inputs():
    return model([node("Relu", "x x", "y")], [image()])


@case
def node_without_inputs():
    return model([node("Relu", "", "y")], [image()])


@case
def hostile_names():
    name = "a\"b\n\0c%s" * 3 + "z" * 100000
    return model([helper.make_node("Einsum", ["x"], ["y"], name=name)], [image()])


@case
def million_nodes_then_error():
    # Chained by hand: the Python objects of so many nodes take too long.
    def field(number, data):
        return bytes([number << 3 | 2]) + varint(len(data)) + data

    nodes = [field(1, field(1, b"x" if i == 0 else b"t%d" % i) + field(2, b"t%d" % (i + 1)) + field(4, b"Neg"))
             for i in range(60000)]
    last = field(1, field(1, b"t60000") + field(2, b"y") + field(4, b"Einsum"))
    head = image().SerializeToString()
    graph = b"".join(nodes) + last + field(11, head) + field(12, field(1, b"y"))
    return b"\x08\x07" + field(7, graph) + field(8, b"\x10\x0d")
