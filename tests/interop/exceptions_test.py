#!/usr/bin/python3
"""Exceptions on a running server: an earlier version's form, where they are listed, and next hops of their own level."""

import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import runner
from support.deadline import wait_for
from support.hermetic_server import HermeticServer, exception
from support.smtp_client import Client
from support.smtp_sink import Sink

MESSAGE = b"From: a@senders.test\r\nSubject: x\r\nMessage-ID: <x@senders.test>\r\n\r\ntext\r\n"


class Exceptions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.local = Sink(lmtp=True)
        cls.addClassCleanup(cls.local.close)
        until = exception()["valid_until"]
        cls.server = HermeticServer(
            organization={"tls": "encrypt", "retry_after": ["1h"]},
            accepted_domains=[
                {"name": "local.test", "next_hop": f"lmtp://localhost:{cls.local.port}"},
                {"name": "store.test", "next_hop": "lmtp://store.invalid:24",
                 "exception": exception(tls="opportunistic")}],
            inbound_connectors=[
                {"name": "here", "kind": "on_premises", "networks": ["127.0.0.0/8"],
                 "may_relay": True, "exception": exception(min_tls="1.0")}],
            outbound_connectors=[
                {"name": "old form", "recipient_domains": ["old.test"], "tls": "opportunistic",
                 "valid_until": until}])
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    def test_listed(self):
        """all that is weaker for a time, in one place; an old form is read, with a warning"""
        event = self.server.wait_log("objects.old-form")
        self.assertIn("valid_until", event["object"])
        done = self.server.run("exceptions", "--json")
        rows = {each["name"]: each for each in json.loads(done.stdout)["exceptions"]}
        self.assertEqual(rows["old form"]["weaker"], 'tls = "opportunistic"')
        self.assertEqual(rows["store.test"]["kind"], "accepted_domain")
        self.assertEqual(rows["here"]["weaker"], 'min_tls = "1.0"')
        self.assertFalse(rows["here"]["ended"])
        self.assertIn("old form", self.server.run("exceptions").stdout)
        self.assertEqual(self.server.wait_log("exception.ending")["days"], "1")

    def test_explained(self):
        """explain: the exception beside the lasting level"""
        done = self.server.run("explain", "--to", "u@store.test", "--json", check=False)
        hop = json.loads(done.stdout)["hops"][0]
        self.assertEqual(hop["level"], "opportunistic")
        self.assertIn("tls.exception", hop["because"])
        self.assertIn("tls.next-hop-level", hop["because"])

    def test_local_hop(self):
        """the organization's `encrypt` strands no mail for a mailbox server on this machine"""
        with Client(self.server.address()) as client:
            client.ehlo()
            client.deliver("a@senders.test", ["u@local.test"], MESSAGE)
        wait_for(lambda: self.local.messages, "it is delivered")


if __name__ == "__main__":
    runner.main()
