# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What benchmarks/gpu.py measures: compiled libraries, inputs, twins for the peers, bars."""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networks
import numpy as np
from layers import Conv, Layer, MatMul, module_of, words_of
from measure import Settings, Unavailable, progress

BATCH, LIMIT = 8, 64 << 20
HERE = Path(__file__).resolve().parent
#: Wanted ratios: to the ceiling of the instruction, and to the faster of eager and graph.
GEMM_BARS = {"fp16": 3.0, "int8": 1.6}
CONV_BARS = {"fp16": 2.0, "int8": 1.3}
LAYERS: list[tuple[Layer, tuple[int, int], dict[str, float]]] = [
    (MatMul(4096, 4096, 4096), (1, 1), {"ceiling": 0.6}),
    (MatMul(4096, 4096, 4096), (1, 2), GEMM_BARS),
    (Conv(56, 512, 512, 3), (1, 2), CONV_BARS),
    (Conv(14, 512, 512, 3), (1, 2), CONV_BARS),
]
TINY: list[tuple[Layer, tuple[int, int], dict[str, float]]] = [
    (MatMul(64, 64, 64), (1, 2), GEMM_BARS)]


class Builder:
    """Fills a folder."""

    def __init__(self, folder: Path, build: Path, chip: str) -> None:
        self.folder, self.chip = folder, chip
        self.work = folder.with_name(f"{folder.name}.work")
        self.settings = Settings(build, self.work, None, 1, 1, 0, "cpu")

    def compile(self, source: Path, stem: str) -> dict[str, Any]:
        """The library, and what its report says of its layers on codes."""
        library = self.folder / f"{stem}.so"
        rows = networks.compile_model(source, library, self.settings, "--target=gpu",
                                      f"--chip={self.chip}", "--no-emulator")
        library.with_suffix(".md").unlink()
        low = [row for row in rows if row["kernel"] != "float"]
        times = [row["predicted"].split() for row in low]
        known = all(len(time) == 2 for time in times)
        kernels = sorted({row["kernel"] for row in low})
        return {"library": library.name, "kernel": kernels[0] if len(kernels) == 1 else "several",
                "predicted": sum(1e-6 * float(time[0]) for time in times) if known else None}

    def expect(self, source: Path, stem: str, values: np.ndarray) -> dict[str, Any]:
        """The input, and what the processor makes of it."""
        given, found = self.folder / f"{stem}.npy", self.work / f"{stem}.out.npy"
        np.save(given, values)
        library = self.work / f"{stem}.cpu.so"
        networks.checked(self.settings.binary("dorefa-compile"), source, "-o", library)
        networks.checked(self.settings.binary("dorefa-run"), library, f"--input={given}",
                         f"--output={found}")
        return {"input": given.name, "sha256": hashlib.sha256(found.read_bytes()).hexdigest()}

    def layer(self, layer: Layer, widths: tuple[int, int],
              bars: dict[str, float]) -> dict[str, Any]:
        name = f"{layer.name} w{widths[0]}a{widths[1]}"
        batch = BATCH if isinstance(layer, Conv) else 1
        stem = name.replace(" ", "-").replace("/", "s").replace("@", "")
        progress(f"prepare {name}")
        source = self.work / f"{stem}.mlir"
        source.write_text(module_of(layer, widths, codes=True, batch=batch))
        sizes = ((batch, layer.size, layer.size, words_of(layer.channels))
                 if isinstance(layer, Conv) else (layer.rows, words_of(layer.depth)))
        values = np.random.default_rng(1).integers(-2**31, 2**31, (*sizes, widths[1]), np.int64)
        return {"name": f"{name}, batch {batch}" if isinstance(layer, Conv) else name, "bars": bars,
                "operations": 2 * batch * layer.taps * widths[0] * widths[1],
                "peer": peer_of(layer, batch), **self.compile(source, stem),
                **self.expect(source, stem, values.astype(np.int32))}

    def network(self) -> Iterator[dict[str, Any]]:
        """AlexNet, its part on bits first."""
        import onnx

        whole = self.work / "alexnet-whole.onnx"
        if not whole.exists():
            onnx.save(with_batch(onnx.load(networks.source_of("alexnet", self.settings))), whole)
        part = self.work / "alexnet-part.onnx"
        networks.checked(sys.executable, networks.PROGRAMS / "cut.py", whole, part,
                         part.with_suffix(".npy"))
        for source, what, bars in ((part, "low-bit part", {"fp16 graph": 5.0}), (whole, "whole", {})):
            progress(f"prepare AlexNet, {what}")
            model = onnx.load(source)
            shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
            values = np.random.default_rng(2).random(shape, np.float32)
            yield {"name": f"AlexNet-DoReFa w1a2, {what}, batch {BATCH}", "bars": bars,
                   "operations": 0, "peer": {"shape": shape, "layers": float_layers(model)},
                   **self.compile(source, source.stem), **self.expect(source, source.stem, values)}


