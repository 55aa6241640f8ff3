# ===- __init__.py - Compiler for low-bitwidth networks -------------------===#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles low-bitwidth networks to native code and runs them on NumPy arrays.

>>> import dorefa, numpy as np
>>> executable = dorefa.compile("digits.onnx")
>>> images = np.zeros((5, 1, 8, 8), np.float32)
>>> scores = executable.run({"image": images})["scores"]
>>> scores.shape
(5, 10)
>>> bool(np.array_equal(scores, dorefa.interpret("digits.onnx", images)["scores"]))
True
"""

from .compiler import compile, interpret
from .errors import (
    CompileError,
    Error,
    InterpretError,
    LoadError,
    ProgramError,
    ProgramNotFoundError,
    RunError,
)
from .executable import Executable, LayerTime, load
from .tensors import TensorInfo

__version__ = "0.1.0"

__all__ = [
    "CompileError",
    "Error",
    "Executable",
    "InterpretError",
    "LayerTime",
    "LoadError",
    "ProgramError",
    "ProgramNotFoundError",
    "RunError",
    "TensorInfo",
    "compile",
    "interpret",
    "load",
]
