#!/usr/bin/python3
"""The peers alone, without Hermetic: each takes a message and relays it to a sink. When this fails, the
peers' part is at fault; when only mail_servers_test.py fails, Hermetic is."""

import ssl
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import runner
from support.certificates import Authority
from support.peers import Exim, OpenSmtpd, Postfix
from support.smtp_client import Client
from support.smtp_sink import Sink, server_context

MESSAGE = (b"Date: Fri, 13 Nov 2026 09:30:00 +0100\r\nFrom: a@sender.test\r\nTo: b@dest.test\r\n"
           b"Message-ID: <1@sender.test>\r\nSubject: dots\r\n\r\n.\r\n..\r\n.a\r\nb.\r\n\r\n.c\r\n")


class Peers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="hermetic-peers.")
        cls.addClassCleanup(directory.cleanup)
        chain, key = Authority(directory.name).issue("sink.example.test")
        cls.context = server_context(chain, key)

    def relay(self, kind, into_tls, out, **options):
        with Sink(tls="starttls", context=self.context, lmtp=options.get("lmtp", False)) as sink, \
                kind(sink.port, **options) as peer:
            with Client(("127.0.0.1", peer.port)) as client:
                client.ehlo()
                if into_tls:
                    client.starttls()
                    client.ehlo()
                client.deliver("a@sender.test", ["b@dest.test"], MESSAGE)
            arrived = sink.wait_to("b@dest.test")
        self.assertTrue(arrived.data.endswith(MESSAGE), arrived.data)
        self.assertEqual(arrived.tls[0] if arrived.tls else None, out)

    def test_postfix(self):
        """Postfix relays: STARTTLS in, TLS 1.3 out"""
        self.relay(Postfix, True, "TLSv1.3", relay_tls="encrypt", minimum="1.3")

    def test_postfix_lmtp(self):
        """Postfix relays by LMTP in clear"""
        self.relay(Postfix, False, None, relay_tls="none", lmtp=True)

    def test_exim(self):
        """Exim relays: STARTTLS in, TLS 1.3 out"""
        self.relay(Exim, True, "TLSv1.3", relay_tls="encrypt", minimum="1.3")

    def test_exim_lmtp(self):
        """Exim relays by LMTP in clear"""
        self.relay(Exim, False, None, relay_tls="none", lmtp=True)

    def test_opensmtpd(self):
        """OpenSMTPD relays: in clear, TLS 1.3 out"""
        self.relay(OpenSmtpd, False, "TLSv1.3", relay_tls="encrypt")

    def test_opensmtpd_starttls_is_broken(self):
        """OpenSMTPD 6.8 offers STARTTLS and fails each handshake as a server (OpenSSL 3)"""
        # What mail_servers_test.py takes for granted: a real peer whose STARTTLS never works.
        with Sink() as sink, OpenSmtpd(sink.port, relay_tls="none") as peer:
            with Client(("127.0.0.1", peer.port)) as client:
                client.ehlo()
                self.assertIn("STARTTLS", client.extensions)
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    client.starttls()


if __name__ == "__main__":
    runner.main()
