# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Print the programs of a trace, and which engines have instructions.

Usage: summarize_trace.py FILE.json
"""

import json
import sys
from pathlib import Path

events = json.loads(Path(sys.argv[1]).read_text())
rows = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
programs, engines, end = [], set(), 0
for event in events:
    if event["ph"] != "X":
        continue
    start, stop = event["ts"], event["ts"] + event["dur"]
    if rows[event["tid"]] == "program":
        print(f"{event['name']} from {start} to {stop}")
        programs.append((start, stop))
    else:
        engines.add(event["tid"])
        end = max(end, stop)
inside = "all inside" if end <= programs[-1][1] else f"one ends at {end}"
print(f"instructions of {', '.join(rows[e] for e in sorted(engines))}, {inside}")
