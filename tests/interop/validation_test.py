#!/usr/bin/python3
"""probe, connector test and explain --live against the lab: what each behaviour of a partner is found to be."""

import contextlib
import http.client
import json
import os
import shutil
import smtplib
import socket
import sys
import tempfile
import time
import tomllib
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import children, runner
from support.deadline import wait_for
from support.hermetic_server import HermeticServer, exception, binary, listener, smtp_hop
from support.peers import Postfix
from support.ports import free_port
from support.smtp_sink import Sink

# partner, what its connector asks for, the result, and steps that must be as they stand here:
# step: (state, reason)
OLD = {"exception": exception(min_tls="1.0")}
TABLE = [
    ("modern", {"tls": "verify_name"}, "ok",
     {"mx": ("ok", ""), "starttls": ("ok", ""), "versions": ("ok", ""),
      "certificate": ("ok", "tls.verified"), "policy": ("ok", "tls.verified")}),
    ("tls13", {"tls": "encrypt"}, "ok", {"versions": ("ok", "")}),
    ("tls12", {"tls": "encrypt", "min_tls": "1.3"}, "failed",
     {"versions": ("ok", ""), "policy": ("failed", "ladder.handshake-failed")}),
    ("tls10", {"tls": "encrypt"}, "failed",
     {"versions": ("failed", "tls.version-below-floor"),
      "policy": ("failed", "ladder.handshake-failed")}),
    ("tls11", {"tls": "encrypt", **OLD}, "ok", {"policy": ("ok", "tls.verified")}),
    ("clear", {"tls": "encrypt"}, "failed",
     {"starttls": ("failed", "starttls.not-offered"), "policy": ("failed", "starttls.not-offered")}),
    ("refused", {"tls": "encrypt"}, "failed",
     {"starttls": ("failed", "starttls.refused"), "policy": ("failed", "starttls.refused")}),
    ("expired", {"tls": "verify_ca"}, "failed",
     {"certificate": ("warning", "tls.certificate-expired"),
      "policy": ("failed", "tls.certificate-expired")}),
    ("self-signed", {"tls": "encrypt"}, "ok",
     {"certificate": ("warning", "tls.self-signed"),
      "policy": ("ok", "tls.self-signed")}),
    ("unknown-ca", {"tls": "verify_name"}, "failed",
     {"policy": ("failed", "tls.unknown-ca")}),
    ("wrong-name", {"tls": "verify_name"}, "failed",
     {"certificate": ("warning", "tls.name-mismatch"), "policy": ("failed", "tls.name-mismatch")}),
    ("incomplete-chain", {"tls": "verify_ca"}, "failed",
     {"policy": ("failed", "tls.incomplete-chain")}),
    ("handshake-alert", {"tls": "encrypt"}, "failed",
     {"starttls": ("failed", "handshake.alert"), "versions": ("failed", "ladder.handshake-failed"),
      "policy": ("failed", "ladder.handshake-failed")}),
    ("client-certificate", {"tls": "encrypt"}, "failed",
     {"starttls": ("failed", "handshake.alert"), "policy": ("failed", "ladder.handshake-failed")}),
    ("tls13-intolerant", {"tls": "encrypt"}, "ok",
     {"starttls": ("failed", "handshake.closed"), "policy": ("ok", "tls.verified")}),
    ("injected", {"tls": "encrypt"}, "ok", {"starttls": ("warning", "starttls.injected")}),
    ("small", {"tls": "encrypt"}, "ok", {"policy": ("ok", "tls.verified")}),
    ("closes-at-connect", {"tls": "encrypt"}, "failed",
     {"connect": ("ok", ""), "greeting": ("failed", "connection.closed")}),
    ("dead", {"tls": "encrypt"}, "failed", {"connect": ("failed", "connect.refused")}),
    ("dead-first", {"tls": "encrypt"}, "warning", {"policy": ("ok", "tls.verified")}),
    ("null-mx", {"tls": "encrypt"}, "failed", {"mx": ("failed", "dns.null-mx")}),
    ("nowhere", {"tls": "encrypt"}, "failed", {"mx": ("failed", "dns.no-such-domain")}),
]


