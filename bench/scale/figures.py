"""What the scale cases found: printed as they come, kept as build/bench/scale.json for the report.

The file is {"results": [...], "section": "..."}: `results` are entries of docs/benchmarks.json
({case, system, messages_per_second, cpu_ms_per_message, p50_ms, p99_ms, memory_kib_per_session, runs}, null
where a case does not measure it, and more keys: figures, target, met), `section` is markdown for
docs/benchmarks.md. A later run replaces the cases it ran and keeps the others.
"""

import json
import sys
from pathlib import Path

SYSTEM = "hermetic"
COMMON = ("messages_per_second", "cpu_ms_per_message", "p50_ms", "p99_ms", "memory_kib_per_session")


def percentile(values, share):
    """Of a list that is not empty; the value that `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Figures:
    def __init__(self):
        self.results = []

    def add(self, case, *, words, target, met, runs=1, **figures):
        """words: the figure, for people. met: None where there is no target. figures: COMMON ones and others."""
        entry = {"case": case, "system": SYSTEM,
                 **{name: _rounded(figures.pop(name, None)) for name in COMMON},
                 "runs": runs, "figure": words, "target": target, "met": met,
                 **{name: _rounded(value) for name, value in figures.items()}}
        self.results.append(entry)
        verdict = {True: "met", False: "MISSED", None: "-"}[met]
        print(f"{verdict:<7} {case}: {words}" + (f" (target: {target})" if target else ""), flush=True)

    @property
    def missed(self):
        return [entry["case"] for entry in self.results if entry["met"] is False]

    def write(self, path):
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = []
        if path.exists():
            try:
                new = {entry["case"] for entry in self.results}
                kept = [each for each in json.loads(path.read_text())["results"] if each["case"] not in new]
            except (ValueError, KeyError, TypeError) as error:
                print(f"{path}: not readable ({error}), made anew", file=sys.stderr)
        results = sorted(kept + self.results, key=lambda entry: entry["case"])
        path.write_text(json.dumps({"results": results, "section": section(results)}, indent=1) + "\n")


def section(results):
    lines = ["## Scale", "",
             "Made by `bench/scale/run`; what each case does stands in bench/scale/README.md.", "",
             "| case | figure | target | met |", "|---|---|---|---|"]
    for entry in results:
        met = {True: "yes", False: "**missed**", None: "–"}[entry["met"]]
        lines.append(f"| {entry['case']} | {entry['figure']} | {entry['target'] or '–'} | {met} |")
    return "\n".join(lines) + "\n"


def _rounded(value):
    return round(value, 3) if isinstance(value, float) else value
