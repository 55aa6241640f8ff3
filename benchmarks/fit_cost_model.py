#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Check the cost model against this machine, or fit its coefficients.

    benchmarks/fit_cost_model.py                     # mean error and share of good picks
    benchmarks/fit_cost_model.py --fit               # and the rows to paste into CostModel.cpp
    benchmarks/fit_cost_model.py --mcpu x86-64-v3    # another class of machines
    benchmarks/fit_cost_model.py --again --fit       # from the times of the last run

Compiles the layers and products of the suites with each kernel, and the networks of
../shared/models, and measures all of them. What the code of a layer does is what the remarks
of dorefa-compile say, in the units of the table in CostModel.cpp; nothing about kernels is
known here.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import layers
import networks
import numpy as np
import suites
from measure import Candidate, Case, Settings, Unavailable, compiled, measure, progress

#: One layer at one pair of widths by one kernel: its time and the counts of its work.
Record = dict[str, Any]

HERE = Path(__file__).resolve().parent
MODEL = HERE.parent / "lib" / "Target" / "CPU" / "CostModel.cpp"
#: A pick is good if it takes at most this many times as long as the best kernel.
GOOD = 1.03
#: What is not counted as work.
NAMES = ("layer", "kernel", "machine", "nanoseconds")


# ===--------------------------------------------------------------------------------------===
# Measuring
# ===--------------------------------------------------------------------------------------===

def remarks_of(source: Path, settings: Settings, options: list[str]) -> list[dict[str, str]]:
    """What the cost model says about each layer of a module by each kernel."""
    command = [settings.binary("dorefa-compile"), source, "-o", os.devnull, "--remarks",
               "--compile-to=kernels", *options]
    result = subprocess.run([str(word) for word in command], check=True, capture_output=True,
                            text=True)
    lines = re.findall(r"time-predicted \|.*?Category:dorefa \|(.*)", result.stderr)
    return [dict(re.findall(r'(\w+)="?([^,"\s]+)', line)) for line in lines]


def record_of(remark: dict[str, str], name: str, widths: str, seconds: float) -> Record:
    work = {key: float(value) for key, value in remark.items() if key not in NAMES}
    return {"layer": name, "widths": widths, "kernel": remark["kernel"], "work": work,
            "machine": remark["machine"], "predicted": 1e-9 * float(remark["nanoseconds"]),
            "seconds": seconds}


def candidates_of(settings: Settings, layer: layers.Layer, widths: tuple[int, int],
                  options: list[str]) -> tuple[list[Candidate], Path]:
    """The layer by each kernel that computes it."""
    label = f"w{widths[0]}a{widths[1]}"
    source = settings.work / f"{layer.name}-{label}.mlir".replace(" ", "-").replace("/", "s")
    source.write_text(layers.module_of(layer, widths, isinstance(layer, layers.Conv)))
    return [candidate for kernel in suites.KERNELS
            for candidate in suites.ours(settings, {}, kernel, label, source,
                                         f"--kernel={kernel}", *options)], source


def single_layers(settings: Settings, options: list[str]) -> list[Record]:
    """All layers at all widths by all kernels, in turns."""
    records: list[Record] = []
    every = [*layers.RESNET18, layers.FULLY_CONNECTED, *layers.GEMMS]
    for layer in (layer for layer in every if settings.layer in layer.name):
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = list(pool.map(lambda widths, layer=layer: candidates_of(
                settings, layer, widths, options), layers.WIDTHS))
        remarks = {(one.widths, one.name): remarks_of(
            source, settings, [f"--kernel={one.name}", *options])[0]
            for candidates, source in found for one in candidates}
        case = Case("fit", layer.name, layer.taps,
                    [candidate for candidates, _ in found for candidate in candidates])
        records += [record_of(remarks[measured["widths"], measured["candidate"]], layer.name,
                              measured["widths"], statistics.median(measured["seconds"]))
                    for measured in measure(case, settings, {})]
    return records