class Lab:
    """`hermetic lab` with some partners, and what it wrote for a server that meets them."""

    def __init__(self, partners):
        self.directory = Path(tempfile.mkdtemp(prefix="hermetic-lab."))
        self._output = open(self.directory / "output", "wb")
        self.process = children.start([binary(), "lab", "--only", ",".join(partners),
                                       "--dir", self.directory],
                                      stdout=self._output, stderr=self._output)
        file = self.directory / "org.toml"
        wait_for(lambda: file.exists() or self.process.poll() is not None, "the lab runs", 60)
        assert self.process.poll() is None, (self.directory / "output").read_text()
        node = tomllib.loads((self.directory / "hermetic.toml").read_text())
        self.resolver, self.delivery = node["resolver"], node["delivery"]

    def messages(self, partner):
        """What it has received, as the lab's records say."""
        file = self.directory / "records.jsonl"
        records = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return [each for each in records
                if each["record"] == "message" and each["partner"] == partner]

    def close(self):
        self.process.terminate()
        self.process.wait(30)
        self._output.close()
        shutil.rmtree(self.directory, ignore_errors=True)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("hermetic", timeout=30)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self._path)


class Validation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab([row[0] for row in TABLE])
        cls.addClassCleanup(cls.lab.close)
        before = os.environ.get("SSL_CERT_FILE")
        os.environ["SSL_CERT_FILE"] = str(cls.lab.directory / "ca.pem")
        cls.addClassCleanup(lambda: os.environ.pop("SSL_CERT_FILE") if before is None
                            else os.environ.update(SSL_CERT_FILE=before))
        cls.server = HermeticServer(
            listeners=[listener("mx")], hostname="sender.lab.test", resolver=cls.lab.resolver,
            delivery={key: cls.lab.delivery[key] for key in ("port", "allow_loopback")},
            inbound_connectors=[{"name": "this-machine", "kind": "on_premises",
                                 "networks": ["127.0.0.0/8"], "may_relay": True}],
            outbound_connectors=[{"name": name, "recipient_domains": [f"{name}.lab.test"], **asked}
                                 for name, asked, _, _ in TABLE])
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    def test_words(self):
        """on no terminal: one line for each step, with what to do, and exit code 1 where mail would wait"""
        done = self.server.run("connector", "test", "clear", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("  starttls      failed   STARTTLS is not offered\n", done.stdout)
        self.assertIn("fix:     Ask the server's administrator to offer STARTTLS.", done.stdout)
        self.assertTrue(done.stdout.rstrip().endswith("result        failed   mail would wait"))

    def test_message(self):
        """--to: the partner takes the test message, in TLS"""
        steps = self.connector_steps("modern", "--to", "somebody@modern.lab.test", "--wait", "0",
                                     code=0)
        message = next(step for step in steps if step["step"] == "message")
        self.assertEqual(message["state"], "ok", message)
        received = self.lab.messages("modern")
        self.assertEqual(len(received), 1)
        self.assertEqual(received[0]["from"], "<postmaster@hermetic.test>")
        self.assertEqual(received[0]["tls"]["version"], "TLSv1.3")
        self.assertFalse(received[0]["data_in_clear"])

    def test_message_refused(self):
        """--to: an address that the partner does not know fails the test in the partner's words"""
        steps = self.connector_steps("modern", "--to", "unknown@modern.lab.test", code=1)
        message = next(step for step in steps if step["step"] == "message")
        self.assertEqual(message["state"], "failed")
        self.assertIn('the server replied "550', message["seen"])

    def test_no_message(self):
        """--to: nothing is sent where the policy is not met"""
        steps = self.connector_steps("wrong-name", "--to", "somebody@wrong-name.lab.test", code=1)
        message = next(step for step in steps if step["step"] == "message")
        self.assertEqual(message["seen"], "not sent: no host satisfies the connector")
        self.assertEqual(self.lab.messages("wrong-name"), [])

    def test_refusals(self):
        """a connector that is not there, and an address that is none"""
        done = self.server.run("connector", "test", "nobody", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no outbound connector", done.stderr)
        done = self.server.run("connector", "test", "modern", "--to", "nonsense", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not an address", done.stderr)

    def test_kept(self):
        """the result is kept, logged where it failed, and told by the API"""
        self.connector_steps("null-mx", code=1)
        self.server.wait_log("validation.failed", connector="null-mx", reason="dns.null-mx")
        connection = UnixConnection(self.server.ready["admin"])
        connection.request("GET", "/v1/validations")
        rows = json.loads(connection.getresponse().read())["validations"]
        row = next(each for each in rows if each["connector"] == "null-mx")
        self.assertEqual(row["state"], "failed")
        connection.request("GET", "/v1/validations/null-mx")
        report = json.loads(connection.getresponse().read())
        self.assertEqual(report["steps"][0]["reason"], "dns.null-mx")
        connection.close()
        listed = json.loads(self.server.run("connector", "list", "--json").stdout)["objects"]
        row = next(each for each in listed if each["name"] == "null-mx")["validation"]
        self.assertEqual((row["state"], row["finding"]["reason"]), ("failed", "dns.null-mx"))
        text = self.server.run("connector", "show", "null-mx").stdout
        self.assertRegex(text, r"\ntested +failed 20\S+Z\n")
        self.assertRegex(text, r"\nfound +mx of null-mx.lab.test: ")
        self.assertRegex(text, r"\nfix +\S")
        self.assertRegex(self.server.run("connector", "list").stdout,
                         r"null-mx +.* failed 20\S+Z +mx of null-mx.lab.test")

    def test_probe(self):
        """probe: versions, certificate and levels of a domain, from the command line's own process"""
        done = self.server.run("probe", "modern.lab.test", "--json")
        found = json.loads(done.stdout)
        self.assertEqual(found["state"], "ok")
        probed = found["hosts"][0]["addresses"][0]
        accepted = {each["version"]: each["accepted"] for each in probed["versions"]}
        self.assertEqual(accepted, {"TLSv1.3": True, "TLSv1.2": True, "TLSv1.1": False,
                                    "TLSv1.0": False})
        passes = {each["level"]: each["passes"] for each in probed["levels"]}
        self.assertEqual(passes, {"none": True, "opportunistic": True, "encrypt": True,
                                  "verify_ca": True, "verify_name": True, "dane": False})
        self.assertTrue(probed["tls"]["names_host"])
        self.assertEqual(len(probed["tls"]["chain"][0]["pin"]), 64)

    def test_probe_old(self):
        """probe: a server that knows TLS 1.0 alone is told so, with its certificate"""
        done = self.server.run("probe", "mx.tls10.lab.test", "--json")
        probed = json.loads(done.stdout)["hosts"][0]["addresses"][0]
        accepted = [each["version"] for each in probed["versions"] if each["accepted"]]
        self.assertEqual(accepted, ["TLSv1.0"])
        self.assertEqual(probed["tls"]["version"], "TLSv1.0")
        reasons = {each["level"]: each["reason"] for each in probed["levels"]}
        self.assertEqual(reasons["encrypt"], "ladder.handshake-failed")
        mail = {each["level"]: each["mail"] for each in probed["levels"]}
        self.assertEqual((mail["opportunistic"], mail["encrypt"]), ("goes", "waits"))

    def test_probe_nobody(self):
        """probe: nobody there is exit code 1; what is no name is 2"""
        self.assertEqual(self.server.run("probe", "nowhere.lab.test", check=False).returncode, 1)
        self.assertEqual(self.server.run("probe", "no name", check=False).returncode, 2)

    def test_explain_live(self):
        """explain --live: the host that would be used, and whether mail would flow"""
        done = self.server.run("explain", "--from", "a@sender.lab.test", "--to",
                               "x@modern.lab.test", "--client", "127.0.0.1", "--live", "--json")
        live = json.loads(done.stdout)["live"]
        self.assertTrue(live["flows"])
        self.assertFalse(live["in_clear"])
        self.assertEqual(live["host"], "mx.modern.lab.test")
        self.assertEqual(live["step"], "everything")
        done = self.server.run("explain", "--to", "x@wrong-name.lab.test", "--live", "--json",
                               check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(json.loads(done.stdout)["live"]["reason"], "tls.name-mismatch")

    def test_explain_needs(self):
        """explain --message --live: what the message needs of the next hop is judged as delivery judges it"""
        message = self.lab.directory / "large.eml"
        message.write_bytes(b"Subject: x\r\n\r\n" + b"hello\r\n" * 500)
        asked = ("explain", "--to", "x@small.lab.test", "--message", message, "--live", "--json")
        done = self.server.run(*asked, check=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        live = json.loads(done.stdout)["live"]
        self.assertEqual((live["mail"], live["reason"], live["host"]),
                         ("returns", "size.exceeds-peer", "mx.small.lab.test"))
        self.assertIn("at most 2000", live["words"])
        message.write_bytes(b"Subject: x\r\n\r\nhello\r\n")
        self.assertTrue(json.loads(self.server.run(*asked).stdout)["live"]["flows"])

    def test_explain_requiretls(self):
        """explain --requiretls: what it adds; where nothing proves the host the mail would come back"""
        asked = ("explain", "--to", "x@modern.lab.test", "--client", "127.0.0.1", "--requiretls", "--json")
        explained = json.loads(self.server.run(*asked, "--secure-mx").stdout)
        self.assertTrue(explained["requiretls"])
        self.assertTrue(explained["hops"][0]["requiretls"])
        self.assertIn("requiretls.asked", explained["hops"][0]["because"])
        done = self.server.run(*asked, "--live", check=False)
        self.assertEqual(done.returncode, 1)
        explained = json.loads(done.stdout)
        self.assertEqual(explained["hops"][0]["skip"], "requiretls.unproved-host")
        self.assertEqual(explained["live"]["mail"], "returns")
        self.assertEqual(explained["live"]["reason"], "requiretls.unproved-host")

    def test_explain_tls_required_no(self):
        """explain --message: TLS-Required: No is heeded, but beside REQUIRETLS"""
        message = self.lab.directory / "lifting.eml"
        message.write_bytes(b"TLS-Required: No\r\nSubject: x\r\n\r\nhi\r\n")
        asked = ("explain", "--to", "x@elsewhere.test", "--client", "127.0.0.1", "--message", message, "--json")
        explained = json.loads(self.server.run(*asked).stdout)
        self.assertTrue(explained["message"]["tls_required_no"])
        self.assertIn("tls-required.no", explained["hops"][0]["because"])
        explained = json.loads(self.server.run(*asked, "--requiretls").stdout)
        self.assertNotIn("tls-required.no", explained["hops"][0]["because"])

    def connector_steps(self, name, *more, code):
        done = self.server.run("connector", "test", name, *more, "--json", check=False, seconds=150)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]


class Saving(unittest.TestCase):
    """A connector is tested before it is saved, and saved whatever the test says."""

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(["modern", "clear"])
        cls.addClassCleanup(cls.lab.close)
        cls.server = HermeticServer(
            listeners=[listener("mx")], hostname="sender.lab.test", resolver=cls.lab.resolver,
            delivery={key: cls.lab.delivery[key] for key in ("port", "allow_loopback")},
            environment={"SSL_CERT_FILE": str(cls.lab.directory / "ca.pem")})
        del cls.server.settings["top"]["organization_file"]
        cls.server.write_config()
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)
        cls.server.run("apply", str(cls.server.directory / "org.toml"))

    def command(self, *words, code=0):
        done = self.server.run("connector", *words, check=False, seconds=200)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def shown(self, name):
        return json.loads(self.command("show", name, "--json").stdout)["validation"]

    def test_save(self):
        """add and set: what fails is a warning with its fix, saved all the same, and kept as the last test"""
        done = self.command("add", "bad", "recipient_domains=clear.lab.test", "tls=encrypt")
        self.assertIn('+ outbound_connector', done.stdout)
        self.assertIn("warning: the connector was tested before it was saved: mail would wait",
                      done.stderr)
        self.assertIn("  policy        failed   mail would wait: STARTTLS is not offered", done.stderr)
        self.assertIn("fix:     Ask the server's administrator to offer STARTTLS.", done.stderr)
        kept = self.shown("bad")
        self.assertEqual(kept["state"], "failed")
        self.assertRegex(self.command("show", "bad").stdout, r"\ntested +failed 20\S+Z\n")
        done = self.command("set", "bad", "recipient_domains=modern.lab.test")
        self.assertIn("tested: mail flows under the connector\n", done.stdout)
        self.assertEqual(done.stderr, "")
        self.assertEqual(self.shown("bad")["state"], "ok")
        answer = json.loads(self.command("set", "bad", "recipient_domains=clear.lab.test",
                                         "--json").stdout)
        self.assertEqual(answer["validation"]["state"], "failed")
        self.assertTrue(answer["changes"])
        self.assertEqual(self.command("disable", "bad").stderr, "")
        self.assertIn("mail would wait", self.command("enable", "bad").stderr)

    def test_no_test(self):
        """--no-test, a dry run and a refused change test nothing; what cannot be tested is said to be so"""
        done = self.command("add", "quick", "recipient_domains=quick.lab.test", "tls=encrypt",
                            "--dry-run", code=4)
        self.assertEqual(done.stderr, "")
        done = self.command("add", "quick", "recipient_domains=quick.lab.test", "tls=encrypt",
                            "--no-test")
        self.assertIn("warning: the connector was saved without a test: --no-test", done.stderr)
        self.assertNotIn("started", self.shown("quick"))
        self.assertRegex(self.command("show", "quick").stdout, r"\ntested +never\n")
        self.command("set", "quick", "tls=nonsense", code=1)
        done = self.command("add", "wild", "recipient_domains=*.clear.lab.test", "tls=encrypt")
        self.assertIn("saved without a test: the connector names no domain", done.stderr)
        self.server.wait_log("validation.not-tested", connector="wild")
        self.assertRegex(self.command("show", "wild").stdout,
                         r"\ntested +not tested: the connector names no domain")
        self.assertIn("not tested: the connector names no domain", self.command("list").stdout)


class Returning(unittest.TestCase):
    """Postfix as a partner that takes the test message and has to return it, and as one that sends."""

    @classmethod
    def setUpClass(cls):
        port = free_port()
        cls.peer = Postfix(port, relay_tls="encrypt")
        cls.sink = Sink()
        cls.addClassCleanup(cls.sink.close)
        cls.server = HermeticServer(
            listeners=[listener("mx", addresses=[f"127.0.0.1:{port}"])],
            accepted_domains=[{"name": "hermetic.test", "next_hop": smtp_hop(cls.sink)}],
            inbound_connectors=[{"name": "partner-in", "sender_domains": ["partner.test"]}],
            outbound_connectors=[{"name": "partner-out", "recipient_domains": ["partner.test"],
                                  "smart_hosts": [f"[127.0.0.1]:{cls.peer.port}"],
                                  "tls": "encrypt"}])
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)
        cls.peer.start()
        cls.addClassCleanup(cls.peer.stop)

    def steps(self, *words, code):
        done = self.server.run("connector", "test", *words, "--json", check=False, seconds=150)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_bounce(self):
        """--to: Postfix accepts the message, returns it, and the test says what the notice says"""
        steps = self.steps("partner-out", "--to", "nobody@partner.test", "--wait", "60", code=1)
        message, bounce = (next(each for each in steps if each["step"] == name)
                           for name in ("message", "bounce"))
        self.assertEqual(message["state"], "ok", message)
        self.assertIn('accepted by the peer for <nobody@partner.test>: "250 ', message["seen"])
        self.assertEqual(bounce["state"], "failed", bounce)
        # The partner relays to us, and we refuse: its notice has our words.
        self.assertRegex(bounce["seen"], r"^bounced: 5\.7\.64, smtp; 550 5\.7\.64 .*relaying denied")
        self.assertEqual(steps[-1]["seen"], "mail flows, but the test message bounced")
        # Nothing of it is swallowed: the notice is the postmaster's mail.
        wait_for(lambda: any(b"delivery-status" in each.data for each in self.sink.messages),
                 "the postmaster has the notice", 30)

    def test_no_bounce(self):
        """--to: where nothing comes back in the time, that is said"""
        done = self.server.run("connector", "test", "partner-out", "--to", "postmaster@hermetic.test",
                               "--wait", "3")
        self.assertIn("\n  bounce        ok       no bounce within 3 s\n", done.stdout)

    def guided(self, send):
        """The result of the guided test while send() is called again and again: (exit code, steps)."""
        with ThreadPoolExecutor(1) as pool:
            testing = pool.submit(self.server.run, "connector", "test", "partner-in", "--wait", "60",
                                  "--json", check=False, seconds=120)
            while not testing.done():
                send()
                time.sleep(1)
            done = testing.result()
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    def test_guided(self):
        """of an inbound connector: Postfix's session over TLS satisfies it, and is shown"""
        def send():
            with smtplib.SMTP("127.0.0.1", self.peer.port) as client:
                client.sendmail("u@partner.test", ["r@hermetic.test"], "Subject: x\r\n\r\ntext\r\n")
        code, steps = self.guided(send)
        seen = {each["step"]: each for each in steps}
        self.assertEqual(code, 0, steps)
        self.assertEqual(seen["ehlo"]["seen"], self.peer.hostname)
        self.assertTrue(seen["starttls"]["seen"].startswith("TLSv1.3"), seen["starttls"])
        self.assertIn("sender domain partner.test", seen["evidence"]["seen"])
        self.assertEqual(seen["message"]["seen"],
                         "r@hermetic.test: accepted, recipient.accepted-domain")
        self.assertEqual(seen["result"]["seen"], "the session satisfies the connector")

    def test_guided_in_clear(self):
        """of an inbound connector: a session in clear is refused, with what is required"""
        def send():
            with smtplib.SMTP("127.0.0.1", self.server.port()) as client:
                with contextlib.suppress(smtplib.SMTPException):
                    client.sendmail("u@partner.test", ["r@hermetic.test"], "x")
        code, steps = self.guided(send)
        self.assertEqual(code, 1)
        policy = next(each for each in steps if each["step"] == "policy")
        self.assertEqual((policy["state"], policy["reason"]), ("failed", "connector.tls-required"))
        self.assertIn("required: TLS", policy["seen"])

    def test_guided_nobody(self):
        """of an inbound connector: where nobody comes in the time, that is the result"""
        done = self.server.run("connector", "test", "partner-in", "--wait", "1", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no session of the connector within the time", done.stdout)


def _row(name, result, expected):
    def test(self):
        steps = self.connector_steps(name, code=1 if result == "failed" else 0)
        self.assertEqual(steps[-1]["step"], "result")
        self.assertEqual(steps[-1]["state"], result, steps)
        for step, found in expected.items():
            seen = [(each["state"], each["reason"]) for each in steps if each["step"] == step]
            self.assertIn(found, seen, f"{step} of {name}: {seen}")
        for each in steps:
            if each["state"] == "failed" and each["step"] != "result":
                self.assertTrue(each["fix"], f"no advice: {each}")
    asked = next(row[1] for row in TABLE if row[0] == name)
    test.__doc__ = f"connector test: {name} under {asked['tls']} is {result}"
    return test


for _name, _, _result, _expected in TABLE:
    setattr(Validation, f"test_row_{_name.replace('-', '_')}", _row(_name, _result, _expected))


if __name__ == "__main__":
    runner.main()
