# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write ONNX files that no importer should accept, and check that ours refuses them.

Usage: make_bad_models.py DOREFA_TRANSLATE FOLDER

Each file must make the importer exit with 1 and at least one error that is located,
within a second of processor time and 512 MB, without a signal and without an output file. The last line
printed is the number of files that were refused.
"""

import os
import resource
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
from onnx import AttributeProto, ModelProto, TensorProto, helper, numpy_helper

SECONDS = 1.0
BYTES = 512 << 20

CASES = {}


def case(function):
    """Registers a maker of a model or of bytes under its name."""
    CASES[function.__name__] = function
    return function


def floats(name, *shape):
    """A graph input or output of float32."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def constant(name, values, dtype=np.float32):
    """An initializer."""
    return numpy_helper.from_array(np.asarray(values, dtype), name)


def model(nodes, inputs, constants=(), outputs=None, **options):
    """A model of nodes; the output of the last one is the network's."""
    outputs = outputs or [helper.make_empty_tensor_value_info(nodes[-1].output[-1])]
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(constants))
    opsets = [helper.make_opsetid("", options.get("opset", 13)),
              helper.make_opsetid("qonnx.custom_op.general", 1)]
    return helper.make_model(graph, opset_imports=opsets)


def node(kind, inputs, outputs, **attributes):
    """A node; the operators of QONNX get their domain."""
    qonnx = {"Quant", "BipolarQuant", "MultiThreshold", "Trunc", "FloatQuant"}
    domain = "qonnx.custom_op.general" if kind in qonnx else ""
    name = f"the_{kind.lower()}"
    return helper.make_node(kind, inputs.split(), outputs.split(), name=name, domain=domain, **attributes)


def image():
    return floats("x", 1, 3, 8, 8)


def conv(weights=(4, 3, 3, 3), x=None, **attributes):
    """A convolution with random weights."""
    values = np.ones(weights, np.float32)
    return model([node("Conv", "x w", "y", **attributes)], [x or image()], [constant("w", values)])


def quant(bits=2.0, scale=1.0, zero=0.0, dtype=np.float32, **attributes):
    """A quantizer of a float input."""
    constants = [constant("s", scale), constant("z", zero), constant("b", bits, dtype)]
    return model([node("Quant", "x s z b", "y", **attributes)], [image()], constants)


def shaped(dims):
    """A network whose input has these sizes."""
    return model([node("Relu", "x", "y")], [floats("x", *dims)])


def good():
    """A valid model as bytes, to be damaged."""
    return conv().SerializeToString()


# --- Bytes -------------------------------------------------------------------


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


# --- Graph -------------------------------------------------------------------


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


# --- Shapes ------------------------------------------------------------------


@case
def input_negative_size():
    return shaped([1, -3, 8, 8])


@case
def input_zero_size():
    return shaped([1, 0, 8, 8])


@case
def input_overflowing_shape():
    return shaped([1 << 31, 1 << 31, 1 << 31])


@case
def input_huge_size():
    return shaped([1, (1 << 63) - 1])


@case
def input_rank_nine():
    return shaped([1] * 9)


@case
def input_symbolic_height():
    return shaped([1, 3, "height", 8])


@case
def input_without_shape():
    return model([node("Relu", "x", "y")], [helper.make_empty_tensor_value_info("x")])


@case
def input_of_integers():
    x = helper.make_tensor_value_info("x", TensorProto.INT64, [1, 3])
    return model([node("Relu", "x", "y")], [x])


@case
def broadcast_mismatch():
    return model([node("Add", "x w", "y")], [image()], [constant("w", np.ones(5))])


@case
def broadcast_too_large():
    constants = [constant("w", np.ones((60000, 1))), constant("v", np.ones((1, 60000)))]
    return model([node("Add", "x v", "a"), node("Add", "a w", "y")], [floats("x", 60000, 1)], constants)


@case
def folding_bomb():
    constants = [constant("w", np.ones((30000, 1))), constant("v", np.ones((1, 30000)))]
    return model([node("Add", "w v", "a"), node("Add", "x a", "y")], [floats("x", 1)], constants)


@case
def constant_of_shape_bomb():
    shape = constant("s", [1 << 20, 1 << 20], np.int64)
    return model([node("ConstantOfShape", "s", "c"), node("Add", "x c", "y")], [image()], [shape])


