#!/usr/bin/python3
"""Hostile peers: servers that answer slowly, endlessly, wrongly, that close anywhere."""

import json
import socket
import threading
import time

import hostile
from hostile import LONG, Hostile

from support import runner
from support.deadline import wait_for
from support.smtp_client import Client

GREETING = b"220 peer.test ESMTP\r\n"
HELLO = b"250-peer.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n"


class Gone(Exception):
    pass


class Peer:
    """A script of steps: bytes are sent; a tuple of verbs waits until the last of them has come;
    "silence" waits until the client leaves; "drip" sends the next bytes one at a time, "endless"
    without end; "deaf" never reads again. Then it closes."""

    def __init__(self, *steps):
        self.steps = steps
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.closing = False
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.closing = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    def _accept(self):
        while not self.closing:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            connection.settimeout(120)
            try:
                self._play(connection)
            except (OSError, Gone):
                pass

    def _play(self, connection):
        seen = b""
        steps = iter(self.steps)
        for step in steps:
            if isinstance(step, bytes):
                connection.sendall(step)
            elif isinstance(step, tuple):
                for word in step:
                    while word not in seen:
                        more = connection.recv(65536)
                        if not more:
                            raise Gone
                        seen += more
                    seen = seen.split(word, 1)[1]
            elif step == "silence":
                while connection.recv(65536):
                    pass
            elif step == "drip":
                for octet in next(steps) * 1000:
                    connection.sendall(bytes([octet]))
                    time.sleep(0.1)
            elif step == "endless":
                text = next(steps)
                while True:
                    connection.sendall(text * 100)
            elif step == "deaf":
                time.sleep(60)


MAIL, RCPT, DATA, END = (b"MAIL FROM:",), (b"RCPT TO:",), (b"DATA\r\n",), (b"\r\n.\r\n",)
EHLO = (b"EHLO ",)
BEFORE_MAIL = (GREETING, EHLO, HELLO)
BEFORE_DATA = (*BEFORE_MAIL, MAIL, b"250 2.1.0 ok\r\n", RCPT, b"250 2.1.5 ok\r\n", DATA)
BEFORE_END = (*BEFORE_DATA, b"354 go\r\n", END)

# name: (steps, reason's id in the log, stage)
PEERS = {
    "mute": (("silence",), "connection.timed-out", "greeting"),
    "dripped-greeting": (("drip", b"220-x"), "connection.timed-out", "greeting"),
    "endless-greeting": (("endless", b"220-peer.test\r\n"), "reply.malformed", "greeting"),
    "endless-line": (("endless", b"220 peer.test "), "reply.malformed", "greeting"),
    "garbage": ((b"\x00\xff\x16\x03\x01 \r\n", "silence"), "reply.malformed", "greeting"),
    "line-feeds": ((b"220 peer.test\n", "silence"), "reply.malformed", "greeting"),
    "http": ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), "reply.malformed", "greeting"),
    "endless-extensions": ((GREETING, EHLO, "endless", b"250-X-%d\r\n" % 1), "reply.malformed", "ehlo"),
    "code-changes": ((GREETING, EHLO, b"250-a\r\n550 b\r\n", "silence"), "reply.malformed", "ehlo"),
    "closes-at-connect": ((), "connection.closed", "greeting"),
    "closes-at-ehlo": ((GREETING, EHLO), "connection.closed", "ehlo"),
    "closes-at-mail": ((*BEFORE_MAIL, MAIL), "connection.closed", "mail"),
    "closes-at-rcpt": ((*BEFORE_MAIL, MAIL, b"250 ok\r\n", RCPT), "connection.closed", "rcpt"),
    "closes-at-data": (BEFORE_DATA, "connection.closed", "data"),
    "closes-after-354": ((*BEFORE_DATA, b"354 go\r\n"), "connection.closed", "end-of-data"),
    "closes-after-message": (BEFORE_END, "connection.closed", "end-of-data"),
    "250-for-354": ((*BEFORE_DATA, b"250 ok\r\n", "silence"), "reply.unexpected", "data"),
    "too-many-replies": ((GREETING, EHLO, HELLO + b"250 ok\r\n" * 50, "silence"), "reply.unexpected", None),
    "mute-at-mail": ((*BEFORE_MAIL, MAIL, "silence"), "connection.timed-out", "mail"),
    "mute-after-354": ((*BEFORE_DATA, b"354 go\r\n", "silence"), "connection.timed-out", "end-of-data"),
    "deaf-after-354": ((*BEFORE_DATA, b"354 go\r\n", "deaf"), "connection.timed-out", None),
    "drips-at-the-end": ((*BEFORE_END, "drip", b"250-x"), "connection.timed-out", "end-of-data"),
    "endless-at-the-end": ((*BEFORE_END, "endless", b"250-x\r\n"), "reply.malformed", "end-of-data"),
}


