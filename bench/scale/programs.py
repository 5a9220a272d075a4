"""The C++ programs beside the server's binary: the filler of spools, and the load generator's sink."""

import json
import os
import subprocess
import time
from pathlib import Path

from support import children
from support.hermetic_server import binary


def program(variable, *places):
    """The program that the environment names, else the one in the same build tree as the server."""
    if variable in os.environ:
        return Path(os.environ[variable])
    tree = binary().resolve().parents[2]
    for place in places:
        if os.access(tree / place, os.X_OK):
            return tree / place
    raise SystemExit(f"no {places[0]} in {tree}: build it, or set {variable}")


def fill_spool(directory, messages, octets, domains, first_domain=0):
    directory = Path(directory)
    directory.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([program("FILL_SPOOL", "bench/scale/fill_spool"), directory, str(messages), str(octets),
                    str(domains), str(first_domain)], check=True)


class Sink:
    """`hermetic-load sink` at a port of 127.0.0.1; ends by itself `linger` seconds after `expected` messages, or
    after `seconds`."""

    def __init__(self, directory, port, expected, seconds, linger=0.0, delay_ms=0):
        self._ready = Path(directory) / f"sink-{port}-{time.monotonic_ns()}.json"
        self._process = children.start(
            [program("HERMETIC_LOAD", "bench/load/hermetic-load"), "sink", "--listen", f"127.0.0.1:{port}",
             "--tls", "off", "--expect", expected, "--timeout", f"{seconds:g}", "--linger", f"{linger:g}",
             "--delay-ms", delay_ms,
             "--ready-file", self._ready],
            stdout=subprocess.PIPE)
        end = time.monotonic() + 20
        while not (self._ready.exists() and self._ready.stat().st_size):
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"hermetic-load sink does not start (status {self._process.poll()})")
            time.sleep(0.02)

    def result(self):
        """What it says when it ends: received, distinct, duplicates, first, last, messages_per_second."""
        out, _ = self._process.communicate()
        return json.loads(out)

    def stop(self):
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
