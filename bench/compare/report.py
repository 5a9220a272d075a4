"""Makes docs/benchmarks.md, docs/benchmarks.json and what is printed, from runs. Pure but for write()."""

import json

import figures
import targets
from cases import ALONE, CASES, IDLE, IDLE_TITLE

TITLES = {case.id: case.title for case in CASES} | {IDLE: IDLE_TITLE}
# (measure, heading, format of a value)
COLUMNS = (("messages_per_second", "messages/s", "{:,.0f}"), ("cpu_ms_per_message", "CPU ms/message", "{:.3f}"),
           ("p50_ms", "p50 ms", "{:.2f}"), ("p99_ms", "p99 ms", "{:.2f}"))


def with_spread(found, form):
    """"median (least–greatest)", or a dash."""
    if found is None:
        return "–"
    if found.count == 1:
        return form.format(found.median)
    return f"{form.format(found.median)} ({form.format(found.low)}–{form.format(found.high)})"


def table(headings, rows):
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def fraction(value):
    """A ratio as people compare them: 1/14.2 below one, 12.3 × above."""
    return f"1/{1 / value:.1f}" if 0 < value < 1 else f"{value:.2f} ×"


def seen_words(verdict):
    found, target = verdict.seen, verdict.target
    if found is None:
        return "not measured"
    if target.against in ("postfix",):
        least, most = sorted((found.low, found.high))
        return f"{fraction(found.median)} ({fraction(least)} to {fraction(most)})"
    if target.against == ALONE:
        return f"{found.median:.0%} ({found.low:.0%}–{found.high:.0%})"
    if target.against == "sync":
        return f"one sync {with_spread(found, '{:+.3f}')} ms"
    return with_spread(found, "{:.1f}") + " KiB"


def verdict_word(verdict):
    return "not measured" if verdict.seen is None else "met" if verdict.met else "**missed**"


def targets_table(runs):
    rows = [(f"`{verdict.target.case}`", verdict.target.words, seen_words(verdict), verdict_word(verdict))
            for verdict in targets.judge_all(runs)]
    return table(("case", "target", "seen: median of the rounds (least to greatest)", ""), rows)


def floor_table(runs):
    rows = [(f"`{case}`", f"{floor:.3f}", f"{found.median * floor:.3f}",
             with_spread(found, "{:.2f}"), "met" if found.median <= targets.FLOOR_FACTOR else "**missed**")
            for case, floor, found in targets.floor_factors(runs)]
    return table(("case", "floor, ms", "Hermetic, ms", "factor", f"≤ {targets.FLOOR_FACTOR}"), rows)


def system_title(name, systems):
    return systems[name].title if name in systems else name


def case_table(runs, case, order, systems):
    rows = []
    for name in order:
        if not figures.runs_of(runs, case, name):
            continue
        cells = [with_spread(figures.measure_of(runs, case, name, measure), form)
                 for measure, _, form in COLUMNS]
        rows.append((system_title(name, systems), *cells))
    return table(("", *(heading for _, heading, _ in COLUMNS)), rows)


def idle_table(runs, order, systems):
    rows = [(system_title(name, systems),
             with_spread(figures.measure_of(runs, IDLE, name, "memory_kib_per_session"), "{:,.1f}"))
            for name in order if figures.runs_of(runs, IDLE, name)]
    return table(("", "KiB of PSS"), rows)


def results(runs, order, systems):
    parts = []
    for case in CASES:
        if figures.runs_of(runs, case.id, "hermetic") or figures.runs_of(runs, case.id, "postfix"):
            parts.append(f"### {case.id}\n\n{case.title[0].upper()}{case.title[1:]}.\n\n"
                         + case_table(runs, case.id, order, systems))
    if any(run["case"] == IDLE for run in runs):
        parts.append(f"### {IDLE}\n\n{IDLE_TITLE[0].upper()}{IDLE_TITLE[1:]}.\n\n" + idle_table(runs, order, systems))
    return "\n".join(parts)


def sync_line(runs):
    found = figures.spread(run.get("sync_ms") for run in runs)
    return f"An fdatasync after an append of 4 KiB, median of 500, in the same run: {with_spread(found, '{:.3f}')} ms."


def tuning(order, systems):
    lines = []
    for name in order:
        if name in systems:
            lines.append(f"**{systems[name].title}**\n")
            lines += [f"- {line}" for line in systems[name].tuning] + [""]
    return "\n".join(lines)


METHOD = """\
Made by `./dev bench`; the individual runs are in [benchmarks.json](benchmarks.json), the method in
[bench/compare](../bench/compare/README.md).

Every run starts a new server with an empty queue on the machine's disk, warms it up, waits until it is idle, and
offers messages as fast as it takes them. Systems take turns within a round, so that a drift of the machine affects all
of them; figures are medians over the rounds with the minimum and the maximum, and ratios are computed within each round.
Server, generator and sink share the cores. CPU is the user and system time of all processes of the server, from the
first message until it is idle again, divided by the messages; work on the kernel's own threads is in no
figure. Latency is from MAIL to the 250 after the data. messages/s of a relay case ends with the last
message's arrival at the sink. Every message of every relay run arrived, once.
"""


def page(runs, environment, order, systems, notes=()):
    noted = "".join(f"- {note}\n" for note in notes)
    return (
        "# Benchmarks\n\n" + METHOD + "\n" + "".join(f"- {key}: {value}\n" for key, value in environment) +
        "\n## Targets\n\nHermetic against tuned Postfix, generator and sink, or one sync.\n\n" + targets_table(runs) +
        "\n" + sync_line(runs) + "\n" +
        "\n## CPU above the floor\n\nThe floor is what a bare program (coroutines, OpenSSL on the socket, a store with "
        "group commit,\nforwarding from memory) without policy, queue, ledger, logs and DNS used on a machine of two "
        "cores.\n\n" + floor_table(runs) +
        "\n## Results\n\n" + results(runs, order, systems) +
        (f"\n### Not measured\n\n{noted}" if noted else "") +
        "\n## Configuration of each system\n\n" + tuning(order, systems).rstrip() + "\n")


def write(directory, runs, environment, order, systems, notes=()):
    (directory / "benchmarks.md").write_text(page(runs, environment, order, systems, notes))
    entries = figures.json_entries(runs, [case.id for case in CASES] + [IDLE], order)
    (directory / "benchmarks.json").write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n")
