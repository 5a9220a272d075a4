#!/usr/bin/python3
"""Logins at a smart host that is Dovecot's submission service, with each mechanism; and who gets none."""

import base64
import os
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import children, runner
from support.certificates import Authority
from support.deadline import wait_for
from support.hermetic_server import HermeticServer
from support.ports import free_port
from support.smtp_client import Client
from support.smtp_sink import Sink

MESSAGE = b"From: a@hermetic.test\r\nSubject: x\r\n\r\ntext\r\n"
PASSWORD = "correct horse battery"


class Dovecot:
    """Takes mail from who logs in, over STARTTLS, and relays it to `sink`."""

    def __init__(self, sink, chain, key, mechanisms):
        self.directory = Path(tempfile.mkdtemp(prefix="hermetic-dovecot."))
        self.port = free_port()
        (self.directory / "users").write_text(f"ann@hermetic.test:{{PLAIN}}{PASSWORD}\n")
        (self.directory / "home").mkdir()
        self.log = self.directory / "log"
        config = self.directory / "dovecot.conf"
        config.write_text(f"""
base_dir = {self.directory}/run
state_dir = {self.directory}/state
log_path = {self.log}
protocols = submission
hostname = smart.test
listen = 127.0.0.1
ssl = required
ssl_cert = <{chain}
ssl_key = <{key}
auth_mechanisms = {mechanisms}
disable_plaintext_auth = yes
passdb {{
  driver = passwd-file
  args = {self.directory}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={self.directory}/home
}}
mail_location = mbox:{self.directory}/home
first_valid_uid = 1
service submission-login {{
  inet_listener submission {{
    port = {self.port}
  }}
}}
submission_relay_host = 127.0.0.1
submission_relay_port = {sink.port}
submission_relay_trusted = no
""")
        for each in (self.directory, self.directory / "home"):
            each.chmod(0o777)
        self.process = children.start(["dovecot", "-F", "-c", config])
        wait_for(self.answers, lambda: f"Dovecot answers: {self.said()}", 30)

    def answers(self):
        try:
            with Client(("127.0.0.1", self.port)) as client:
                return client.ehlo() is not None
        except OSError:
            return False

    def said(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.directory, ignore_errors=True)


@unittest.skipUnless(shutil.which("dovecot") and os.geteuid() == 0, "no Dovecot, or not root")
class SmartHost(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="hermetic-smart.")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.directory.chmod(0o755)
        self.authority = Authority(self.directory / "tls")
        self.sink = Sink()
        self.addCleanup(self.sink.close)
        self.password = self.directory / "password"
        self.password.write_text(PASSWORD + "\n")
        self.password.chmod(0o600)

    def world(self, mechanisms="plain login scram-sha-256", names=("smart.test",), **connector):
        chain, key = self.authority.issue(*names)
        dovecot = Dovecot(self.sink, chain, key, mechanisms)
        self.addCleanup(dovecot.close)
        server = HermeticServer(
            organization={"retry_after": ["1h"]},  # what waits goes because something changed
            inbound_connectors=[{"name": "us", "kind": "on_premises", "networks": ["127.0.0.1/32"],
                                 "may_relay": True}],
            outbound_connectors=[{
                "name": "out", "recipient_domains": ["*"],
                "smart_hosts": [f"[127.0.0.1]:{dovecot.port}"], "tls": "verify_name",
                "tls_names": ["smart.test"], "ca": self.authority.certificate,
                "auth_user": "ann@hermetic.test", "auth_password_file": self.password,
                **connector}])
        server.start()
        self.addCleanup(server.stop)
        return server, dovecot

    def send(self, server, to="b@elsewhere.test"):
        with Client(server.address()) as client:
            client.ehlo()
            client.deliver("ann@hermetic.test", [to], MESSAGE)

    def test_each_mechanism(self):
        """PLAIN, LOGIN and SCRAM-SHA-256 log in, and the mail goes through"""
        for mechanism in ("plain", "login", "scram-sha-256"):
            with self.subTest(mechanism):
                server, dovecot = self.world(mechanism)
                self.send(server, f"{mechanism}@elsewhere.test")
                self.sink.wait_to(f"{mechanism}@elsewhere.test")
                self.assertIn(f"method={mechanism.upper()}", dovecot.said())
                for text in (server.log_file.read_text(), server.stderr()):
                    self.assertNotIn(PASSWORD, text)
                    self.assertNotIn(base64.b64encode(PASSWORD.encode()).decode()[:12], text)
                server.stop()

    def test_wrong_password(self):
        """a wrong password: mail waits with the server's words; the right one sends it at once"""
        self.password.write_text("guessed\n")
        server, _ = self.world()
        self.send(server)
        attempt = server.wait_log("attempt", outcome="deferred")
        self.assertEqual((attempt["stage"], attempt["origin"]), ("auth", "remote"))
        self.assertEqual(attempt["reason"], "auth.refused")
        self.password.write_text(PASSWORD + "\n")
        self.sink.wait_to("b@elsewhere.test")

    def test_ca_file(self):
        """a CA file that is missing: nobody is connected to; the mail goes as soon as it is there"""
        later = self.directory / "later.pem"
        server, dovecot = self.world(ca=later)
        self.assertIn("later.pem", server.wait_log("credentials.unusable")["what"])
        self.assertIn("later.pem", server.run("check").stderr)
        self.send(server)
        attempt = server.wait_log("attempt", outcome="deferred")
        self.assertEqual((attempt["reason"], attempt["steps"]), ("tls.ca-unreadable", []))
        shutil.copy(self.authority.certificate, later)
        self.sink.wait_to("b@elsewhere.test")

    def test_impostor(self):
        """a host with another name: nothing is said to it, and the mail waits"""
        server, dovecot = self.world(names=("impostor.test",))
        self.send(server)
        attempt = server.wait_log("attempt", outcome="deferred")
        self.assertEqual(attempt["reason"], "tls.name-mismatch")
        self.assertNotIn("auth", dovecot.said().replace("no auth attempts", "").lower())
        self.assertEqual(self.sink.messages, [])


if __name__ == "__main__":
    runner.main()
