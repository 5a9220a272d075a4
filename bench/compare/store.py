"""The runs of this build tree, kept as they come, so that a broken or partial measurement goes on."""

import json

from rounds import WORK

_RUNS = WORK / "runs.jsonl"
_RATES = WORK / "rates.json"

# Messages a second to expect where nothing is known yet; a first run that is far off is repeated.
_FIRST_GUESS = {"postfix": 500, "exim": 150, "haraka": 500, "opensmtpd": 200}
_OTHERWISE = 3000


def start_afresh():
    _RUNS.parent.mkdir(parents=True, exist_ok=True)
    _RUNS.write_text("")


def runs():
    """The latest run of each (case, system, round)."""
    latest = {}
    if _RUNS.exists():
        for line in _RUNS.read_text().splitlines():
            run = json.loads(line)
            latest[run["case"], run["system"], run["round"]] = run
    return list(latest.values())


def keep(run):
    _RUNS.parent.mkdir(parents=True, exist_ok=True)
    with open(_RUNS, "a") as file:
        file.write(json.dumps(run) + "\n")


def _rates():
    return json.loads(_RATES.read_text()) if _RATES.exists() else {}


def expected_rate(case, system):
    """How many messages a second it did the last time."""
    return _rates().get(f"{case} {system}") or _FIRST_GUESS.get(system, _OTHERWISE)


def remember_rate(case, system, rate):
    rates = _rates()
    rates[f"{case} {system}"] = rate
    _RATES.write_text(json.dumps(rates, indent=1))
