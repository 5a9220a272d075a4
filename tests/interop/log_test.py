#!/usr/bin/python3
"""A log that cannot be written: mail goes on, what is lost is counted, and a stop does not wait."""

import fcntl
import json
import os
import re
import select
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import children, runner
from support.deadline import wait_for
from support.hermetic_server import HermeticServer, binary, listener
from support.smtp_client import Client


class PipedServer(HermeticServer):
    """Its log goes to standard error, which is a pipe whose reading end is `self.reader`."""

    def __init__(self):
        super().__init__(listeners=[listener("mx")], log={"file": ""})
        self.reader = None

    def spawn(self):
        self.reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        self.process = children.start(
            [binary(), "serve", "--config", self.config, "--ready-file", self.ready_file],
            stdout=writer, stderr=writer)
        os.close(writer)

    def close_reader(self):
        if self.reader is not None:
            os.close(self.reader)
            self.reader = None


def lost(server):
    """By cause, as the metrics have it."""
    text = server.run("metrics").stdout
    return {cause: int(count) for cause, count in
            re.findall(r'^hermetic_log_lost_total\{cause="(\w+)"\} (\d+)$', text, re.M)}


def sessions(server, count):
    """Each is a line of some 500 octets."""
    for _ in range(count):
        with Client(server.address()) as client:
            client.command("EHLO " + "x" * 60 + "." + "y" * 60 + "." + "z" * 60 + ".test")
            client.command("QUIT")


class Log(unittest.TestCase):
    def piped(self):
        server = PipedServer()
        self.addCleanup(server.stop)
        self.addCleanup(server.close_reader)
        server.start()
        return server

    def fill(self, server):
        threads = [threading.Thread(target=sessions, args=(server, 250)) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

    def test_unread(self):
        """a pipe that nobody reads: sessions go on, what is lost is counted, a stop is quick"""
        server = self.piped()
        while lost(server).get("unread", 0) == 0:
            self.fill(server)
        began = time.monotonic()
        server.process.terminate()
        server.process.wait(20)
        took = time.monotonic() - began
        print(f"stopped after {took:.2f} s")
        self.assertLess(took, 3.0)  # a sanitizer's own end takes its time

    def test_read_again(self):
        """read after all: what has been lost is said, whether anything else happens or not"""
        server = self.piped()
        while lost(server).get("unread", 0) == 0:
            self.fill(server)
        said, text = 0, b""

        def all_is_said():
            nonlocal said, text
            while select.select([server.reader], [], [], 0.5)[0]:
                text += os.read(server.reader, 1 << 16)
                *whole, text = text.split(b"\n")
                for line in whole:
                    if b'"log.lost"' in line:
                        said += json.loads(line)["lines"]
            return said == lost(server)["unread"]
        wait_for(all_is_said, lambda: f"all that has been lost is said, not only {said} lines", 30)

    def test_closed(self):
        """a pipe that is closed: the same"""
        server = self.piped()
        server.close_reader()
        sessions(server, 5)
        wait_for(lambda: lost(server)["closed"] >= 5, "lines that are lost", 20)

    def test_full(self):
        """a full disk: counted, and said as soon as there is room again"""
        server = HermeticServer(listeners=[listener("mx")])
        self.addCleanup(server.stop)
        server.log_file.symlink_to("/dev/full")
        server.start()
        sessions(server, 5)
        wait_for(lambda: lost(server)["full"] >= 5, "lines that are lost", 20)
        server.log_file.unlink()
        server.reload()
        said = server.wait_log("log.lost", 20)
        self.assertEqual(said["cause"], "full")
        self.assertGreaterEqual(said["lines"], 5)


if __name__ == "__main__":
    runner.main()
