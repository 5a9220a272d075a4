#!/usr/bin/python3
"""Plans of retirement, the ratchet and approvals on a running server, by the commands that operators use."""

import csv
import io
import json
import sqlite3
import ssl
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import runner
from support.certificates import Authority
from support.deadline import wait_for
from support.hermetic_server import HermeticServer, listener, smtp_hop
from support.smtp_client import Client, unverified_context
from support.smtp_sink import Sink, server_context

MESSAGE = b"From: a@senders.test\r\nSubject: x\r\nMessage-ID: <x@senders.test>\r\n\r\ntext\r\n"


def at(hours):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + hours * 3600))


class TlsPlans(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="hermetic-plans.")
        cls.addClassCleanup(folder.cleanup)
        chain, key = Authority(Path(folder.name)).issue("old.example.test")
        old = server_context(chain, key, minimum=ssl.TLSVersion.TLSv1, maximum=ssl.TLSVersion.TLSv1_1)
        cls.old = Sink(tls="starttls", context=old, hostname="old.example.test")
        cls.clear = Sink(hostname="clear.example.test")
        cls.senders = Sink()
        for sink in (cls.old, cls.clear, cls.senders):
            cls.addClassCleanup(sink.close)
        cls.server = HermeticServer(
            listeners=[listener("mx", min_tls="1.0", legacy_networks=["127.0.0.0/8"])],
            organization={"min_tls": "1.0", "retry_after": ["1h"], "tls": "opportunistic"},
            node={"organization_file": ""},
            accepted_domains=[
                {"name": "old.test", "kind": "internal_relay", "next_hop": smtp_hop(cls.old)},
                {"name": "clear.test", "kind": "internal_relay", "next_hop": smtp_hop(cls.clear)},
                {"name": "senders.test", "kind": "internal_relay",
                 "next_hop": smtp_hop(cls.senders)}])
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)
        cls.server.run("apply", str(cls.server.directory / "org.toml"))

    def command(self, *words, code=0):
        done = self.server.run(*words, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def json(self, *words):
        return json.loads(self.command(*words, "--json"))

    @staticmethod
    def secure(client, maximum):
        client.ehlo()
        context = unverified_context(ssl.TLSVersion.TLSv1, maximum)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        client.starttls(context)
        client.ehlo()

    def send(self, to, maximum=None):
        with Client(self.server.address()) as client:
            client.ehlo()
            if maximum is not None:
                self.secure(client, maximum)
            client.deliver("a@senders.test", [to], MESSAGE)

    def row(self, to, state="deferred"):
        return next((each for each in self.json("queue", "list")["messages"]
                     if to in each["to"] and each["state"] == state), None)

    def test_retirement_of_an_old_partner(self):
        """retire: who is concerned, deferred in the share, approved once, the normal policy after the end"""
        self.send("a@old.test")
        wait_for(lambda: len(self.old.messages) == 1, "the old version is used")
        self.assertEqual(self.old.messages[0].tls[0], "TLSv1.1")
        wait_for(lambda: [each for each in self.json("retire", "status")["without_plan"]
                          if each["peer"] == f"[127.0.0.1]:{self.old.port}"],
                 "it is told of before there is a plan")
        self.assertIn("in no plan", self.command("retire", "status"))
        rows = list(csv.DictReader(io.StringIO(self.command("retire", "status", "--csv"))))
        self.assertIn(("", "outbound", "TLSv1.1"), [(each["plan"], each["direction"],
                                                     each["version"]) for each in rows])
        plan = ("retire", "plan", "old-tls", "--direction", "outbound", "--versions", "1.0,1.1")
        dry = self.command(*plan, "--start", at(-10000), "--end", at(0.01), "--dry-run")
        self.assertIn('versions = ["1.0", "1.1"]', dry)
        # All but the last thousandth of it has passed.
        print(self.command(*plan, "--start", at(-10000), "--end", at(1)))
        print(self.command("retire", "status"))
        status = self.json("retire", "status", "old-tls")["plans"][0]
        self.assertEqual(status["phase"], "growing")
        self.assertEqual([each["peer"] for each in status["concerned"]],
                         [f"[127.0.0.1]:{self.old.port}"])
        rows = list(csv.DictReader(io.StringIO(self.command("retire", "status", "--csv"))))
        self.assertEqual(rows[0]["version"], "TLSv1.1")
        self.send("b@old.test")
        row = wait_for(lambda: self.row("b@old.test"), "it is deferred")
        self.assertEqual(row["last_reason"], "retirement.share")
        self.assertEqual(len(self.old.messages), 1, "never in clear for it")
        self.command("queue", "approve", row["id"], code=2)
        print(self.command("queue", "approve", row["id"], "--reason", "ticket 12: they know"))
        wait_for(lambda: len(self.old.messages) == 2, "it goes below policy")
        event = self.server.wait_log("queue.approved")
        self.assertEqual(event["why"], "ticket 12: they know")
        self.assertTrue(event["by"])

    def test_ratchet(self):
        """ratchet: what was seen is listed; an accepted change is told and audited"""
        self.send("a@clear.test")
        wait_for(lambda: any("a@clear.test" in each.to for each in self.clear.messages),
                 "it is delivered")
        wait_for(lambda: [each for each in self.json("ratchet", "list", "--all")["destinations"]
                          if each["last"].startswith("in clear")], "it is seen")
        print(self.command("ratchet", "list", "--all"))
        self.assertIn("no destination fell", self.command("ratchet", "list"))
        self.command("ratchet", "accept", "unknown.test", code=1)
        print(self.command("ratchet", "accept", f"[127.0.0.1]:{self.clear.port}"))
        self.assertTrue(self.server.wait_log("ratchet.accepted")["by"])

    def test_inbound_retirement(self):
        """retire inbound: old clients are listed, then refused by 421 4.7.66, modern ones are not"""
        self.send("c@clear.test", ssl.TLSVersion.TLSv1_1)
        self.command("retire", "plan", "old-clients", "--direction", "inbound", "--versions", "1.0,1.1",
                     "--start", at(-100), "--end", at(-1))
        status = self.json("retire", "status", "old-clients")["plans"][0]
        print(self.command("retire", "status", "old-clients"))
        self.assertEqual([each["peer"] for each in status["concerned"]], ["127.0.0.1"])
        with Client(self.server.address()) as client:
            self.secure(client, ssl.TLSVersion.TLSv1_1)
            replies = [str(client.command("MAIL FROM:<a@senders.test>"))]
            if replies[0].startswith("250"):
                replies.append(str(client.command("RCPT TO:<d@clear.test>")))
            self.assertRegex(replies[-1], "421.*4\\.7\\.66")
            print(replies[-1])
        self.send("e@clear.test", ssl.TLSVersion.TLSv1_3)


class RatchetEnforced(unittest.TestCase):
    """A next hop that has always had TLS, and has it no more."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="hermetic-ratchet.")
        self.addCleanup(folder.cleanup)
        chain, key = Authority(Path(folder.name)).issue("partner.example.test")
        self.partner = Sink(tls="starttls", context=server_context(chain, key),
                            hostname="partner.example.test")
        self.addCleanup(self.partner.close)
        self.server = HermeticServer(
            organization={"ratchet": "enforce", "ratchet_hold": "1h", "retry_after": ["1h"]},
            accepted_domains=[{"name": "partner.test", "kind": "internal_relay",
                               "next_hop": smtp_hop(self.partner)}])
        self.server.start()
        self.addCleanup(self.server.stop)
        self.destination = f"[127.0.0.1]:{self.partner.port}"

    def send(self, to):
        with Client(self.server.address()) as client:
            client.ehlo()
            client.deliver("a@senders.test", [to], MESSAGE)

    def seen(self):
        done = self.server.run("ratchet", "list", "--all", "--json")
        return next((each for each in json.loads(done.stdout)["destinations"]
                     if each["destination"] == self.destination), None)

    def waiting(self, to):
        rows = json.loads(self.server.run("queue", "list", "--json").stdout)["messages"]
        return next((each for each in rows if to in each["to"] and each["state"] == "deferred"), None)

    def age(self, days):
        """As if it had been seen on every day."""
        self.server.stop()
        book = sqlite3.connect(self.server.data / "observations.sqlite")
        with book:
            began = int((time.time() - days * 86400) * 1000)
            runs = ("tls", "tls11", "tls12")
            book.execute("UPDATE destination SET first_seen = ?, " +
                         ", ".join(f"{run}_since = {began}, {run}_days = {days}" for run in runs),
                         (began,))
        book.close()
        self.server.start()

    def fall(self):
        """TLS for 90 days, and then STARTTLS is gone."""
        self.send("a@partner.test")
        self.assertIsNotNone(self.partner.wait_to("a@partner.test").tls)
        wait_for(self.seen, "it is seen")
        self.age(90)
        self.assertIn("TLS", self.seen()["expected"])
        self.partner.tls = None
        self.send("b@partner.test")
        return wait_for(lambda: self.waiting("b@partner.test"), "it waits")

    def explain(self, *more):
        return json.loads(self.server.run("explain", "--to", "b@partner.test", "--json", *more, check=False).stdout)

    def check_explained(self):
        """explain and explain --live: what delivery found, since when and until when"""
        # The server writes what it has seen every few seconds.
        ratchet = wait_for(lambda: (self.explain()["ratchet"] or {}).get("held_since") and self.explain()["ratchet"],
                           "the file has the fall", interval=0.5)
        self.assertEqual(ratchet["destination"], self.destination)
        self.assertEqual(self.seen()["state"], "held until " + ratchet["until"])
        self.assertEqual(self.seen()["fell"], ratchet["held_since"])
        before = self.seen()
        live = self.explain("--live")["live"]
        self.assertEqual((live["mail"], live["reason"]), ("waits", "starttls.not-offered"))
        self.assertIn(f"hermetic ratchet accept {self.destination}", live["fix"])
        self.assertEqual(self.seen(), before, "who observes writes no memories")

    def test_fall_is_held_and_accepted(self):
        """ratchet enforce: a host without STARTTLS gets nothing; accepted, the mail goes at once"""
        row = self.fall()
        self.assertEqual(row["last_reason"], "starttls.not-offered")
        fell = self.server.wait_log("ratchet.fell")
        self.assertEqual(fell["destination"], self.destination)
        self.assertNotEqual(fell["held_until"], "no")
        self.assertTrue(self.seen()["state"].startswith("held until"))
        print(self.server.run("ratchet", "list").stdout)
        self.check_explained()
        self.server.run("queue", "retry", "--all", "--yes")
        wait_for(lambda: len([each for each in self.server.log("attempt") if each["to"] == "b@partner.test"]) >= 2,
                 "tried once more")
        self.assertEqual(wait_for(lambda: self.waiting("b@partner.test"), "it waits")["attempts"], 1,
                         "ahead of its time: it does not count")
        self.assertEqual(self.partner.count(), 1, "nothing in clear while it is held")
        print(self.server.run("ratchet", "accept", self.destination).stdout)
        self.assertIsNone(self.partner.wait_to("b@partner.test", seconds=20).tls)
        self.assertTrue(self.server.wait_log("ratchet.accepted")["by"])

    def test_recovery(self):
        """ratchet enforce: what came back is told, and goes on being expected"""
        self.fall()
        self.partner.tls = "starttls"
        self.server.run("queue", "retry", "--all", "--yes")
        self.assertIsNotNone(self.partner.wait_to("b@partner.test", seconds=20).tls)
        self.server.wait_log("ratchet.recovered")
        wait_for(lambda: "fell" not in self.seen(), "the fall is over")
        self.assertIn("TLS", self.seen()["expected"])


if __name__ == "__main__":
    runner.main()