@case
def expand_negative():
    constants = [constant("c", 1), constant("s", [-4, 2], np.int64)]
    return model([node("Expand", "c s", "e"), node("Add", "x e", "y")], [image()], constants)


@case
def reshape_wrong_count():
    return model([node("Reshape", "x s", "y")], [image()], [constant("s", [1, 7], np.int64)])


@case
def reshape_two_open():
    return model([node("Reshape", "x s", "y")], [image()], [constant("s", [-1, -1], np.int64)])


@case
def reshape_negative():
    return model([node("Reshape", "x s", "y")], [image()], [constant("s", [1, -192], np.int64)])


@case
def reshape_mixes_batch():
    x = floats("x", "N", 4)
    return model([node("Reshape", "x s", "y")], [x], [constant("s", [-1, 8], np.int64)])


@case
def split_of_batch():
    constants = [constant("s", [3, (1 << 63) - 1], np.int64)]
    return model([node("Split", "x s", "y z", axis=0)], [floats("x", "N", 4)], constants,
                 outputs=[floats("y", 1)])


@case
def slice_of_batch():
    constants = [constant(k, [v], np.int64) for k, v in {"s": -2, "e": -1, "a": 0}.items()]
    return model([node("Slice", "x s e a", "y")], [floats("x", "N", 4)], constants)


@case
def gather_of_batch():
    return model([node("Gather", "x i", "y")], [floats("x", "N", 4)], [constant("i", -1, np.int64)])


@case
def concat_of_batch():
    return model([node("Concat", "x w", "y", axis=0)], [floats("x", "N", 4)], [constant("w", np.ones((3, 4)))])


@case
def transpose_of_batch():
    return model([node("Transpose", "x", "t"), node("Relu", "t", "y")], [floats("x", "N", 4)])


@case
def transpose_bad_perm():
    return model([node("Transpose", "x", "y", perm=[0, 1, 1, 2])], [image()])


@case
def squeeze_wrong_axis():
    return model([node("Squeeze", "x a", "y")], [image()], [constant("a", [1], np.int64)])


@case
def unsqueeze_twice():
    return model([node("Unsqueeze", "x a", "y")], [image()], [constant("a", [0, 0], np.int64)])


@case
def concat_mismatch():
    nodes = [node("MaxPool", "x", "p", kernel_shape=[2, 2]), node("Concat", "x p", "y", axis=1)]
    return model(nodes, [image()])


@case
def split_wrong_sum():
    return model([node("Split", "x s", "y z", axis=1)], [image()], [constant("s", [1, 5], np.int64)],
                 outputs=[floats("y", 1)])


@case
def gather_out_of_range():
    return model([node("Gather", "x i", "y", axis=1)], [image()], [constant("i", 3, np.int64)])


@case
def topk_too_large():
    return model([node("TopK", "x k", "v y")], [floats("x", 1, 10)], [constant("k", [11], np.int64)])


@case
def softmax_bad_axis():
    return model([node("Softmax", "x", "y", axis=4)], [image()])


@case
def slice_step_zero():
    lists = {"s": [0], "e": [2], "a": [1], "t": [0]}
    constants = [constant(k, v, np.int64) for k, v in lists.items()]
    return model([node("Slice", "x s e a t", "y")], [image()], constants)


@case
def pad_negative():
    pads = constant("p", [0, 0, -1, 0, 0, 0, 0, 0], np.int64)
    return model([node("Pad", "x p", "y")], [image()], [pads])


@case
def pad_reflect():
    pads = constant("p", [0, 0, 1, 1, 0, 0, 1, 1], np.int64)
    return model([node("Pad", "x p", "y", mode="reflect")], [image()], [pads])


# --- Windows -----------------------------------------------------------------


@case
def conv_stride_zero():
    return conv(strides=[0, 1])


@case
def conv_stride_negative():
    return conv(strides=[-1, -1])


@case
def conv_dilation_zero():
    return conv(dilations=[0, 0])


@case
def conv_dilation_huge():
    return conv(dilations=[1 << 62, 1])


@case
def conv_pad_negative():
    return conv(pads=[-1, 0, 0, 0])


@case
def conv_pad_huge():
    return conv(pads=[1 << 62] * 4)


@case
def conv_pads_too_few():
    return conv(pads=[1, 1])


@case
def conv_group_zero():
    return conv(group=0)


@case
def conv_group_negative():
    return conv(group=-3)


