#!/usr/bin/python3
"""A stop: at once where nothing is under way; sessions are told first, and the port answers until they have ended."""

import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import runner
from support.hermetic_server import HermeticServer, listener, smtp_hop
from support.smtp_client import Client
from support.smtp_sink import Sink

MESSAGE = b"From: a@senders.test\r\nSubject: x\r\n\r\ntext\r\n"


class Stop(unittest.TestCase):
    def setUp(self):
        self.sink = Sink()
        self.addCleanup(self.sink.close)
        self.server = HermeticServer(
            listeners=[listener("mx")],
            accepted_domains=[{"name": "a.test", "kind": "internal_relay", "next_hop": smtp_hop(self.sink)}])
        self.server.start()
        self.addCleanup(self.server.stop)

    def test_idle(self):
        """an idle server stops at once, with an open session too"""
        with Client(self.server.address()) as client:
            client.ehlo()
            began = time.monotonic()
            self.server.process.terminate()
            self.assertEqual(client.read_reply().code, 421)
            told = time.monotonic() - began
            self.server.process.wait(20)
            took = time.monotonic() - began
        print(f"told after {told:.2f} s, stopped after {took:.2f} s")
        self.assertLess(took, 3.0)  # a sanitizer's own end takes its time
        self.server.stop()

    def test_the_port_answers(self):
        """while a transaction ends, idle sessions have been told, and the port answers with 421"""
        with Client(self.server.address()) as busy, Client(self.server.address()) as idle:
            busy.ehlo()
            idle.ehlo()
            self.assertEqual(busy.command("MAIL FROM:<x@senders.test>").code, 250)
            self.assertEqual(busy.command("RCPT TO:<u@a.test>").code, 250)
            self.server.process.terminate()
            self.assertEqual(idle.read_reply().code, 421)
            with Client(self.server.address(), greet=False) as late:
                self.assertEqual(late.read_reply().code, 421)
            self.assertEqual(busy.data(MESSAGE)[-1].code, 250)
            self.server.process.wait(20)
        stopped = self.server.log("server.stopped")
        self.assertEqual(len(stopped), 1)
        self.server.stop()


if __name__ == "__main__":
    runner.main()
