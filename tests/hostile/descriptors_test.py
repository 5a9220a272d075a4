#!/usr/bin/python3
"""File descriptors run out: what the server needs itself is kept, nothing spins, and it is said."""

import os
import resource
import shutil
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hostile import MESSAGE, connect, descriptors
from support import runner
from support.deadline import wait_for
from support.hermetic_server import HermeticServer, binary, smtp_hop
from support.smtp_client import Client
from support.smtp_sink import Sink

FEW = 800


def seconds_used(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# UBSan looks at memory through a pipe, and takes every object for none where it gets no descriptor.
SANITIZED = b"__ubsan_handle" in Path(binary()).read_bytes()


@unittest.skipIf(SANITIZED, "the sanitizers need descriptors of their own: of the release build only")
class Descriptors(unittest.TestCase):
    def server(self, **options):
        self.sink = Sink(decide=lambda stage, *_: "451 4.0.0 later" if stage == "mail" and self.refuses else None)
        self.refuses = True
        self.addCleanup(self.sink.close)
        server = HermeticServer(accepted_domains=[{"name": "dest.test", "kind": "internal_relay",
                                                   "next_hop": smtp_hop(self.sink)}], **options)
        self.addCleanup(shutil.rmtree, server.directory, True)
        return server

    def crowd(self, server, count):
        held = []
        self.addCleanup(lambda: [each.close() for each in held])
        for number in range(count):
            try:
                held.append(connect(server.address(), number // 150, timeout=5))
            except OSError:
                pass
        return held

    def works_beside(self, server):
        """The control socket answers, what is queued is delivered, and the server sits still."""
        self.refuses = False
        server.retry_until(lambda: self.sink.messages, "the message is delivered")
        before = seconds_used(server.pid)
        time.sleep(2)  # what is measured
        self.assertLess(seconds_used(server.pid) - before, 1.0, "it spins")
        self.assertGreater(server.status()["sessions"], 0)

    def put(self, server):
        with Client(server.address()) as client:
            client.ehlo()
            client.deliver("a@sender.test", ["b@dest.test"], MESSAGE)

    def test_few(self):
        """fewer than limits.sessions needs: said at start, and a crowd leaves the server its own"""
        descriptors(2000)
        folder = tempfile.mkdtemp(prefix="hermetic-few.")
        self.addCleanup(shutil.rmtree, folder, True)
        program = Path(folder) / "hermetic"
        program.write_text(f"#!/bin/sh\nulimit -n {FEW}\nexec {binary()} \"$@\"\n")
        program.chmod(0o755)
        server = self.server(limits={"sessions": 5000})
        before = os.environ.get("HERMETIC")
        os.environ["HERMETIC"] = str(program)
        try:
            server.start()
        finally:
            del os.environ["HERMETIC"]
            if before is not None:
                os.environ["HERMETIC"] = before
        self.addCleanup(server.stop)
        warning = server.wait_log("configuration.warning", key="limits.sessions")
        self.assertIn(f"limit of {FEW} open files", warning["what"])
        self.put(server)
        self.crowd(server, FEW)
        self.works_beside(server)
        self.assertFalse(server.log("listener.trouble"), "the system's limit was not reached")

    def test_none_left(self):
        """none is left at all, whatever took them: nothing spins, and the control socket answers"""
        descriptors(2000)
        server = self.server()
        server.start()
        self.addCleanup(server.stop)
        self.put(server)
        open_now = len(os.listdir(f"/proc/{server.pid}/fd"))
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (open_now + 20, open_now + 20))
        held = self.crowd(server, 100)
        server.wait_log("listener.trouble")
        self.assertEqual(server.status()["hostname"], "mx.hermetic.test")
        before = seconds_used(server.pid)
        time.sleep(2)  # what is measured
        self.assertLess(seconds_used(server.pid) - before, 1.0, "it spins")
        for each in held:
            each.close()
        wait_for(lambda: server.status()["sessions"] == 0, "they are gone", 60, 0.2)
        self.refuses = False
        server.retry_until(lambda: self.sink.messages, "the message is delivered")


if __name__ == "__main__":
    runner.main()