@case
def conv_group_not_dividing():
    return conv(group=2)


@case
def conv_kernel_larger_than_input():
    return conv(weights=(4, 3, 9, 9))


@case
def conv_kernel_shape_contradicts():
    return conv(kernel_shape=[5, 5])


@case
def conv_channels_mismatch():
    return conv(weights=(4, 5, 3, 3))


@case
def conv_rank_five():
    return conv(weights=(4, 3, 3, 3, 3), x=floats("x", 1, 3, 8, 8, 8))


@case
def conv_weights_rank_two():
    return conv(weights=(4, 3))


@case
def conv_run_time_weights():
    return model([node("Conv", "x w", "y")], [image(), floats("w", 4, 3, 3, 3)])


@case
def conv_bias_too_short():
    constants = [constant("w", np.ones((4, 3, 3, 3))), constant("b", np.ones(3))]
    return model([node("Conv", "x w b", "y")], [image()], constants)


@case
def conv_attribute_of_wrong_type():
    return conv(strides=1.5)


@case
def conv_bad_auto_pad():
    return conv(auto_pad="SOMEHOW")


@case
def pool_kernel_missing():
    return model([node("MaxPool", "x", "y")], [image()])


@case
def pool_pad_not_smaller_than_kernel():
    return model([node("MaxPool", "x", "y", kernel_shape=[2, 2], pads=[2, 2, 0, 0])], [image()])


@case
def pool_indices_read():
    return model([node("MaxPool", "x", "v y", kernel_shape=[2, 2])], [image()])


@case
def matmul_size_mismatch():
    return model([node("MatMul", "x w", "y")], [floats("x", 1, 8)], [constant("w", np.ones((7, 3)))])


@case
def matmul_run_time_both():
    return model([node("MatMul", "x w", "y")], [floats("x", 1, 8), floats("w", 8, 3)])


@case
def gemm_input_rank_four():
    return model([node("Gemm", "x w", "y")], [image()], [constant("w", np.ones((8, 3)))])


# --- Bits and quantizers -------------------------------------------------------


@case
def bits_zero():
    return quant(bits=0.0)


@case
def bits_negative():
    return quant(bits=-2.0)


@case
def bits_fractional():
    return quant(bits=2.5)


@case
def bits_absurd():
    return quant(bits=1e9)


@case
def bits_nan():
    return quant(bits=np.nan)


@case
def bits_of_integer_type_zero():
    return quant(bits=0, dtype=np.int64)


@case
def bits_of_different_values():
    return quant(bits=[2.0, 3.0])


@case
def bits_at_run_time():
    constants = [constant("s", 1), constant("z", 0)]
    return model([node("Quant", "x s z b", "y")], [image(), floats("b")], constants)


@case
def scale_zero():
    return quant(scale=0.0)


@case
def scale_negative():
    return quant(scale=-1.0)


@case
def scale_infinite():
    return quant(scale=np.inf)


@case
def scale_nan():
    return quant(scale=np.nan)


@case
def scale_of_channel_nan():
    return quant(scale=np.reshape([1, np.nan, 2], (1, 3, 1, 1)))


@case
def scale_denormal_underflow():
    return quant(scale=np.float64(1e-60), dtype=np.float64)


@case
def scale_wrong_count():
    return quant(scale=np.ones(7))


@case
def scale_on_two_dimensions():
    return quant(scale=np.ones((1, 3, 8, 1)))


@case
def zero_point_nan():
    return quant(zero=np.nan)


@case
def zero_point_infinite():
    return quant(zero=-np.inf)


def bipolar(scale):
    """A sign with this scale."""
    return model([node("BipolarQuant", "x s", "y")], [image()], [constant("s", scale)])


@case
def bipolar_scale_nan():
    return bipolar(np.nan)


@case
def bipolar_scale_infinite():
    return bipolar(-np.inf)


@case
def rounding_unknown():
    return quant(rounding_mode="STOCHASTIC")


@case
def signed_not_a_flag():
    return quant(signed=7)


@case
def quant_three_inputs():
    constants = [constant("s", 1), constant("z", 0)]
    return model([node("Quant", "x s z", "y")], [image()], constants)


def trunc(scale=1, in_bits=8, out_bits=4):
    """Codes that lose their last bits."""
    constants = [constant(n, v) for n, v in zip("szio", (scale, 0, in_bits, out_bits))]
    return model([node("Trunc", "x s z i o", "y")], [image()], constants)


