#!/usr/bin/python3
"""Notices about mail that required TLS: what comes back to senders whose own mail goes by MX in clear,
and to senders whose mail stays on the machine."""

import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import runner
from support.deadline import wait_for
from support.dns_zone import DnsServer
from support.hermetic_server import HermeticServer, listener
from support.ports import free_port
from support.smtp_client import Client
from support.smtp_sink import Sink

ZONES = {
    # A connector asks for encrypt; their host has no TLS. One for each test: a destination that failed backs off.
    "bank.test": "@ MX 10 a\na A 127.0.0.2\n",
    "local-bank.test": "@ MX 10 a\na A 127.0.0.2\n",
    "own-bank.test": "@ MX 10 a\na A 127.0.0.2\n",
    "shop.test": "@ MX 10 a\na A 127.0.0.2\n",  # nobody asks for anything; it refuses
    "senders.test": "@ MX 10 b\nb A 127.0.0.3\n",
}
MESSAGE = (b"Date: Mon, 30 Nov 2026 12:00:00 +0000\r\nFrom: Ann <a@senders.test>\r\nTo: you@bank.test\r\n"
           b"Subject: secret subject\r\nX-Note: secret note\r\nMessage-ID: <x@senders.test>\r\n\r\n"
           b"secret text\r\n")


class Notices(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        port = free_port()
        cls.far = Sink(address="127.0.0.2", port=port,
                       decide=lambda stage, session, argument:
                       "550 5.1.1 nobody" if stage == "rcpt" else None)
        cls.by_mx, cls.local = Sink(address="127.0.0.3", port=port), Sink()
        for sink in (cls.far, cls.by_mx, cls.local):
            cls.addClassCleanup(sink.close)
        cls.dns = DnsServer(ZONES)
        cls.dns.start()
        cls.addClassCleanup(cls.dns.stop)
        cls.server = HermeticServer(
            listeners=[listener("mx")],
            resolver={"forward": [cls.dns.address], "root_anchor_file": "/nonexistent"},
            delivery={"port": port, "connect_timeout": "3s"},
            organization={"retry_after": ["1h"]},
            accepted_domains=[
                {"name": "senders.test", "kind": "internal_relay"},
                {"name": "local.test", "kind": "internal_relay",
                 "next_hop": f"smtp://127.0.0.1:{cls.local.port}"}],
            inbound_connectors=[{"name": "us", "kind": "on_premises", "networks": ["127.0.0.0/8"],
                                 "may_relay": True}],
            outbound_connectors=[{"name": "bank", "recipient_domains": ["bank.test", "local-bank.test", "own-bank.test"],
                                  "tls": "encrypt"}])
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    def row(self, sender):
        rows = json.loads(self.server.run("queue", "list", "--json").stdout)["messages"]
        return next((each for each in rows if each["from"] == sender
                     and each["state"] == "deferred"), None)

    def notice(self, sender, recipient, sink):
        """Of a message that was refused, or that waits for TLS and is removed."""
        with Client(self.server.address()) as client:
            client.ehlo()
            client.deliver(sender, [recipient], MESSAGE)
        if recipient.endswith("bank.test"):
            row = wait_for(lambda: self.row(sender), "it waits for TLS")
            shown = json.loads(self.server.run("queue", "show", row["id"], "--json").stdout)
            self.assertEqual(shown["tls_required"], "encrypt")
            self.assertEqual(len(shown["causes"]), 1)
            self.server.run("queue", "remove", row["id"])
        notice = sink.wait_to(sender, seconds=60)
        self.assertEqual(notice.sender, "")
        self.assertIn(b"Action: failed", notice.data)
        return notice.data

    def test_withheld(self):
        """by MX: From, To, Date and Message-ID, and why; nothing of what the message says"""
        data = self.notice("withheld@senders.test", "you@bank.test", self.by_mx)
        self.assertNotIn(b"secret", data)
        self.assertIn(b"Subject: Your message was not delivered\r\n", data)
        for field in MESSAGE.split(b"\r\n\r\n", 1)[0].split(b"\r\n"):
            self.assertEqual(field in data, b"secret" not in field, field)
        self.assertIn(b"protected connections only", data)
        self.assertIn(b"TLS required: encrypt (tls.connector-level)", data)
        line = self.server.wait_log("notice", to="withheld@senders.test")
        self.assertEqual(line["content"], "notice.content-withheld")
        self.assertEqual(self.far.to("you@bank.test"), [])

    def test_local(self):
        """to a next hop on this machine: the whole message"""
        data = self.notice("whole@local.test", "me@local-bank.test", self.local)
        self.assertTrue(MESSAGE.rstrip() in data, data)
        line = self.server.wait_log("notice", to="whole@local.test")
        self.assertEqual(line["content"], "notice.content-local")

    def test_nobody_asked(self):
        """opportunistic all the way: as before"""
        data = self.notice("plain@senders.test", "you@shop.test", self.by_mx)
        self.assertTrue(MESSAGE.rstrip() in data, data)
        self.assertNotIn("content", self.server.wait_log("notice", to="plain@senders.test"))

    def test_attempts(self):
        """administrators read the attempts in brief and the last one in full"""
        data = self.notice("attempts@senders.test", "us@own-bank.test", self.by_mx)
        self.assertIn(b"All attempts, by result:", data)
        self.assertIn(b"The last attempt:", data)
        self.assertIn(b"policy: encrypt (", data)


if __name__ == "__main__":
    runner.main()
