#===- demo.py - Compiles the digits network and runs it on held-out images ----===#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles digits.onnx, reads the held-out digits with it and shows what came out.

    /usr/bin/python3 examples/digits/demo.py --build build

Exits with 1 if fewer than 97 % of the digits are read correctly or if one score
differs from the reference interpreter's in one bit.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
from PIL import Image, ImageDraw, ImageFont

from data import Digits, load_split
from export import left_in_float, save

HERE = Path(__file__).resolve().parent
MODEL = HERE / "digits.onnx"
MIN_ACCURACY = 0.97
TIMING_ROUNDS = 7
ROUND_SECONDS = 0.15
SECONDS_PER_UNIT = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0}


class DemoError(Exception):
    """Something that the user must know; the text is one line or a program's output."""


class Programs:
    """The programs of a build folder."""

    def __init__(self, build: Path):
        self.folder = build / "bin"

    def call(self, name: str, *arguments: object) -> str:
        """Runs a program and returns what it printed."""
        program = self.folder / name
        if not program.exists():
            raise DemoError(f"{program} does not exist: run scripts/build first")
        command = [str(program), *map(str, arguments)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            shown = " ".join(command)
            raise DemoError(f"{shown}\nfailed ({result.returncode}):\n{result.stderr.strip()}")
        return result.stdout + result.stderr

    def compile(self, model: Path, report: Path) -> Path:
        library = report.with_suffix(".so")
        self.call("dorefa-compile", model, "-o", library, f"--report={report}")
        return library

    def scores(self, name: str, model: Path, images: Path, output: Path) -> np.ndarray:
        """Scores [N, 10] from `dorefa-run` or `dorefa-interpret`."""
        files = ["--input", f"image={images}", "--output", f"scores={output}"]
        self.call(name, model, *files)
        return np.load(output)

    def seconds_per_run(self, library: Path, images: Path, repeat: int) -> float:
        """The median that `dorefa-run --repeat` prints."""
        text = self.call("dorefa-run", library, "--input", f"image={images}", "--repeat", repeat)
        found = re.search(r"median\D*?([\d.]+(?:e[-+]?\d+)?)\s*(ns|us|µs|ms|s)\b", text)
        if not found:
            raise DemoError(f"dorefa-run --repeat printed no median: {text.strip()!r}")
        return float(found[1]) * SECONDS_PER_UNIT[found[2]]


def step(text: str) -> None:
    print(f"-- {text}", flush=True)


def first_table(report: str) -> list[list[str]]:
    """The cells of the first Markdown table of a report, without its rule line."""
    table: list[list[str]] = []
    for line in report.splitlines():
        if not line.startswith("|"):
            if table:
                break
            continue
        cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
        if not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            table.append(cells)
    return table


def aligned(table: list[list[str]]) -> str:
    """Pads the cells to columns, numbers to the right."""
    columns = max(map(len, table), default=0)
    rows = [row + [""] * (columns - len(row)) for row in table]
    widths = [max(len(row[column]) for row in rows) for column in range(columns)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if re.fullmatch(r"[\d.,]+", cell) else cell.ljust(width)
            for cell, width in zip(row, widths)
        ]
        lines.append("   " + "  ".join(cells).rstrip())
    return "\n".join(lines)


def compare_speed(programs: Programs, libraries: list[Path], images: Path) -> list[float]:
    """Median seconds per run of each library, measured in turns against drift."""
    repeats = []
    for library in libraries:
        once = programs.seconds_per_run(library, images, 3)
        repeats.append(int(np.clip(ROUND_SECONDS / max(once, 1e-9), 3, 1000)))
    samples: list[list[float]] = [[] for _ in libraries]
    for _ in range(TIMING_ROUNDS):
        for library, repeat, sample in zip(libraries, repeats, samples):
            sample.append(programs.seconds_per_run(library, images, repeat))
    return [statistics.median(sample) for sample in samples]


def draw_contact_sheet(digits: Digits, predictions: np.ndarray, path: Path) -> None:
    """Every image with its prediction; a wrong one is red and names the true digit."""
    columns, pixel, text_height, gap = 24, 5, 12, 8
    side = 8 * pixel
    cell_width, cell_height = side + gap, side + text_height + gap
    rows = -(-len(predictions) // columns)
    size = (columns * cell_width + gap, rows * cell_height + gap)
    sheet = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default()
    for index, (image, label, guess) in enumerate(zip(*digits, predictions)):
        row, column = divmod(index, columns)
        x, y = gap + column * cell_width, gap + row * cell_height
        shades = np.rint(255 - image[0] * (255 / 16)).astype(np.uint8)
        picture = Image.fromarray(shades).resize((side, side), Image.Resampling.NEAREST)
        sheet.paste(picture.convert("RGB"), (x, y))
        right = guess == label
        colour = "black" if right else "red"
        outline = "lightgrey" if right else "red"
        draw.rectangle((x - 1, y - 1, x + side, y + side), outline=outline)
        caption = f"{guess}" if right else f"{guess} not {label}"
        width = draw.textlength(caption, font)
        draw.text((x + (side - width) / 2, y + side), caption, colour, font)
    unfinished = path.with_suffix(".unfinished")
    sheet.save(unfinished, "PNG")
    os.replace(unfinished, path)


def run_demo(build: Path, output: Path) -> bool:
    """Runs every step; True if the digits are read well and exactly as interpreted."""
    start = time.monotonic()
    programs = Programs(build)
    output.mkdir(parents=True, exist_ok=True)
    digits = load_split().heldout
    total = len(digits.labels)
    images = output / "heldout_images.npy"
    np.save(images, digits.images)
    float_model = output / "digits_float.onnx"
    save(left_in_float(onnx.load(str(MODEL))), float_model)

    step("compiling digits.onnx (W1 A2, first and last layer float)")
    library = programs.compile(MODEL, output / "digits.md")
    step("compiling the same network left in float")
    float_library = programs.compile(float_model, output / "digits_float.md")
    step(f"reading {total} held-out handwritten digits")
    scores = programs.scores("dorefa-run", library, images, output / "scores.npy")
    step("reading them with the reference interpreter")
    golden = programs.scores("dorefa-interpret", MODEL, images, output / "interpreted.npy")
    step("timing both networks in turns")
    low_bit, in_float = compare_speed(programs, [library, float_library], images)

    predictions = scores.argmax(1)
    right = int(np.sum(predictions == digits.labels))
    same = int(np.sum(np.all(scores == golden, axis=1)))
    draw_contact_sheet(digits, predictions, output / "digits.png")

    print("\nlayers\n" + aligned(first_table((output / "digits.md").read_text())))
    microseconds = 1e6 / total
    print(f"""
accuracy         {100 * right / total:7.2f} %    {right} of {total} held-out digits
as interpreted   {100 * same / total:7.2f} %    {same} of {total}, every score equal to the last bit
W1 A2            {low_bit * microseconds:7.2f} us   per image, batch of {total}
left in float    {in_float * microseconds:7.2f} us   per image, {in_float / low_bit:.2f} times as long
contact sheet    {output / "digits.png"}
finished in      {time.monotonic() - start:7.1f} s""")
    return right >= MIN_ACCURACY * total and same == total


def main() -> int:
    parser = argparse.ArgumentParser(description="compile and run the digits network")
    parser.add_argument("--build", type=Path, default=Path("build"), help="build folder")
    parser.add_argument("--output", type=Path, help="folder to write to (BUILD/demo)")
    options = parser.parse_args()
    try:
        if run_demo(options.build, options.output or options.build / "demo"):
            return 0
        print(f"error: needs {MIN_ACCURACY:.0%} accuracy and 100% agreement", file=sys.stderr)
    except DemoError as error:
        print(f"error: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
