#!/usr/bin/python3
"""Postfix, Exim and OpenSMTPD, each as the sender whose mail Hermetic takes and as the receiver that
Hermetic delivers to. At the end of every chain is a sink, so that octets can be compared."""

import re
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from messages.make_messages import make_messages
from support import runner
from support.certificates import Authority
from support.deadline import wait_for
from support.hermetic_server import HermeticServer, listener
from support.peers import Exim, OpenSmtpd, Postfix
from support.smtp_client import Client
from support.smtp_sink import Sink, server_context

PEERS = {"postfix": Postfix, "exim": Exim, "opensmtpd": OpenSmtpd}

# Well-formed mail of each kind; servers may and do change what is not (dates, long lines, no header).
CHOSEN = (
    "plain-letter", "plain-format-flowed", "plain-from-line", "empty-body", "body-commands",
    "dots-first-line-dot", "dots-dots-only-lines", "dots-dot-after-empty", "dots-dot-then-command",
    "dots-dot-thousand", "line-998", "space-trailing-spaces", "space-patch", "multipart-three-deep",
    "multipart-hundred-parts", "multipart-message-rfc822", "charset-latin1-8bit",
    "charset-utf8-8bit", "charset-iso-2022-jp", "charset-gb18030-8bit", "script-emoji",
    "text-every-octet", "binary-uuencode", "base64-uneven", "qp-encoded-line-ends", "fold-tabs",
    "fold-many-recipients", "file-zip", "file-ten", "dsn-failed", "mdn-displayed",
    "calendar-request", "pgp-mime-signed", "smime-signed", "list-post", "newsletter",
    "trace-received-20", "size-262145", "size-1mib-attachment")


def chosen_messages():
    by_name = {message.name: message for message in make_messages()}
    return [by_name[name] for name in CHOSEN]


def body_of(data):
    return data.partition(b"\r\n\r\n")[2]


