# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A small network per operator and form, and what NumPy computes for it."""