def network_layers(settings: Settings, options: list[str]) -> list[Record]:
    """The layers of each network by each kernel, from its profile."""
    records: list[Record] = []
    for suite, network in networks.NETWORKS.items():
        try:
            source = networks.source_of(suite, settings)
        except Unavailable as problem:
            print(f"{suite}: {problem}")
            continue
        for kernel in suites.KERNELS:
            progress(f"{network.name} by {kernel}")
            library = settings.work / f"{suite}-{kernel}.so"
            forced = [f"--kernel={kernel}", *options]
            networks.compile_model(source, library, settings, *forced)
            remarks = {(remark["layer"], remark["kernel"]): remark
                       for remark in remarks_of(source, settings, forced)}
            program = compiled("model.c", settings.work, "-ldl")
            runs = [json.loads(networks.checked(*settings.pinned(), program, "--profile", library))
                    for _ in range(settings.rounds)]
            for rows in zip(*(run["layers"] for run in runs)):
                key = (rows[0]["name"], rows[0]["kernel"])
                is_new = key[1] == kernel or kernel == "popcount"
                if is_new and key in remarks:
                    records.append(record_of(
                        remarks[key], f"{network.name} {key[0]}", network.widths,
                        statistics.median(row["seconds"] for row in rows)))
    return records


def clock(settings: Settings) -> float:
    """Gigahertz of the core while it computes: that of the port limit of popcounts."""
    program = compiled("ceiling.c", settings.work)
    case = Case("fit", "clock", 0, [Candidate("fma", [program, "fma"])])
    record = measure(case, settings, {})[0]
    work = float(record["about"].split("work=")[1])
    return work / 16 / min(record["seconds"]) * 1e-9


# ===--------------------------------------------------------------------------------------===
# Predicting and fitting
# ===--------------------------------------------------------------------------------------===

def read_table(machine: str) -> tuple[list[str], float, np.ndarray]:
    """The names of the works, and the clock and the cycles of a class of machines."""
    text = MODEL.read_text()
    names = re.findall(r'"(\w+)"', re.search(r"kNames\[kNumWorks\] = \{(.*?)\}", text, re.S)[1])
    row = re.search(rf'\{{"{machine}", ([\d.]+),[^{{]*\{{(.*?)\}}\}}', text, re.S)
    return names, float(row[1]), np.array([float(word) for word in row[2].split(",")])


def predict(work: np.ndarray, cycles: np.ndarray, names: list[str]) -> np.ndarray:
    """As `finish` in CostModel.cpp: weights arrive while vectors are computed."""
    stream, once = names.index("stream"), names.index("once")
    parts = work * cycles
    inside = parts.sum(axis=1) - parts[:, stream] - parts[:, once]
    return np.maximum(inside, parts[:, stream]) + parts[:, once]


def fit(work: np.ndarray, cycles: np.ndarray, start: np.ndarray, names: list[str]) -> np.ndarray:
    """Coefficients of the least mean square of relative errors, none negative, drawn weakly to
    where they start: what the layers tell nothing about stays there."""
    stream, once = names.index("stream"), names.index("once")
    found = start.copy()
    for _ in range(30):
        parts = work * found
        inside = parts.sum(axis=1) - parts[:, stream] - parts[:, once]
        used = work.copy()
        used[parts[:, stream] > inside] = 0
        used[parts[:, stream] <= inside, stream] = 0
        used[:, [stream, once]] = np.where(
            (parts[:, stream] > inside)[:, None], work[:, [stream, once]],
            work[:, [stream, once]] * np.array([0, 1]))
        rows = used / cycles[:, None]
        for _ in range(200):
            for i in range(len(found)):
                pull = 1e-4 * len(rows) / max(start[i], 1e-9) ** 2
                rest = 1 - rows @ found + rows[:, i] * found[i]
                found[i] = max(0.0, (rows[:, i] @ rest + pull * start[i]) /
                               (rows[:, i] @ rows[:, i] + pull))
    return found


