#!/usr/bin/python3
"""Delivery by MX, against zones that a real Knot DNS serves, one of them signed. Every mail host is a
sink on its own loopback address, all at one port."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import runner
from support.dns_zone import DnsServer
from support.hermetic_server import HermeticServer, listener
from support.ports import free_port
from support.smtp_client import Client
from support.smtp_sink import Sink

MESSAGE = b"From: a@senders.test\r\nSubject: x\r\n\r\ntext\r\n"
# At 127.0.0.9 nothing listens.
HOSTS = "a A 127.0.0.2\nb A 127.0.0.3\ndead A 127.0.0.9\n"
ZONES = {
    "mx.test": "@ MX 10 a\n@ MX 20 b\n" + HOSTS,
    "fallback.test": "@ MX 10 dead\n@ MX 20 b\n" + HOSTS,
    "equal.test": "@ MX 10 a\n@ MX 10 b\n" + HOSTS,
    "null.test": "@ MX 0 .\n@ A 127.0.0.2\n",
    "implicit.test": "@ A 127.0.0.2\n",
    "cname.test": "mail CNAME target\ntarget MX 10 a\n" + HOSTS,
    "mxcname.test": "@ MX 10 alias\nalias CNAME a\n" + HOSTS,
    "loop.test": "mail CNAME loop\nloop CNAME mail\n",
    "empty.test": "other A 127.0.0.2\n",
    "noaddress.test": "@ MX 10 nowhere\n",
    "ourselves.test": "@ MX 10 mx.hermetic.test.\n",
    "hermetic.test": "mx A 127.0.0.2\n",
    "private.test": "@ MX 10 p\np A 10.255.255.1\n",
    "zero.test": "@ MX 10 z\nz A 0.0.0.0\n",
    "signed.test": "@ MX 10 a\n" + HOSTS,
    "bogus.test": "@ MX 10 a\n" + HOSTS,
    "other.test": "@ MX 10 a\n" + HOSTS,
}


class Dns(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        port = free_port()
        cls.a, cls.b = Sink(address="127.0.0.2", port=port), Sink(address="127.0.0.3", port=port)
        cls.senders = Sink()
        for sink in (cls.a, cls.b, cls.senders):
            cls.addClassCleanup(sink.close)
        cls.dns = DnsServer(ZONES, signed=["signed.test", "bogus.test", "other.test"])
        cls.dns.start()
        cls.addClassCleanup(cls.dns.stop)
        # The anchor of bogus.test is another zone's key: all its answers fail validation.
        wrong = cls.dns.anchor("other.test").replace("other.test.", "bogus.test.")
        cls.settings = dict(
            listeners=[listener("mx")],
            resolver={"forward": [cls.dns.address],
                      "trust_anchors": [cls.dns.anchor("signed.test"), wrong]},
            accepted_domains=[{"name": "senders.test", "kind": "internal_relay",
                               "next_hop": f"smtp://127.0.0.1:{cls.senders.port}"}],
            inbound_connectors=[{"name": "us", "kind": "on_premises", "networks": ["127.0.0.0/8"],
                                 "may_relay": True}])
        cls.port = port
        cls.server = HermeticServer(delivery={"port": port, "connect_timeout": "3s", "allow_private": False},
                                    **cls.settings)
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    def send(self, to, server=None):
        sender = "for-" + to.replace("@", "-at-").replace("[", "").replace("]", "") + "@senders.test"
        with Client((server or self.server).address()) as client:
            client.ehlo()
            client.deliver(sender, [to], MESSAGE)
        return sender

    def attempt(self, to, outcome, server=None):
        return (server or self.server).wait_log("attempt", where=lambda each: to in each["to"],
                                                outcome=outcome)

    def returned(self, to, enhanced):
        notice = self.senders.wait_to(self.send(to))
        self.assertIn(f"Status: {enhanced}".encode(), notice.data)
        self.assertEqual(self.attempt(to, "failed")["origin"], "local")

    def test_preference(self):
        """the host of the lowest preference gets the mail"""
        for n in range(5):
            self.send(f"m{n}@mx.test")
            self.a.wait_to(f"m{n}@mx.test")
        self.assertEqual([m for m in self.b.messages if "@mx.test" in m.to[0]], [])

    def test_fallback(self):
        """a dead first host: the second gets it at once"""
        self.send("m@fallback.test")
        self.b.wait_to("m@fallback.test")
        self.assertEqual(self.server.log("attempt", to="<m@fallback.test>", outcome="deferred"), [])

    def test_equal_preference(self):
        """hosts of equal preference share the mail"""
        for n in range(40):
            self.send(f"m{n}@equal.test")
        for n in range(40):
            self.server.wait_log("attempt", where=lambda each: f"m{n}@equal.test" in each["to"],
                                 outcome="delivered")
        self.assertEqual(sum(len([m for m in sink.messages if "@equal.test" in m.to[0]])
                             for sink in (self.a, self.b)), 40)

    def test_null_mx(self):
        """a null MX: returned at once, 5.1.10 (RFC 7505)"""
        self.returned("m@null.test", "5.1.10")

    def test_implicit_mx(self):
        """no MX: the address of the domain itself"""
        self.send("m@implicit.test")
        self.a.wait_to("m@implicit.test")

    def test_cname(self):
        """a domain that is an alias, and a mail host that is one"""
        for to in ("m@mail.cname.test", "m@mxcname.test"):
            with self.subTest(to):
                self.send(to)
                self.a.wait_to(to)

    def test_alias_loop(self):
        """aliases in a circle are not followed for ever, and nothing is delivered"""
        self.send("m@mail.loop.test")
        attempt = self.server.wait_log("attempt", where=lambda each: "m@mail.loop.test" in each["to"])
        self.assertIn(attempt["outcome"], ("deferred", "failed"))
        self.assertEqual(attempt["stage"], "dns")

    def test_no_domain(self):
        """a domain that does not exist: returned, 5.1.2"""
        self.returned("m@nx.empty.test", "5.1.2")

    def test_ourselves(self):
        """an MX that names us is a loop: returned, 5.4.6"""
        self.returned("m@ourselves.test", "5.4.6")

    def test_forbidden_addresses(self):
        """private and unspecified addresses are refused, not connected to"""
        for to in ("m@private.test", "m@zero.test"):
            with self.subTest(to):
                self.send(to)
                attempt = self.server.wait_log("attempt", where=lambda each: to in each["to"])
                self.assertIn(attempt["outcome"], ("deferred", "failed"))
                self.assertEqual(attempt["origin"], "local")

    def test_literal(self):
        """an address literal"""
        self.send("m@[127.0.0.2]")
        self.a.wait_to("m@[127.0.0.2]")

    def test_secure(self):
        """a signed zone's answers are secure, others insecure, and the log says so"""
        self.send("m@signed.test")
        self.a.wait_to("m@signed.test")
        self.assertEqual(self.attempt("m@signed.test", "delivered")["dns"], "secure")
        self.send("m2@mx.test")
        self.assertEqual(self.attempt("m2@mx.test", "delivered")["dns"], "insecure")

    def test_bogus(self):
        """answers that fail validation: deferred with 4.4.312, never delivered"""
        self.send("m@bogus.test")
        attempt = self.attempt("m@bogus.test", "deferred")
        self.assertEqual((attempt["enhanced"], attempt["stage"]), ("4.4.312", "dns"))
        self.assertEqual(self.a.to("m@bogus.test"), [])

    def test_loopback_refused_by_default(self):
        """without allow_loopback an MX that leads to this machine is refused"""
        with HermeticServer(delivery={"port": self.port, "allow_loopback": False}, **self.settings) as server:
            self.send("m3@mx.test", server)
            attempt = server.wait_log("attempt", where=lambda each: "m3@mx.test" in each["to"])
            self.assertIn(attempt["outcome"], ("deferred", "failed"))
        self.assertEqual(self.a.to("m3@mx.test"), [])

    def test_name_server_away(self):
        """no name server answers: deferred with 4.4.312, and delivered once one does"""
        with DnsServer({"late.test": "@ MX 10 a\n" + HOSTS}) as dns:
            dns.pause()
            # With no anchor of ours the root's would hold, and the test's root is not signed.
            settings = {**self.settings, "resolver": {**self.settings["resolver"],
                                                      "forward": [dns.address], "timeout": "2s"}}
            with HermeticServer(delivery={"port": self.port}, **settings) as server:
                self.send("m@late.test", server)
                attempt = self.attempt("m@late.test", "deferred", server)
                self.assertEqual((attempt["enhanced"], attempt["stage"]), ("4.4.312", "dns"))
                dns.start()
                server.retry_until(lambda: self.a.to("m@late.test"), "it is delivered")


if __name__ == "__main__":
    runner.main()
