"""What the scale cases found: printed as they come, kept as build/bench/scale.json, shown in docs/benchmarks.*.

An entry is one of docs/benchmarks.json: {case, system, messages_per_second, cpu_ms_per_message, p50_ms, p99_ms,
memory_kib_per_session, runs}, null where a case does not measure it, and more keys: figure (for people), target,
met, and what the case measured beside. A later run replaces the cases it ran and keeps the others.
"""

import json
from pathlib import Path

SYSTEM = "hermetic"
PREFIX = "scale: "
HEADING = "## Scale"
COMMON = ("messages_per_second", "cpu_ms_per_message", "p50_ms", "p99_ms", "memory_kib_per_session")


def percentile(values, share):
    """Of a list that is not empty; the value that `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Figures:
    def __init__(self, judges=True):
        self.judges = judges  # False: short runs, whose figures are no verdict
        self.results = []

    def add(self, case, *, words, target, met, runs=1, **figures):
        """case: begins with PREFIX. words: the figure, for people. met: None where there is no target.
        figures: COMMON ones and others."""
        met = met if self.judges else None
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
        """Into a list of entries: the cases of this run in the place of older ones."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        new = {entry["case"] for entry in self.results}
        _write(path, sorted([each for each in read(path) if each["case"] not in new] + self.results,
                            key=lambda entry: entry["case"]))


def read(path):
    """Entries, or none where there is no such file, or one of another form."""
    found = json.loads(Path(path).read_text()) if Path(path).exists() else []
    return found if isinstance(found, list) else []


def _write(path, entries):
    path.write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n")


def publish(results, directory):
    """Puts all entries into benchmarks.json, and the section into benchmarks.md, both as bench/compare made them
    or as an earlier run of this left them."""
    directory = Path(directory)
    data = directory / "benchmarks.json"
    others = [each for each in read(data) if not each["case"].startswith(PREFIX)]
    _write(data, others + results)
    page = directory / "benchmarks.md"
    text = page.read_text() if page.exists() else "# Benchmarks\n"
    text = text.partition(f"\n{HEADING}\n")[0].rstrip("\n") + "\n"
    page.write_text(text + "\n" + section(results))


def section(results):
    lines = [HEADING, "", "Made by `bench/scale/run`; [bench/scale/README.md](../bench/scale/README.md) describes "
             "the cases.", "", "| case | figure | target | |", "|---|---|---|---|"]
    for entry in results:
        met = {True: "met", False: "**missed**", None: "–"}[entry["met"]]
        cells = (entry["case"].removeprefix(PREFIX), entry["figure"], entry["target"] or "–", met)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _rounded(value):
    return round(value, 3) if isinstance(value, float) else value
