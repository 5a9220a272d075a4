#!/usr/bin/python3
"""`hermetic setup` from nothing to a server of a real domain: records in a Knot DNS that signs, a certificate
from Pebble where that is installed."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from acme_test import Pebble
from dane_test import tlsa
from support import children, runner
from support.certificates import Authority
from support.deadline import wait_for
from support.dns_zone import DnsServer
from support.hermetic_server import binary
from support.ports import free_port
from support.smtp_sink import Sink

GOOD = ("@ MX 10 mx\n@ TXT \"v=spf1 mx -all\"\nmx A 127.0.0.1\n"
        "_smtp._tls TXT \"v=TLSRPTv1; rua=mailto:postmaster@example.test\"\n")


class Setup(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dns = DnsServer({"example.test": GOOD, "second.test": "@ MX 10 mx.other.test.\n"}, signed=["example.test"])
        cls.dns.start()
        cls.addClassCleanup(cls.dns.stop)

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="hermetic-setup.")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.config, self.objects = self.directory / "hermetic.toml", self.directory / "org.toml"
        self.port = free_port()
        self.authority = Authority(self.directory / "ca")
        self.chain, self.key = self.authority.issue("mx.example.test")
        self.dns.update("example.test", GOOD + f"_25._tcp.mx {tlsa(self.chain)}\n")

    def setup(self, *flags, code=0, seconds=60):
        done = subprocess.run([binary(), "setup", "--json", "--config", self.config, "--timeout", str(seconds),
                               *map(str, flags)], capture_output=True, text=True, timeout=100)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertNotIn("Sanitizer", done.stderr)
        if not done.stdout:
            return done.stderr
        said = json.loads(done.stdout)
        said["ids"] = {each["id"].removeprefix("setup.") for each in said["findings"]}
        said["actions"] = [each["action"] for each in said["files"]]
        return said

    def begin(self, *flags, forward=None, next_hop="lmtp://127.0.0.1:24", **options):
        return self.setup("--hostname", "mx.example.test", "--domain", "example.test", "--next-hop",
                          next_hop, "--listen", f"127.0.0.1:{self.port}", "--data-directory",
                          self.directory / "data", "--forward", forward or self.dns.address, "--trust-anchor",
                          self.dns.anchor("example.test"), *flags, **options)

    def files(self):
        return "--certificate", "files", "--chain", self.chain, "--key", self.key

    def serve(self):
        ready = self.directory / "ready.json"
        with open(self.directory / "stderr", "ab") as stderr:
            server = children.start([binary(), "serve", "--config", self.config, "--ready-file", ready],
                                    stdout=stderr, stderr=stderr)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        wait_for(lambda: ready.exists() or server.poll() is not None, "the server is ready", 60)
        self.assertTrue(ready.exists(), (self.directory / "stderr").read_text())

    def test_from_nothing(self):
        """nothing said; a dry run; files that check takes; the same again changes nothing; a server, a test message"""
        self.assertIn("--hostname", self.setup(code=2))
        said = self.begin(*self.files(), "--dry-run", code=4)
        self.assertEqual(said["actions"], ["write", "write"])
        self.assertFalse(self.config.exists() or self.objects.exists())
        said = self.begin(*self.files())
        self.assertLessEqual({"configuration-ok", "server-stopped", "resolver-works", "host-private", "inbound-closed",
                              "outbound-untried", "certificate-ok", "tlsa-ok", "mx-ok", "spf-ok", "sts-missing",
                              "tlsrpt-ok", "message-untried"}, said["ids"])
        self.assertEqual(said["mta_sts_policy"].splitlines()[2], "mx: mx.example.test")
        for file in (self.config, self.objects):
            self.assertEqual(file.stat().st_mode & 0o777, 0o644)
        done = subprocess.run([binary(), "check", "--config", self.config], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        before = [(file.read_text(), file.stat().st_mtime_ns) for file in (self.config, self.objects)]
        self.assertEqual(self.begin(*self.files())["actions"], ["same", "same"])
        self.assertEqual(self.setup()["actions"], ["same", "same"])
        self.assertEqual([(file.read_text(), file.stat().st_mtime_ns) for file in (self.config, self.objects)], before)

        # A person's edit, which says nothing else of what setup knows.
        self.config.write_text(self.config.read_text() + '\n[spool]\nhigh_water = "16MiB"\nlow_water = "32MiB"\n')
        self.serve()
        said = self.setup("--test-to", "postmaster@example.test")
        self.assertEqual(said["actions"], ["same", "same"])
        self.assertLessEqual({"server-runs", "inbound-ours", "message-accepted", "message-waits"}, said["ids"])
        said = self.setup("--test-to", "somebody@elsewhere.test", code=1)
        self.assertIn("message-refused", said["ids"])
        # Words for people have it, too.
        done = subprocess.run([binary(), "setup", "--config", self.config], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=100)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("_mta-sts.example.test. TXT", done.stdout)

    def test_followed_message(self):
        """a test message is followed: delivered, waiting and why, returned and why"""
        replies = {"busy@": "450 4.2.1 busy", "nobody@": "550 5.1.1 nobody"}

        def decide(stage, session, argument):
            return next((reply for name, reply in replies.items() if stage == "rcpt" and name in argument), None)
        with Sink(lmtp=True, decide=decide) as sink:
            self.begin(*self.files(), "--offline", next_hop=f"lmtp://127.0.0.1:{sink.port}")
            self.serve()
            for name, finding, words, code in (("postmaster", "delivered", "250 2.0.0 kept", 0),
                                               ("busy", "waits", "450 4.2.1 busy", 0),
                                               ("nobody", "returned", "550 5.1.1 nobody", 1)):
                said = self.setup("--test-to", f"{name}@example.test", code=code)
                seen = {each["id"]: each["seen"] for each in said["findings"]}
                self.assertIn("setup.message-accepted", seen)
                self.assertIn(words, seen[f"setup.message-{finding}"])
                if finding != "returned":  # its sender is told of that
                    self.assertEqual(len(sink.to("postmaster@example.test")), 1)

    def test_a_persons_file(self):
        """what a person wrote is left alone, and what to change is said; with --overwrite it is kept beside"""
        self.begin(*self.files(), "--offline")
        edited = self.objects.read_text() + "# ours\n"
        self.objects.write_text(edited)
        more = ("--domain", "second.test", "--next-hop", "lmtp://127.0.0.1:24", "--offline")
        said = self.setup(*more)
        self.assertEqual(said["actions"], ["same", "keep"])
        self.assertIn("configuration-differs", said["ids"])
        self.assertEqual(self.objects.read_text(), edited)
        said = self.setup(*more, "--overwrite")
        self.assertEqual(said["actions"], ["same", "replace"])
        self.assertEqual(Path(f"{self.objects}.before-setup").read_text(), edited)
        self.assertIn("second.test", self.objects.read_text())

    def test_a_persons_connector(self):
        """a file with what setup cannot write is not replaced, whatever is said, and what that is is named"""
        self.begin(*self.files(), "--offline")
        edited = self.objects.read_text() + (
            '[[outbound_connector]]\nname = "bank"\nrecipient_domains = ["bank.test"]\ntls = "encrypt"\n')
        self.objects.write_text(edited)
        said = self.setup("--domain", "second.test", "--next-hop", "lmtp://127.0.0.1:24", "--offline", "--overwrite")
        self.assertEqual(said["actions"], ["same", "keep"])
        self.assertEqual(said["files"][1]["beyond_setup"], ["outbound_connector bank"])
        self.assertIn("configuration-beyond-setup", said["ids"])
        self.assertEqual(self.objects.read_text(), edited)
        self.assertFalse(Path(f"{self.objects}.before-setup").exists())

    def test_wrong_records(self):
        """records that are missing or another's: said, with the record to publish"""
        other, _ = self.authority.issue("mx.example.test", stem="other")
        self.dns.update("example.test", f"@ MX 10 mx.other.test.\n@ TXT \"v=spf1 -all\"\n_25._tcp.mx {tlsa(other)}\n"
                                        "mx A 127.0.0.1\n_mta-sts TXT \"v=STSv1; id=1\"\n")
        said = self.begin(*self.files(), "--domain", "second.test", code=1)
        self.assertLessEqual({"mx-elsewhere", "spf-other", "spf-missing", "tlsa-stale", "sts-unreachable",
                              "tlsrpt-missing"}, said["ids"])
        expected = {each["subject"]: each["expected"] for each in said["findings"]}
        self.assertEqual(expected["second.test MX"], "second.test. MX 10 mx.example.test.")
        self.assertEqual(expected["mx.example.test TLSA"], f"_25._tcp.mx.example.test. {tlsa(self.chain)}")

    def test_no_resolver(self):
        """a resolver that is not there: unknown, soon, and no word of missing records"""
        said = self.begin(*self.files(), forward=f"127.0.0.1:{free_port()}", seconds=20, code=1)
        self.assertIn("resolver-unreachable", said["ids"])
        self.assertFalse({each for each in said["ids"] if each.endswith("-missing")}, said["ids"])

    @unittest.skipUnless(shutil.which("pebble"), "pebble is not installed")
    def test_certificate(self):
        """a certificate by ACME from Pebble, made as the user that the server runs as"""
        (self.directory / "pebble").mkdir()
        pebble = Pebble(self.directory / "pebble")
        self.addCleanup(pebble.close)
        data = self.directory / "data"
        data.mkdir()
        owner = os.getuid()
        if owner == 0:  # as the package's user would
            owner = 65534
            os.chown(data, owner, owner)
            self.directory.chmod(0o755)
        acme = ("--certificate", "acme", "--acme-directory", pebble.url, "--acme-ca", pebble.authority.certificate,
                "--acme-http", f"127.0.0.1:{pebble.http}", "--acme-contact", "hostmaster@example.test")
        # The TLSA record is of another key, and that is said at once.
        said = self.begin(*acme, code=1)
        self.assertLessEqual({"certificate-ok", "tlsa-stale"}, said["ids"])
        files = {name: data / "acme/mx" / name for name in ("chain.pem", "key.pem", "account.key")}
        self.assertEqual({file.stat().st_uid for file in files.values()}, {owner})
        self.assertEqual(files["key.pem"].stat().st_mode & 0o777, 0o600)
        self.dns.update("example.test", GOOD + f"_25._tcp.mx {tlsa(files['chain.pem'])}\n")
        before = files["chain.pem"].read_text()
        self.assertIn("tlsa-ok", self.setup()["ids"])
        self.assertEqual(files["chain.pem"].read_text(), before, "ordered once")


if __name__ == "__main__":
    runner.main()
