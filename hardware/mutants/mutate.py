# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Build the hardware with all faults of mutants.txt in it, and see which of them are caught.

Usage: mutate.py BUILD FOLDER [--programs N] [--seed N] [--only N]

BUILD is the build folder, FOLDER where the faulty chips go. Each fault is chosen at run time;
it is caught if bpa-fuzz --lockstep finds a difference. Fault 0 is none. Prints a line per
fault and how many were caught; fails below 95 %.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
WANTED = 0.95
# What takes longer hangs.
MOST_SECONDS = 300
PACKAGE = """package bpa_mutant;
  import "DPI-C" function int bpa_mutant_number();
  int number = bpa_mutant_number();
endpackage
"""
NUMBER = """#include <cstdlib>
extern "C" int bpa_mutant_number() {
  const char *number = std::getenv("BPA_MUTANT");
  return number ? std::atoi(number) : 0;
}
"""


def read_mutants() -> list[tuple[str, str, str]]:
    lines = (Path(__file__).parent / "mutants.txt").read_text().splitlines()
    mutants = []
    for line in lines:
        if line and not line.startswith("#"):
            module, change = line.split(": ", 1)
            old, new = change.split(" => ")
            mutants.append((module, old, new))
    return mutants


def split_ends(old: str, new: str) -> tuple[str, str, str, str]:
    """An expression without what only says where it is: `assign x =` and the end `),` or `;`."""
    start = re.match(r"assign \w+ = ", old)
    before = start.group() if start else ""
    after = re.search(r"(\),|;|,)?$", old).group()
    if after and new.endswith(after):
        new = new[:-len(after)]
    return before, old[len(before):len(old) - len(after)], new, after


def write_sources(folder: Path, mutants: list[tuple[str, str, str]]) -> None:
    """The hardware with a choice at each place."""
    sources = {path.stem: path.read_text() for path in (SOURCE / "hardware/bpa").glob("*.sv")}
    # Line breaks inside an expression are no differences.
    sources = {name: re.sub(r"[ \t\n]*\n[ \t]+(?=[&|^+?:=<>-])", " ", text)
               for name, text in sources.items()}
    for number, (module, old, new) in enumerate(mutants, 1):
        if sources[module].count(old) != 1:
            sys.exit(f"mutant {number}: '{old}' stands {sources[module].count(old)} times in "
                     f"{module}")
        before, old_part, new_part, after = split_ends(old, new)
        choice = f"(bpa_mutant::number == {number} ? ({new_part}) : ({old_part}))"
        sources[module] = sources[module].replace(old, before + choice + after)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sources.items():
        (folder / f"{name}.sv").write_text(text)
    (folder / "bpa_mutant.sv").write_text(PACKAGE)
    (folder / "number.cpp").write_text(NUMBER)


def run(command: str) -> None:
    subprocess.run(shlex.split(command), check=True)


def build(folder: Path, objects: Path) -> None:
    """As lib/Target/BPA/RTL does it; the tools are those of the build."""
    library, rtl = folder / "lib/libdorefa-bpa-rtl.so", SOURCE / "lib/Target/BPA/RTL"
    for name in ("bin", "lib"):
        (folder / name).mkdir(exist_ok=True)
    shutil.copy(objects / "bin/bpa-fuzz", folder / "bin")
    verilated = Path("/usr/share/verilator/include")
    package = objects / "include/dorefa/Dialect/BPA/bpa_pkg.sv"
    jobs, files = [], []
    for name, define in (("r8c8d64", "-DBPA_LARGE"), ("r4c4d32", "-DBPA_SMALL")):
        sources = "|".join(map(str, (package, folder / "rtl/bpa_mutant.sv", folder / "rtl/bpa.sv")))
        fast, slow = folder / f"{name}-fast.cpp", folder / f"{name}-slow.cpp"
        run(f"cmake -DVERILATOR=verilator -DNAME={name} -DFOLDER={folder / name} "
            f"-DFAST={fast} -DSLOW={slow} -DDEFINES={define} -DINCLUDE={folder / 'rtl'} "
            f"'-DSOURCES={sources}' -P {rtl / 'Verilate.cmake'}")
        files += [(fast, name), (slow, name), (rtl / f"{name.upper()}.cpp", name)]
    files += [(path, "") for path in (rtl / "Plugin.cpp", folder / "rtl/number.cpp",
                                      verilated / "verilated.cpp", verilated / "verilated_dpi.cpp",
                                      verilated / "verilated_fst_c.cpp",
                                      verilated / "verilated_threads.cpp")]
    compiled = []
    for path, name in files:
        compiled.append(folder / f"{path.stem}.o")
        includes = f"-I {folder / name} -I {SOURCE / 'include'} -I {objects / 'include'}"
        jobs.append(subprocess.Popen(shlex.split(
            f"/usr/lib/llvm-22/bin/clang++ -std=c++17 -O1 -fPIC -w {includes} -I {verilated} "
            f"-I {verilated / 'vltstd'} -I {verilated / 'gtkwave'} -c {path} -o {compiled[-1]}")))
    if any(job.wait() for job in jobs):
        sys.exit("the faulty chips do not compile")
    archives = " ".join(str(objects / f"lib/lib{name}.a")
                        for name in ("DoReFaBPASimulator", "DoReFaBPAISA"))
    run(f"/usr/lib/llvm-22/bin/clang++ -shared -fuse-ld=lld -o {library} "
        f"{' '.join(map(str, compiled))} {archives} -lz")


def is_caught(folder: Path, number: int, programs: int, seed: int) -> bool:
    try:
        result = subprocess.run(
            [folder / "bin/bpa-fuzz", f"--lockstep={programs}", f"--seed={seed}"],
            env={**os.environ, "BPA_MUTANT": str(number)}, capture_output=True, timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        return True
    return result.returncode != 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Faults of the hardware")
    parser.add_argument("build", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--programs", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--only", type=int)
    arguments = parser.parse_args()
    mutants = read_mutants()
    write_sources(arguments.folder / "rtl", mutants)
    build(arguments.folder, arguments.build)
    if is_caught(arguments.folder, 0, arguments.programs, arguments.seed):
        sys.exit("the hardware differs without a fault")
    caught = 0
    numbers = [arguments.only] if arguments.only else range(1, len(mutants) + 1)
    for number in numbers:
        found = is_caught(arguments.folder, number, arguments.programs, arguments.seed)
        caught += found
        module, old, new = mutants[number - 1]
        print(f"{number:3} {'caught' if found else 'MISSED'}  {module}: {old} => {new}", flush=True)
    print(f"{caught} of {len(numbers)} faults are caught")
    return caught < WANTED * len(numbers)


if __name__ == "__main__":
    sys.exit(main())
