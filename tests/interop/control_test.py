#!/usr/bin/python3
"""The control API and the commands that use it: status, queue, metrics; what scripts can rely on."""

import json
import os
import socket
import stat
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import runner
from support.deadline import wait_for
from support.hermetic_server import HermeticServer, listener, smtp_hop
from support.ports import free_port
from support.smtp_client import Client
from support.smtp_sink import Sink

MESSAGE = b"From: a@senders.test\r\nSubject: x\r\nMessage-ID: <x@senders.test>\r\n\r\ntext\r\n"


class Control(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.open = set()  # recipients that the hop takes; others are deferred

        def decide(stage, session, argument):
            if stage == "rcpt" and not any(each in argument for each in cls.open):
                return "450 4.2.1 not now"
            return None
        cls.hop = Sink(decide=decide)
        cls.senders = Sink()
        for sink in (cls.hop, cls.senders):
            cls.addClassCleanup(sink.close)
        cls.server = HermeticServer(
            listeners=[listener("mx")], organization={"retry_after": ["1h"]},
            accepted_domains=[
                {"name": "hop.test", "kind": "internal_relay", "next_hop": smtp_hop(cls.hop)},
                {"name": "closed.test", "kind": "internal_relay",
                 "next_hop": f"smtp://127.0.0.1:{free_port()}"},
                {"name": "senders.test", "kind": "internal_relay",
                 "next_hop": smtp_hop(cls.senders)}])
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    def command(self, *words, code=0):
        done = self.server.run(*words, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def json(self, *words):
        return json.loads(self.command(*words, "--json").stdout)

    def deferred(self, local):
        """Sends a message that the hop defers; returns its row of the queue's list."""
        with Client(self.server.address()) as client:
            client.ehlo()
            client.deliver(f"from-{local}@senders.test", [f"{local}@hop.test"], MESSAGE)

        def row():
            return next((each for each in self.json("queue", "list")["messages"]
                         if f"{local}@hop.test" in each["to"] and each["state"] == "deferred"), None)
        return wait_for(row, "it is deferred")

    def gone(self, identity):
        wait_for(lambda: identity not in [each["id"] for each in
                                          self.json("queue", "list")["messages"]], "it is gone")

    def test_list_and_show(self):
        """list and show: who, where to, since when, why"""
        row = self.deferred("shown")
        self.assertEqual(row["from"], "from-shown@senders.test")
        self.assertEqual(row["last_reason"], "rcpt.deferred")
        self.assertIn("not now", row["last_text"])
        self.assertEqual(row["attempts"], 1)
        shown = self.json("queue", "show", row["id"])
        self.assertEqual(shown["to"], ["shown@hop.test"])
        self.assertEqual(shown["message_id"], "<x@senders.test>")
        self.assertIn("not now", self.command("queue", "show", row["id"]).stdout)
        only = self.json("queue", "list", "--sender", "from-shown@senders.test")["messages"]
        self.assertEqual([each["id"] for each in only], [row["id"]])
        self.assertEqual(self.json("queue", "list", "--sender", "nobody@x.test")["messages"], [])
        destinations = self.json("queue", "destinations")["destinations"]
        self.assertTrue(any(each["deferred"] >= 1 for each in destinations))

    def test_backing_off(self):
        """mail behind a destination that backs off says why and until when; its host is remembered until forgotten"""
        def deliver(to):
            with Client(self.server.address()) as client:
                client.ehlo()
                client.deliver("a@senders.test", [to], MESSAGE)

        def waiting(state):
            rows = self.json("queue", "list", "--destination", "closed.test")["messages"]
            return next((each for each in rows if each["state"] == state), None)
        deliver("first@closed.test")
        wait_for(lambda: waiting("deferred"), "its destination backs off")
        deliver("second@closed.test")
        row = wait_for(lambda: waiting("waiting"), "it waits behind it")
        self.assertEqual(row["waits_for"], "connect.refused")
        self.assertGreater(row["next_attempt"], row["accepted_at"])
        remembered = self.json("hosts", "list")["hosts"]
        self.assertEqual({each["what"] for each in remembered}, {"unreachable", "greets-nobody"})
        self.assertIn("unreachable", self.command("hosts", "list").stdout)
        host = remembered[0]["host"].rsplit(":", 1)[0]
        self.command("hosts", "forget", host)
        self.assertEqual(self.json("hosts", "list")["hosts"], [])
        self.command("hosts", "forget", code=2)

    def test_approve_says_why(self):
        """approve: a blank reason is none"""
        row = self.deferred("approved")
        self.command("queue", "approve", row["id"], "--reason", "  ", code=1)
        self.assertNotIn("approved_by", self.json("queue", "show", row["id"]))

    def test_retry(self):
        """retry: at once, and delivered where the peer takes it now"""
        row = self.deferred("again")
        self.open.add("again@")
        self.command("queue", "retry", row["id"])
        self.hop.wait_to("again@hop.test")
        self.gone(row["id"])

    def test_hold_and_release(self):
        """hold: a retry does not move it; release: it goes"""
        row = self.deferred("held")
        self.command("queue", "hold", row["id"])
        self.open.add("held@")
        self.command("queue", "retry", "--destination", "hop.test", "--yes")
        held = self.json("queue", "list", "--state", "held")["messages"]
        self.assertEqual([each["id"] for each in held], [row["id"]])
        self.assertEqual(self.hop.to("held@hop.test"), [])
        self.command("queue", "release", row["id"])
        self.hop.wait_to("held@hop.test")
        self.gone(row["id"])

    def test_selection_asks_first(self):
        """a change of many counts first; without a terminal and --yes nothing is changed"""
        rows = [self.deferred(local) for local in ("many1", "many2")]
        selection = ("--sender", "from-many1@senders.test")
        done = self.command("queue", "hold", *selection, code=2)
        self.assertIn("Hold 1 message?", done.stderr)
        self.assertIn("--yes", done.stderr)
        self.assertNotEqual(self.json("queue", "show", rows[0]["id"])["state"], "held")
        self.assertEqual(self.json("queue", "hold", *selection, "--yes")["count"], 1)
        shown = self.json("queue", "show", rows[0]["id"])
        self.assertEqual(shown["state"], "held")
        self.assertEqual(shown["handled"], "held")
        self.assertTrue(shown["handled_by"])
        self.assertNotEqual(self.json("queue", "show", rows[1]["id"])["state"], "held")
        self.assertIn("No message matches", self.command(
            "queue", "hold", "--recipient", "nobody@hop.test", "--yes").stdout)
        self.command("queue", "release", "--recipient", "many1@hop.test", "--yes")
        self.assertNotEqual(self.json("queue", "show", rows[0]["id"])["state"], "held")

    def test_selections(self):
        """every field of a selection narrows list and count alike"""
        row = self.deferred("narrow")
        def count(*selection):
            found = [each["id"] for each in self.json("queue", "list", *selection)["messages"]]
            return found.count(row["id"])
        for selection in (("--recipient", "NARROW@hop.test"), ("--recipient", "@hop.test"),
                          ("--sender", "@senders.test"), ("--reason", "rcpt.deferred"),
                          ("--state", "deferred"), ("--destination", "hop.test"),
                          ("--destination", row["destination"])):
            self.assertEqual(count(*selection), 1, selection)
        for selection in (("--recipient", "other@hop.test"), ("--sender", "<>"),
                          ("--reason", "connect.refused"), ("--older-than", "2d"),
                          ("--state", "held"), ("--destination", "other.test")):
            self.assertEqual(count(*selection), 0, selection)
        self.assertIn("a duration", self.command(
            "queue", "list", "--older-than", "yesterday", code=1).stderr)
        table = self.command("queue", "list", "--recipient", "narrow@hop.test").stdout
        self.assertIn("narrow@hop.test", table)
        self.assertIn("age", table.splitlines()[0])

    def test_summary(self):
        """summary: by destination and reason, and all of it"""
        self.deferred("summed")
        summary = self.json("queue", "summary")
        self.assertTrue(any(each["reason"] == "rcpt.deferred" and each["messages"] >= 1
                            for each in summary["rows"]))
        self.assertEqual(sum(each["messages"] for each in summary["rows"]),
                         summary["total"]["messages"])
        self.assertIn("TOTAL", self.command("queue", "summary").stdout)

    def test_view(self):
        """view: header, or all of it; the log says who looked"""
        row = self.deferred("viewed")
        header = self.command("queue", "view", row["id"]).stdout
        self.assertIn("Subject: x", header)
        self.assertNotIn("text", header.split())
        self.assertIn("text", self.command("queue", "view", "--body", row["id"]).stdout.split())
        views = self.server.log("queue.view")
        self.assertEqual([each["part"] for each in views if each["id"] == row["id"]],
                         ["header", "message"])
        self.assertTrue(all(each["by"] for each in views))

    def test_pause(self):
        """pause: mail waits and says why, also after a restart; resume: it goes"""
        with HermeticServer(accepted_domains=[
                {"name": "hop.test", "kind": "internal_relay",
                 "next_hop": smtp_hop(self.hop)}]) as server:
            def ask(*words):
                return json.loads(server.run(*words, "--json").stdout)
            label = ask("explain", "--to", "paused@hop.test")["route"]
            self.open.add("paused@")
            refused = server.run("queue", "pause", "hop.test", check=False)
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn(f'goes to "{label}": pause that', refused.stderr)
            server.run("queue", "pause", label, "--reason", "moving house")
            with Client(server.address()) as client:
                client.ehlo()
                client.deliver("a@senders.test", ["paused@hop.test"], MESSAGE)
            server.stop()
            server.start()
            row = wait_for(lambda: next(iter(ask("queue", "list")["messages"]), None), "it waits")
            self.assertEqual(row["waits_for"], "queue.paused")
            destination = ask("queue", "destinations")["destinations"][0]
            self.assertEqual(destination["paused_because"], "moving house")
            self.assertTrue(destination["paused_by"])
            self.assertEqual(ask("queue", "show", row["id"])["paused_because"], "moving house")
            self.assertIn("moving house", ask("explain", "--to", "paused@hop.test")["paused"])
            self.assertIn("paused", server.run("queue", "retry", row["id"], check=False).stderr)
            self.assertEqual(self.hop.to("paused@hop.test"), [])
            server.run("queue", "resume", label)
            self.hop.wait_to("paused@hop.test")

    def test_remove_with_notice(self):
        """remove: the sender gets a failure notice"""
        row = self.deferred("removed")
        self.command("queue", "remove", row["id"])
        notice = self.senders.wait_to("from-removed@senders.test")
        self.assertEqual(notice.sender, "")
        self.assertIn(b"Action: failed", notice.data)
        self.gone(row["id"])

    def test_remove_silently(self):
        """remove --silent: nobody is told"""
        row = self.deferred("silent")
        self.command("queue", "remove", "--silent", row["id"])
        self.gone(row["id"])
        self.assertEqual(self.senders.to("from-silent@senders.test"), [])

    def test_status_and_metrics(self):
        """status and metrics agree with what happened"""
        self.deferred("counted")
        status = self.json("status")
        self.assertEqual(status["hostname"], "mx.hermetic.test")
        self.assertGreaterEqual(status["queue"]["messages"], 1)
        self.assertEqual(status["spool"]["pressure"], "none")
        self.assertEqual(status["listeners"][0]["name"], "mx")
        self.assertIn("mx.hermetic.test", self.command("status").stdout)
        text = self.command("metrics").stdout
        accepted = [line for line in text.splitlines()
                    if line.startswith('hermetic_messages_total{verdict="accepted"}')]
        self.assertGreaterEqual(int(accepted[0].split()[-1]), 1)

    def test_refusals(self):
        """refusals say what was wrong and what is expected, with exit code 1"""
        self.assertIn("no such message", self.command(
            "queue", "show", "01ARYZ6S41TSV4RRFFQ69G5FAV", code=1).stderr)
        self.assertIn("not a message id", self.command("queue", "hold", "nonsense", code=1).stderr)

    def test_usage(self):
        """wrong usage: exit code 2; no server: exit code 3"""
        self.command("queue", "frobnicate", code=2)
        self.command("queue", "retry", code=2)
        self.assertIn("is the server running", self.command(
            "status", "--socket", "/nonexistent/admin.sock", code=3).stderr)

    def test_socket_is_private(self):
        """the socket is for its owner and group only"""
        mode = stat.S_IMODE(os.stat(self.server.ready["admin"]).st_mode)
        self.assertEqual(mode & 0o007, 0)

    def test_bad_requests(self):
        """requests that are no HTTP, too large or for nothing are answered or ended, and the server goes on"""
        for request in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET " + b"x" * 20000 + b" HTTP/1.1\r\n\r\n",
                        b"POST /v1/queue HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
                        b"GET /v1/queue/%zz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"):
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(10)
                client.connect(self.server.ready["admin"])
                client.sendall(request)
                client.shutdown(socket.SHUT_WR)
                answer = b""
                while True:
                    try:
                        part = client.recv(4096)
                    except ConnectionResetError:
                        break
                    if not part:
                        break
                    answer += part
                self.assertNotIn(b" 200 ", answer)
        self.json("status")


if __name__ == "__main__":
    runner.main()