def picks(records: list[Record], predicted: np.ndarray) -> list[tuple[float, str]]:
    """For each layer and widths, the time of the pick by that of the best kernel, and what it
    is."""
    groups: dict[tuple[str, str], list[int]] = {}
    for i, record in enumerate(records):
        if record["kernel"] != "float":
            groups.setdefault((record["layer"], record["widths"]), []).append(i)
    found = []
    for (layer, widths), group in groups.items():
        best = min(group, key=lambda i: records[i]["seconds"])
        pick = min(group, key=lambda i: predicted[i])
        found.append((records[pick]["seconds"] / records[best]["seconds"],
                      f"{layer} {widths}: {records[pick]['kernel']} instead of "
                      f"{records[best]['kernel']}"))
    return found


def judge(records: list[Record], predicted: np.ndarray, verbose: bool) -> None:
    seconds = np.array([record["seconds"] for record in records])
    errors = predicted / seconds - 1
    chosen = [i for i in range(len(records))]
    print(f"mean prediction error {100 * np.abs(errors[chosen]).mean():.1f} % "
          f"of {len(chosen)} layers by kernel")
    for kernel in dict.fromkeys(record["kernel"] for record in records):
        own = [i for i, record in enumerate(records) if record["kernel"] == kernel]
        print(f"  {kernel}: {100 * np.abs(errors[own]).mean():.1f} %, "
              f"mean {100 * errors[own].mean():+.1f} %")
    made = picks(records, predicted)
    good = sum(ratio <= GOOD for ratio, _ in made)
    print(f"picks within {100 * GOOD - 100:.0f} % of the best kernel: {good} of {len(made)}, "
          f"{100 * good / max(len(made), 1):.1f} %")
    for ratio, text in sorted(made, reverse=True):
        if ratio > GOOD:
            print(f"  {ratio:.2f}x {text}")
    if verbose:
        for i in np.argsort(-np.abs(errors)):
            record = records[i]
            print(f"  {100 * errors[i]:+6.1f} % {1e6 * seconds[i]:9.1f} us {record['kernel']} "
                  f"{record['layer']} {record['widths']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mcpu", default="native", help="as for dorefa-compile")
    parser.add_argument("--fit", action="store_true", help="print fitted coefficients")
    parser.add_argument("--again", action="store_true", help="use the times of the last run")
    parser.add_argument("--no-networks", action="store_true", help="only single layers")
    parser.add_argument("--layer", default="", help="only layers with this in their name")
    parser.add_argument("--rounds", type=int, default=5, help="samples of each layer (5)")
    parser.add_argument("--build", type=Path, default=HERE.parent / "build")
    parser.add_argument("--out", type=Path, help="folder of the times (BUILD/benchmarks/cost)")
    parser.add_argument("--verbose", action="store_true", help="print the error of each layer")
    arguments = parser.parse_args()
    work = arguments.out or arguments.build / "benchmarks" / "cost"
    work.mkdir(parents=True, exist_ok=True)
    settings = Settings(arguments.build, work, None, arguments.rounds, 1,
                        (os.cpu_count() or 1) - 1, "cpu", arguments.layer)
    times = work / f"times-{arguments.mcpu}.json"
    if not arguments.again:
        options = [f"--mcpu={arguments.mcpu}"]
        records = single_layers(settings, options)
        if not arguments.no_networks:
            records += network_layers(settings, options)
        times.write_text(json.dumps({"gigahertz": clock(settings), "records": records}, indent=1))
    results = json.loads(times.read_text())
    records = results["records"]
    names, gigahertz, start = read_table(records[0]["machine"])
    counts = np.array([[record["work"].get(name, 0) for name in names] for record in records])
    predicted = predict(counts, start, names) / gigahertz * 1e-9
    print(f"as the table says: {records[0]['machine']}, {gigahertz} GHz; "
          f"this machine: {results['gigahertz']:.2f} GHz")
    judge(records, predicted, arguments.verbose and not arguments.fit)
    if arguments.fit:
        cycles = np.array([record["seconds"] for record in records]) * results["gigahertz"] * 1e9
        found = fit(counts, cycles, start, names)
        print("\nfitted:", f"{results['gigahertz']:.2f} GHz",
              ", ".join(f"{value:.3g}" for value in found))
        for name, value in zip(names, found):
            print(f"  {name}: {value:.4g} cycles")
        judge(records, predict(counts, found, names) / results["gigahertz"] * 1e-9,
              arguments.verbose)


if __name__ == "__main__":
    main()