@case
def trunc_to_more_bits():
    return trunc(in_bits=4, out_bits=8)


@case
def trunc_scale_zero():
    return trunc(scale=0)


@case
def trunc_scale_nan():
    return trunc(scale=np.nan)


def thresholds(table, **attributes):
    """A MultiThreshold with this table."""
    return model([node("MultiThreshold", "x t", "y", **attributes)], [image()], [constant("t", table)])


@case
def thresholds_too_many():
    return thresholds(np.zeros((3, 256)))


@case
def thresholds_wrong_rows():
    return thresholds(np.zeros((5, 3)))


@case
def thresholds_nan():
    return thresholds([[0, np.nan, 1]])


@case
def thresholds_bad_type():
    return thresholds(np.zeros((1, 3)), out_dtype="INT0")


@case
def thresholds_bad_layout():
    return thresholds(np.zeros((1, 3)), data_layout="CHWN")


@case
def thresholds_scale_zero():
    return thresholds(np.zeros((1, 3)), out_scale=0.0)


@case
def thresholds_scale_nan():
    return thresholds(np.zeros((1, 3)), out_scale=float("nan"))


@case
def thresholds_scale_infinite():
    return thresholds(np.zeros((1, 3)), out_scale=float("inf"))


@case
def thresholds_bias_infinite():
    return thresholds(np.zeros((1, 3)), out_bias=float("-inf"))


# --- Floats --------------------------------------------------------------------


def with_weights(value):
    """A convolution one of whose weights is `value`."""
    m = conv()
    weights = np.ones((4, 3, 3, 3), np.float32)
    weights[1, 2, 0, 1] = value
    m.graph.initializer[0].CopyFrom(constant("w", weights))
    return m


@case
def weights_nan():
    return with_weights(np.nan)


@case
def weights_infinite():
    return with_weights(-np.inf)


@case
def quantized_weights_nan():
    constants = [constant("w", [[1, np.nan], [2, 3]]), constant("s", 1)]
    nodes = [node("BipolarQuant", "w s", "q"), node("MatMul", "x q", "y")]
    return model(nodes, [floats("x", 1, 2)], constants)


@case
def bias_nan():
    m = conv()
    m.graph.node[0].input.append("b")
    m.graph.initializer.append(constant("b", [0, np.nan, 0, 0]))
    return m


def with_operand(kind, value):
    """An operation with a constant."""
    return model([node(kind, "x c", "y")], [image()], [constant("c", value)])


@case
def multiply_by_nan():
    return with_operand("Mul", np.nan)


@case
def add_infinity():
    return with_operand("Add", np.inf)


def batch_norm(scale=1, bias=0, mean=0, variance=1, **attributes):
    """A batch norm over 3 channels."""
    constants = [constant(n, np.full(3, v)) for n, v in zip("gbmv", (scale, bias, mean, variance))]
    return model([node("BatchNormalization", "x g b m v", "y", **attributes)], [image()], constants)


@case
def variance_negative():
    return batch_norm(variance=-1)


@case
def variance_plus_epsilon_zero():
    return batch_norm(variance=0, epsilon=0.0)


@case
def variance_nan():
    return batch_norm(variance=np.nan)


@case
def variance_infinite():
    return batch_norm(variance=np.inf)


@case
def epsilon_negative():
    return batch_norm(variance=0.5, epsilon=-1.0)


@case
def epsilon_nan():
    return batch_norm(epsilon=float("nan"))


@case
def gamma_infinite():
    return batch_norm(scale=-np.inf)


@case
def beta_nan():
    return batch_norm(bias=np.nan)


@case
def mean_nan():
    return batch_norm(mean=np.nan)


@case
def batch_norm_training():
    return batch_norm(training_mode=1)


@case
def batch_norm_wrong_channels():
    constants = [constant(n, np.ones(4)) for n in "gbmv"]
    return model([node("BatchNormalization", "x g b m v", "y")], [image()], constants)


@case
def clip_bounds_crossed():
    constants = [constant("l", 1), constant("h", 0)]
    return model([node("Clip", "x l h", "y")], [image()], constants)


@case
def attribute_nan():
    return model([node("LeakyRelu", "x", "y", alpha=float("nan"))], [image()])


@case
def fold_divides_by_zero():
    constants = [constant("a", [4], np.int64), constant("b", [0], np.int64)]
    return model([node("Div", "a b", "s"), node("Reshape", "x s", "y")], [image()], constants)


