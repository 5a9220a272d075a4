"""Arithmetic on runs: medians, spreads, and ratios that are taken round by round. Pure.

A run is a dict: case, system, round, and its figures (messages_per_second, cpu_ms_per_message,
p50_ms, p99_ms, memory_kib_per_session; None or missing where it has no such figure).
"""

import statistics
from dataclasses import dataclass

MEASURES = ("messages_per_second", "cpu_ms_per_message", "p50_ms", "p99_ms", "memory_kib_per_session")


@dataclass(frozen=True)
class Spread:
    """Median, least and greatest of what the rounds gave."""
    median: float
    low: float
    high: float
    count: int


def spread(values):
    """None where there is no value."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    return Spread(statistics.median(known), min(known), max(known), len(known))


def runs_of(runs, case, system):
    return sorted((run for run in runs if run["case"] == case and run["system"] == system),
                  key=lambda run: run["round"])


def measure_of(runs, case, system, measure):
    return spread(run.get(measure) for run in runs_of(runs, case, system))


def paired(runs, case, measure, system, other, combine):
    """The spread of combine(value of system, value of other) over rounds that have both.

    The machine drifts; within a round both saw nearly the same machine."""
    others = {run["round"]: run.get(measure) for run in runs_of(runs, case, other)}
    pairs = [(run.get(measure), others.get(run["round"])) for run in runs_of(runs, case, system)]
    return spread(combine(ours, theirs) for ours, theirs in pairs if ours is not None and theirs)


def ratio(runs, case, measure, system, other):
    return paired(runs, case, measure, system, other, lambda ours, theirs: ours / theirs)


def json_entries(runs, cases, systems):
    """The list that docs/benchmarks.json holds: medians, with the runs they come from."""
    entries = []
    for case in cases:
        for system in systems:
            own = runs_of(runs, case, system)
            if not own:
                continue
            entry = {"case": case, "system": system}
            for measure in MEASURES:
                found = measure_of(runs, case, system, measure)
                entry[measure] = None if found is None else round(found.median, 4)
            entry["runs"] = [{key: value for key, value in run.items() if key not in ("case", "system")}
                             for run in own]
            entries.append(entry)
    return entries
