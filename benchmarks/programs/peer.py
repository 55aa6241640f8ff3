# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Time a network in onnxruntime, openvino or torch.

    peer.py onnxruntime|openvino|torch network.onnx input.npy

Answers like the programs beside it (sample.h): "ready TEXT", then seconds for each line.
Runs in the Python environment of the peers; BENCHMARK_THREADS and BENCHMARK_CLOCK apply.
"""

import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np

BLOCKS, BLOCK_SECONDS = 9, 4e-4
THREADS = int(os.environ.get("BENCHMARK_THREADS", "1"))
CLOCK = time.perf_counter if os.environ.get("BENCHMARK_CLOCK") == "wall" else time.process_time


def onnxruntime(path: str, values: np.ndarray) -> tuple[str, Callable[[], object]]:
    import onnxruntime as runtime

    options = runtime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: values}
    return f"onnxruntime {runtime.__version__}", lambda: session.run(None, feed)


def openvino(path: str, values: np.ndarray) -> tuple[str, Callable[[], object]]:
    import openvino as runtime

    # Left alone, openvino computes float networks in bfloat16 where the processor has it.
    floats = "bf16" if os.environ.get("BENCHMARK_PRECISION") == "bf16" else "f32"
    config = {"INFERENCE_NUM_THREADS": THREADS, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
              "INFERENCE_PRECISION_HINT": floats, "ENABLE_CPU_PINNING": False}
    model = runtime.Core().compile_model(path, "CPU", config)
    request = model.create_infer_request()
    request.set_input_tensor(runtime.Tensor(values))
    return f"openvino {runtime.__version__.split('-')[0]}", request.infer


def torch(path: str, values: np.ndarray) -> tuple[str, Callable[[], object]]:
    import onnx_torch
    import torch as runtime

    runtime.set_num_threads(THREADS)
    data = runtime.from_numpy(values)
    if data.dim() == 4:
        data = data.to(memory_format=runtime.channels_last)
    with runtime.inference_mode():
        network = runtime.jit.trace(onnx_torch.Network(path).eval(), data)
        network = runtime.jit.optimize_for_inference(network)

    def infer() -> object:
        with runtime.inference_mode():
            return network(data)

    return f"torch {runtime.__version__}", infer


def block_seconds(infer: Callable[[], object], count: int) -> float:
    start = CLOCK()
    for _ in range(count):
        infer()
    return (CLOCK() - start) / count


def sample_seconds(infer: Callable[[], object]) -> float:
    infer()
    once = block_seconds(infer, 1)
    count = int(BLOCK_SECONDS / once) + 1
    return statistics.median(block_seconds(infer, count) for _ in range(BLOCKS))


def main() -> None:
    warnings.simplefilter("ignore")
    engines = {"onnxruntime": onnxruntime, "openvino": openvino, "torch": torch}
    text, infer = engines[sys.argv[1]](sys.argv[2], np.load(sys.argv[3]))
    infer()
    print(f"ready {text}", flush=True)
    for _ in sys.stdin:
        print(f"{sample_seconds(infer):.9g}", flush=True)


if __name__ == "__main__":
    main()