class MailServers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="hermetic-interop.")
        cls.addClassCleanup(directory.cleanup)
        chain, key = Authority(directory.name).issue("sink.example.test")
        cls.sink = Sink(tls="starttls", context=server_context(chain, key))
        cls.addClassCleanup(cls.sink.close)
        cls.receivers = {}
        for name, kind in PEERS.items():
            cls.receivers[name] = kind(cls.sink.port, relay_tls="none")
            cls.receivers[name].start()
            cls.addClassCleanup(cls.receivers[name].stop)
        hops = {"sink": cls.sink, **cls.receivers}
        cls.server = HermeticServer(
            listeners=[listener("mx")],
            accepted_domains=[
                {"name": f"{name}.dest.test", "kind": "internal_relay",
                 "next_hop": f"smtp://127.0.0.1:{hop.port}"} for name, hop in hops.items()])
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)
        cls.senders = {}
        for name, kind in PEERS.items():
            cls.senders[name] = kind(cls.server.port(), relay_tls="encrypt",
                                     minimum=None if name == "opensmtpd" else "1.3")
            cls.senders[name].start()
            cls.addClassCleanup(cls.senders[name].stop)
        cls.messages = chosen_messages()

    def tearDown(self):
        result = self._outcome.result
        if any(getattr(test, "test_case", test) is self for test, _ in result.failures + result.errors):
            print(self.server.story())
            for peer in (*self.senders.values(), *self.receivers.values()):
                print(f"{peer.name}: {peer.log()[-2500:]}")

    def send(self, port, sender, recipient, message, mail=""):
        with Client(("127.0.0.1", port), timeout=60) as client:
            client.ehlo()
            if message.eight_bit and "8BITMIME" in client.extensions:
                mail += " BODY=8BITMIME"
            client.deliver(sender, [recipient], message.data, mail=mail.strip())

    def through(self, port, name, domain, whole=True):
        """Each message by one chain: the octets after all added fields are those sent."""
        for message in self.messages:
            to = f"{message.name}.{name}@{domain}"
            self.send(port, "alice@sender.test", to, message)
        wanted = [f"{message.name}.{name}@{domain}" for message in self.messages]
        wait_for(lambda: all(map(self.sink.to, wanted)), lambda: "every message arrives; missing: "
                 f"{[to for to in wanted if not self.sink.to(to)][:5]}", 60, 0.1)
        for message, to in zip(self.messages, wanted):
            with self.subTest(message.name):
                arrived = self.sink.to(to)[0]
                if whole:
                    self.assertTrue(arrived.data.endswith(message.data),
                                    f"header or body changed: {arrived.data[:1500]!r}")
                self.assertEqual(body_of(arrived.data), body_of(message.data))

    def received_fields(self, data):
        return re.findall(rb"^Received: (?:[^\r\n]|\r\n[ \t])*", data, re.M)

    def as_sender(self, name):
        self.through(self.senders[name].port, f"from-{name}", "sink.dest.test")
        arrived = self.sink.to(f"plain-letter.from-{name}@sink.dest.test")[0]
        ours = self.received_fields(arrived.data)[0]
        self.assertIn(b"by mx.hermetic.test", ours)
        self.assertRegex(ours, rb"with (ESMTPS|UTF8SMTPS)\b")
        self.assertRegex(ours, rb"TLS ?v?1[._]3")

    def as_receiver(self, name, tls):
        self.through(self.server.port(), f"to-{name}", f"{name}.dest.test")
        to = f"plain-letter.to-{name}@{name}.dest.test"
        attempt = wait_for(
            lambda: next((each for each in self.server.log("attempt")
                          if to in str(each.get("to")) and each.get("outcome") == "delivered"), None),
            "the log has the attempt")
        theirs = self.received_fields(self.sink.to(to)[0].data)[0]
        if tls:
            self.assertRegex(theirs, rb"(?i)esmtps|TLS")
            self.assertIsNotNone(attempt["tls"], attempt)
            self.assertIn("1.3", attempt["tls"]["version"])
        else:
            self.assertIsNone(attempt["tls"], attempt)
        return attempt

    def test_postfix_sends(self):
        """Postfix sends over TLS 1.3; Hermetic relays byte for byte"""
        self.as_sender("postfix")

    def test_exim_sends(self):
        """Exim sends by BDAT over TLS 1.3; Hermetic relays byte for byte"""
        self.as_sender("exim")

    def test_opensmtpd_sends(self):
        """OpenSMTPD sends over TLS 1.3; Hermetic relays byte for byte"""
        self.as_sender("opensmtpd")

    def test_postfix_receives(self):
        """Hermetic delivers to Postfix over TLS 1.3"""
        self.as_receiver("postfix", tls=True)

    def test_exim_receives(self):
        """Hermetic delivers to Exim over TLS 1.3"""
        self.as_receiver("exim", tls=True)

    def test_opensmtpd_receives(self):
        """Hermetic delivers to OpenSMTPD: its STARTTLS always fails, so the ladder ends in clear text"""
        self.as_receiver("opensmtpd", tls=False)
        steps = [each["steps"] for each in self.server.log("attempt")
                 if "opensmtpd.dest.test" in each["to"] and len(each["steps"]) > 1]
        self.assertTrue(steps, "no attempt says which steps failed")
        self.assertEqual({step["result"] for step in steps[0][:-1]}, {"failed"}, steps[0])
        self.assertEqual((steps[0][-1]["step"], steps[0][-1]["result"]), ("clear", "ok"), steps[0])

    def test_smtputf8(self):
        """internationalised mail from Postfix and Exim, and to them"""
        message = next(each for each in make_messages() if each.name == "smtputf8-cyrillic")
        for name in ("postfix", "exim"):
            for port, domain in ((self.senders[name].port, "sink.dest.test"),
                                 (self.server.port(), f"{name}.dest.test")):
                with self.subTest(f"{name}, {domain}"):
                    to = f"пользователь-{name}@{domain}"
                    self.send(port, message.sender, to, message, mail="SMTPUTF8")
                    arrived = self.sink.wait_to(to)
                    self.assertTrue(arrived.data.endswith(message.data))
                    self.assertIn("SMTPUTF8", arrived.sender_parameters)

    def test_dsn_parameters(self):
        """ENVID, RET, NOTIFY and ORCPT cross each peer and Hermetic unchanged"""
        message = self.messages[0]
        for name in PEERS:
            for port, domain in ((self.senders[name].port, "sink.dest.test"),
                                 (self.server.port(), f"{name}.dest.test")):
                with self.subTest(f"{name}, {domain}"):
                    to = f"dsn-{name}@{domain}"
                    with Client(("127.0.0.1", port)) as client:
                        client.ehlo()
                        self.assertIn("DSN", client.extensions)
                        client.deliver("alice@sender.test", [to], message.data,
                                       mail="RET=HDRS ENVID=QQ314159",
                                       rcpt="NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;bob+2Bx@origin.test")
                    arrived = self.sink.wait_to(to)
                    mail = arrived.sender_parameters.upper().split()
                    rcpt = arrived.recipients[0][1].upper().split()
                    self.assertIn("RET=HDRS", mail)
                    self.assertIn("ENVID=QQ314159", mail)
                    self.assertIn("ORCPT=RFC822;BOB+2BX@ORIGIN.TEST", rcpt)
                    notify = next(word for word in rcpt if word.startswith("NOTIFY="))
                    self.assertEqual(set(notify[7:].split(",")), {"SUCCESS", "FAILURE"})

    def test_twenty_recipients(self):
        """one message to twenty recipients of each peer is one transaction there"""
        message = self.messages[0]
        for name in PEERS:
            with self.subTest(name):
                recipients = [f"r{n}-{name}@{name}.dest.test" for n in range(20)]
                with Client(self.server.address()) as client:
                    client.ehlo()
                    client.deliver("alice@sender.test", recipients, message.data)
                for recipient in recipients:
                    self.sink.wait_to(recipient)


if __name__ == "__main__":
    runner.main()
