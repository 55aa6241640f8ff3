# ===- errors.py - What can go wrong --------------------------------------===#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Errors of the package; wrong arguments raise TypeError and ValueError as in NumPy."""

from __future__ import annotations


class Error(Exception):
    """Base of all errors that only this package raises."""


class ProgramNotFoundError(Error):
    """A program of dorefa-mlir is in none of the places that are searched."""


class LoadError(Error):
    """A file is not a compiled model, is damaged, or is for another processor."""


class RunError(Error):
    """A compiled model refused to run."""


class ProgramError(Error):
    """A program ended with an error; `diagnostics` is what it printed, unchanged."""

    def __init__(self, message: str, diagnostics: str) -> None:
        super().__init__(f"{message}\n{diagnostics}" if diagnostics else message)
        self.diagnostics = diagnostics


class CompileError(ProgramError):
    """The compiler refused a model."""


class InterpretError(ProgramError):
    """The reference interpreter refused a model."""
