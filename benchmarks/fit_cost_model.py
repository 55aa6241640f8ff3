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

#: One layer at one pair of widths by one kernel: its time and, once counted, its work.
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

def remarks_of(source: str, settings: Settings, options: list[str]) -> list[dict[str, str]]:
    """What the cost model says about each layer of a module compiled with `options`."""
    command = [str(settings.binary("dorefa-compile")), source, "-o", os.devnull, "--remarks",
               "--compile-to=kernels", *options]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    lines = re.findall(r"time-predicted \|.*?Category:dorefa \|(.*)", result.stderr)
    return [dict(re.findall(r'(\w+)="?([^,"\s]+)', line)) for line in lines]


def count_work(records: list[Record], settings: Settings) -> None:
    """Completes records by what the compiler counts and predicts."""
    modules = sorted({(record["source"], tuple(record["options"])) for record in records})
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = dict(zip(modules, pool.map(
            lambda module: remarks_of(module[0], settings, list(module[1])), modules)))
    for record in records:
        remarks = found[record["source"], tuple(record["options"])]
        remark = next(one for one in remarks if record["name"] in ("", one["layer"]))
        record["machine"] = remark["machine"]
        record["work"] = {key: float(value) for key, value in remark.items()
                          if key not in NAMES}


def candidates_of(settings: Settings, layer: layers.Layer, widths: tuple[int, int],
                  options: list[str]) -> list[tuple[Candidate, Path, list[str]]]:
    """The layer by each kernel that computes it, with its module and options."""
    label = f"w{widths[0]}a{widths[1]}"
    source = settings.work / f"{layer.name}-{label}.mlir".replace(" ", "-").replace("/", "s")
    source.write_text(layers.module_of(layer, widths, isinstance(layer, layers.Conv)))
    found = []
    for kernel in suites.KERNELS:
        forced = [f"--kernel={kernel}", *options]
        found += [(candidate, source, forced) for candidate in suites.ours(
            settings, {}, kernel, label, source, *forced)]
    return found


def single_layers(settings: Settings, options: list[str]) -> list[Record]:
    """All layers at all widths by all kernels, in turns."""
    records: list[Record] = []
    every = [*layers.RESNET18, layers.FULLY_CONNECTED, *layers.GEMMS]
    for layer in (layer for layer in every if settings.layer in layer.name):
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = [one for some in pool.map(lambda widths, layer=layer: candidates_of(
                settings, layer, widths, options), layers.WIDTHS) for one in some]
        case = Case("fit", layer.name, layer.taps, [candidate for candidate, _, _ in found])
        for measured, (_, source, forced) in zip(measure(case, settings, {}), found):
            records.append({"layer": layer.name, "name": "", "widths": measured["widths"],
                            "kernel": measured["candidate"], "source": str(source),
                            "options": forced,
                            "seconds": statistics.median(measured["seconds"])})
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
        program = compiled("model.c", settings.work, "-ldl")
        for kernel in suites.KERNELS:
            progress(f"{network.name} by {kernel}")
            library = settings.work / f"{suite}-{kernel}.so"
            forced = [f"--kernel={kernel}", *options]
            networks.compile_model(source, library, settings, *forced)
            runs = [json.loads(networks.checked(*settings.pinned(), program, "--profile", library))
                    for _ in range(settings.rounds)]
            for rows in zip(*(run["layers"] for run in runs)):
                name, used = rows[0]["name"], rows[0]["kernel"]
                # What the kernel does not compute is seen with popcount, floats too.
                if used == kernel or (kernel == "popcount" and used == "float"):
                    records.append({"layer": f"{network.name} {name}", "name": name,
                                    "widths": network.widths, "kernel": used,
                                    "source": str(source), "options": forced,
                                    "seconds": statistics.median(
                                        row["seconds"] for row in rows)})
    return records


