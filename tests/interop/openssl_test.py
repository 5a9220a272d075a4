#!/usr/bin/python3
"""openssl s_client against each kind of listener: versions, certificates by SNI, tickets, reload."""

import os
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
from support.smtp_client import Client

FLAGS = {"1.0": "-tls1", "1.1": "-tls1_1", "1.2": "-tls1_2", "1.3": "-tls1_3"}
OLD = ["-cipher", "ALL:@SECLEVEL=0"]

# listener, then what each client that speaks only one version gets.
VERSIONS = (
    ("mx", {"1.0": False, "1.1": False, "1.2": True, "1.3": True}),
    ("legacy", {"1.0": True, "1.1": True, "1.2": True, "1.3": True}),
    ("only-old", {"1.0": True, "1.1": True, "1.2": False, "1.3": False}),
    ("only-1.2", {"1.0": False, "1.1": False, "1.2": True, "1.3": False}),
    ("only-1.3", {"1.0": False, "1.1": False, "1.2": False, "1.3": True}),
    ("implicit", {"1.0": False, "1.1": False, "1.2": True, "1.3": True}),
)


class Seen:
    def __init__(self, done):
        self.output = done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")
        # "New, TLSv1.0" names the cipher's age; the session's own line is missing for TLS 1.3.
        self.version = self._find(r"^ +Protocol +: TLSv([\d.]+)") or \
            self._find(r"^(?:New|Reused), TLSv([\d.]+)")
        if self.version == "1":
            self.version = "1.0"
        self.reused = bool(re.search(r"^Reused, TLS", self.output, re.M))
        self.subject = self._find(r"subject=.*?CN\s*=\s*(\S+)")
        self.signature = self._find(r"Peer signature type: (\S+)")
        self.established = "Cipher is (NONE)" not in self.output and \
            bool(re.search(r"^(New|Reused), TLS", self.output, re.M))

    def _find(self, pattern):
        found = re.search(pattern, self.output, re.M)
        return found[1] if found else None


class OpensslClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = Path(tempfile.mkdtemp(prefix="hermetic-openssl."))
        cls.addClassCleanup(shutil.rmtree, cls.directory, True)
        cls.authority = Authority(cls.directory)
        cls.files = {name: cls.authority.issue(name, key=kind) for name, kind in
                     (("first.test", "rsa"), ("second.test", "ec"), ("third.test", "ec"))}
        named = ["first", "second"]
        cls.server = HermeticServer(
            listeners=[
                listener("mx", certificates=named),
                listener("legacy", min_tls="1.0", legacy_networks=["127.0.0.0/8"], certificates=named),
                listener("only-old", min_tls="1.0", max_tls="1.1", legacy_networks=["127.0.0.0/8"],
                         certificates=named),
                listener("only-1.2", max_tls="1.2", certificates=named),
                listener("only-1.3", min_tls="1.3", certificates=named),
                listener("implicit", tls="implicit", certificates=named),
                listener("request", client_certificates="request", certificates=named),
                listener("require", client_certificates="require", certificates=named),
                listener("made"),
            ],
            certificates=[{"name": name.split(".")[0], "chain": chain, "key": key}
                          for name, (chain, key) in cls.files.items()])
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    def s_client(self, name, *arguments, data=b"QUIT\n", commands=False):
        """commands: a line that begins with R or Q is a command to s_client itself, and the end of its
        input ends the session; otherwise the server ends it."""
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{self.server.port(name)}", "-crlf",
                   *([] if commands else ["-ign_eof"]),
                   *(["-starttls", "smtp"] if name != "implicit" else []), *map(str, arguments)]
        return Seen(subprocess.run(command, input=data, capture_output=True, timeout=60))

    def test_versions(self):
        """each listener takes the versions that it allows, and no other"""
        for name, expected in VERSIONS:
            for version, accepted in expected.items():
                with self.subTest(f"{name}, TLS {version}"):
                    seen = self.s_client(name, FLAGS[version],
                                         *(OLD if version in ("1.0", "1.1") else []))
                    self.assertEqual(seen.established, accepted, seen.output)
                    if accepted:
                        self.assertEqual(seen.version, version, seen.output)
                    elif version < min(each for each in expected if expected[each]):
                        self.assertRegex(seen.output, r"alert protocol version|SSL alert number 70")

    def test_newest_wins(self):
        """a client that speaks all versions gets the newest allowed"""
        for name, version in (("mx", "1.3"), ("only-1.2", "1.2"), ("only-old", "1.1")):
            with self.subTest(name):
                self.assertEqual(self.s_client(name, *OLD).version, version)

    def test_server_name(self):
        """the certificate follows SNI; the first answers without SNI and for unknown names"""
        for arguments, subject in ((["-servername", "first.test"], "first.test"),
                                   (["-servername", "second.test"], "second.test"),
                                   (["-servername", "SECOND.test"], "second.test"),
                                   (["-servername", "unknown.test"], "first.test"),
                                   (["-noservername"], "first.test")):
            for name in ("mx", "implicit"):
                with self.subTest(f"{name} {arguments}"):
                    self.assertEqual(self.s_client(name, *arguments).subject, subject)

    def test_made_certificate(self):
        """a listener without certificates has a self-signed ECDSA one, the same for each client"""
        first, second = (self.s_client("made", "-showcerts") for _ in range(2))
        self.assertTrue(first.established, first.output)
        self.assertEqual(first.signature, "ECDSA", first.output)
        pem = [re.search(r"-----BEGIN.*?-----END CERTIFICATE-----", each.output, re.S)[0]
               for each in (first, second)]
        self.assertEqual(*pem)

    def test_groups(self):
        """usual groups are all accepted"""
        for group in ("X25519", "P-256", "P-384"):
            with self.subTest(group):
                self.assertTrue(self.s_client("mx", "-tls1_3", "-groups", group).established)

    def test_resumption(self):
        """a ticket resumes on its own listener"""
        for flag in ("-tls1_2", "-tls1_3"):
            with self.subTest(flag):
                session = self.directory / f"session{flag}"
                self.s_client("mx", flag, "-sess_out", session)
                self.assertTrue(session.exists(), "no ticket came")
                again = self.s_client("mx", flag, "-sess_in", session)
                self.assertTrue(again.established and again.reused, again.output)

    def test_ticket_isolation(self):
        """a ticket of one listener resumes on no other"""
        for flag in ("-tls1_2", "-tls1_3"):
            session = self.directory / f"legacy{flag}"
            self.s_client("legacy", flag, "-sess_out", session)
            for name in ("mx", "implicit"):
                with self.subTest(f"{flag}, legacy to {name}"):
                    seen = self.s_client(name, flag, "-sess_in", session)
                    self.assertTrue(seen.established, seen.output)
                    self.assertFalse(seen.reused, "resumed on another listener")

    def test_no_early_data(self):
        """tickets allow no early data"""
        session = self.directory / "early"
        self.s_client("mx", "-tls1_3", "-sess_out", session)
        text = subprocess.run(["openssl", "sess_id", "-in", session, "-text", "-noout"],
                              capture_output=True, text=True, check=True).stdout
        early = re.search(r"Max Early Data: (\d+)", text)
        self.assertTrue(early is None or early[1] == "0", text)

    def test_renegotiation(self):
        """renegotiation is refused"""
        seen = self.s_client("only-1.2", data=b"R\nnoop\nquit\n", commands=True)
        self.assertRegex(seen.output, r"no renegotiation|SSL alert number 100|renegotiat\w+ \w*.*error|"
                                      r"unexpected eof|wrong state|handshake failure", seen.output)

    def test_client_certificates(self):
        """client certificates are asked for where the listener says so, and required where it does"""
        chain, key = self.files["third.test"]
        own = ["-cert", chain, "-key", key]
        for name, arguments, works in (("request", [], True), ("request", own, True),
                                       ("require", own, True), ("require", [], False)):
            with self.subTest(f"{name}, {'with' if arguments else 'without'} certificate"):
                # TLS 1.2, where the refusal is part of the handshake.
                seen = self.s_client(name, "-tls1_2", *arguments)
                self.assertEqual(seen.established and "221" in seen.output, works, seen.output)

    def test_session_after_handshake(self):
        """SMTP goes on after STARTTLS, which is no longer offered"""
        seen = self.s_client("mx", data=b"EHLO client.example.test\nNOOP\nQUIT\n")
        after = seen.output[seen.output.rindex("SSL-Session") if "SSL-Session" in seen.output else 0:]
        self.assertIn("PIPELINING", seen.output)
        self.assertNotRegex(after, r"250[ -]STARTTLS")

    def test_certificate_reload(self):
        """a changed certificate is used without a restart; a broken one keeps the old"""
        chain, key = self.files["second.test"]

        def subject():
            return self.s_client("mx", "-servername", "second.test").output

        def serial():
            return re.search(r"-----BEGIN.*?-----END CERTIFICATE-----", subject(), re.S)[0]
        before = serial()
        with Client(self.server.address()) as standing:
            standing.ehlo()
            renewed = Authority(self.directory / "renewed")
            new_chain, new_key = renewed.issue("second.test")
            os.replace(shutil.copy(new_key, f"{key}.new"), key)
            os.replace(shutil.copy(new_chain, f"{chain}.new"), chain)
            wait_for(lambda: serial() != before, "the new certificate is used", 30, 0.2)
            after = serial()
            broken = Path(f"{chain}.new")
            broken.write_text("this is no certificate\n")
            os.replace(broken, chain)
            self.server.reload()
            wait_for(lambda: any("certificate" in str(each) for each in self.server.log()
                                 if each.get("level") in ("warning", "error")),
                     "the log says that the new file is broken", 30, 0.2)
            self.assertEqual(serial(), after)
            self.assertEqual(standing.command("NOOP").code, 250)
            os.replace(shutil.copy(new_chain, f"{chain}.new"), chain)


if __name__ == "__main__":
    runner.main()
