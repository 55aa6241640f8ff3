#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Draw plots from results.json, beside it; needs matplotlib.

    benchmarks/plots.py build/benchmarks/results.json
"""

import argparse
import json
import statistics
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import report

Case = list[report.Record]


def middle(record: report.Record | None) -> float:
    return statistics.median(record["seconds"]) if record else float("nan")


def save(figure: plt.Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def time_per_layer(cases: list[Case], path: Path) -> None:
    """Bars: ours at two widths beside oneDNN, microseconds on a logarithmic axis."""
    series = [("ours", "w1a1"), ("ours", "w1a2"), ("ours", "w4a4"), ("oneDNN int8", ""),
              ("oneDNN f32", "")]
    figure, axes = plt.subplots(figsize=(10, 4))
    for number, (candidate, widths) in enumerate(series):
        heights = [1e6 * middle(report.find(case, candidate, widths)) for case in cases]
        places = [at + (number - 2) * 0.16 for at in range(len(cases))]
        axes.bar(places, heights, 0.16, label=f"{candidate} {widths}")
    axes.set_xticks(range(len(cases)), [case[0]["case"] for case in cases], rotation=40, ha="right")
    axes.set(yscale="log", ylabel="us", title="Time per layer")
    axes.legend(loc="upper center", ncols=len(series), fontsize="small")
    axes.set_ylim(top=axes.get_ylim()[1] * 3)
    save(figure, path)


def bytes_of(record: report.Record) -> float:
    """Bytes of packed weights: what a layer must read at least."""
    return record["facts"]["weights"] * int(record["widths"][1:].split("a")[0]) / 8


def roofline(cases: list[Case], path: Path) -> None:
    """Rates over multiply-adds per byte of weights, under the limits measured beside them."""
    figure, axes = plt.subplots(figsize=(7, 5))
    for widths in ("w1a1", "w1a2", "w2a2", "w1a4", "w4a4"):
        records = [record for case in cases if (record := report.find(case, "ours", widths))]
        axes.scatter([record["work"] / bytes_of(record) for record in records],
                     [record["work"] / middle(record) / 1e9 for record in records], label=widths)
    span = axes.get_xlim()
    for name, style in (("popcount", "-"), ("dot", "--"), ("fma", ":")):
        ceiling = report.find(cases[0], f"ceiling {name}")
        if ceiling:
            rate = float(ceiling["about"].split("work=")[1]) / middle(ceiling) / 1e9
            axes.axhline(rate, linestyle=style, color="black", label=f"{name} limit")
    stream = report.find(cases[0], "ceiling read")
    if stream:
        rate = float(stream["about"].split("work=")[1]) / middle(stream) / 1e9
        axes.plot([1, 1e4], [rate, 1e4 * rate], color="gray", label="read of 16 MiB")
    axes.set(xscale="log", yscale="log", xlim=(max(span[0], 1), span[1]), ylim=(10, 2000),
             xlabel="multiply-adds per byte of weights", ylabel="G multiply-adds per second",
             title="Rate of layers and limits of one core")
    axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    save(figure, path)


def speed_up(cases: list[Case], path: Path) -> None:
    """Bars: how much faster than oneDNN for each pair of widths, mean over the layers."""
    widths = list(dict.fromkeys(record["widths"] for case in cases for record in case
                                if record["candidate"] == "ours"))
    figure, axes = plt.subplots(figsize=(7, 4))
    for number, peer in enumerate(("oneDNN int8", "oneDNN f32")):
        means = [report.mean(report.ratio(report.find(case, peer), report.find(case, "ours", pair))
                             for case in cases) or 0 for pair in widths]
        bars = axes.bar([at + 0.4 * number - 0.2 for at in range(len(widths))], means, 0.4,
                        label=f"over {peer}")
        axes.bar_label(bars, fmt="%.1f")
    axes.set_xticks(range(len(widths)), widths)
    axes.axhline(1, color="black", linewidth=0.5)
    axes.set(ylabel="times", title="Speed-up, geometric mean over the convolutions")
    axes.legend()
    save(figure, path)


def networks(cases: list[Case], path: Path) -> None:
    """Bars: milliseconds of whole networks."""
    figure, axes = plt.subplots(len(cases), 1, figsize=(7, 1.7 * len(cases)), squeeze=False)
    for axis, case in zip(axes[:, 0], cases):
        bars = axis.barh([record["candidate"] for record in case],
                         [1e3 * middle(record) for record in case])
        axis.bar_label(bars, fmt="%.2f", padding=2)
        axis.margins(x=0.12)
        axis.invert_yaxis()
        axis.set_title(f"{case[0]['case']}, ms", fontsize="medium")
    save(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    arguments = parser.parse_args()
    cases = report.grouped(json.loads(arguments.results.read_text())["records"])
    layers = [case for (suite, _), case in cases.items() if suite in ("layers", "gemm", "tiny")]
    maps = [case for case in layers if "x" in case[0]["case"].split()[0]]
    whole = [case for case in cases.values() if case[0]["facts"].get("network")]
    for name, draw, some in (("layers", time_per_layer, layers), ("roofline", roofline, layers),
                             ("speed-up", speed_up, maps), ("networks", networks, whole)):
        if some:
            draw(some, arguments.results.with_name(f"{arguments.results.stem}-{name}.png"))


if __name__ == "__main__":
    main()