def clock(settings: Settings) -> float:
    """Gigahertz of the core while it computes, seen in a loop of one multiply-add of 16 floats
    per cycle; 1 where the core has none, so that cycles are nanoseconds."""
    program = compiled("ceiling.c", settings.work)
    found = measure(Case("fit", "clock", 0, [Candidate("fma", [program, "fma"])]), settings, {})
    if not found:
        return 1.0
    work = float(found[0]["about"].split("work=")[1])
    return work / 16 / min(found[0]["seconds"]) * 1e-9


# ===--------------------------------------------------------------------------------------===
# Predicting and fitting
# ===--------------------------------------------------------------------------------------===

def read_table(machine: str) -> tuple[list[str], float, np.ndarray]:
    """The names of the works, and the clock and the cycles of a class of machines."""
    text = MODEL.read_text()
    names = re.findall(r'"(\w+)"', re.search(r"kNames\[kNumWorks\] = \{(.*?)\}", text, re.S)[1])
    row = re.search(rf'\{{"{machine}", ([\d.]+),[^{{]*\{{(.*?)\}}\}}', text, re.S)
    return names, float(row[1]), np.array([float(word) for word in row[2].split(",")])


def groups(names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Which works are vector instructions, and which arrive meanwhile; the others come after."""
    numbers = np.arange(len(names))
    vectors = numbers <= names.index("step")
    return vectors, ~vectors & (numbers <= names.index("coldStream"))


def predict(work: np.ndarray, cycles: np.ndarray, names: list[str]) -> np.ndarray:
    """Cycles, as `finish` in CostModel.cpp."""
    vectors, loads = groups(names)
    parts = work * cycles
    longer = np.maximum(parts[:, vectors].sum(axis=1), parts[:, loads].sum(axis=1))
    return longer + parts[:, ~vectors & ~loads].sum(axis=1)


def fit(work: np.ndarray, cycles: np.ndarray, start: np.ndarray, names: list[str]) -> np.ndarray:
    """Coefficients of the least mean square of relative errors, none negative, drawn weakly to
    where they start: what the layers tell nothing about stays there."""
    vectors, loads = groups(names)
    found, best, least = start.copy(), start, np.inf
    for _ in range(60):
        parts = work * found
        waits = parts[:, loads].sum(axis=1) > parts[:, vectors].sum(axis=1)
        rows = np.where(np.where(waits[:, None], vectors, loads), 0, work) / cycles[:, None]
        for _ in range(100):
            for i, begin in enumerate(start):
                pull = 1e-4 * len(rows) / begin**2
                rest = 1 - rows @ found + rows[:, i] * found[i]
                found[i] = max(0.0, (rows[:, i] @ rest + pull * begin) /
                               (rows[:, i] @ rows[:, i] + pull))
        error = np.abs(predict(work, found, names) / cycles - 1).mean()
        if error < least:
            best, least = found.copy(), error
    return best


def picks(records: list[Record], predicted: np.ndarray) -> list[tuple[float, str]]:
    """For each layer and widths, the time of the pick by that of the best kernel, and what it
    is."""
    kernels: dict[tuple[str, str], list[int]] = {}
    for i, record in enumerate(records):
        if record["kernel"] != "float":
            kernels.setdefault((record["layer"], record["widths"]), []).append(i)
    found = []
    for (layer, widths), group in kernels.items():
        best = min(group, key=lambda i: records[i]["seconds"])
        pick = min(group, key=lambda i: predicted[i])
        found.append((records[pick]["seconds"] / records[best]["seconds"],
                      f"{layer} {widths}: {records[pick]['kernel']} instead of "
                      f"{records[best]['kernel']}"))
    return found


def judge(records: list[Record], predicted: np.ndarray, verbose: bool) -> None:
    seconds = np.array([record["seconds"] for record in records])
    errors = predicted / seconds - 1
    print(f"mean prediction error {100 * np.abs(errors).mean():.1f} % "
          f"of {len(records)} layers by kernel")
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
    count_work(records, settings)
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
