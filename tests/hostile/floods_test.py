#!/usr/bin/python3
"""Floods: of recipients, of failed and of useless commands, of handshakes begun and dropped."""

import ssl
import time

import hostile
from hostile import Attack, Hostile, exchange, greeted, read_all, reset

from support import runner
from support.smtp_client import unverified_context

RECIPIENTS, ERRORS, COMMANDS, MESSAGES = 100, 20, 100, 30


def lines_until_closed(address, stop, count, number, line, hello=b"EHLO a\r\n"):
    """The same line over and over, until the server closes."""
    with greeted(address, number) as connection:
        connection.sendall(hello)
        while not stop():
            connection.sendall(line * 200)
            if not connection.recv(65536):
                return
            count(200)


class Commands(Hostile):
    limits = {"recipients": RECIPIENTS, "errors_per_session": ERRORS, "commands_per_message": COMMANDS,
              "messages_per_session": MESSAGES, "misuse_delay": "0s"}

    def flooded(self, line, hello=b"EHLO a\r\n", times=5000):
        """All replies to that many lines, sent at once, as lines of text."""
        connection = greeted(self.address)
        self.addCleanup(connection.close)
        connection.sendall(hello)
        try:
            connection.sendall(line * times)
        except OSError:
            pass  # it has closed already
        return [each for each in read_all(connection).decode().split("\r\n") if each and each[3:4] == " "]

    def test_recipients(self):
        """RCPT: 452 4.5.3 above limits.recipients, 421 above limits.commands_per_message"""
        replies = self.flooded(b"RCPT TO:<b%d@dest.test>\r\n" % 0, b"EHLO a\r\nMAIL FROM:<a@sender.test>\r\n")
        self.assertIn("421 4.7.0 limit of commands without a message", replies[-1])
        client = self.client()
        client.command("MAIL FROM:<a@sender.test>")
        client.send(b"".join(b"RCPT TO:<b%d@dest.test>\r\n" % number for number in range(RECIPIENTS + 2)))
        codes = [client.read_reply().code for _ in range(RECIPIENTS)]
        self.assertEqual(codes, [250] * RECIPIENTS)
        for _ in range(2):
            self.assert_refused(client.read_reply(), 452, "4.5.3 too many recipients")
        client.data(hostile.MESSAGE)
        self.assert_ended("limit.commands")

    def test_refused_recipients(self):
        """RCPT to nobody of ours: 421 above limits.errors_per_session"""
        replies = self.flooded(b"RCPT TO:<b@elsewhere.test>\r\n", b"EHLO a\r\nMAIL FROM:<a@sender.test>\r\n")
        self.assertEqual(sum("550 5.7.64" in each for each in replies), ERRORS)
        self.assertIn("421 4.7.0 limit of errors", replies[-1])

    def test_failed_commands(self):
        """commands that fail: 421 above limits.errors_per_session"""
        for line in (b"FOO\r\n", b"MAIL FROM:<\r\n", b"RCPT TO:<b@dest.test>\r\n", b"\xff\xfe\r\n", b"\r\n",
                     b"x" * 5000 + b"\r\n", b"NO\rOP\r\n"):
            with self.subTest(line[:20]):
                replies = self.flooded(line, times=500)
                self.assertIn("421 4.7.0 limit of errors", replies[-1])
                self.assertLessEqual(len(replies), ERRORS + 4)
        self.assert_ended("limit.errors", count=7)

    def test_useless_commands(self):
        """commands that bring no message: 421 above limits.commands_per_message and limits.recipients"""
        for line in (b"NOOP\r\n", b"HELP\r\n", b"VRFY a\r\n", b"EHLO a\r\n", b"RSET\r\n",
                     b"MAIL FROM:<a@sender.test>\r\nRSET\r\n"):
            with self.subTest(line):
                replies = self.flooded(line)
                self.assertIn("421 4.7.0 limit of commands without a message", replies[-1])
                self.assertLessEqual(len(replies), COMMANDS + RECIPIENTS + 4)

    def test_messages(self):
        """messages: 421 above limits.messages_per_session"""
        client = self.client()
        for _ in range(MESSAGES):
            client.deliver("a@sender.test", ["b@dest.test"], hostile.MESSAGE)
        self.assert_refused(client.command("MAIL FROM:<a@sender.test>"), 421, "4.7.0 limit of messages per session")


class Misuse(Hostile):
    """limits.misuse_delay, as it is by default."""

    def test_pace(self):
        """after a few refused commands, or many useless ones, each further one waits for limits.misuse_delay"""
        for line, spare in ((b"FOO\r\n", 5), (b"NOOP\r\n", 50)):
            with self.subTest(line):
                client = self.client()
                client.send(line * (spare + 6))
                began = time.monotonic()
                for _ in range(spare + 6):
                    client.read_reply()
                self.assertGreaterEqual(time.monotonic() - began, 0.4)

    def test_beside_commands(self):
        """good mail beside floods of commands"""
        for line in (b"NOOP\r\n", b"FOO\r\n"):
            with self.subTest(line):
                self.beside(Attack(lines_until_closed, self.address, workers=4, line=line))

    def test_beside_recipients(self):
        """good mail beside floods of RCPT"""
        hello = b"EHLO a\r\nMAIL FROM:<a@sender.test>\r\n"
        self.beside(Attack(lines_until_closed, self.address, workers=4, line=b"RCPT TO:<b@dest.test>\r\n", hello=hello))
        self.assert_no_session_left()


def client_hello():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    half = unverified_context().wrap_bio(incoming, outgoing)
    try:
        half.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def drop_handshake(address, stop, count, number):
    """A hello, which costs the server a signature, and a reset."""
    hello = client_hello()
    while not stop():
        connection = greeted(address, number, proxied=True)
        exchange(connection, b"EHLO a\r\n", b"250 ")
        exchange(connection, b"STARTTLS\r\n", b"220 2.0.0")
        exchange(connection, hello, b"\x16\x03")
        reset(connection)
        count()


class Handshakes(Hostile):
    limits = {"connections_per_client": 600}
    listens = {"proxy_networks": hostile.PROXIES}

    def test_dropped(self):
        """handshakes that are begun and dropped: limits.connections_per_client, sessions that end at once"""
        self.beside(Attack(drop_handshake, self.address))
        self.assert_no_session_left()
        self.assert_ended("tls.handshake-failed")


if __name__ == "__main__":
    runner.main()
