# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Candidates that answer in turns: the one way in which everything here is timed.

A candidate is a process that prepares, prints `ready TEXT` and then answers each line with
the seconds of one execution (programs/sample.h). The candidates of a case are asked round
robin, so a change of the clock or of the load meets all of them.
"""

import functools
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Unavailable(Exception):
    """A candidate that cannot run here; the text says why."""


@dataclass
class Settings:
    """What the command line chose."""

    build: Path
    work: Path
    peers: Path | None
    rounds: int
    threads: int
    cpu: int
    clock: str
    #: Part of the names of the layers to measure.
    layer: str = ""

    def binary(self, name: str) -> Path:
        return self.build / "bin" / name

    def environment(self) -> dict[str, str]:
        # Threads wait actively within a network, for some milliseconds, and then sleep, so
        # that they are out of the way when it is the next candidate's turn. Each has a core:
        # two that wake on one sometimes stay there for seconds.
        threads = str(self.threads)
        return {**os.environ, "OMP_NUM_THREADS": threads, "OMP_PROC_BIND": "true",
                "OMP_PLACES": "cores", "KMP_BLOCKTIME": "5",
                "GOMP_SPINCOUNT": "1000000", "BENCHMARK_THREADS": threads,
                "BENCHMARK_CLOCK": self.clock}

    def pinned(self) -> list[str]:
        cores = [self.cpu] if self.threads == 1 else range(self.threads)
        return ["taskset", "-c", ",".join(map(str, cores))]


@dataclass
class Candidate:
    """Something to time: its name in tables, the command of its process."""

    name: str
    command: list[object]
    widths: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    #: Start a new process in each round: how fast code is may depend on where the system
    #: puts its stack, and one process would hide that.
    restart: bool = True


@dataclass
class Case:
    """Candidates that do the same work; `work` in multiply-adds on taps inside the input."""

    suite: str
    name: str
    work: int
    candidates: list[Candidate]
    facts: dict[str, Any] = field(default_factory=dict)


class Server:
    """A running candidate."""

    def __init__(self, candidate: Candidate, settings: Settings) -> None:
        self.candidate, self.settings = candidate, settings
        self.seconds: list[float] = []
        self.start()

    def start(self) -> None:
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        command = self.settings.pinned() + [str(word) for word in self.candidate.command]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
            env={**self.settings.environment(), **self.candidate.environment})
        self.text = self.answer("ready").removeprefix("ready ")

    def answer(self, start: str) -> str:
        for line in self.process.stdout:
            if line.startswith(start):
                return line.strip()
        self.errors.seek(0)
        reason = self.errors.read().strip().splitlines() or ["it ends without a message"]
        raise Unavailable(reason[-1])

    def sample(self) -> None:
        if self.candidate.restart and self.seconds:
            self.stop()
            self.start()
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        self.seconds.append(float(self.answer("")))

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.errors.close()


def progress(text: str) -> None:
    """Shows what happens on a terminal; quiet when piped."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def measure(case: Case, settings: Settings, skipped: dict[str, str]) -> list[dict[str, Any]]:
    """Asks all candidates of a case in turns; returns one record for each."""
    servers: list[Server] = []
    for candidate in case.candidates:
        progress(f"{case.suite} {case.name}: start {candidate.name} {candidate.widths}")
        try:
            servers.append(Server(candidate, settings))
        except (OSError, Unavailable) as problem:
            skipped[f"{case.suite}: {candidate.name}"] = str(problem)
    for number in range(settings.rounds):
        for server in servers:
            progress(f"{case.suite} {case.name}: round {number + 1} of {settings.rounds}, "
                     f"{server.candidate.name} {server.candidate.widths}")
            server.sample()
            time.sleep(0.02 if settings.threads > 1 else 0)
    for server in servers:
        server.stop()
    progress("")
    return [{"suite": case.suite, "case": case.name, "work": case.work, "facts": case.facts,
             "candidate": server.candidate.name, "widths": server.candidate.widths,
             "about": server.text, "seconds": server.seconds} for server in servers]


@functools.cache
def compiled(program: str, work: Path, *flags: str) -> Path:
    """Compiles one of the programs here; raises Unavailable with the first error."""
    source = Path(__file__).parent / "programs" / program
    output = work / source.stem
    compiler = "clang" if source.suffix == ".c" else "clang++"
    include = Path(__file__).parent.parent / "include"
    result = subprocess.run(
        [f"/usr/lib/llvm-22/bin/{compiler}", "-O2", "-march=native", f"-I{include}", str(source),
         "-o", str(output), *flags], check=False, capture_output=True, text=True)
    if result.returncode:
        errors = [line for line in result.stderr.splitlines() if "error:" in line]
        raise Unavailable((errors or ["it does not compile"])[0])
    return output
