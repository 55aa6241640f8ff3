#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables and plots from results.json.

    benchmarks/report.py build/benchmarks/results.json
    benchmarks/report.py build/benchmarks/results.json --readme

Writes results.md and plots beside the file. With --readme short tables replace those
between the marks in benchmarks/README.md.
"""

import argparse
import json
import math
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Record = dict[str, Any]
Results = dict[str, Any]
BEGIN, END = "<!-- begin measured -->\n", "<!-- end measured -->\n"


def grouped(records: list[Record]) -> dict[tuple[str, str], list[Record]]:
    """Records by suite and case, in the order in which they were measured."""
    cases: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        cases.setdefault((record["suite"], record["case"]), []).append(record)
    return cases


def find(case: list[Record], candidate: str, widths: str = "") -> Record | None:
    return next((record for record in case
                 if (record["candidate"], record["widths"]) == (candidate, widths)), None)


def first(case: list[Record], candidate: str) -> Record | None:
    return next((record for record in case if record["candidate"] == candidate), None)


def ratio(slow: Record | None, fast: Record | None) -> float | None:
    """How many times longer `slow` takes: the median of the ratios of each round."""
    if not slow or not fast:
        return None
    return statistics.median(a / b for a, b in zip(slow["seconds"], fast["seconds"]))


def mean(ratios: Iterable[float | None]) -> float | None:
    """Geometric mean of those that exist."""
    known = [value for value in ratios if value]
    return math.exp(statistics.fmean(map(math.log, known))) if known else None


def limit_share(case: list[Record], record: Record) -> float | None:
    """Multiply-adds per second as a part of what AND, popcount and add allow at these widths."""
    ceiling = find(case, "ceiling popcount")
    if not ceiling:
        return None
    weights, activations = map(int, record["widths"][1:].split("a"))
    limit = float(ceiling["about"].split("work=")[1]) / (weights * activations)
    return ratio(ceiling, record) * record["work"] / limit


def time_text(record: Record | None) -> str:
    """Median with the quartiles, in a unit that suits it."""
    if not record:
        return "-"
    seconds = sorted(record["seconds"])
    middle = statistics.median(seconds)
    unit, scale = next(((u, s) for u, s in (("s", 1), ("ms", 1e3), ("us", 1e6))
                        if middle * s >= 1), ("ns", 1e9))
    quarter = len(seconds) // 4
    low, high = seconds[quarter] * scale, seconds[-1 - quarter] * scale
    return f"{middle * scale:.3g} {unit} ({low:.3g}-{high:.3g})"


def times(value: float | None) -> str:
    return f"{value:.2f}x" if value else "-"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def peers_of(case: list[Record]) -> list[Record]:
    return [record for record in case if not record["candidate"].startswith(("ours", "ceiling"))]


def kernels_of(case: list[Record], widths: str) -> str:
    """Times of the forced kernels relative to the chosen one."""
    chosen = find(case, "ours", widths)
    forced = [record for record in case if record["widths"] == widths
              and record["candidate"].startswith("ours ") and "AVX2" not in record["candidate"]]
    return ", ".join(f"{record['candidate'].removeprefix('ours ')} {times(ratio(record, chosen))}"
                     for record in forced) or "-"


def kernel_of(record: Record) -> str:
    match = re.search(r"kernel (\w+)", record["about"])
    return match[1] if match else "-"


def layer_rows(case: list[Record]) -> list[list[str]]:
    rows = []
    for record in case:
        if record["candidate"] not in ("ours", "ours AVX2"):
            continue
        share = limit_share(case, record)
        avx2 = " AVX2" if "AVX2" in record["candidate"] else ""
        rows.append([record["case"], record["widths"] + avx2, kernel_of(record), time_text(record),
                     "-" if avx2 or not share else f"{100 * share:.0f} %",
                     *(times(ratio(find(case, peer), record))
                       for peer in (f"oneDNN int8{avx2}", "oneDNN f32")),
                     times(ratio(find(case, "openvino 1-bit"), record))
                     if record["widths"] == "w1a1" else "-",
                     "-" if avx2 else kernels_of(case, record["widths"])])
    return rows


FORCED = ("ours popcount", "ours lookup", "ours dot")
SHORT_PEERS = ("oneDNN int8", "oneDNN f32", "oneDNN int8 AVX2", "openvino 1-bit")
#: Networks whose layers get a table.
PROFILED = ("alexnet", "resnet18-w1a2")
LAYER_HEAD = ["layer", "widths", "kernel", "ours", "of port limit", "oneDNN int8 / ours",
              "oneDNN f32 / ours", "openvino 1-bit / ours", "forced kernels / ours"]


def network_rows(case: list[Record]) -> list[list[str]]:
    chosen = first(case, "ours")
    return [[record["case"], record["candidate"], time_text(record),
             times(ratio(record, chosen)) if record is not chosen else "1", record["about"]]
            for record in case]


def profile_rows(name: str, facts: dict[str, Any]) -> list[list[str]]:
    """The layers of our code for a network, and what runs between them."""
    profile = facts.get("profile")
    if not profile:
        return []
    total = profile["seconds"]
    rows = [(layer["name"], layer["kernel"], layer["seconds"],
             f"{layer['macs'] / layer['seconds'] / 1e9:.0f}" if layer["seconds"] else "-",
             f"{1e6 * layer['predicted']:.1f}" if layer["predicted"] else "-")
            for layer in profile["layers"]]
    rows.append(("between layers", "-", total - sum(row[2] for row in rows), "-", "-"))
    return [[name, layer, kernel, f"{1e6 * seconds:.1f}", f"{100 * seconds / total:.1f} %", rate,
             predicted] for layer, kernel, seconds, rate, predicted in rows]


PROFILE_HEAD = ["network", "layer", "kernel", "us", "share", "G multiply-adds/s", "us predicted"]


def short_rows(cases: list[list[Record]], widths: list[str]) -> list[list[str]]:
    """One row for each layer: medians of ours by widths, and of the peers."""
    columns = [("ours", pair) for pair in widths] + [(peer, "") for peer in SHORT_PEERS]
    return [[case[0]["case"]] + [time_text(find(case, *column)).split(" (")[0]
                                 for column in columns] for case in cases]


def tables(results: Results, short: bool = False) -> str:
    """All tables as Markdown; `short` leaves out the details of layers."""
    cases = grouped(results["records"])
    layers = [case for case in cases.values() if not case[0]["facts"].get("network")]
    networks = [case for case in cases.values() if case[0]["facts"].get("network")]
    profiled = [case for case in networks if case[0]["suite"] in PROFILED
                and "part" not in case[0]["case"]]
    widths = list(dict.fromkeys(record["widths"] for case in layers for record in case
                                if record["candidate"] == "ours"))
    short_head = ["layer", *(f"ours {pair}" for pair in widths), *SHORT_PEERS]
    parts = [(["bar", "wanted", "measured", "met"], bar_rows(results)),
             (["network", "candidate", "time", "/ours", "about"],
              [row for case in networks for row in network_rows(case)]),
             (PROFILE_HEAD, [row for case in profiled
                             for row in profile_rows(case[0]["case"], case[0]["facts"])]),
             (short_head, short_rows(layers, widths)),
             (LAYER_HEAD, [] if short else [row for case in layers for row in layer_rows(case)])]
    head = (f"{results['date']}, {results['machine']}, {results['threads']} thread(s), "
            f"{results['rounds']} rounds, load {results['load']:.1f} at the start. "
            "Times: median (quartiles).\n")
    text = [head] + [table(titles, rows) for titles, rows in parts if rows]
    if results["skipped"]:
        text.append(skipped_text(results["skipped"]))
    return "\n".join(text)


def skipped_text(skipped: dict[str, str]) -> str:
    """One line for each reason."""
    names: dict[str, list[str]] = {}
    for name, why in skipped.items():
        names.setdefault(why, []).append(name)
    lines = [f"- {', '.join(some[:3])}{' ...' if len(some) > 3 else ''}: {why}"
             for why, some in names.items()]
    return "Skipped:\n\n" + "\n".join(lines) + "\n"


def layer_bars(cases: list[list[Record]]) -> list[tuple[str, float, float | None]]:
    """Bars on sets of layers: what, the least ratio wanted, the ratio measured."""
    def peer(widths: str, name: str, candidate: str = "ours") -> float | None:
        return mean(ratio(find(case, name), find(case, candidate, widths)) for case in cases)

    ones = [find(case, "ours", "w1a1") for case in cases]
    share = mean(limit_share(case, one) for case, one in zip(cases, ones) if one)
    popcount = mean(ratio(find(case, "ours popcount", "w1a2"), find(case, "ours", "w1a2"))
                    for case in cases)
    return [("w1a1 / port limit", 0.93, share),
            ("w1a1 / oneDNN int8", 4.3, peer("w1a1", "oneDNN int8")),
            ("w1a2 / popcount kernel", 1.25, popcount),
            ("w1a2 / oneDNN int8", 3.0, peer("w1a2", "oneDNN int8")),
            ("w1a2 / oneDNN f32", 12.0, peer("w1a2", "oneDNN f32")),
            ("w2a2 / oneDNN int8", 1.7, peer("w2a2", "oneDNN int8")),
            ("w1a4 / oneDNN int8", 2.0, peer("w1a4", "oneDNN int8")),
            ("w4a4 / oneDNN int8", 0.95, peer("w4a4", "oneDNN int8")),
            ("w1a2 AVX2 / oneDNN int8 AVX2", 2.2, peer("w1a2", "oneDNN int8 AVX2", "ours AVX2"))]


def picks(cases: dict[tuple[str, str], list[Record]]) -> list[bool]:
    """For each layer with forced kernels: is the chosen one, or one within 3 %, the best?"""
    found = []
    for case in cases.values():
        for chosen in case:
            slower = {record["candidate"].removeprefix("ours "): ratio(chosen, record)
                      for record in case if record["candidate"] in FORCED
                      and record["widths"] == chosen["widths"]}
            if chosen["candidate"] == "ours" and len(slower) > 1:
                best = max(slower, key=lambda kernel: slower[kernel])
                found.append(best == kernel_of(chosen) or slower[best] <= 1.03)
    return found


def share_of(found: list[bool]) -> float | None:
    return sum(found) / len(found) if found else None


def prediction_error(records: list[Record]) -> float | None:
    """Mean distance of predicted from measured times of single layers."""
    errors = []
    for record in records:
        match = re.search(r"predicted (\d+) ns", record["about"])
        if record["candidate"] == "ours" and match and int(match[1]):
            errors.append(abs(int(match[1]) * 1e-9 / statistics.median(record["seconds"]) - 1))
    return statistics.fmean(errors) if errors else None


def network_limits(facts: dict[str, Any]) -> list[tuple[str, float, float | None]]:
    """Bars that are upper limits: what, the most allowed, what was measured."""
    profile = facts.get("profile")
    share = facts["low-bit KiB"] / facts["low-bit KiB as float"] if facts["low-bit KiB"] else None
    limits = [("seconds to compile", 8.0, facts["compile seconds"]),
              ("bytes of low-bit layers / as float", 1 / 12, share)]
    if profile:
        inside = sum(layer["seconds"] for layer in profile["layers"])
        limits += [("share of the time outside layers", 0.06, 1 - inside / profile["seconds"]),
                   ("workspace in MiB", 1.5, profile["workspace"] / 2**20)]
    return limits


def bar_row(what: str, wanted: float, value: float, at_most: bool = False) -> list[str]:
    met = value <= wanted if at_most else value >= wanted
    return [what, f"{'<=' if at_most else '>='} {wanted:.3g}", f"{value:.3g}",
            "yes" if met else "no"]


def bar_rows(results: Results) -> list[list[str]]:
    cases = grouped(results["records"])
    square = [case for (suite, name), case in cases.items()
              if suite == "layers" and name.startswith("3x3 ")]
    strided = [case for (suite, name), case in cases.items()
               if suite == "layers" and name.startswith("3x3/2 ")]
    bars = [(f"3x3 stride 1: {what}", wanted, value) for what, wanted, value in layer_bars(square)]
    bars += [(f"all 3x3: {what}", wanted, value)
             for what, wanted, value in layer_bars(square + strided)]
    flat = cases.get(("layers", "FC 4096-4096"), [])
    for widths, wanted in (("w1a2", 8.0), ("w4a8", 2.3)):
        bars.append((f"FC 4096-4096: {widths} / oneDNN int8", wanted,
                     ratio(find(flat, "oneDNN int8"), find(flat, "ours", widths))))
    bars += [(f"picks within 3 % of the best kernel, of {len(picks(cases))}", 0.95,
              share_of(picks(cases)))]
    limits: list[tuple[str, float, float | None]] = [
        ("mean error of predicted times", 0.15, prediction_error(results["records"]))]
    for (_, name), case in cases.items():
        facts = case[0]["facts"]
        bars += [(f"{name}: fastest {kind} peer / ours", wanted, network_bar(case, kind))
                 for kind, wanted in facts.get("bars", [])]
        if facts.get("bars"):
            bars.append((f"{name}: 1 thread / {results['threads']} threads", 1.85,
                         ratio(first(case, "ours, 1 thread"), first(case, "ours"))))
        if facts.get("limits"):
            limits += [(f"{name}: {what}", most, value)
                       for what, most, value in network_limits(facts)]
    return ([bar_row(what, wanted, value) for what, wanted, value in bars
             if value is not None] +
            [bar_row(what, most, value, at_most=True) for what, most, value in limits
             if value is not None])


def network_bar(case: list[Record], what: str) -> float | None:
    """Ours against the fastest peer of a kind, "f32" or "int8"."""
    peers = [record for record in peers_of(case) if what in record["candidate"]]
    fastest = min(peers, key=lambda record: statistics.median(record["seconds"]), default=None)
    return ratio(fastest, first(case, "ours"))


def write(source: Path, peers: Path | None = None) -> None:
    """Writes the tables beside results, prints them, and draws plots where matplotlib is."""
    text = tables(json.loads(source.read_text()))
    source.with_suffix(".md").write_text(text)
    print(text)
    script = Path(__file__).with_name("plots.py")
    pythons = [sys.executable] + ([str(peers / "bin" / "python")] if peers else [])
    for python in filter(os.path.exists, pythons):
        found = subprocess.run([python, "-c", "import matplotlib"], check=False,
                               capture_output=True)
        if found.returncode == 0:
            subprocess.run([python, str(script), str(source)], check=True)
            return
    print("no plots: matplotlib is not installed")


def fill_readme(sources: list[Path]) -> None:
    """Puts short tables between the marks."""
    path = Path(__file__).with_name("README.md")
    before, rest = path.read_text().split(BEGIN)
    _, after = rest.split(END)
    text = "\n".join(tables(json.loads(source.read_text()), short=True) for source in sources)
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--readme", action="store_true")
    arguments = parser.parse_args()
    for source in arguments.results:
        write(source)
    if arguments.readme:
        fill_readme(arguments.results)


if __name__ == "__main__":
    main()
