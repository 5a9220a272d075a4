#!/usr/bin/python3
"""Clients that are slow, silent, or many and silent."""

import select
import socket
import ssl
import time

import hostile
from hostile import LONG, Attack, Hostile, connect, descriptors, read_all

from support import runner
from support.deadline import wait_for
from support.smtp_client import unverified_context


def drip(connection, data, pause=0.1, seconds=60):
    """One octet at a time, until all is sent or the peer has something to say or closes."""
    end = time.monotonic() + seconds
    for at in range(len(data)):
        if select.select([connection], [], [], pause)[0] or time.monotonic() > end:
            return at
        try:
            connection.sendall(data[at:at + 1])
        except OSError:
            return at
    return len(data)


def is_closed_by_peer(connection):
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    return bool(poll.poll(0))


class Slow(Hostile):
    limits = {"command_timeout": "2s", "data_timeout": "3s", "handshake_timeout": "2s", "session_time": "12s",
              "commands_per_message": 1_000_000, "misuse_delay": "0s"}
    listeners = (hostile.listener("implicit", tls="implicit"),)

    def timed(self, least, most, connection, *words):
        """It closes after these words, not before `least` seconds and not long after them."""
        began = time.monotonic()
        said = read_all(connection, most + 30)
        took = time.monotonic() - began
        for word in words:
            self.assertIn(word, said)
        self.assertGreaterEqual(took, least)
        self.assertLess(took, most + 15, "a loaded machine may be late, but not so much")

    def test_silence(self):
        """a client that says nothing gets 421 4.4.2 after limits.command_timeout"""
        self.timed(1.5, 2, connect(self.address), b"220 ", b"421 4.4.2 timeout: nothing was received")
        self.assert_ended("session.timed-out")

    def test_dripped_command(self):
        """limits.command_timeout is for the whole command, however many octets of it come"""
        client = self.client()
        self.assertLess(drip(client.socket, b"NOOP " + b"x" * 500), 300)
        self.assert_refused(client.read_reply(), 421, "4.4.2 timeout: nothing was received")

    def test_command_of_single_octets(self):
        """a message that comes octet by octet arrives whole"""
        client = self.client()
        for line in (b"MAIL FROM:<a@sender.test>", b"RCPT TO:<dripped@dest.test>", b"DATA"):
            for at in range(len(line)):
                client.send(line[at:at + 1])
            client.send(b"\r")
            client.send(b"\n")
            self.assertIn(client.read_reply().code, (250, 354))
        for octet in hostile.MESSAGE + b".\r\n":
            client.send(bytes([octet]))
        self.assertEqual(client.read_reply().code, 250)
        if not LONG:
            self.assertTrue(self.sink.wait_to("dripped@dest.test").data.endswith(hostile.MESSAGE))

    def test_dripped_message(self):
        """a message that never ends lives as long as limits.session_time"""
        client = self.client()
        client.envelope("a@sender.test", ["b@dest.test"])
        client.expect("DATA", client.command("DATA"), 354)
        began = time.monotonic()
        drip(client.socket, b"x" * 1000, 0.5, 60)
        self.assertGreater(time.monotonic() - began, 5, "data_timeout is between two pieces")
        self.assert_refused(client.read_reply(), 421, "4.4.2 limit of time per session")
        self.assert_ended("limit.session-time")

    def test_silent_message(self):
        """a message that stops gets 421 4.4.2 after limits.data_timeout"""
        client = self.client()
        client.envelope("a@sender.test", ["b@dest.test"])
        client.expect("DATA", client.command("DATA"), 354)
        client.send(b"Subject: x\r\n\r\n")
        self.timed(2, 3, client.socket, b"421 4.4.2 timeout: nothing was received")

    def test_silent_handshake(self):
        """a handshake that is not begun, or stops, or drips, ends after limits.handshake_timeout"""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        half = unverified_context().wrap_bio(incoming, outgoing)
        try:
            half.do_handshake()
        except ssl.SSLWantReadError:
            pass
        hello = outgoing.read()
        for name, starttls, data, pause in (("STARTTLS, then nothing", True, b"", 0),
                                            ("half a hello", True, hello[:len(hello) // 2], 0),
                                            ("octet by octet", True, hello, 0.1),
                                            ("implicit TLS, nothing", False, b"", 0)):
            with self.subTest(name):
                if starttls:
                    client = self.client()
                    client.expect("STARTTLS", client.command("STARTTLS"), 220)
                    connection = client.socket
                else:
                    connection = connect(self.server.address("implicit"))
                began = time.monotonic()
                if pause:
                    drip(connection, data, pause)
                elif data:
                    connection.sendall(data)
                read_all(connection)
                self.assertGreaterEqual(time.monotonic() - began, 1.5)
        self.assert_ended("tls.handshake-failed", count=4)

    def test_who_never_reads(self):
        """replies that nobody reads are bounded, and end the session after limits.command_timeout"""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(1)
        connection.connect(self.address)
        self.addCleanup(connection.close)
        hostile.exchange(connection, b"", b"\r\n")
        sent = 0
        try:
            while sent < 50_000_000:
                sent += connection.send(b"EHLO a\r\n" * 1000)
        except OSError:
            pass
        self.assertLess(sent, 50_000_000, "it reads on and keeps the replies")
        self.assert_ended("timed-out")


# Silent clients that are opened before one of them is waited for.
GREETED_AT_ONCE = 64


class ManySilent(Hostile):
    """Connections that say nothing: limits.sessions, limits.sessions_per_client."""

    per_client = 200
    count = 10_000 if LONG else 600
    limits = {"sessions_per_client": per_client}

    @classmethod
    def setUpClass(cls):
        cls.count = descriptors(cls.count)
        cls.limits = {**cls.limits, "sessions": cls.count + 40}
        super().setUpClass()

    def open_silent(self):
        held = []
        self.addCleanup(lambda: [each.close() for each in held])
        for number in range(self.count):
            held.append(connect(self.address, number // self.per_client))
            if (number + 1) % GREETED_AT_ONCE == 0:
                # No faster than they are greeted: a full backlog costs a second each.
                held[-1].recv(200)
        wait_for(lambda: self.server.status()["sessions"] >= self.count, "all are sessions", 120, 0.2)
        return held

    def told_to_give_way(self, connections):
        """The numbers of those that the server has closed; all have been told why."""
        closed = [number for number, each in enumerate(connections) if is_closed_by_peer(each)]
        for number in closed:
            self.assertIn(b"421 4.7.0 others need the place", read_all(connections[number]), number)
        return closed

    def test_many(self):
        """connections that say nothing: good mail passes; more are told which limit they reached; they give way"""
        if LONG:
            quiet, _ = hostile.good_rate(self.address)
        before = self.server.resident_kib()
        began = time.monotonic()
        held = self.open_silent()
        took = time.monotonic() - began
        cost = (self.server.resident_kib() - before) / len(held)
        print(f"  {len(held)} open in {took:.1f} s, {cost:.1f} KiB each", flush=True)
        self.assert_good_mail_passes()
        if LONG:
            busy, _ = hostile.good_rate(self.address)
            print(f"  good traffic {quiet:.0f}/s alone, {busy:.0f}/s beside them ({busy / quiet:.2f})", flush=True)
            self.assertGreaterEqual(busy / quiet, hostile.LEAST_SHARE)
            self.assertLess(cost, 30)
        said = read_all(connect(self.address, 0))
        self.assertIn(b"421 4.7.0 limit of sessions from your address", said)
        # One of the good or refused that still ends would take the place of one of these.
        wait_for(lambda: self.server.status()["sessions"] == self.count, "the others have ended", 60, 0.2)
        rest = [connect(self.address, 1000 + number // 100) for number in range(40)]
        wait_for(lambda: self.server.status()["sessions"] >= self.count + 40, "all places are taken", 60, 0.2)
        last = []

        def finds_a_place():
            last.append(connect(self.address, 5000))
            return last[-1].recv(200).startswith(b"220 ")
        # Until the crowd has been idle for ten seconds others get 421 4.7.0 limit.sessions.
        wait_for(finds_a_place, "the longest idle sessions of those who hold most give way", 60, 1)
        self.assert_ended("limit.idle-sessions")
        wait_for(lambda: any(map(is_closed_by_peer, held)), "one of the crowd is closed", 30, 0.2)
        told = self.told_to_give_way(held + rest + last[-1:])
        # Which of those that came at once waits longest is for the cores to say.
        self.assertLess(max(told), 2 * GREETED_AT_ONCE, "those that came first wait longest")
        for each in held + rest + last:
            each.close()
        self.assert_no_session_left()
        self.assert_good_mail_passes()


def say_nothing(address, stop, count, number):
    """Connections opened and dropped as soon as they are answered."""
    while not stop():
        # A full backlog makes the kernel try again, later and later.
        client = connect(address, number, timeout=3, proxied=True)
        try:
            client.recv(1)  # greeted, or told of the limit
        except OSError:
            pass
        client.close()
        count()


class Churn(Hostile):
    limits = {"connections_per_client": 600}
    listens = {"proxy_networks": hostile.PROXIES}

    def test_churn(self):
        """connections that are opened and dropped without end: limits.connections_per_client"""
        self.beside(Attack(say_nothing, self.address))
        self.assert_no_session_left()


if __name__ == "__main__":
    runner.main()
