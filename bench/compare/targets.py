"""The targets, as data in one place, and whether a set of runs meets them. Pure.

Ratios are Hermetic's figure divided by the other's in the same round; the median over the rounds
decides. `floor` is what a bare program without policy, queue, ledger, logs and DNS used on a machine
of two cores: the goal behind the ratios is 1.6 times its CPU.
"""

from dataclasses import dataclass

import figures
from cases import ALONE, IDLE, SYNC

CPU, RATE, P50, P99, MEMORY = figures.MEASURES[1], figures.MEASURES[0], *figures.MEASURES[2:]
FLOOR_FACTOR = 1.6


@dataclass(frozen=True)
class Target:
    case: str
    measure: str
    against: str        # a system, "sync" (the difference to the median sync, ms) or "" (the figure itself)
    at_most: float = None
    at_least: float = None
    words: str = ""


@dataclass(frozen=True)
class Verdict:
    target: Target
    seen: figures.Spread  # None: not measured
    met: bool


def cpu(case, divisor):
    return Target(case, CPU, "postfix", at_most=1 / divisor, words=f"CPU per message ≤ 1/{divisor} of Postfix's")


def rate(case, times):
    return Target(case, RATE, "postfix", at_least=times, words=f"messages/s ≥ {times:g} × Postfix's")


TARGETS = (
    cpu("accept-clear", 15), rate("accept-clear", 12), rate("accept-clear-20", 6),
    cpu("accept-tls", 8), rate("accept-tls", 5.5),
    cpu("accept-tls-new", 4), rate("accept-tls-new", 2.3),
    Target("accept-tls-new", RATE, ALONE, at_least=0.75,
           words="messages/s ≥ 75 % of generator and sink alone"),
    cpu("relay-clear", 15), rate("relay-clear", 12), rate("relay-clear-20", 9),
    cpu("relay-tls", 10), rate("relay-tls", 8),
    cpu("relay-tls-64k", 7), rate("relay-tls-64k", 5.5),
    Target(IDLE, MEMORY, "", at_most=30, words="≤ 30 KiB"),
    Target("accept-clear-20", P50, "postfix", at_most=0.25, words="p50 from MAIL to 250 ≤ 1/4 of Postfix's"),
    Target("accept-clear-20", P99, "postfix", at_most=0.25, words="p99 from MAIL to 250 ≤ 1/4 of Postfix's"),
    Target("accept-clear-1", P50, SYNC, at_most=0.3, words="p50 from MAIL to 250 ≤ one sync + 0.3 ms"),
)

# case: (ms of CPU, messages/s) of the bare program, as seen once on a machine of two cores.
FLOOR = {
    "accept-clear": (0.051, 22400), "accept-tls": (0.118, 7300), "accept-tls-new": (0.458, 1370),
    "relay-clear": (0.055, 19700), "relay-tls": (0.146, 6200), "relay-tls-64k": (0.376, 2900),
}


def seen(runs, target):
    if target.against == "":
        return figures.measure_of(runs, target.case, "hermetic", target.measure)
    if target.against == SYNC:
        # One sync was measured in each round of this case, beside it.
        return figures.spread(
            run[target.measure] - run["sync_ms"]
            for run in figures.runs_of(runs, target.case, "hermetic") if run.get("sync_ms") is not None)
    return figures.ratio(runs, target.case, target.measure, "hermetic", target.against)


def judge(runs, target):
    found = seen(runs, target)
    met = found is not None and (target.at_most is None or found.median <= target.at_most) and \
        (target.at_least is None or found.median >= target.at_least)
    return Verdict(target, found, met)


def judge_all(runs, targets=TARGETS):
    return [judge(runs, target) for target in targets]


def floor_factors(runs):
    """[(case, floor ms, Spread of our CPU as a multiple of it)] of the cases that were measured."""
    factors = []
    for case, (floor_ms, _) in FLOOR.items():
        found = figures.spread(run[CPU] / floor_ms for run in figures.runs_of(runs, case, "hermetic"))
        if found:
            factors.append((case, floor_ms, found))
    return factors
