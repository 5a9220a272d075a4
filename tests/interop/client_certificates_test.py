#!/usr/bin/python3
"""swaks and openssl s_client with client certificates against inbound connectors, and old clients."""

import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import runner
from support.certificates import Authority
from support.deadline import wait_for
from support.hermetic_server import HermeticServer, listener
from support.smtp_sink import Sink

NO_SENDER, NO_RECIPIENT = 23, 24  # swaks' exit codes: refused at MAIL, at RCPT
LOOPBACK = ["127.0.0.0/8"]


class ClientCertificates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = Path(tempfile.mkdtemp(prefix="hermetic-clients."))
        cls.addClassCleanup(shutil.rmtree, cls.directory, True)
        cls.partner, cls.own, cls.stranger = (
            Authority(cls.directory / name, f"{name} CA") for name in ("partner", "own", "stranger"))
        cls.files = {
            "partner": cls.partner.issue("mx.partner.test"),
            "partner wildcard": cls.partner.issue("*.partner.test"),
            "partner other": cls.partner.issue("www.other.test", "other.test"),
            "partner server only": cls.partner.issue("mx.partner.test", usage="serverAuth",
                                                     stem="server-only"),
            "partner revoked": cls.partner.issue("mx.partner.test", stem="revoked"),
            "own": cls.own.issue("gateway.hermetic.test"),
            "own revoked": cls.own.issue("gateway.hermetic.test", stem="revoked"),
            "stranger": cls.stranger.issue("mx.partner.test"),
        }
        cls.crls = cls.directory / "crls"
        cls.crls.mkdir()
        for authority, name in ((cls.partner, "partner"), (cls.own, "own")):
            (cls.crls / f"{name}.pem").write_text(authority.crl(cls.files[f"{name} revoked"][0]))
        cls.sink = Sink()
        cls.addClassCleanup(cls.sink.close)
        cls.server = HermeticServer(
            directory=cls.directory / "server",
            listeners=[listener("mx", client_certificates="request"),
                       listener("silent"),
                       listener("legacy", min_tls="1.0", legacy_networks=LOOPBACK),
                       listener("legacy-elsewhere", min_tls="1.0", legacy_networks=["192.0.2.0/24"])],
            accepted_domains=[{"name": "dest.test", "kind": "internal_relay",
                               "next_hop": f"smtp://127.0.0.1:{cls.sink.port}"},
                              {"name": "hermetic.test", "kind": "internal_relay",
                               "next_hop": f"smtp://127.0.0.1:{cls.sink.port}"}],
            organization={"own_domains_need_evidence": True, "crl_folder": cls.crls},
            inbound_connectors=[
                {"name": "partner", "sender_domains": ["partner.test"], "require_certificate": True,
                 "certificate_names": ["mx.partner.test"], "ca": cls.partner.certificate},
                {"name": "strict", "sender_domains": ["strict.test"], "require_certificate": True,
                 "certificate_names": ["mx.partner.test"], "ca": cls.partner.certificate,
                 "certificate_purpose": "client"},
                {"name": "tried", "sender_domains": ["tried.test"], "require_certificate": True,
                 "certificate_names": ["mx.tried.test"], "ca": cls.partner.certificate, "mode": "audit"},
                {"name": "gateway", "kind": "on_premises", "may_relay": True, "treat_as_internal": True,
                 "certificate_names": ["gateway.hermetic.test"], "ca": cls.own.certificate}],
            outbound_connectors=[{"name": "out", "recipient_domains": ["*"],
                                  "smart_hosts": [f"127.0.0.1:{cls.sink.port}"]}])
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)
        cls.count = 0

    def swaks(self, *arguments, sender="alice@partner.test", domain="dest.test", shown=None, name="mx"):
        """One message; swaks' exit code, and its output in self.output."""
        type(self).count += 1
        self.to = f"clients{self.count}@{domain}"
        certificate = ["--tls-cert", self.files[shown][0], "--tls-key", self.files[shown][1]] if shown else []
        done = subprocess.run(
            ["swaks", "--server", "127.0.0.1", "--port", str(self.server.port(name)), "--helo", "client.test",
             "--from", sender, "--to", self.to, "--timeout", "20", *certificate, *map(str, arguments)],
            capture_output=True, text=True, errors="replace", timeout=60)
        self.output = done.stdout + done.stderr
        return done.returncode

    def refused(self, code, words):
        self.assertRegex(self.output, re.escape(code) + r".*" + words)

    def test_partner(self):
        """a partner with its certificate, a server's too, is taken, and Received says that it was verified"""
        for shown in ("partner", "partner wildcard", "partner server only"):
            with self.subTest(shown):
                self.assertEqual(self.swaks("--tls", shown=shown), 0, self.output)
                received = self.sink.wait_to(self.to).data[:2000].decode()
                self.assertIn("verified", received)

    def test_partner_in_clear(self):
        """in clear: 530 names the connector and STARTTLS, before any recipient"""
        self.assertEqual(self.swaks(), NO_SENDER, self.output)
        self.refused("530 5.7.0", r'connector "partner", in clear: .*STARTTLS.*\[mx\.hermetic\.test ')

    def test_partner_without_its_certificate(self):
        """none, another name, a stranger's CA: 550 5.7.51 says what was shown"""
        for shown, words in ((None, "no certificate"), ("partner other", "www.other.test"),
                             ("stranger", "whose chain fails"), ("own", "gateway.hermetic.test")):
            with self.subTest(shown):
                self.assertEqual(self.swaks("--tls", shown=shown, name="mx",
                                            sender="alice@partner.test"),
                                 0 if shown == "own" else NO_SENDER, self.output)
                if shown != "own":  # an on_premises connector of the organization exempts
                    self.refused("550 5.7.51", words)
                    self.assertNotIn("wanted", self.output)
        entry = self.server.wait_log("connector.refused", reason="connector.certificate-mismatch")
        self.assertIn("mx.partner.test", entry["wanted"])

    def test_purpose(self):
        """certificate_purpose = "client": one for servers only does not count"""
        self.assertEqual(self.swaks("--tls", shown="partner", sender="a@strict.test"), 0, self.output)
        self.assertEqual(self.swaks("--tls", shown="partner server only", sender="a@strict.test"),
                         NO_SENDER, self.output)
        self.refused("550 5.7.51", "purpose")

    def test_revoked(self):
        """a revoked certificate proves nothing: no partner's, no right to relay, no name of our own"""
        self.assertEqual(self.swaks("--tls", shown="partner revoked"), NO_SENDER, self.output)
        self.refused("550 5.7.51", "certificate revoked")
        self.server.wait_log("connector.refused", reason="connector.certificate-mismatch",
                             where=lambda entry: "certificate revoked" in str(entry))
        self.assertEqual(self.swaks("--tls", shown="own revoked", sender="a@elsewhere.test",
                                    domain="far.test"), NO_RECIPIENT, self.output)
        self.refused("550 5.7.64", "relaying denied")
        self.assertEqual(self.swaks("--tls", shown="own revoked", sender="boss@hermetic.test"), NO_SENDER,
                         self.output)
        self.refused("550 5.7.68", "no connector admits you")

    def test_revocation_on_a_running_server(self):
        """a CRL that changes counts without a restart"""
        self.assertEqual(self.swaks("--tls", shown="partner"), 0, self.output)
        file = self.crls / "partner.pem"
        before = file.read_text()
        self.addCleanup(wait_for, lambda: self.swaks("--tls", shown="partner") == 0,
                        lambda: self.output, 20, 0.5)
        self.addCleanup(file.write_text, before)
        file.write_text(self.partner.crl(self.files["partner"][0]))
        wait_for(lambda: self.swaks("--tls", shown="partner") == NO_SENDER, lambda: self.output, 20, 0.5)
        self.refused("550 5.7.51", "certificate revoked")

    def test_listener_that_does_not_ask(self):
        """where the listener asks for none, no certificate counts"""
        self.assertEqual(self.swaks("--tls", shown="partner", name="silent"), NO_SENDER, self.output)
        self.refused("550 5.7.51", "no certificate")

    def test_audit(self):
        """audit takes the mail and logs what it would have refused"""
        self.assertEqual(self.swaks(sender="bob@tried.test"), 0, self.output)
        entry = self.server.wait_log("connector.audited", connector="tried")
        self.assertEqual(entry["reason"], "connector.tls-required")

    def test_relay(self):
        """our gateway relays by its certificate; others get 550 5.7.64"""
        self.assertEqual(self.swaks("--tls", shown="own", sender="a@hermetic.test", domain="far.test"), 0,
                         self.output)
        self.sink.wait_to(self.to)
        entry = self.server.wait_log("message", connector="gateway")
        self.assertEqual(entry["because"], "attribution.certificate gateway.hermetic.test")
        for shown in (None, "partner", "stranger"):
            with self.subTest(shown):
                self.assertEqual(self.swaks("--tls", shown=shown, domain="far.test",
                                            sender="a@elsewhere.test"), NO_RECIPIENT, self.output)
                self.refused("550 5.7.64", "relaying denied")

    def test_own_domain(self):
        """mail in our own name needs evidence: 550 5.7.68"""
        self.assertEqual(self.swaks("--tls", sender="boss@hermetic.test"), NO_SENDER, self.output)
        self.refused("550 5.7.68", "no connector admits you")
        self.assertEqual(self.swaks("--tls", sender="boss@hermetic.test", shown="own"), 0, self.output)

    def s_client(self, name, *arguments, text="QUIT\r\n"):
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.server.port(name)}", "-starttls", "smtp",
             "-ign_eof", "-quiet", *map(str, arguments)],
            input=text.encode(), capture_output=True, timeout=60)
        return done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")

    def test_s_client(self):
        """openssl s_client with the partner's certificate, TLS 1.2 and 1.3"""
        chain, key = self.files["partner"]
        text = "EHLO c.test\r\nMAIL FROM:<a@partner.test>\r\nrcpt to:<b@dest.test>\r\nQUIT\r\n"
        for flag in ("-tls1_2", "-tls1_3"):
            with self.subTest(flag):
                self.assertIn("250 2.1.5", self.s_client("mx", flag, "-cert", chain, "-key", key, text=text))
                self.assertIn("550 5.7.51", self.s_client("mx", flag, text=text))

    def test_legacy(self):
        """TLS 1.0 only at the legacy listener, only from its networks, and it is reported"""
        old = ["-tls1", "-cipher", "ALL:@SECLEVEL=0"]
        text = "EHLO c.test\r\nMAIL FROM:<a@elsewhere.test>\r\nrcpt to:<b@dest.test>\r\nQUIT\r\n"
        self.assertIn("250 2.1.5", self.s_client("legacy", *old, text=text))
        self.assertNotIn("250 2.1.5", self.s_client("mx", *old, text=text))
        self.assertIn("554 5.7.0", self.s_client("legacy-elsewhere", *old, text=text) +
                      self.greeting("legacy-elsewhere"))
        self.server.wait_log("session", where=lambda entry: entry.get("legacy") is True and
                             (entry["tls"] or {}).get("version") == "TLSv1.0")
        self.assertEqual(self.server.log("listener.legacy")[0]["networks"], "127.0.0.0/8")

    def greeting(self, name):
        import socket
        with socket.create_connection(self.server.address(name), timeout=20) as plain:
            return plain.recv(1000).decode()

    def test_reload_of_cas(self):
        """CAs are read anew when their file changes; a broken file keeps the old ones and is reported"""
        file = self.partner.certificate
        before = file.read_text()
        self.addCleanup(file.write_text, before)
        file.write_text("this is no certificate\n")
        self.server.wait_log("connector.cas-unreadable")
        self.assertEqual(self.swaks("--tls", shown="partner"), 0, self.output)
        file.write_text(self.stranger.certificate.read_text())
        wait_for(lambda: self.swaks("--tls", shown="stranger") == 0, lambda: self.output, 20, 0.5)
        self.assertEqual(self.swaks("--tls", shown="partner"), NO_SENDER, self.output)
        file.write_text(before)
        wait_for(lambda: self.swaks("--tls", shown="partner") == 0, lambda: self.output, 20, 0.5)

    def test_nobody_asks(self):
        """a connector with certificate names is refused where no listener requests certificates"""
        other = HermeticServer(inbound_connectors=self.server.objects["inbound_connector"])
        self.addCleanup(shutil.rmtree, other.directory, True)
        checked = other.run("check", check=False)
        self.assertNotEqual(checked.returncode, 0)
        self.assertIn("no listener requests", checked.stderr)


if __name__ == "__main__":
    runner.main()
