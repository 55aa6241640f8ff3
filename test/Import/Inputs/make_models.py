# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write a small ONNX file per operator and form, and check what its import computes.

Usage: make_models.py DOREFA_INTERPRET FOLDER [CASE...]

Without names of cases, all of them are written and checked. The expected values are
computed by NumPy here, not by ONNX. The last line printed is the number of networks
whose import computes them.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

# Each family registers its cases where it is imported.
from operators import elementwise, heads, layers, pools, quantizers, shapes  # noqa: F401
from operators.case import CASES


def build(nodes, inputs, constants, expected, options):
    """The model of a case."""

    def describe(name, array):
        kind = TensorProto.INT64 if array.dtype == np.int64 else TensorProto.FLOAT
        shape = list(array.shape)
        if options.get("batch"):
            shape[0] = "N"
        return helper.make_tensor_value_info(name, kind, shape)

    graph_inputs = [describe(k, np.asarray(v)) for k, v in inputs.items()]
    if options.get("constants_are_inputs"):
        graph_inputs += [describe(k, np.asarray(v)) for k, v in constants.items()]
    outputs = [describe(k, np.asarray(v)) for k, v in expected.items()]
    initializers = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()]
    graph = helper.make_graph(nodes, "g", graph_inputs, outputs, initializers)
    if "datatype" in options:
        annotation = graph.quantization_annotation.add()
        annotation.tensor_name, datatype = options["datatype"]
        entry = annotation.quant_parameter_tensor_names.add()
        entry.key, entry.value = "finn_datatype", datatype
    opset = options.get("opset", 13)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset or 1)])
    if opset is None:
        del made.opset_import[:]
    return made


def check(program, folder, name, made):
    """Returns what is wrong with the import of a case, or nothing."""
    nodes, inputs, constants, expected, options = made
    path = folder / f"{name}.onnx"
    path.write_bytes(build(*made).SerializeToString())
    command = [program, str(path), "--phase=input"]
    for option, arrays in (("input", inputs), ("expect", expected)):
        for key, array in arrays.items():
            array = np.asarray(array)
            file = folder / f"{name}.{option}.{key}.npy"
            np.save(file, np.array(array, np.int64 if array.dtype == np.int64 else np.float32, order="C"))
            command.append(f"--{option}={key}={file}")
    if "tolerance" in options:
        command.append(f"--tolerance={options['tolerance']}")
    result = subprocess.run(command, capture_output=True, text=True)
    return "" if result.returncode == 0 else (result.stdout + result.stderr).strip()


def main() -> int:
    program, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    good, names = 0, sys.argv[3:] or list(CASES)
    for name in names:
        problem = check(program, folder, name, CASES[name]())
        good += not problem
        if problem:
            print(f"{name}: {problem}")
    print(f"{good} of {len(names)} imported networks compute what they should")
    return good != len(names)


if __name__ == "__main__":
    sys.exit(main())
