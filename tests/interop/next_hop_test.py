#!/usr/bin/python3
"""Next hops that lack something or misbehave (a Python sink plays them): what Hermetic makes of them."""

import socket
import ssl
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import runner
from support.certificates import Authority
from support.deadline import wait_for
from support.hermetic_server import HermeticServer, listener
from support.ports import free_port
from support.smtp_client import Client
from support.smtp_sink import EXTENSIONS, Sink, server_context

MESSAGE = b"From: a@senders.test\r\nSubject: x\r\nMessage-ID: <x@senders.test>\r\n\r\ntext\r\n"
EIGHT_BIT = ("From: a@senders.test\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
             "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
             "größer\r\n").encode()


def without(*names):
    return [each for each in EXTENSIONS if each.split()[0] not in names]


def refuse(stage, reply, times=None):
    """A decide that answers a stage so (that many times)."""
    left = [times]

    def decide(at, session, argument):
        if at != stage or left[0] == 0:
            return None
        if left[0] is not None:
            left[0] -= 1
        return reply
    return decide


class NextHop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="hermetic-hops.")
        cls.addClassCleanup(directory.cleanup)
        files = Authority(directory.name).issue("sink.example.test", key="rsa")
        tls = server_context(*files)
        v = ssl.TLSVersion
        cls.dead = free_port()
        silent = socket.create_server(("127.0.0.1", 0), backlog=500)  # connects, says nothing
        cls.addClassCleanup(silent.close)
        cls.unix = f"{directory.name}/lmtp"
        cls.hops = {
            "plain": Sink(),
            "bare": Sink(extensions=[]),
            "no-utf8": Sink(extensions=without("SMTPUTF8")),
            "no-8bit": Sink(extensions=without("8BITMIME", "SMTPUTF8", "CHUNKING")),
            "no-dsn": Sink(extensions=without("DSN")),
            "small": Sink(extensions=without("SIZE") + ["SIZE 20000"]),
            "helo": Sink(decide=refuse("ehlo", "502 5.5.1 what?")),
            "tls13": Sink(tls="starttls", context=tls),
            "tls12": Sink(tls="starttls", context=server_context(*files, maximum=v.TLSv1_2)),
            "tls10": Sink(tls="starttls", context=server_context(*files, minimum=v.TLSv1,
                                                                 maximum=v.TLSv1)),
            "tls-454": Sink(tls="starttls", context=tls, decide=refuse("starttls", "454 4.7.0 no")),
            "tls-closes": Sink(tls="starttls", context=tls, decide=refuse("starttls", "close")),
            "rcpt-550": Sink(decide=refuse("rcpt", "550 5.1.1 no such user here")),
            "mail-550": Sink(decide=refuse("mail", "550 5.7.1 not you")),
            "data-554": Sink(decide=refuse("message", "554 5.6.0 not this")),
            "greylist": Sink(decide=refuse("rcpt", "451 4.7.1 greylisted", times=1)),
            "busy": Sink(decide=refuse("connect", "421 4.3.2 busy", times=2)),
            "closes-once": Sink(decide=refuse("message", "close", times=1)),
            "lmtp": Sink(lmtp=True),
            "lmtp-no-dsn": Sink(lmtp=True, extensions=without("DSN")),
            "unix": Sink(lmtp=True, unix_path=cls.unix),
            "senders": Sink(),
        }
        for hop in cls.hops.values():
            cls.addClassCleanup(hop.close)

        def next_hop(name):
            if name == "unix":
                return f"lmtp+unix:{cls.unix}"
            return f"{'lmtp' if name.startswith('lmtp') else 'smtp'}://127.0.0.1:{cls.hops[name].port}"
        domains = [{"name": f"{name}.test", "kind": "internal_relay", "next_hop": next_hop(name)}
                   for name in cls.hops]
        domains += [
            {"name": "second.test", "kind": "internal_relay",
             "next_hop": [f"smtp://127.0.0.1:{cls.dead}", next_hop("plain")]},
            {"name": "silent.test", "kind": "internal_relay",
             "next_hop": f"smtp://127.0.0.1:{silent.getsockname()[1]}"},
            {"name": "dead.test", "kind": "internal_relay",
             "next_hop": f"smtp://127.0.0.1:{cls.dead}"}]
        cls.server = HermeticServer(
            listeners=[listener("mx")], accepted_domains=domains,
            inbound_connectors=[{"name": "us", "kind": "on_premises", "networks": ["127.0.0.0/8"],
                                 "may_relay": True}],
            outbound_connectors=[
                {"name": "smart", "recipient_domains": ["*.elsewhere.test"],
                 "smart_hosts": [f"[127.0.0.1]:{cls.hops['plain'].port}"]}])
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    def send(self, to, data=MESSAGE, sender=None, mail="", rcpt=""):
        sender = f"from-{to.replace('@', '-at-')}@senders.test" if sender is None else sender
        with Client(self.server.address()) as client:
            client.ehlo()
            client.deliver(sender, [to] if isinstance(to, str) else to, data, mail=mail, rcpt=rcpt)
        return sender

    def delivered(self, hop, to=None, **options):
        to = to or f"a@{hop}.test"
        self.send(to, **options)
        return self.hops[hop].wait_to(to)

    def notice(self, sender, *words):
        """The notice that came to this sender; it holds all these words."""
        notice = self.hops["senders"].wait_to(sender)
        self.assertEqual(notice.sender, "")
        self.assertIn(b"multipart/report", notice.data)
        for word in words:
            self.assertIn(word.encode(), notice.data)
        return notice.data

    def attempt(self, to, outcome):
        return self.server.wait_log("attempt", where=lambda each: to in each["to"], outcome=outcome)

    def test_bare(self):
        """a hop that offers nothing: no parameters, no pipelining, DATA"""
        arrived = self.delivered("bare", mail="BODY=8BITMIME RET=HDRS", rcpt="NOTIFY=FAILURE")
        self.assertEqual((arrived.by, arrived.sender_parameters, arrived.recipients[0][1]), ("DATA", "", ""))

    def test_helo(self):
        """a hop that knows only HELO"""
        self.delivered("helo")

    def test_smtputf8_missing(self):
        """an internationalised recipient where SMTPUTF8 is missing: returned, 5.6.7"""
        sender = self.send("почта@no-utf8.test", sender="u8@senders.test", mail="SMTPUTF8")
        self.notice(sender, "5.6.7")
        self.assertEqual(self.hops["no-utf8"].count(), 0)

    def test_smtputf8_not_needed(self):
        """SMTPUTF8 that the message does not need does not keep it from such a hop"""
        self.delivered("no-utf8", "plain@no-utf8.test", mail="SMTPUTF8")

    def test_8bitmime_missing(self):
        """8-bit mail where 8BITMIME is missing: converted, or returned with 5.6.3; never as it is"""
        sender = self.send("a@no-8bit.test", EIGHT_BIT, mail="BODY=8BITMIME")
        wait_for(lambda: self.hops["no-8bit"].to("a@no-8bit.test") or self.hops["senders"].to(sender),
                 "delivery or notice")
        if self.hops["no-8bit"].to("a@no-8bit.test"):
            self.assertTrue(self.hops["no-8bit"].to("a@no-8bit.test")[0].data.isascii())
        else:
            self.notice(sender, "5.6.3")

    def test_size(self):
        """a message above the hop's SIZE is returned without being sent"""
        sender = self.send("a@small.test", MESSAGE + (b"x" * 70 + b"\r\n") * 1000)
        self.notice(sender, "5.3.4")
        self.assertEqual(self.hops["small"].count(), 0)
        self.assertNotIn("DATA", [c for s in self.hops["small"].sessions for c in s.commands])

    def test_success_relayed(self):
        """NOTIFY=SUCCESS where the hop has no DSN: a notice that says relayed"""
        sender = self.send("a@no-dsn.test", mail="ENVID=abc RET=HDRS", rcpt="NOTIFY=SUCCESS ORCPT=rfc822;o@x.test")
        self.notice(sender, "Action: relayed", "Original-Envelope-Id: abc", "o@x.test")

    def test_success_passed_on(self):
        """NOTIFY=SUCCESS where the hop has DSN is the hop's business: no notice of ours"""
        arrived = self.delivered("plain", "ok@plain.test", rcpt="NOTIFY=SUCCESS", sender="passed-on@senders.test")
        self.assertIn("NOTIFY=SUCCESS", arrived.recipients[0][1])
        self.assertEqual(self.hops["senders"].to("passed-on@senders.test"), [])

    def test_success_delivered(self):
        """NOTIFY=SUCCESS at an LMTP hop without DSN, which is the end of the way: delivered"""
        sender = self.send("a@lmtp-no-dsn.test", rcpt="NOTIFY=SUCCESS")
        self.notice(sender, "Action: delivered")

    def test_tls(self):
        """TLS 1.3 where the hop has it, TLS 1.2 where it has only that"""
        for hop, version in (("tls13", "TLSv1.3"), ("tls12", "TLSv1.2")):
            with self.subTest(hop):
                self.assertEqual(self.delivered(hop).tls[0], version)
                self.assertEqual(self.attempt(f"a@{hop}.test", "delivered")["tls"]["version"], version)

    def test_tls_ladder(self):
        """opportunistic: where TLS cannot be had at 1.2 or above, the mail goes in clear, and the log says why"""
        for hop in ("tls10", "tls-454", "tls-closes"):
            with self.subTest(hop):
                self.assertIsNone(self.delivered(hop).tls)
                attempt = self.attempt(f"a@{hop}.test", "delivered")
                self.assertIsNone(attempt["tls"])
                self.assertEqual(attempt["steps"][-1]["step"], "clear")
                self.assertTrue(all(step["cause"] for step in attempt["steps"]), attempt["steps"])

    def test_refusals(self):
        """5xx at RCPT, at MAIL, at the end of data: a notice with the peer's words"""
        for hop, words in (("rcpt-550", "5.1.1 no such user here"), ("mail-550", "5.7.1 not you"),
                           ("data-554", "5.6.0 not this")):
            with self.subTest(hop):
                sender = self.send(f"a@{hop}.test")
                self.notice(sender, words, "Action: failed", f"a@{hop}.test", "Diagnostic-Code: smtp")
                attempt = self.attempt(f"a@{hop}.test", "failed")
                self.assertEqual(attempt["origin"], "remote")
                self.assertEqual(attempt["enhanced"], words.split()[0])
                self.assertIn(words.split(" ", 1)[1], attempt["reply"])

    def test_no_notice_for_null_sender(self):
        """nothing is returned to the null sender"""
        self.send("null@rcpt-550.test", sender="")
        self.attempt("null@rcpt-550.test", "failed")
        self.assertEqual([m for m in self.hops["senders"].messages if b"null@rcpt-550.test" in m.data], [])

    def test_notify_never(self):
        """NOTIFY=NEVER: no notice"""
        sender = self.send("never@rcpt-550.test", rcpt="NOTIFY=NEVER")
        self.attempt("never@rcpt-550.test", "failed")
        self.assertEqual(self.hops["senders"].to(sender), [])

    def test_deferred(self):
        """greylisting, 421 at the greeting, a connection closed at the end of data: tried again"""
        for hop in ("greylist", "busy", "closes-once"):
            with self.subTest(hop):
                to = f"a@{hop}.test"
                self.send(to)
                self.attempt(to, "deferred")
                self.server.retry_until(lambda: self.hops[hop].to(to), "it is delivered")
                self.assertTrue(self.attempt(f"a@{hop}.test", "deferred")["reason"])

    def test_second_host(self):
        """of two hosts the first is dead: delivered at once by the second"""
        self.delivered("plain", "b@second.test")
        self.assertEqual(self.server.log("attempt", outcome="deferred", to="<b@second.test>"), [])

    def test_refused_connection(self):
        """nobody listens: deferred with 4.4.316, and says what to do"""
        self.send("a@dead.test")
        attempt = self.attempt("a@dead.test", "deferred")
        self.assertEqual((attempt["enhanced"], attempt["origin"], attempt["stage"]),
                         ("4.4.316", "local", "connect"))
        self.assertTrue(attempt["fix"])

    def test_lmtp(self):
        """LMTP by TCP and by a Unix socket"""
        self.delivered("lmtp", "tcp@lmtp.test")
        self.delivered("unix")

    def test_smart_host(self):
        """a connector's smart host takes mail for foreign domains"""
        self.send("x@deep.elsewhere.test")
        self.hops["plain"].wait_to("x@deep.elsewhere.test")

    def test_many_recipients(self):
        """recipients in several domains: each hop gets its own, once"""
        recipients = [f"m{n}@{hop}.test" for n in range(50) for hop in ("plain", "lmtp", "tls13")]
        self.send(recipients, sender="many@senders.test")
        for hop in ("plain", "lmtp", "tls13"):
            for n in range(50):
                self.hops[hop].wait_to(f"m{n}@{hop}.test")
                self.assertEqual(len(self.hops[hop].to(f"m{n}@{hop}.test")), 1)

    def test_dead_hop_delays_nobody(self):
        """a hop that accepts connections and says nothing delays no other mail"""
        for n in range(200):
            self.send(f"s{n}@silent.test", sender="")
        self.delivered("plain", "quick@plain.test")


if __name__ == "__main__":
    runner.main()
