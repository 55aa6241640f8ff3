# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Uses the installed package where no program is installed."""

import dorefa

print("dorefa", dorefa.__version__, "in", dorefa.__file__)
try:
    dorefa.compile("net.onnx")
except dorefa.ProgramNotFoundError as error:
    print(error)
