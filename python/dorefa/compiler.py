# ===- compiler.py - Compile and interpret networks -----------------------===#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles and interprets networks with the programs of dorefa-mlir."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import weakref
from pathlib import Path

import numpy as np

from .errors import CompileError, InterpretError
from .executable import Executable
from .programs import call_program
from .tensors import Array, Inputs, TensorInfo, check_inputs


def compile(
    model: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    mcpu: str = "native",
    report: str | os.PathLike[str] | None = None,
    require_low_bit: bool = False,
    openmp: bool = False,
    target: str = "cpu",
    chip: str | None = None,
    device: str | None = None,
) -> Executable:
    """Compiles a network with dorefa-compile and loads it.

    `model` is an .onnx, .mlir or .mlirbc file. The shared object is written to `output`; without
    one it lives as long as the Executable, whose `save` keeps it. `report` is a file for the
    Markdown report, which `Executable.report` returns in any case. `mcpu` is "native" or the name
    of a processor, such as "x86-64-v3", whose instructions this machine must have: to compile for
    another machine call the program dorefa-compile. With `require_low_bit` it is an error that a
    layer that is quantized in the source stays float. With `openmp` runs spread over threads; the
    shared object then needs LLVM's libomp.so.5.

    With `target` "gpu", kernels are for NVIDIA GPUs from `chip` on, such as "sm_90" or "native"
    (default "sm_80"); with "bpa" for the accelerator. `device` that runs it is as for `load`.

    Raises CompileError with the compiler's diagnostics, LoadError, ProgramNotFoundError. Warnings
    of the compiler become Python warnings.

    >>> import dorefa
    >>> executable = dorefa.compile("digits.onnx", require_low_bit=True)
    >>> executable.inputs[0].shape
    (-1, 1, 8, 8)
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dorefa-")))
        library = folder / "model.so" if output is None else Path(output)
        report_file = folder / "report.md" if report is None else Path(report)
        arguments = [Path(model), "-o", library, f"--mcpu={mcpu}", f"--report={report_file}"]
        if require_low_bit:
            arguments.append("--require-low-bit")
        if openmp:
            arguments.append("--openmp")
        if target != "cpu":
            arguments.append(f"--target={target}")
        if chip is not None:
            arguments.append(f"--chip={chip}")
        failure = f"{Path(model)} cannot be compiled"
        call_program("dorefa-compile", arguments, CompileError, failure)
        text = report_file.read_text(encoding="utf-8")
        executable = Executable(library, device=device, report=text)
        weakref.finalize(executable, stack.pop_all().close)
    return executable


_LISTED = re.compile(r"(input|output) +(.*?) +(\w+) \((.*)\)")


def _list_tensors(model: Path, failure: str) -> tuple[list[TensorInfo], list[TensorInfo]]:
    """The inputs and outputs that dorefa-interpret lists."""
    groups: dict[str, list[TensorInfo]] = {"input": [], "output": []}
    listed = call_program("dorefa-interpret", [model, "--list"], InterpretError, failure)
    for line in listed.splitlines():
        match = _LISTED.fullmatch(line)
        if match:
            role, name, dtype, sizes = match.groups()
            words = [size.strip() for size in sizes.split(",") if size.strip()]
            shape = tuple(-1 if word == "batch" else int(word) for word in words)
            groups[role].append(TensorInfo(name, np.dtype(dtype), shape))
    return groups["input"], groups["output"]


def interpret(
    model: str | os.PathLike[str],
    inputs: Inputs,
    trace: str | os.PathLike[str] | None = None,
) -> dict[str, Array]:
    """Runs a network on the reference interpreter and returns the outputs by name.

    `model` is an .onnx, .mlir or .mlirbc file; `inputs` are as for `Executable.run`. The compiled
    network gives the same bits. `trace` is an .npz file for every named accumulator and code
    inside the network, under the names of the source file; read it with numpy.load.

    Raises InterpretError with the interpreter's diagnostics, ProgramNotFoundError, and TypeError
    or ValueError for inputs that do not fit.

    >>> import dorefa, numpy as np
    >>> images = np.zeros((2, 1, 8, 8), np.float32)
    >>> dorefa.interpret("digits.onnx", images)["scores"].shape
    (2, 10)
    """
    path = Path(model)
    failure = f"{path} cannot be interpreted"
    input_infos, output_infos = _list_tensors(path, failure)
    arrays, _ = check_inputs(input_infos, inputs)
    with tempfile.TemporaryDirectory(prefix="dorefa-") as folder:
        arguments: list[str | Path] = [path]
        for index, (info, array) in enumerate(zip(input_infos, arrays)):
            np.save(f"{folder}/input{index}.npy", array)
            arguments += ["--input", f"{info.name}={folder}/input{index}.npy"]
        for index, info in enumerate(output_infos):
            arguments += ["--output", f"{info.name}={folder}/output{index}.npy"]
        if trace is not None:
            arguments.append(f"--trace={Path(trace)}")
        call_program("dorefa-interpret", arguments, InterpretError, failure)
        return {
            info.name: np.load(f"{folder}/output{index}.npy")
            for index, info in enumerate(output_infos)
        }
