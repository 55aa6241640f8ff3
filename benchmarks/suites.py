# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is measured: for each suite, cases with their candidates."""

import functools
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import layers
import networks
from layers import Conv, Layer, MatMul
from measure import Candidate, Case, Settings, Unavailable, compiled, progress
from networks import compile_model

#: Those that dorefa-compile can be told to use; where it cannot, it uses another one.
KERNELS = ["popcount", "lookup", "dot"]


@functools.cache
def compiler_help(compiler: Path) -> str:
    return networks.checked(compiler, "--help")


def ours(settings: Settings, skipped: dict[str, str], name: str, widths: str, source: Path,
         *options: str) -> list[Candidate]:
    """Our code for one module; none, with the reason in `skipped`, if it does not compile."""
    library = source.with_name(f"{source.stem}{''.join(options).replace('=', '-')}.so")
    progress(f"compile {library.name}")
    try:
        model = compiled("model.c", settings.work, "-ldl")
        rows = compile_model(source, library, settings, *options)
    except Unavailable as problem:
        skipped[f"{source.stem}: {name}"] = str(problem)
        return []
    forced = [word.removeprefix("--kernel=") for word in options if word.startswith("--kernel=")]
    if forced and rows[0]["kernel"] not in forced:
        return []
    return [Candidate(name, [model, library], widths)]


def variants(settings: Settings, widths: tuple[int, int]) -> list[tuple[str, ...]]:
    """How one layer is compiled: a name, then options. As the compiler picks, and forced."""
    found: list[tuple[str, ...]] = [("ours",)]
    if "--kernel=" in compiler_help(settings.binary("dorefa-compile")):
        found += [(f"ours {kernel}", f"--kernel={kernel}") for kernel in KERNELS]
    return found + ([("ours AVX2", "--mcpu=x86-64-v3")] if widths == (1, 2) else [])


def one_layer(settings: Settings, skipped: dict[str, str], layer: Layer,
              widths: list[tuple[int, int]], codes: bool) -> list[Candidate]:
    """Our code for one layer at all widths; compiles on all cores."""
    compiled("model.c", settings.work, "-ldl")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = []
        for pair in widths:
            label = f"w{pair[0]}a{pair[1]}"
            stem = f"{layer.name}-{label}".replace(" ", "-").replace("/", "s")
            source = settings.work / f"{stem}.mlir"
            source.write_text(layers.module_of(layer, pair, codes))
            jobs += [pool.submit(ours, settings, skipped, name, label, source, *options)
                     for name, *options in variants(settings, pair)]
    return [candidate for job in jobs for candidate in job.result()]


def one_dnn(settings: Settings, skipped: dict[str, str], layer: Layer,
            codes: bool) -> Iterator[Candidate]:
    try:
        program = compiled("onednn.cpp", settings.work, "-std=c++17", "-ldnnl")
    except Unavailable as problem:
        skipped["oneDNN"] = f"{problem} (Debian: libdnnl-dev)"
        return
    integers = "int8" if codes else "int8-i32"
    for name, kind, isa in (("oneDNN int8", integers, "DEFAULT"), ("oneDNN f32", "f32", "DEFAULT"),
                            ("oneDNN int8 AVX2", integers, "AVX2")):
        yield Candidate(name, [program, kind, *layer.peer_arguments()],
                        environment={"ONEDNN_MAX_CPU_ISA": isa})


def openvino_bits(settings: Settings, skipped: dict[str, str], layer: Conv) -> Iterator[Candidate]:
    """The 1-bit convolution of openvino."""
    if not settings.peers:
        skipped["openvino 1-bit"] = networks.NO_PEERS
        return
    python = settings.peers / "bin" / "python"
    try:
        networks.installed(python, "openvino")
        yield Candidate("openvino 1-bit", [python, networks.PROGRAMS / "openvino_binary.py",
                                           *layer.peer_arguments()[1:-1]], restart=False)
    except Unavailable as problem:
        skipped["openvino 1-bit"] = str(problem)


def ceilings(settings: Settings, skipped: dict[str, str]) -> Iterator[Candidate]:
    """What the ports of this processor and its memory allow."""
    try:
        program = compiled("ceiling.c", settings.work)
    except Unavailable as problem:
        skipped["ceilings"] = str(problem)
        return
    for name in ("popcount", "dot", "fma", "read"):
        yield Candidate(f"ceiling {name}", [program, name])


def layer_case(settings: Settings, skipped: dict[str, str], suite: str, layer: Layer,
               widths: list[tuple[int, int]], peers: bool) -> Case:
    codes = isinstance(layer, Conv)
    candidates = list(ceilings(settings, skipped))
    candidates += one_layer(settings, skipped, layer, widths, codes)
    if peers:
        candidates += one_dnn(settings, skipped, layer, codes)
    if peers and isinstance(layer, Conv):
        candidates += openvino_bits(settings, skipped, layer)
    return Case(suite, layer.name, layer.taps, candidates, {"weights": layer.weights})


def layers_suite(settings: Settings, skipped: dict[str, str]) -> Iterator[Case]:
    for layer in layers.RESNET18 + [layers.FULLY_CONNECTED]:
        widths = layers.WIDTHS + ([(4, 8)] if layer == layers.FULLY_CONNECTED else [])
        if settings.layer in layer.name:
            yield layer_case(settings, skipped, "layers", layer, widths, peers=True)


def gemm_suite(settings: Settings, skipped: dict[str, str]) -> Iterator[Case]:
    for layer in layers.GEMMS:
        if settings.layer in layer.name:
            yield layer_case(settings, skipped, "gemm", layer, layers.WIDTHS, peers=True)


def tiny_suite(settings: Settings, skipped: dict[str, str]) -> Iterator[Case]:
    """Exercises the harness in a second; measures nothing of interest."""
    window = Conv(4, 32, 32, 3)
    case = layer_case(settings, skipped, "tiny", window, [(1, 2)], peers=False)
    case.candidates += openvino_bits(settings, skipped, window)
    yield case
    yield layer_case(settings, skipped, "tiny", MatMul(1, 64, 32), [(1, 1)], peers=False)


SUITES = {"layers": layers_suite, "gemm": gemm_suite, "tiny": tiny_suite,
          **{name: functools.partial(networks.network_suite, name) for name in networks.NETWORKS}}
