"""Runs bench/load's hermetic-load: the generator, the sink and the measurement of a sync."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from support import children
from support.deadline import wait_for
from support.hermetic_server import binary

DOMAIN = "d.test"


class LoadFailed(Exception):
    pass


def program():
    """$HERMETIC_LOAD, else the one built beside the server's binary."""
    named = os.environ.get("HERMETIC_LOAD")
    path = Path(named) if named else binary().resolve().parents[2] / "bench/load/hermetic-load"
    if not os.access(path, os.X_OK):
        raise SystemExit(f"no load generator at {path}: build the target hermetic-load")
    return path


def _json(text, what):
    try:
        return json.loads(text.strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise LoadFailed(f"{what} printed no JSON object: {text[-500:]!r}") from error


def _tls(case):
    return "starttls" if case.tls else "off"


def send(case, port, count, start, timeout):
    """Offers `count` messages with the ids from `start` on; what the generator saw. Fails where one
    of them was not taken at once."""
    tls = ["--tls-version", "1.3"] if case.tls else []
    command = [program(), "send", "--to", f"127.0.0.1:{port}", "--connections", case.connections,
               "--messages", count, "--size", case.size, "--per-connection", case.per_connection,
               "--tls", _tls(case), *tls, "--from", "bench@client.test",
               "--recipient", f"u{{n}}@{DOMAIN}", "--start", start, "--quit", "overlap",
               "--threads", 1, "--timeout", round(timeout)]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=timeout + 30)
    if not done.stdout.strip():
        raise LoadFailed(f"the generator ended with {done.returncode}: {done.stderr[-1000:]}")
    result = _json(done.stdout, "the generator")
    if result["sent"] != count or any(result[key] for key in ("refused", "deferred", "failed")):
        raise LoadFailed(f"{count} messages offered: " + ", ".join(
            f"{key} {result[key]}" for key in ("sent", "refused", "deferred", "failed", "errors")))
    return result


class Sink:
    """Takes messages until `expect` different ones have come; `with` ends it however that goes."""

    def __init__(self, case, expect, directory, timeout, certificate=None):
        """`certificate`: chain and key; else the sink makes one of its own."""
        proof = ["--certificate", certificate[0], "--key", certificate[1]] if certificate else []
        self._ready = directory / "sink.ready"
        self._output = open(directory / "sink.json", "w+")
        self._errors = open(directory / "sink.stderr", "w+")
        self.process = children.start(
            [program(), "sink", "--listen", "127.0.0.1:0", "--tls", _tls(case), "--expect", expect,
             "--timeout", round(timeout), "--ready-file", self._ready, *proof],
            stdout=self._output, stderr=self._errors)
        self.port = wait_for(self._read_port, "the sink is ready", 10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self._output.close()
        self._errors.close()

    def _read_port(self):
        if self.process.poll() is not None:
            self._errors.seek(0)
            raise LoadFailed(f"the sink ended with {self.process.returncode}: {self._errors.read()}")
        text = self._ready.read_text() if self._ready.exists() else ""
        if not text.endswith("\n"):
            return None
        return int(json.loads(text)["listeners"][0].rpartition(":")[2])

    def wait(self, timeout):
        """What it counted, some time after the last one that it waits for: duplicates may follow."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise LoadFailed(f"the sink still waits after {timeout:g} s") from error
        self._output.seek(0)
        return _json(self._output.read(), "the sink")


def check_arrivals(counted, expect):
    """Fails unless each of the ids below `expect` came, and came once."""
    if counted["duplicates"]:
        raise LoadFailed(f"DUPLICATES: {counted['duplicates']} messages came more than once")
    if counted["missing_below_expect"] or counted["distinct"] != expect:
        raise LoadFailed(f"LOST, or not here in time: {counted['missing_below_expect']} of {expect} messages "
                         f"({counted['distinct']} different ones came)")


def sync_ms(directory):
    """The median fdatasync after an append of 4 KiB, in the file system of `directory`."""
    done = subprocess.run([str(program()), "sync", "--directory", str(directory), "--size", "4096",
                           "--count", "500"], capture_output=True, text=True, timeout=120)
    return _json(done.stdout, "the sync measurement")["sync_median_ms"]
