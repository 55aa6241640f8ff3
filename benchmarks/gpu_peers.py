# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""torch on a GPU: the float twins of our cases in fp16, and int8 by products of matrices.

A twin is what gpu_cases.py writes: an input and a list of layers, whose weights are random.
"""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

Runner = Callable[[int], float]


def is_usable() -> bool:
    return bool(torch.cuda.is_available())


def build(layer: dict[str, Any]) -> nn.Module:
    """A layer of a float twin; quantizers are clips there."""
    if layer["kind"] == "conv":
        filters, channels, *kernel = layer["weights"]
        return nn.Conv2d(channels * layer["groups"], filters, kernel, layer["strides"],
                         layer["pads"], groups=layer["groups"])
    if layer["kind"] == "linear":
        return nn.Linear(layer["weights"][1], layer["weights"][0])
    if layer["kind"] == "max_pool":
        return nn.MaxPool2d(layer["kernel"], layer["strides"], layer["pads"], ceil_mode=False)
    return {"clip": nn.Hardtanh(0.0, 1.0), "flatten": nn.Flatten(1)}[layer["kind"]]


def float_twin(peer: dict[str, Any], device: str = "cuda",
               dtype: torch.dtype = torch.float16) -> Callable[[], torch.Tensor]:
    network = nn.Sequential(*map(build, peer["layers"])).to(device, dtype).eval()
    data = torch.rand(peer["shape"], device=device).to(dtype)
    if data.dim() == 4:
        network = network.to(memory_format=torch.channels_last)
        data = data.to(memory_format=torch.channels_last)
    return functools.partial(network, data)


def im2col(data: torch.Tensor, layer: dict[str, Any]) -> torch.Tensor:
    """Windows of NHWC `data`, a row each, copied."""
    (kernel, _), (stride, _), (pad, _) = layer["weights"][2:], layer["strides"], layer["pads"]
    padded = F.pad(data, (0, 0, pad, pad, pad, pad))
    windows = padded.unfold(1, kernel, stride).unfold(2, kernel, stride)
    return windows.permute(0, 1, 2, 4, 5, 3).reshape(-1, kernel * kernel * data.shape[3])


def int8_twin(peer: dict[str, Any], device: str = "cuda") -> Callable[[], torch.Tensor] | None:
    """One layer as a product of bytes; None for anything else."""
    if len(peer["layers"]) != 1:
        return None
    layer = peer["layers"][0]
    filters, *window = layer["weights"]
    depth = int(torch.tensor(window).prod())
    weights = torch.randint(-1, 2, (filters, depth), dtype=torch.int8, device=device)
    if layer["kind"] == "linear":
        data = torch.randint(0, 4, peer["shape"], dtype=torch.int8, device=device)
        return lambda: torch._int_mm(data, weights.t())
    batch, channels, height, width = peer["shape"]
    data = torch.randint(0, 4, (batch, height, width, channels), dtype=torch.int8, device=device)
    return lambda: torch._int_mm(im2col(data, layer), weights.t())


def recorded(infer: Callable[[], torch.Tensor]) -> Callable[[], object]:
    """The same as a CUDA graph."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):
            infer()
    stream.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        graph.output = infer()
    return graph.replay


def time_runs(infer: Callable[[], object], runs: int) -> float:
    """Median seconds of `runs` runs by events, after some that are not timed."""
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    seconds = []
    for run in range(runs + 3):
        begin.record()
        infer()
        end.record()
        end.synchronize()
        if run >= 3:
            seconds.append(1e-3 * begin.elapsed_time(end))
    return statistics.median(seconds)


def runners(peer: dict[str, Any]) -> dict[str, Runner]:
    """What times the twins, by name."""
    twins = {"fp16": float_twin(peer), "int8": int8_twin(peer)}
    found: dict[str, Runner] = {}

    def add(name: str, infer: Callable[[], torch.Tensor]) -> None:
        def eager(runs: int) -> float:
            with torch.inference_mode():
                return time_runs(infer, runs)

        @functools.cache
        def graph() -> Callable[[], object]:
            return recorded(infer)

        def replayed(runs: int) -> float:
            with torch.inference_mode():
                return time_runs(graph(), runs)

        found[name], found[f"{name} graph"] = eager, replayed

    for name, infer in twins.items():
        if infer:
            add(name, infer)
    return found