@case
def fold_overflows():
    constants = [constant("a", [1 << 62], np.int64), constant("b", [4], np.int64)]
    return model([node("Mul", "a b", "s"), node("Reshape", "x s", "y")], [image()], constants)


# --- Tensor data ---------------------------------------------------------------


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


# --- External data ---------------------------------------------------------------


def external(location, offset=None, length=None):
    """A network whose weights lie in another file."""
    m = with_tensor()
    tensor = m.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entries = {"location": location, "offset": offset, "length": length}
    for key, value in entries.items():
        if value is not None:
            entry = tensor.external_data.add()
            entry.key, entry.value = key, str(value)
    return m


@case
def external_missing_file():
    return external("not_there.bin")


@case
def external_absolute():
    return external("/etc/passwd")


@case
def external_parent():
    return external("../outside.bin")


@case
def external_hidden_parent():
    return external("folder/../../outside.bin")


@case
def external_symlink():
    return external("link.bin")


@case
def external_symlinked_folder():
    return external("linked_folder/outside.bin")


@case
def external_hardlink():
    return external("hard.bin")


@case
def external_fifo():
    return external("fifo")


@case
def external_folder():
    return external("folder")


@case
def external_device_link():
    return external("zero")


@case
def external_empty_location():
    return external("")


@case
def external_no_location():
    return external(None)


@case
def external_too_short():
    return external("short.bin")


@case
def external_offset_beyond():
    return external("data.bin", offset=100)


@case
def external_offset_negative():
    return external("data.bin", offset=-4)


@case
def external_offset_overflows():
    return external("data.bin", offset=(1 << 63) - 4, length=32)


@case
def external_offset_not_a_number():
    return external("data.bin", offset="four")


@case
def external_length_contradicts():
    return external("data.bin", length=16)


@case
def external_nul_in_name():
    return external("data.bin\0.txt")


def make_surroundings(folder: Path) -> None:
    """Creates the files that the external data of the cases point to."""
    (folder / "models" / "folder").mkdir(parents=True, exist_ok=True)
    outside = folder / "outside.bin"
    outside.write_bytes(bytes(32))
    models = folder / "models"
    (models / "data.bin").write_bytes(bytes(32))
    (models / "short.bin").write_bytes(bytes(8))
    os.symlink(outside, models / "link.bin")
    os.symlink(folder, models / "linked_folder")
    os.link(outside, models / "hard.bin")
    os.symlink("/dev/zero", models / "zero")
    os.mkfifo(models / "fifo")


# The sanitizers' shadow memory and checks would break any limit.
SANITIZED = "ASAN_OPTIONS" in os.environ


def limit() -> None:
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_DATA, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def cpu_seconds() -> float:
    """Processor time of all children so far: other programs do not count."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def check(program: str, path: Path) -> str:
    """Returns what is wrong with the way the importer refuses `path`, or nothing."""
    output = path.with_suffix(".mlir")
    before = cpu_seconds()
    result = subprocess.run([program, "--import-onnx", str(path), "-o", str(output)],
                            stdin=subprocess.DEVNULL, capture_output=True, timeout=60, preexec_fn=limit)
    seconds = cpu_seconds() - before
    errors = [line for line in result.stderr.split(b"\n") if b"error:" in line]
    located = any(b"loc(" in line for line in errors)
    if result.returncode != 1:
        return f"exit code {result.returncode}"
    if not errors or not located:
        return "no located error"
    if len(errors) > 1:
        return f"{len(errors)} errors"
    if seconds > SECONDS and not SANITIZED:
        return f"{seconds:.1f} s"
    return "an output file" if output.exists() else ""


def main() -> int:
    program, folder = sys.argv[1], Path(sys.argv[2])
    make_surroundings(folder)
    refused, usage = 0, resource.RUSAGE_CHILDREN
    for name, make in CASES.items():
        made = make()
        path = folder / "models" / f"{name}.onnx"
        path.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
        problem = check(program, path)
        refused += not problem
        print(f"{name:36} {problem or 'refused'}")
    peak = resource.getrusage(usage).ru_maxrss >> 10
    print(f"peak memory {peak} MB")
    print(f"{refused} of {len(CASES)} bad files refused")
    return refused != len(CASES) or peak > BYTES >> 20


if __name__ == "__main__":
    sys.exit(main())
