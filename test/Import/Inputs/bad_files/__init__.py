# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX files that no importer should accept."""