class Peers(Hostile):
    delivery = {name: "2s" for name in ("greeting_timeout", "command_timeout", "data_timeout", "data_end_timeout")}
    delivery["connections_per_destination"] = 5
    per_peer = 20 if LONG else 2

    @classmethod
    def setUpClass(cls):
        cls.peers = {name: Peer(*steps) for name, (steps, _, _) in PEERS.items()}
        for peer in cls.peers.values():
            cls.addClassCleanup(peer.close)
        cls.domains = [{"name": f"{name}.test", "kind": "internal_relay", "next_hop": f"smtp://127.0.0.1:{peer.port}"}
                       for name, peer in cls.peers.items()]
        # Each connection is given one chance: what the peers do shows on the first.
        cls.more = {"organization": {"retry_after": ["1h"]}}
        super().setUpClass()

    def attempts(self, name):
        return [each for each in self.server.log("attempt") if each["to"] == f"b@{name}.test"]

    def waiting(self):
        """Messages in the queue for the peers."""
        ports = {f":{peer.port}" for peer in self.peers.values()}
        listing = json.loads(self.server.run("queue", "destinations", "--json").stdout)
        return sum(each["waiting"] + each["deferred"] + each["held"] + each["active"] for each in listing["destinations"]
                   if any(each["destination"].endswith(port) for port in ports))

    def test_peers(self):
        """each is left after its bound with a reason, mail for it stays queued, other mail goes on"""
        large = b"Subject: x\r\n\r\n" + (b"x" * 998 + b"\r\n") * 20_000  # more than the socket's buffers
        began = time.monotonic()
        before = self.waiting()
        with Client(self.address, timeout=60) as client:
            client.ehlo()
            for name in PEERS:
                for _ in range(self.per_peer):
                    client.deliver("a@dest.test", [f"b@{name}.test"], large if name.startswith("deaf") else hostile.MESSAGE)
        count = 0
        while not all(self.attempts(name) for name in PEERS):
            self.assertLess(time.monotonic() - began, 120, [name for name in PEERS if not self.attempts(name)])
            with Client(self.address, timeout=60) as client:
                client.ehlo()
                client.deliver("good@dest.test", [f"good{count}@dest.test"], hostile.GOOD)
            if not LONG:
                self.sink.wait_to(f"good{count}@dest.test", seconds=20)
            count += 1
            time.sleep(0.2)
        print(f"  {count} good messages beside them", flush=True)
        for name, (_, reason, stage) in PEERS.items():
            with self.subTest(name):
                first = self.attempts(name)[0]
                self.assertEqual(first["outcome"], "deferred", first)
                self.assertEqual(first["reason"], reason, first)
                if stage:
                    self.assertEqual(first["stage"], stage, first)
                # Two seconds for each thing that is waited for, whatever drips meanwhile.
                self.assertLess(first["took_us"], 20_000_000)
        # Good mail may still be under way; of theirs nothing is gone.
        self.assertGreaterEqual(self.waiting() - before, len(PEERS) * self.per_peer)

    def test_good_traffic(self):
        """good traffic through the relay while hostile peers hold its connections"""
        if not LONG:
            self.skipTest("long form only")
        quiet, _ = hostile.good_rate(self.address)
        with Client(self.address, timeout=60) as client:
            client.ehlo()
            for _ in range(40):
                for name in PEERS:
                    client.deliver("a@dest.test", [f"b@{name}.test"], hostile.MESSAGE)
        busy, slowest = hostile.good_rate(self.address)
        print(f"  good traffic {quiet:.0f}/s alone, {busy:.0f}/s beside ({busy / quiet:.2f}); "
              f"slowest 250 after {slowest * 1000:.0f} ms", flush=True)
        self.assertGreaterEqual(busy / quiet, hostile.LEAST_SHARE)


class Silence(Hostile):
    """Hosts that accept and never greet, more of them than delivery.connections, with RFC 5321's timeouts."""
    hosts = 20
    script = ("silence",)
    delivery = {"connections": 10}

    @classmethod
    def setUpClass(cls):
        cls.peers = {f"silent{number}.test": Peer(*cls.script) for number in range(cls.hosts)}
        for peer in cls.peers.values():
            cls.addClassCleanup(peer.close)
        cls.domains = [{"name": name, "kind": "internal_relay", "next_hop": f"smtp://127.0.0.1:{peer.port}"}
                       for name, peer in cls.peers.items()]
        cls.more = {"organization": {"retry_after": ["1h"]}}
        super().setUpClass()

    def connections(self):
        return sum(peer.connections for peer in self.peers.values())

    def write_to_all(self):
        with Client(self.address, timeout=60) as client:
            client.ehlo()
            for name in self.peers:
                client.deliver("a@dest.test", [f"b@{name}"], hostile.MESSAGE)

    def good_mail(self, name, seconds=20):
        began = time.monotonic()
        with Client(self.address, timeout=60) as client:
            client.ehlo()
            client.deliver("good@dest.test", [f"{name}@dest.test"], hostile.GOOD)
        self.sink.wait_to(f"{name}@dest.test", seconds=seconds)
        print(f"  good mail after {time.monotonic() - began:.1f} s", flush=True)

    def test_silence(self):
        """twenty silent hosts keep good mail from none of ten connections for longer than seconds"""
        self.write_to_all()
        wait_for(lambda: self.connections() >= 10, "ten connections")
        for count in range(3):
            self.good_mail(f"good{count}")
        wait_for(lambda: any(each["reason"] == "connection.gave-way" for each in self.server.log("attempt")),
                 "a connection gave way")
        wait_for(lambda: all(peer.connections for peer in self.peers.values()), "each silent host had its turn")


class Dripping(Silence):
    """The same hosts, but that each sends lines of a greeting that never ends."""
    script = ("drip", b"220-x\r\n")


class Takers(Silence):
    """Hosts that take a message and never answer: their connections cannot be ended."""
    script = (*BEFORE_END, "silence")

    def test_silence(self):
        """twenty hosts that never answer the final dot leave a connection to who has answered"""
        self.good_mail("first")
        self.write_to_all()
        wait_for(lambda: self.connections() == 9, "nine connections")
        for count in range(3):
            self.good_mail(f"good{count}", seconds=5)
        self.assertEqual(self.connections(), 9)
        rows = json.loads(self.server.run("queue", "list", "--json").stdout)["messages"]
        waiting = [row for row in rows if row["state"] == "waiting"]
        self.assertEqual({row["waits_for"] for row in waiting}, {"queue.no-free-connection"})
        self.assertEqual(len(waiting), self.hosts - 9)


if __name__ == "__main__":
    runner.main()
