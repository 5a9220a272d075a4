#!/usr/bin/python3
"""Oversized everything: line, command, address, header, message, chunk. What is too large is not kept."""

import hostile
from hostile import LONG, Attack, Hostile, greeted, source

from support import runner
from support.smtp_client import Client

KIB = 1024
MESSAGE_SIZE, HEADER_SIZE = 256 * KIB, 8 * KIB


def oversized_message(address, stop, count, number):
    """A message of a hundred times the limit, as fast as it goes."""
    with Client(address, source=source(number)) as client:
        client.ehlo()
        client.envelope("a@sender.test", ["b@dest.test"])
        client.command("DATA")
        piece = (b"x" * 998 + b"\r\n") * 64
        while not stop():
            client.send(piece)
            count()


def endless_line(address, stop, count, number):
    with greeted(address, number) as connection:
        while not stop():
            connection.sendall(b"x" * 65536)
            count()


class Oversized(Hostile):
    limits = {"message_size": MESSAGE_SIZE, "header_size": HEADER_SIZE, "misuse_delay": "0s"}

    def started(self):
        client = self.client()
        client.envelope("a@sender.test", ["b@dest.test"])
        return client

    def test_line(self):
        """a command of more than 4096 octets: 500 5.5.2, once, and the session goes on"""
        client = self.client()
        for octets in (4097, 5000, 70_000, 500_000):
            self.assert_refused(client.command(b"NOOP " + b"x" * octets), 500, "5.5.2 the command line is longer")
            self.assertEqual(client.command("NOOP").code, 250)

    def test_endless_line(self):
        """a line without end: 500 5.5.2 and closed after 1 MiB"""
        connection = greeted(self.address)
        try:
            for _ in range(400):
                connection.sendall(b"x" * 65536)
        except OSError:
            pass
        else:
            self.fail("it took 25 MiB of a line")
        finally:
            connection.close()
        self.assert_no_session_left()

    def test_addresses(self):
        """addresses longer than RFC 5321 §4.5.3.1 and ours: 501, 553 or 550, bounded in the reply"""
        client = self.client()
        for path, verb in (("a" * 3000 + "@dest.test", "MAIL FROM"), ("a@" + "b" * 64 + ".test", "MAIL FROM"),
                           ("a@" + "b." * 1000 + "test", "MAIL FROM"), ('"' + "\\a" * 1500 + '"@dest.test', "MAIL FROM"),
                           ("@" + ",@".join(["c.test"] * 300) + ":a@dest.test", "MAIL FROM")):
            with self.subTest(path[:30]):
                reply = client.command(f"{verb}:<{path}>")
                if reply.code == 250:  # a source route is ignored (RFC 5321 §4.1.1.3)
                    client.command("RSET")
                    continue
                self.assertIn(reply.code, (501, 550, 553), reply)
                self.assertLessEqual(len(reply.lines[-1]), 510)
                self.assertRegex(reply.lines[-1], hostile.SUFFIX)

    def test_parameters(self):
        """parameters without end and out of range are refused"""
        client = self.client()
        for words in (" SIZE=" + "9" * 100, " SIZE=-1", " ENVID=" + "x" * 200, " FOO=" + "x" * 3000,
                      " SIZE=1" * 300, " BODY=8BITMIME" * 200):
            with self.subTest(words[:20]):
                reply = client.command(f"MAIL FROM:<a@sender.test>{words}")
                self.assertIn(reply.code, (501, 552, 555), reply)

    def test_declared_size(self):
        """SIZE above limits.message_size: 552 5.3.4 at MAIL"""
        reply = self.client().command(f"MAIL FROM:<a@sender.test> SIZE={MESSAGE_SIZE + 1}")
        self.assert_refused(reply, 552, "5.3.4 SIZE=")

    def test_message(self):
        """a message above limits.message_size: 552 5.3.4 at its end, and the session goes on"""
        line = b"0123456789" * 9 + b"\r\n"
        text = b"Subject: x\r\n\r\n" + line * (MESSAGE_SIZE // len(line) + 100)
        for by in ("data", "bdat"):
            with self.subTest(by):
                client = self.started()
                reply = client.data(text)[0] if by == "data" else client.bdat(text)[0]
                self.assert_refused(reply, 552, "5.3.4 the message is above")
                self.assertEqual(client.command("NOOP").code, 250)

    def test_endless_message(self):
        """a message without end: 552 5.3.4 and closed, long before it has cost much"""
        client = self.started()
        client.expect("DATA", client.command("DATA"), 354)
        sent, piece = 0, b"x" * 65536
        try:
            while sent < 400 * MESSAGE_SIZE:
                client.send(piece)
                sent += len(piece)
        except OSError:
            pass
        self.assertLess(sent, 400 * MESSAGE_SIZE, "it goes on reading")
        self.assert_ended("limit.size")

    def test_header(self):
        """a header above limits.header_size: 552 5.3.4"""
        for header in (b"Subject: " + b"x" * 2 * HEADER_SIZE + b"\r\n", b"X: y\r\n" * HEADER_SIZE,
                       b"X-Folded: a\r\n" + b" b\r\n" * HEADER_SIZE, b"no colon at all " * HEADER_SIZE + b"\r\n"):
            with self.subTest(header[:20]):
                client = self.started()
                self.assert_refused(client.data(header[:MESSAGE_SIZE - 1000] + b"\r\n\r\ntext\r\n")[0], 552,
                                    "5.3.4 the message's header")

    def test_chunks(self):
        """BDAT: sizes that are none or too large end the session with 421 4.5.4 or 552 5.3.4"""
        for size, code, words in (("99999999999999999999999", 421, "4.5.4"), ("-1", 421, "4.5.4"), ("x", 421, "4.5.4"),
                                  ("18446744073709551615", 552, "5.3.4"), ("4294967296", 552, "5.3.4")):
            with self.subTest(size):
                client = self.started()
                client.send(f"BDAT {size} LAST\r\n".encode())
                self.assert_refused(client.read_reply(), code, words)
                self.assertTrue(client.closed_by_peer())

    def test_many_small_chunks(self):
        """a message of chunks of one octet arrives; chunks of none are bounded as commands are"""
        client = self.started()
        self.assertEqual(client.bdat(hostile.MESSAGE, chunk=1)[0].code, 250)
        client.envelope("a@sender.test", ["b@dest.test"])
        try:
            client.send(b"BDAT 0\r\n" * 20_000)
        except OSError:
            pass
        reply = client.read_reply()
        while reply.code == 250:
            reply = client.read_reply()
        self.assert_refused(reply, 421, "4.7.0 limit of commands without a message")

    def test_beside(self):
        """good mail beside endless messages and lines"""
        for target in (oversized_message, endless_line):
            with self.subTest(target.__name__):
                before = self.server.resident_kib()
                self.beside(Attack(target, self.address))
                if LONG:
                    self.assertLess(self.server.resident_kib() - before, 64 * KIB)


class Memory(Hostile):
    """limits.memory: what arrives beyond it goes to disk, and new mail waits with 452 4.3.1."""

    limits = {"memory": "1MiB"}

    def test_memory(self):
        """messages held in memory by many clients: 452 4.3.1 to new mail, and all is given back"""
        held = []
        for _ in range(24):
            client = self.client()
            client.envelope("a@sender.test", ["b@dest.test"])
            client.expect("DATA", client.command("DATA"), 354)
            held.append(client)
        for each in held:
            each.send((b"x" * 998 + b"\r\n") * 100)
        client = self.client()
        def refused():
            reply = client.command("MAIL FROM:<a@sender.test>")
            if reply.code == 250:
                client.command("RSET")
                return None
            return reply
        self.assert_refused(hostile.wait_for(refused, "memory is used up", 30, 0.05), 452,
                            "4.3.1 too much mail is arriving")
        for each in held[:12]:  # what has begun ends well
            each.send(b".\r\n")
            self.assertEqual(each.read_reply().code, 250)
        for each in held[12:]:
            each.close()
        hostile.wait_for(lambda: refused() is None, "memory is given back", 30, 0.05)
        self.assert_good_mail_passes()


if __name__ == "__main__":
    runner.main()
