#!/usr/bin/python3
"""What a start with a full queue costs the whole server: time until every message is in the queue, and
memory per message (PSS against a server with none). Needs the program that fills a spool:
cmake --build build/dev --target spool_million"""

import argparse
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.deadline import wait_for
from support.hermetic_server import ROOT, HermeticServer, binary


def start(directory, name_server, messages):
    """Seconds until all are queued, and PSS in KiB a moment later."""
    server = HermeticServer(directory=directory, delivery={"connections": 2}, log={"level": "error"},
                            spool={"high_water": 0, "low_water": 0},
                            resolver={"forward": [f"127.0.0.1:{name_server}"]})
    began = time.monotonic()
    server.start()
    wait_for(lambda: server.status()["queue"]["messages"] >= messages, "every message is queued",
             300, 0.1)
    took = time.monotonic() - began
    time.sleep(3)  # buffers of the start are given back
    pss = server.resident_kib()
    server.stop()
    return took, pss


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--filler", default=ROOT / "build/dev/tests/crash/spool_million")
    options = parser.parse_args()
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # a name server that never answers
    silent.bind(("127.0.0.1", 0))
    directory = Path(tempfile.mkdtemp(prefix="hermetic-recovery."))
    try:
        _, empty = start(directory / "empty", silent.getsockname()[1], 0)
        full = directory / "full"
        full.mkdir()
        (full / "data").mkdir()
        subprocess.run([options.filler, str(options.messages), "1000", full / "data/spool"], check=True)
        took, pss = start(full, silent.getsockname()[1], options.messages)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    each = (pss - empty) * 1024 / options.messages
    good = took <= 10 and each <= 300
    print(f"{'ok  ' if good else 'FAIL'} {options.messages} queued messages after {took:.1f} s (limit 10), "
          f"{each:.0f} octets each (limit 300); {binary()}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
