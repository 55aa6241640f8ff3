# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whole networks: our code for them, and the peers on their float and int8 twins."""

import functools
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from measure import Candidate, Case, Settings, Unavailable, compiled, progress

PROGRAMS = Path(__file__).parent / "programs"
MODELS = Path(__file__).resolve().parent.parent.parent / "shared" / "models"
NO_PEERS = "no Python environment of peers is given (--peers)"
#: Engine and precision; bf16 is the float twin computed in bfloat16.
PEERS = [("onnxruntime", "f32"), ("onnxruntime", "int8"), ("openvino", "f32"),
         ("openvino", "int8"), ("openvino", "bf16"), ("torch", "f32")]


@dataclass(frozen=True)
class Network:
    """Where a network comes from and what is wanted of it."""

    name: str
    widths: str
    #: Arguments of the generator, or the file below the folder of models.
    generate: tuple[str, ...] = ()
    file: str = ""
    #: Ratios to the fastest peer of each kind.
    bars: tuple[tuple[str, float], ...] = ()
    part_bars: tuple[tuple[str, float], ...] = ()


NETWORKS = {
    "alexnet": Network("AlexNet-DoReFa", "w1a2", ("alexnet",),
                       bars=(("f32", 8.0), ("int8", 2.0)), part_bars=(("int8", 3.0),)),
    "resnet18-w1a2": Network("ResNet-18", "w1a2", ("resnet18", "--bits-a", "2"),
                             bars=(("f32", 6.0), ("int8", 1.5)), part_bars=(("int8", 3.0),)),
    "resnet18-w1a4": Network("ResNet-18", "w1a4", ("resnet18",)),
    "svhn": Network("SVHN-DoReFa", "w1a2", ("svhn",)),
    "cnv": Network("CNV", "w1a1", file="cnv/cnv_w1a1_cifar10"),
}


def checked(*command: object, environment: dict[str, str] | None = None) -> str:
    """Output of a program; raises Unavailable with its last words where it fails."""
    try:
        result = subprocess.run([str(word) for word in command], check=False, capture_output=True,
                                text=True, env=environment)
    except OSError as problem:
        raise Unavailable(str(problem)) from problem
    if result.returncode:
        raise Unavailable((result.stderr.strip().splitlines() or ["it fails"])[-1])
    return result.stdout


def source_of(suite: str, settings: Settings) -> Path:
    """The network as ONNX beside its input, generated once."""
    network = NETWORKS[suite]
    if not MODELS.is_dir():
        raise Unavailable("the folder ../shared/models is missing")
    if network.file:
        return MODELS / f"{network.file}.onnx"
    folder = settings.work / suite
    folder.mkdir(exist_ok=True)
    if not list(folder.glob("*.onnx")):
        progress(f"generate {suite}")
        checked(sys.executable, MODELS / "tools" / "gen_dorefa_synth.py", *network.generate,
                "--out", folder)
    return next(folder.glob("*.onnx"))


def compile_model(source: Path, output: Path, settings: Settings,
                  *options: str) -> list[dict[str, str]]:
    """Compiles; returns the rows of the report, a layer each."""
    report = output.with_suffix(".md")
    openmp = ["--openmp"] if settings.threads > 1 else []
    checked(settings.binary("dorefa-compile"), source, "-o", output, f"--report={report}",
            *openmp, *options)
    head, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]]
                      for line in report.read_text().splitlines() if line.startswith("|")]
    return [dict(zip(head, row)) for row in rows if row[0] != "total"]


def seconds_now(settings: Settings) -> float:
    """The clock of the run: of what this process started and waited for, or of the wall."""
    if settings.clock == "wall":
        return time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def compile_network(source: Path, output: Path, settings: Settings) -> dict[str, Any]:
    """Compiles; returns seconds and bytes."""
    progress(f"compile {source.name}")
    start = seconds_now(settings)
    rows = compile_model(source, output, settings)
    seconds = seconds_now(settings) - start
    low = [row for row in rows if not row["kernel"].startswith("float")]
    kib = {column: sum(float(row[column].removesuffix(" KiB")) for row in low)
           for column in ("constants", "as float")}
    return {"compile seconds": seconds, "bytes": output.stat().st_size,
            "low-bit KiB": kib["constants"], "low-bit KiB as float": kib["as float"]}


@functools.cache
def installed(python: Path, module: str) -> None:
    """Raises Unavailable unless a peer can be imported."""
    checked(python, "-c", f"import {module}")


def peers(source: Path, values: Path, prefix: Path, settings: Settings,
          skipped: dict[str, str]) -> Iterator[Candidate]:
    """The engines that are installed, on the twins of a network."""
    if not settings.peers:
        skipped["onnxruntime, openvino, torch"] = NO_PEERS
        return
    python = settings.peers / "bin" / "python"
    try:
        if not Path(f"{prefix}.int8.onnx").exists():
            progress(f"twins of {source.name}")
            checked(python, PROGRAMS / "peer_models.py", source, values, prefix)
    except Unavailable as problem:
        skipped[f"{source.stem}: onnxruntime, openvino, torch"] = str(problem)
        return
    for engine, precision in PEERS:
        twin = "int8" if precision == "int8" else "f32"
        try:
            installed(python, engine)
            yield Candidate(f"{engine} {precision}",
                            [python, PROGRAMS / "peer.py", engine, f"{prefix}.{twin}.onnx", values],
                            environment={"BENCHMARK_PRECISION": precision}, restart=False)
        except Unavailable as problem:
            skipped[engine] = str(problem)


def network_case(suite: str, name: str, source: Path, values: Path, settings: Settings,
                 skipped: dict[str, str]) -> Case:
    """Our code and the peers for one file."""
    network = NETWORKS[suite]
    prefix = settings.work / f"{suite}-{source.stem}"
    library, raw = Path(f"{prefix}.so"), Path(f"{prefix}.raw")
    facts = {"network": True, **compile_network(source, library, settings)}
    array = np.ascontiguousarray(np.load(values)[:1], np.float32)
    raw.write_bytes(array.tobytes())
    np.save(f"{prefix}.npy", array)
    program = compiled("model.c", settings.work, "-ldl")
    facts["profile"] = json.loads(checked(*settings.pinned(), program, "--profile", library, raw,
                                          environment=settings.environment()))
    candidates = [Candidate("ours", [program, library, raw], network.widths)]
    if settings.threads > 1:
        candidates.append(Candidate("ours, 1 thread", [program, library, raw], network.widths,
                                    {"OMP_NUM_THREADS": "1"}))
    candidates += peers(source, Path(f"{prefix}.npy"), prefix, settings, skipped)
    return Case(suite, name, 0, candidates, facts)


def network_suite(suite: str, settings: Settings, skipped: dict[str, str]) -> Iterator[Case]:
    """The whole network and, where a bar is about it, its low-bit part."""
    network = NETWORKS[suite]
    name = f"{network.name} {network.widths}"
    try:
        source = source_of(suite, settings)
        values = source.with_name(f"{source.stem}.input.npy")
        whole = network_case(suite, name, source, values, settings, skipped)
        whole.facts |= {"bars": network.bars, "limits": suite == "alexnet"}
        yield whole
        if network.part_bars:
            part = settings.work / f"{suite}-part.onnx"
            checked(sys.executable, PROGRAMS / "cut.py", source, part, part.with_suffix(".npy"))
            case = network_case(suite, f"{name}, low-bit part", part, part.with_suffix(".npy"),
                                settings, skipped)
            case.facts["bars"] = network.part_bars
            yield case
    except Unavailable as problem:
        skipped[suite] = str(problem)
