#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measure our code for GPUs and torch beside it.

    benchmarks/gpu.py prepare FOLDER               # where this project is built; no GPU needed
    python3 FOLDER/gpu.py run FOLDER               # where the GPU is

`prepare` compiles the cases, computes what they must yield on the processor, and writes
what `run` needs into one folder of less than 64 MiB: libraries, inputs, dorefa-run and these
scripts. It prints the times that the compiler predicts. `run` needs a driver and Python's
standard library, and torch for the peers. All times are medians by CUDA events.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

RUNS, ROUNDS = 50, 5
PEERS = ["fp16", "fp16 graph", "int8", "int8 graph"]


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def microseconds(seconds: float | None) -> str:
    return f"{1e6 * seconds:.3g} us" if seconds else "-"


def predictions(cases: dict[str, Any]) -> str:
    """What the compiler expects, labelled as that."""
    rows = [[case["name"], case["kernel"], microseconds(case["predicted"])]
            for case in cases["cases"]]
    return (f"Predictions of a roofline model for {cases['chip']}, not measurements: layers on codes only."
            f"\n\n{table(['case', 'kernel', 'predicted'], rows)}")


class Failure(Exception):
    """The text says what is missing."""


def ours(folder: Path, case: dict[str, Any], device: str) -> float:
    """Median seconds of the kernels of a case, whose result is compared bit for bit."""
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "output.npy"
        command = [folder / "dorefa-run", folder / case["library"], f"--device={device}",
                   f"--input={folder / case['input']}", f"--output={output}", f"--repeat={RUNS}"]
        result = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                                check=False)
        if result.returncode:
            raise Failure((result.stderr.strip().splitlines() or ["dorefa-run fails"])[-1])
        times = [line for line in result.stdout.splitlines() if line.startswith("kernels: median")]
        if not times:
            raise Failure(f"device {device} has no clock: it is no GPU")
        if hashlib.sha256(output.read_bytes()).hexdigest() != case["sha256"]:
            raise Failure(f"{case['name']}: the result is not that of the processor")
    return 1e-3 * float(times[0].split()[2])


def load_torch(skipped: dict[str, str]) -> Any:
    """The module with the peers; None, and why, where torch cannot use the GPU."""
    try:
        import gpu_peers
    except ImportError as problem:
        skipped["torch"] = f"cannot be imported: {problem}"
        return None
    if not gpu_peers.is_usable():
        skipped["torch"] = "is installed, but finds no GPU"
        return None
    return gpu_peers


def measure(folder: Path, case: dict[str, Any], device: str, peers: Any,
            skipped: dict[str, str]) -> dict[str, float]:
    """Median seconds by name, ours and the peers in turns."""
    samples: dict[str, list[float]] = {}
    runners = {}
    try:
        runners = peers.runners(case["peer"]) if peers else {}
    except RuntimeError as problem:
        skipped[f"{case['name']}: torch"] = str(problem).splitlines()[0]
    for _ in range(ROUNDS):
        samples.setdefault("ours", []).append(ours(folder, case, device))
        for name, run in runners.items():
            try:
                samples.setdefault(name, []).append(run(RUNS))
            except (RuntimeError, NotImplementedError) as problem:
                skipped[f"{case['name']}: torch {name}"] = str(problem).splitlines()[0]
    return {name: statistics.median(values) for name, values in samples.items() if values}


def verdicts(case: dict[str, Any], times: dict[str, float], ceiling: float | None) -> list[list[str]]:
    """Rows: what is wanted of a case, and what was measured."""
    rows = []
    for against, wanted in case["bars"].items():
        if against == "ceiling":
            reached = ceiling and case["operations"] / times["ours"] / ceiling
        else:
            peer = [times[name] for name in (against, f"{against} graph") if name in times]
            reached = min(peer) / times["ours"] if peer else None
        met = "-" if not reached else "yes" if reached >= wanted else "no"
        rows.append([f"{case['name']} / {against}", f">= {wanted}",
                     f"{reached:.3g}" if reached else "-", met])
    return rows


def report(cases: dict[str, Any], times: list[dict[str, float]], ceiling: float | None,
           skipped: dict[str, str]) -> str:
    text = ""
    if ceiling:
        text += (f"Ceiling of mma.sync m16n8k256 b1, measured beside: {1e-12 * ceiling:.0f} "
                 "tera-operations/s (2 per product of bits).\n\n")
    rows, bars = [], []
    for case, found in zip(cases["cases"], times):
        rows.append([case["name"], case["kernel"], microseconds(found["ours"]),
                     microseconds(case["predicted"]),
                     *(microseconds(found.get(name)) for name in PEERS)])
        bars += verdicts(case, found, ceiling)
    text += table(["case", "kernel", "ours", "predicted", *(f"torch {name}" for name in PEERS)], rows)
    text += "\n" + table(["bar", "wanted", "measured", "met"], bars)
    if skipped:
        text += "\nSkipped:\n\n" + "".join(f"- {what}: {why}\n" for what, why in skipped.items())
    return text


def run(folder: Path, device: str) -> str:
    cases = json.loads((folder / "cases.json").read_text())
    skipped: dict[str, str] = {}
    try:
        times = [{"ours": ours(folder, case, device)} for case in cases["cases"][:1]]
        peers = load_torch(skipped)
        times = [measure(folder, case, device, peers, skipped) for case in cases["cases"]]
    except Failure as problem:
        raise Failure(f"{problem}\n\n{predictions(cases)}") from problem
    ceiling = None
    try:
        import gpu_ceiling

        ceiling = gpu_ceiling.measure()
    except OSError as problem:
        skipped["ceiling of mma.sync"] = str(problem)
    return report(cases, times, ceiling, skipped)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["prepare", "run"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--chip", default="sm_90", help="to compile for (sm_90)")
    parser.add_argument("--device", default="gpu", help="to run on: gpu or gpu:N")
    parser.add_argument("--build", type=Path,
                        default=Path(__file__).resolve().parent.parent / "build")
    parser.add_argument("--tiny", action="store_true",
                        help="prepare a case that measures nothing, to try these scripts")
    return parser.parse_args()


def main() -> None:
    arguments = parse()
    try:
        if arguments.command == "prepare":
            import gpu_cases

            print(predictions(gpu_cases.prepare(arguments)))
            return
        text = run(arguments.folder, arguments.device)
        print(text)
        (arguments.folder / "results.md").write_text(text)
    except ImportError as problem:
        sys.exit(f"benchmarks/gpu.py: {problem}; 'prepare' takes Debian's packages: "
                 "/usr/bin/python3 benchmarks/gpu.py prepare FOLDER")
    except (Failure, OSError) as problem:
        sys.exit(f"benchmarks/gpu.py: {problem}")


if __name__ == "__main__":
    main()
