#!/usr/bin/python3
"""Every message of make_messages.py through the server, by DATA and by BDAT, in clear and over TLS,
on to SMTP and LMTP hops: it arrives as it was sent, with one Received field before it."""

import re
import ssl
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from messages.make_messages import make_messages
from support import runner
from support.certificates import Authority
from support.hermetic_server import HermeticServer, listener
from support.smtp_client import Client, Closed, Refused, unverified_context
from support.smtp_sink import EXTENSIONS, Sink, server_context

RECEIVED = re.compile(rb"Received: [^\r\n]*\r\n(?:[ \t]+[^\r\n]*\r\n)*")

# The way in: by which command, over TLS or not.
WAYS = (("DATA", False), ("DATA", True), ("BDAT", False), ("BDAT", True))
HOPS = ("chunking", "plain", "lmtp")


def sinks(directory):
    """One next hop for each form of the way out."""
    chain, key = Authority(directory).issue("sink.example.test")
    without_chunking = [each for each in EXTENSIONS if each != "CHUNKING"]
    return {
        "chunking": Sink(tls="starttls", context=server_context(chain, key)),
        "plain": Sink(extensions=without_chunking),
        "lmtp": Sink(lmtp=True),
    }


def protocol(message, over_tls):
    """The word after "with" in Received (RFC 3848, RFC 6531 §4.3)."""
    return ("UTF8SMTP" if message.smtputf8 else "ESMTP") + ("S" if over_tls else "")


def with_ascii_domain(address):
    """Domains are the same domains in either form; the server's own form is the A-label."""
    local, at, domain = address.rpartition("@")
    return local + at + domain.encode("idna").decode()


def difference(expected, got):
    at = next((n for n, (a, b) in enumerate(zip(expected, got)) if a != b),
              min(len(expected), len(got)))
    return (f"{len(expected)} octets sent, {len(got)} arrived; they differ from octet {at}: "
            f"sent {expected[max(0, at - 40):at + 40]!r}, arrived {got[max(0, at - 40):at + 40]!r}")


def as_stored(data):
    """A message that begins with a blank would continue our Received field: an empty line is put before it."""
    return b"\r\n" + data if data[:1] in (b" ", b"\t") else data


def added_field(case, arrived, expected):
    """What stands before the message, which must be one Received field. (A message may itself begin
    with a continuation line, so the field is found from its end.)"""
    before = arrived[:len(arrived) - len(expected)]
    if arrived[len(before):] != expected or not RECEIVED.fullmatch(before):
        field = RECEIVED.match(arrived)
        case.assertIsNotNone(field, f"no Received field first: {arrived[:200]!r}")
        case.fail(difference(expected, arrived[field.end():]))
    return before


class ByteForByte(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="hermetic-messages.")
        cls.addClassCleanup(cls.directory.cleanup)
        cls.messages = make_messages()
        cls.sinks = sinks(cls.directory.name)
        for sink in cls.sinks.values():
            cls.addClassCleanup(sink.close)
        cls.server = HermeticServer(
            listeners=[listener("mx")],
            accepted_domains=[
                {"name": f"{hop}.dest.test", "kind": "internal_relay",
                 "next_hop": f"{'lmtp' if hop == 'lmtp' else 'smtp'}://127.0.0.1:{sink.port}"}
                for hop, sink in cls.sinks.items()])
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    def recipient(self, number, way):
        # Over the four ways in, each message meets every form of the way out.
        hop = HOPS[(number + WAYS.index(way)) % len(HOPS)]
        return f"m{number:03d}.{way[0].lower()}{'.tls' if way[1] else ''}@{hop}.dest.test"

    def connect(self, over_tls):
        client = Client(self.server.address())
        client.ehlo()
        if over_tls:
            client.starttls(unverified_context(minimum=ssl.TLSVersion.TLSv1_3))
            client.ehlo()
        return client

    def send_all(self, way, refused):
        by, over_tls = way
        client = self.connect(over_tls)
        for number, message in enumerate(self.messages):
            if message.bdat_only and by == "DATA":
                continue
            parameters = [f"SIZE={len(message.data)}"]
            if message.eight_bit:
                parameters.append("BODY=8BITMIME")
            if message.smtputf8:
                parameters.append("SMTPUTF8")
            try:
                client.deliver(message.sender, [self.recipient(number, way)], message.data, by=by,
                               mail=" ".join(parameters),
                               chunk=(None, 1000, 65536)[number % 3])
            except (Refused, Closed) as error:
                refused[number] = str(error)
                client.close()
                client = self.connect(over_tls)
        client.quit()

    def check(self, way, number, message, refused):
        to = self.recipient(number, way)
        self.assertNotIn(number, refused, f"refused: {refused.get(number)}")
        arrived = self.sinks[to.split("@")[1].split(".")[0]].wait_to(to, seconds=60)
        expected = as_stored(message.data)
        if arrived.by == "DATA" and expected and not expected.endswith(b"\r\n"):
            expected += b"\r\n"  # DATA cannot end otherwise
        field = added_field(self, arrived.data, expected)
        with_word = re.search(rb"\swith ((?:UTF8)?[EL]?S?MTPS?)\s", field)
        self.assertIsNotNone(with_word, field)
        self.assertEqual(with_word[1].decode(), protocol(message, way[1]))
        self.assertEqual(arrived.sender, with_ascii_domain(message.sender))
        # Where neither the envelope nor the header needs it, it may be left out.
        needed = not (arrived.sender.isascii() and message.data.partition(b"\r\n\r\n")[0].isascii())
        if needed or not message.smtputf8:
            self.assertEqual("SMTPUTF8" in arrived.sender_parameters.upper().split(), message.smtputf8)

    def all_arrive(self, way):
        refused = {}
        self.send_all(way, refused)
        for number, message in enumerate(self.messages):
            if message.bdat_only and way[0] == "DATA":
                continue
            with self.subTest(f"{message.name}: {message.description}"):
                self.check(way, number, message, refused)

    def test_data_in_clear(self):
        """every message by DATA in clear arrives byte for byte"""
        self.all_arrive(("DATA", False))

    def test_data_over_tls(self):
        """every message by DATA over TLS arrives byte for byte"""
        self.all_arrive(("DATA", True))

    def test_bdat_in_clear(self):
        """every message by BDAT in clear arrives byte for byte"""
        self.all_arrive(("BDAT", False))

    def test_bdat_over_tls(self):
        """every message by BDAT over TLS arrives byte for byte"""
        self.all_arrive(("BDAT", True))

    def test_several_at_once(self):
        """sixteen clients that send at once do not mix their messages"""
        chosen = self.messages[::6]
        errors = []

        def one_client(client_number):
            try:
                client = self.connect(client_number % 2 == 1)
                for number, message in enumerate(chosen):
                    if message.bdat_only:
                        continue
                    client.deliver("", [f"c{client_number}.m{number}@chunking.dest.test"],
                                   message.data, mail="BODY=8BITMIME SMTPUTF8")
                client.quit()
            except Exception as error:  # reported by the main thread
                errors.append(f"client {client_number}: {error!r}")

        threads = [threading.Thread(target=one_client, args=(n,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(300)
        self.assertEqual(errors, [])
        for client_number in range(16):
            for number, message in enumerate(chosen):
                if message.bdat_only:
                    continue
                arrived = self.sinks["chunking"].wait_to(
                    f"c{client_number}.m{number}@chunking.dest.test", seconds=60)
                added_field(self, arrived.data, as_stored(message.data))


if __name__ == "__main__":
    runner.main()
