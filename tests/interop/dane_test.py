#!/usr/bin/python3
"""DANE of the whole server: zones that a real Knot DNS signs, TLSA records made by the openssl command,
servers with Python's TLS on loopback addresses of their own. And whether it says that DANE can work."""

import hashlib
import ssl
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import runner
from support.certificates import Authority
from support.dns_zone import DnsServer
from support.hermetic_server import HermeticServer, listener
from support.ports import free_port
from support.smtp_client import Client
from support.smtp_sink import Sink

MESSAGE = b"From: a@senders.test\r\nSubject: x\r\n\r\nnobody may read this\r\n"


def spki(chain):
    """The public key of the first certificate of a PEM file, as DER."""
    pem = subprocess.run(["openssl", "x509", "-in", chain, "-noout", "-pubkey"], check=True,
                         capture_output=True).stdout
    return subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=pem, check=True,
                          capture_output=True).stdout


def tlsa(chain, usage=3):
    return f"TLSA {usage} 1 1 {hashlib.sha256(spki(chain)).hexdigest()}"


def context(chain, key):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(chain, key)
    return made


class Dane(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="hermetic-dane.")
        cls.addClassCleanup(directory.cleanup)
        authority = Authority(directory.name)
        good, good_key = authority.issue("mx.good.test", stem="good")
        other, other_key = authority.issue("mx.good.test", stem="other")
        cls.port = free_port()
        cls.good = Sink(address="127.0.0.2", port=cls.port, tls="starttls", context=context(good, good_key))
        cls.other = Sink(address="127.0.0.3", port=cls.port, tls="starttls", context=context(other, other_key))
        cls.clear = Sink(address="127.0.0.4", port=cls.port)
        for sink in (cls.good, cls.other, cls.clear):
            cls.addClassCleanup(sink.close)
        records, wrong = tlsa(good), tlsa(other)
        at = f"_{cls.port}._tcp.mx"
        cls.zones = {
            "good.test": f"@ MX 10 mx\nmx A 127.0.0.2\n{at} {records}\n",
            "mismatch.test": f"@ MX 10 mx\nmx A 127.0.0.3\n{at} {records}\n",
            "clear.test": f"@ MX 10 mx\nmx A 127.0.0.4\n{at} {records}\n",
            "rollover.test": f"@ MX 10 mx\nmx A 127.0.0.3\n{at} {records}\n{at} {wrong}\n",
            "forged.test": f"@ MX 10 mx\nmx A 127.0.0.2\n{at} CNAME x.bogus.test.\n",
            "repaired.test": f"$TTL 1\n@ MX 10 mx\nmx A 127.0.0.2\n{at} {wrong}\n",
            "plain.test": f"@ MX 10 mx\nmx A 127.0.0.4\n{at} {records}\n",
            "bogus.test": f"x {records}\n",
        }
        signed = [name for name in cls.zones if name != "plain.test"] + ["key.test"]
        cls.records = records
        cls.dns = DnsServer({**cls.zones, "key.test": "x A 127.0.0.2\n"}, signed=signed)
        cls.dns.start()
        cls.addClassCleanup(cls.dns.stop)
        # The anchor of bogus.test is another zone's key: all its answers fail validation.
        anchors = [cls.dns.anchor(name) for name in cls.zones if name not in ("plain.test", "bogus.test")]
        anchors.append(cls.dns.anchor("key.test").replace("key.test.", "bogus.test."))
        cls.settings = dict(
            listeners=[listener("mx")],
            delivery={"port": cls.port, "connect_timeout": "5s"},
            inbound_connectors=[{"name": "us", "kind": "on_premises", "networks": ["127.0.0.0/8"],
                                 "may_relay": True}])
        cls.server = HermeticServer(resolver={"forward": [cls.dns.address], "trust_anchors": anchors},
                                    **cls.settings)
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    def send(self, to):
        with Client(self.server.address()) as client:
            client.ehlo()
            client.deliver("a@senders.test", [to], MESSAGE)

    def attempt(self, to, outcome):
        return self.server.wait_log("attempt", where=lambda each: to in each["to"], outcome=outcome)

    def waits(self, to, enhanced, reason):
        """It waits for that, and no envelope of it was said anywhere in clear."""
        self.send(to)
        attempt = self.attempt(to, "deferred")
        self.assertEqual((attempt["enhanced"], attempt["reason"]), (enhanced, reason), attempt)
        self.assertEqual(attempt["origin"], "local")
        for sink in (self.good, self.other, self.clear):
            self.assertEqual(sink.to(to), [])
        if "plain" not in to and not self.clear.to("m@plain.test"):
            self.assertNotIn("MAIL", [verb for each in self.clear.sessions for verb in each.commands])

    def test_match(self):
        """a record of the key: delivered in TLS, and the log says by what it was proved"""
        self.send("m@good.test")
        self.assertIsNotNone(self.good.wait_to("m@good.test").tls)
        attempt = self.attempt("m@good.test", "delivered")
        self.assertEqual(attempt["policy"], "dane")
        self.assertIn("dane.matched", attempt["because"])

    def test_mismatch(self):
        """another key: it waits with 4.7.323"""
        self.waits("m@mismatch.test", "4.7.323", "dane.tlsa-mismatch")

    def test_no_starttls(self):
        """records and no STARTTLS: it waits with 4.7.321"""
        self.waits("m@clear.test", "4.7.321", "starttls.not-offered")

    def test_forged_records(self):
        """a TLSA answer that does not validate: it waits with 4.7.324"""
        self.waits("m@forged.test", "4.7.324", "dane.lookup-failed")

    def test_rollover(self):
        """the old record beside the new one: delivered"""
        self.send("m@rollover.test")
        self.assertIsNotNone(self.other.wait_to("m@rollover.test").tls)

    def test_unsigned(self):
        """records of an unsigned zone do not count"""
        self.send("m@plain.test")
        self.assertIsNone(self.clear.wait_to("m@plain.test").tls)

    def test_repaired(self):
        """a wrong record is repaired: delivered at the next attempt, once the old one is forgotten"""
        self.send("m@repaired.test")
        self.attempt("m@repaired.test", "deferred")
        at = f"_{self.port}._tcp.mx"
        self.dns.update("repaired.test", f"$TTL 1\n@ MX 10 mx\nmx A 127.0.0.2\n{at} {self.records}\n")
        self.server.retry_until(lambda: self.good.to("m@repaired.test"), "it is delivered", seconds=120)

    def test_says_that_it_works(self):
        """the resolver is tested at the start: the log and `hermetic status` say so"""
        event = self.server.wait_log("dane.resolver")
        self.assertEqual(event["state"], "works", event)
        self.assertIn("DNSSEC works", self.server.run("status").stdout)

    def test_says_that_it_cannot(self):
        """a forwarder whose answers do not validate: said, and the server runs all the same"""
        wrong = self.dns.anchor("key.test").replace("key.test.", "bogus.test.")
        with HermeticServer(resolver={"forward": [self.dns.address], "trust_anchors": [wrong]},
                            **self.settings) as server:
            event = server.wait_log("dane.resolver")
            self.assertEqual((event["state"], event["zone"], event["level"]),
                             ("bogus", "bogus.test", "warning"))
            self.assertIn("do not validate", server.run("status").stdout)


if __name__ == "__main__":
    runner.main()