def peer_of(layer: Layer, batch: int) -> dict[str, Any]:
    if isinstance(layer, MatMul):
        return {"shape": [layer.rows, layer.depth],
                "layers": [{"kind": "linear", "weights": [layer.columns, layer.depth]}]}
    return {"shape": [batch, layer.channels, layer.size, layer.size],
            "layers": [{"kind": "conv", "groups": layer.groups, "strides": [layer.stride] * 2,
                        "pads": [layer.pad] * 2, "weights": [
                            layer.filters, layer.channels // layer.groups, *[layer.kernel] * 2]}]}


def with_batch(model: Any) -> Any:
    """The network for batches of BATCH, whatever it had before."""
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = BATCH
    del model.graph.value_info[:]
    return model


def float_layers(model: Any) -> list[dict[str, Any]]:
    """The float twin of a network without branches: batch norm is folded, as torch does it."""
    import onnx

    shapes = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    layers: list[dict[str, Any]] = []
    for node in model.graph.node:
        a = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
        if node.op_type in ("Quant", "BipolarQuant"):
            shapes[node.output[0]] = shapes.get(node.input[0])
        elif node.op_type == "Conv":
            pads = a.get("pads", [0] * 4)
            layers.append({"kind": "conv", "weights": shapes[node.input[1]], "pads": pads[:2],
                           "groups": a.get("group", 1), "strides": a.get("strides", [1, 1])})
        elif node.op_type in ("Gemm", "MatMul"):
            weights = shapes[node.input[1]]
            layers.append({"kind": "linear",
                           "weights": weights if a.get("transB") else weights[::-1]})
        elif node.op_type == "MaxPool":
            layers.append({"kind": "max_pool", "kernel": a["kernel_shape"],
                           "strides": a["strides"], "pads": a.get("pads", [0] * 4)[:2]})
        elif node.op_type in ("Clip", "Flatten"):
            layers.append({"kind": node.op_type.lower()})
        elif node.op_type != "BatchNormalization":
            raise Unavailable(f"the float twin has no {node.op_type}")
    return layers


def prepare(arguments: argparse.Namespace) -> dict[str, Any]:
    """Fills the folder and returns what it wrote into cases.json."""
    folder: Path = arguments.folder
    builder = Builder(folder, arguments.build, arguments.chip)
    for needed in (folder, builder.work):
        needed.mkdir(parents=True, exist_ok=True)
    try:
        found = [builder.layer(*case) for case in (TINY if arguments.tiny else LAYERS)]
        if not arguments.tiny:
            found += builder.network()
    except (Unavailable, subprocess.SubprocessError) as problem:
        sys.exit(f"benchmarks/gpu.py: {problem}")
    cases = {"chip": arguments.chip, "cases": found}
    (folder / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")
    for name in ("gpu.py", "gpu_peers.py", "gpu_ceiling.py"):
        shutil.copyfile(HERE / name, folder / name)
    shutil.copy(arguments.build / "bin" / "dorefa-run", folder)
    size = sum(file.stat().st_size for file in folder.iterdir())
    if size > LIMIT:
        sys.exit(f"benchmarks/gpu.py: {folder} has {size} bytes but must have at most {LIMIT}")
    progress("")
    return cases
