# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Time openvino's 1-bit convolution, packed bits to floats.

    openvino_binary.py SIZE CHANNELS FILTERS KERNEL STRIDE PAD

The time is that of the convolution alone, out of openvino's own profile: binarizing its
input and reordering its output are left out. (Fused with the next binarization, openvino
2026.4 crashes.) Answers like peer.py beside it.
"""

import os
import statistics
import sys

import numpy as np
import openvino
import openvino.opset1 as ops

RUNS = 31
NODE = "BinaryConvolution"


def network(size: int, channels: int, filters: int, kernel: int, stride: int,
            pad: int) -> openvino.Model:
    """One convolution of bits, -1 and +1 both ways, padding -1."""
    random = np.random.default_rng(1)
    image = ops.parameter([1, channels, size, size], np.float32)
    low, half, high = (np.full((1, 1, 1, 1), value, np.float32) for value in (0, 0.5, 1))
    bits = ops.fake_quantize(image, half, half, low, high, 2)
    window = openvino.Shape([filters, channels, kernel, kernel])
    weights = openvino.op.Constant(openvino.Type.u1, window,
                                   random.integers(0, 2, int(np.prod(window))).tolist())
    result = ops.binary_convolution(bits, weights, [stride] * 2, [pad] * 2, [pad] * 2, [1, 1],
                                    "xnor-popcount", -1.0)
    return openvino.Model([result], [image], "bits")


def main() -> None:
    shape = [int(word) for word in sys.argv[1:]]
    config = {"INFERENCE_NUM_THREADS": os.environ.get("BENCHMARK_THREADS", "1"),
              "NUM_STREAMS": 1, "PERF_COUNT": True, "ENABLE_CPU_PINNING": False}
    request = openvino.Core().compile_model(network(*shape), "CPU", config).create_infer_request()
    image = np.random.default_rng(2).random((1, shape[1], shape[0], shape[0]), np.float32)
    request.set_input_tensor(openvino.Tensor(image))

    def seconds() -> float:
        request.infer()
        times = [node.real_time for node in request.profiling_info if node.node_type == NODE]
        return times[0].total_seconds()

    seconds()
    kernel = next(node.exec_type for node in request.profiling_info if node.node_type == NODE)
    print(f"ready openvino {openvino.__version__.split('-')[0]} {kernel}", flush=True)
    for _ in sys.stdin:
        print(f"{statistics.median(seconds() for _ in range(RUNS)):.9g}", flush=True)


if __name__ == "__main__":
    main()
