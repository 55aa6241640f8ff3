# ===- programs.py - Finds and calls the programs of dorefa-mlir ----------===#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finds and calls the programs of dorefa-mlir."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import warnings
from collections.abc import Sequence
from pathlib import Path

from .errors import ProgramError, ProgramNotFoundError

_PACKAGE = Path(__file__).resolve().parent


def find_program(name: str) -> str:
    """The path of a program such as "dorefa-compile".

    Where DOREFA_BIN is set, only this folder is searched: another build must not step in
    unnoticed. Else the build tree of the checkout that holds this package, the folder
    `bin` in the package and PATH are, in this order.

    Raises ProgramNotFoundError, which names these places.
    """
    places = os.environ.get("DOREFA_BIN")
    if places:
        searched = f"DOREFA_BIN={places}"
    else:
        built = [_PACKAGE.parents[1] / "build" / "bin", _PACKAGE / "bin"]
        places = os.pathsep.join([*map(str, built), os.environ.get("PATH", os.defpath)])
        searched = f"{built[0]}, {built[1]} and PATH"
    program = shutil.which(name, path=places)
    if program is None:
        raise ProgramNotFoundError(
            f"the program {name} is not in {searched}; build dorefa-mlir with scripts/build and "
            "set DOREFA_BIN to the folder build/bin of the checkout"
        )
    return program


def call_program(
    name: str, arguments: Sequence[str | Path], error: type[ProgramError], failure: str
) -> str:
    """Runs a program to its end and returns what it wrote to standard output.

    What a successful run writes to standard error becomes a warning. Raises `error` with the
    message `failure` and the diagnostics where the program fails.
    """
    command = [find_program(name), *map(str, arguments)]
    result = subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="surrogateescape", check=False
    )
    diagnostics = result.stderr.strip()
    if result.returncode < 0:
        reason = signal.Signals(-result.returncode).name
        raise error(f"{failure}: {name} was ended by {reason}", diagnostics)
    if result.returncode > 0:
        raise error(failure, diagnostics)
    if diagnostics:
        # Named for the line that called dorefa.compile or dorefa.interpret.
        warnings.warn(diagnostics, stacklevel=3)
    return result.stdout
