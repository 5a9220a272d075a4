#!/usr/bin/python3
"""swaks as the client: STARTTLS, implicit TLS, LMTP, pipelining, XCLIENT, PROXY."""

import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import runner
from support.hermetic_server import HermeticServer, listener
from support.smtp_client import Client, Closed, Refused
from support.smtp_sink import Sink

# swaks' exit codes that count here.
NO_TLS, RCPT_FAILED = 29, 24


class Swaks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sink = Sink()
        cls.addClassCleanup(cls.sink.close)
        cls.server = HermeticServer(
            listeners=[listener("mx"), listener("clear", tls="off"),
                       listener("implicit", tls="implicit"),
                       listener("lmtp", role="lmtp"),
                       listener("xclient", xclient_networks=["127.0.0.0/8"]),
                       listener("proxy", proxy_networks=["127.0.0.0/8"]),
                       listener("proxy-implicit", tls="implicit", proxy_networks=["127.0.0.0/8"])],
            accepted_domains=[{"name": "dest.test", "kind": "internal_relay",
                               "next_hop": f"smtp://127.0.0.1:{cls.sink.port}"}])
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)
        cls.count = 0

    def swaks(self, name, *arguments, succeed=True):
        """Send one message; returns what arrived, or swaks' exit code and output."""
        type(self).count += 1
        to = f"swaks{self.count}@dest.test"
        done = subprocess.run(
            ["swaks", "--server", "127.0.0.1", "--port", str(self.server.port(name)),
             "--helo", "swaks.client.test", "--from", "alice@sender.test", "--to", to,
             "--timeout", "20", *map(str, arguments)],
            capture_output=True, text=True, errors="replace", timeout=60)
        self.output = done.stdout + done.stderr
        if not succeed:
            return done.returncode
        self.assertEqual(done.returncode, 0, self.output)
        return self.sink.wait_to(to)

    def received(self, arrived):
        return re.match(rb"Received: (?:[^\r\n]|\r\n[ \t])*", arrived.data)[0].decode()

    def test_clear(self):
        """in clear: Received says ESMTP"""
        self.assertRegex(self.received(self.swaks("clear")), r"with ESMTP\b(?!S)")

    def test_starttls(self):
        """STARTTLS, each version by itself"""
        for version in ("tlsv1_2", "tlsv1_3"):
            with self.subTest(version):
                arrived = self.swaks("mx", "--tls", "--tls-protocol", version)
                self.assertRegex(self.received(arrived), r"with ESMTPS\b")

    def test_starttls_not_offered(self):
        """STARTTLS is not offered where TLS is off"""
        self.assertEqual(self.swaks("clear", "--tls", succeed=False), NO_TLS, self.output)

    def test_implicit(self):
        """implicit TLS"""
        self.assertRegex(self.received(self.swaks("implicit", "--tls-on-connect")), r"with ESMTPS\b")

    def test_lmtp(self):
        """LMTP, in clear and over STARTTLS"""
        self.assertRegex(self.received(self.swaks("lmtp", "--protocol", "LMTP")), r"with LMTP\b(?!S)")
        self.assertRegex(self.received(self.swaks("lmtp", "--protocol", "LMTP", "--tls")), r"with LMTPS\b")

    def test_pipelining(self):
        """pipelined commands"""
        self.swaks("mx", "--pipeline")
        self.assertRegex(self.output, r"-> MAIL[^\n]*\n -> RCPT[^\n]*\n -> DATA\n")
        self.swaks("mx", "--pipeline", "--tls")

    def test_attachment(self):
        """a file attached by swaks"""
        arrived = self.swaks("mx", "--attach-type", "application/pdf", "--attach", "@/bin/true")
        self.assertIn(b"application/pdf", arrived.data)

    def test_xclient(self):
        """XCLIENT from a named network replaces the client's address and name"""
        arrived = self.swaks("xclient", "--xclient-addr", "192.0.2.55", "--xclient-name",
                             "origin.client.test", "--xclient-helo", "hello.client.test")
        field = self.received(arrived)
        self.assertIn("192.0.2.55", field)
        self.assertIn("hello.client.test", field)
        self.assertNotIn("127.0.0.1", field)

    def test_xclient_ipv6(self):
        """XCLIENT with an IPv6 address"""
        arrived = self.swaks("xclient", "--xclient-addr", "IPV6:2001:db8::55")
        self.assertIn("2001:db8::55", self.received(arrived))

    def test_xclient_refused(self):
        """XCLIENT is neither offered nor taken elsewhere"""
        with Client(self.server.address("mx")) as client:
            client.ehlo()
            self.assertNotIn("XCLIENT", client.extensions)
            self.assertGreaterEqual(client.command("XCLIENT ADDR=192.0.2.55").code, 500)

    def proxy(self, version, family="TCP4", source="192.0.2.44", destination="192.0.2.1"):
        return ["--proxy-version", version, "--proxy-family",
                family if version == 1 else {"TCP4": "AF_INET", "TCP6": "AF_INET6"}[family],
                *(["--proxy-command", "PROXY", "--proxy-protocol", "STREAM"] if version == 2 else []),
                "--proxy-source", source, "--proxy-source-port", "4711",
                "--proxy-dest", destination, "--proxy-dest-port", "25"]

    def test_proxy(self):
        """PROXY version 1 and 2, IPv4 and IPv6, give the client's address"""
        for version in (1, 2):
            for family, source, destination in (("TCP4", "192.0.2.44", "192.0.2.1"),
                                                ("TCP6", "2001:db8::44", "2001:db8::1")):
                for name, tls in (("proxy", []), ("proxy", ["--tls"]),
                                  ("proxy-implicit", ["--tls-on-connect"])):
                    with self.subTest(f"version {version}, {family}, {name} {tls}"):
                        arrived = self.swaks(name, *tls, *self.proxy(version, family, source, destination))
                        self.assertIn(source, self.received(arrived))

    def test_proxy_missing(self):
        """a client that should begin with PROXY and does not gets no session"""
        try:
            with Client(self.server.address("proxy"), preface=b"EHLO x.test\r\n", timeout=20) as client:
                self.fail(f"it was greeted: {client.greeting}")
        except (Closed, Refused):
            pass

    def test_proxy_not_expected(self):
        """a PROXY header elsewhere does not change who the client is"""
        code = self.swaks("clear", *self.proxy(1), succeed=False)
        if code == 0:  # swaks went on after the server had refused the line
            arrived = self.sink.wait_to(f"swaks{self.count}@dest.test")
            self.assertNotIn("192.0.2.44", self.received(arrived))

    def test_unknown_domain(self):
        """relay to a foreign domain is refused at RCPT"""
        done = subprocess.run(
            ["swaks", "--server", "127.0.0.1", "--port", str(self.server.port("mx")),
             "--from", "a@sender.test", "--to", "b@elsewhere.test"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, RCPT_FAILED, done.stdout)
        self.assertRegex(done.stdout, r"550 5\.7\.64 .*\[.+\]")


if __name__ == "__main__":
    runner.main()
