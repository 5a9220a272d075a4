"""What the tests of this folder share: attacks that run beside good traffic, and what that costs it.

HERMETIC_HOSTILE=long: attacks are as large as this machine allows and run in processes of the lowest
priority, and good traffic is measured without and with them. Else each is just large enough to
reach its bound, and good mail must get through."""

import itertools
import multiprocessing
import os
import resource
import socket
import struct
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.deadline import wait_for
from support.hermetic_server import HermeticServer, listener, smtp_hop
from support.smtp_client import Client, Closed, unverified_context
from support.smtp_sink import Sink

LONG = os.environ.get("HERMETIC_HOSTILE") == "long"
MESSAGE = b"From: a@sender.test\r\nSubject: x\r\n\r\ntext\r\n"
GOOD = b"From: a@sender.test\r\nSubject: good\r\n\r\n" + b"0123456789012345678901234567890123456789\r\n" * 96
# The end of every reply that refuses: [host time session].
SUFFIX = r"\[mx\.hermetic\.test \S+ \S+\]$"
LEAST_SHARE = 0.5

_fresh = itertools.count(1)
_fork = multiprocessing.get_context("fork")


def descriptors(wanted):
    """As many connections as the descriptor limit allows, at most `wanted`; says so if fewer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    possible = max(100, hard - hard // 10 - 500) if hard != resource.RLIM_INFINITY else wanted
    if possible < wanted:
        print(f"  (descriptor limit {hard}: {possible} connections in place of {wanted})", flush=True)
    return min(wanted, possible)


def source(number):
    """An address of 127.0.0.0/8, another for each number, never 127.0.0.1."""
    return f"127.{1 + number // 62500 % 200}.{number // 250 % 250}.{1 + number % 250}"


# What a listener needs for connect(proxied=True): rates do not count for loopback.
PROXIES = ["127.1.0.0/16"]


def connect(address, number=None, timeout=30, proxied=False):
    made = socket.create_connection(address, timeout, (source(number), 0) if number is not None else None)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if proxied:
        made.sendall(b"PROXY TCP4 198.18.%d.%d 127.0.0.1 4711 25\r\n" % (number // 250 % 250, 1 + number % 250))
    return made


def exchange(connection, data, until):
    """Send, then read until these octets have come; nothing of what follows them is expected yet."""
    connection.sendall(data)
    said = b""
    while until not in said:
        more = connection.recv(4096)
        if not more:
            raise Closed(f"closed after {said!r}")
        said += more
    return said


def greeted(address, number=None, proxied=False):
    """A connection that has its greeting: who speaks before it is shown out at once."""
    made = connect(address, number, proxied=proxied)
    try:
        exchange(made, b"", b"\r\n")
    except BaseException:
        made.close()
        raise
    return made


def reset(connection):
    """Close with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def read_all(connection, seconds=30):
    """What comes until the peer closes; fails when it does not within `seconds`."""
    end, said = time.monotonic() + seconds, b""
    while True:
        connection.settimeout(max(0.1, end - time.monotonic()))
        try:
            more = connection.recv(65536)
        except ConnectionResetError:
            return said
        except TimeoutError:
            raise AssertionError(f"not closed within {seconds} s; it said {said[-300:]!r}") from None
        if not more:
            return said
        said += more


class Attack:
    """Runs target(address, stop, count) until left: in processes in the long form, else in threads.
    count() tells how often; stop() whether to end. Errors of the network are the server's defence;
    others fail the test."""

    def __init__(self, target, address, workers=2, **options):
        kind = _fork if LONG else threading
        self._stop = kind.Event()
        self._count = _fork.Value("q", 0)
        self._failed = _fork.Value("q", 0)
        self._target, self._address, self._options = target, address, options
        make = _fork.Process if LONG else threading.Thread
        self._workers = [make(target=self._run, args=(number,), daemon=True) for number in range(workers)]

    def _run(self, number):
        if LONG:
            os.nice(19)
        def counted(by=1):
            with self._count.get_lock():
                self._count.value += by
        while not self._stop.is_set():
            try:
                self._target(self._address, self._stop.is_set, counted, number=number, **self._options)
            except (OSError, Closed):
                time.sleep(0.001)
            except Exception:
                self._failed.value += 1
                raise

    @property
    def count(self):
        return self._count.value

    def __enter__(self):
        for worker in self._workers:
            worker.start()
        return self

    def __exit__(self, kind, *_):
        self._stop.set()
        for worker in self._workers:
            worker.join(15 if LONG else 60)
            if LONG and worker.is_alive():
                worker.kill()
                worker.join(10)
        if kind is None and self._failed.value:
            raise AssertionError("the attack itself failed; see above")


def _good_worker(address, network, until, result):
    """Ten messages a connection, over TLS each other time, until the time is over."""
    sent, slowest, turn = 0, 0.0, 0
    context = unverified_context()
    secure = False
    while time.monotonic() < until:
        secure = not secure
        turn += 1
        with Client(address, timeout=60, source=f"127.0.{network}.{1 + turn % 250}") as client:
            client.ehlo()
            if secure:
                client.starttls(context)
                client.ehlo()
            for _ in range(10):
                began = time.monotonic()
                client.deliver("good@sender.test", ["good@dest.test"], GOOD)
                slowest = max(slowest, time.monotonic() - began)
                sent += 1
                if time.monotonic() >= until:
                    break
            client.quit()
    result.put((sent, slowest))


def good_rate(address, seconds=4.0, workers=4):
    """Messages a second that well-behaved clients get accepted, and the longest wait for a 250."""
    result = _fork.Queue()
    began = time.monotonic()
    # From many addresses that nobody else has: limits of clients are for the others.
    clients = [_fork.Process(target=_good_worker, args=(address, next(_fresh), began + seconds, result),
                             daemon=True) for _ in range(workers)]
    for client in clients:
        client.start()
    parts = [result.get(timeout=120) for _ in clients]
    took = time.monotonic() - began
    for client in clients:
        client.join(30)
    return sum(sent for sent, _ in parts) / took, max(slowest for _, slowest in parts)


class Hostile(unittest.TestCase):
    """One server and sink for the cases of a class; `limits` and `delivery` are its options."""

    limits = {}
    delivery = {}
    listeners = ()
    listens = {}  # options of the listener "mx"
    domains = ()
    more = {}

    @classmethod
    def setUpClass(cls):
        # Of good traffic at full size only the number counts.
        cls.sink = Sink(keep=lambda message: not LONG or "good@dest.test" not in message.to)
        cls.addClassCleanup(cls.sink.close)
        cls.server = HermeticServer(
            listeners=[listener("mx", **cls.listens), *cls.listeners], limits=cls.limits, delivery=cls.delivery,
            accepted_domains=[{"name": "dest.test", "kind": "internal_relay", "next_hop": smtp_hop(cls.sink)},
                              *cls.domains], **cls.more)
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)
        cls.address = cls.server.address()

    def client(self, hello=True, **options):
        client = Client(self.address, **options)
        self.addCleanup(client.close)
        if hello:
            client.ehlo()
        return client

    def assert_refused(self, reply, code, start):
        """The code, the beginning of the words, and [host time session] at their end."""
        self.assertEqual(reply.code, code, reply)
        self.assertTrue(reply.lines[-1].startswith(start), reply)
        self.assertRegex(reply.lines[-1], SUFFIX)

    def assert_ended(self, why, seconds=30, count=1):
        """That many sessions ended so, by the log."""
        wait_for(lambda: len(self.server.log("session", ended=why)) >= count,
                 lambda: f"{count} sessions ended by {why}; ended: "
                         f"{[each['ended'] for each in self.server.log('session')][-20:]}", seconds)

    def assert_no_session_left(self, seconds=60):
        wait_for(lambda: self.server.status()["sessions"] == 0,
                 lambda: f"{self.server.status()['sessions']} sessions left", seconds, 0.2)

    def assert_good_mail_passes(self, messages=3):
        for _ in range(messages):
            with Client(self.address, timeout=60) as client:
                client.ehlo()
                client.deliver("good@sender.test", ["good@dest.test"], GOOD)

    def beside(self, attack):
        """Good traffic while the attack goes on; in the long form at half its speed or better."""
        if not LONG:
            with attack:
                wait_for(lambda: attack.count > 0, "the attack has begun", 60)
                self.assert_good_mail_passes()
            return
        quiet, _ = good_rate(self.address)
        with attack:
            wait_for(lambda: attack.count > 0, "the attack has begun", 60)
            busy, slowest = good_rate(self.address)
        print(f"  good traffic {quiet:.0f}/s alone, {busy:.0f}/s beside {attack.count} attacks "
              f"({busy / quiet:.2f}); slowest 250 after {slowest * 1000:.0f} ms", flush=True)
        self.assertGreaterEqual(busy / quiet, LEAST_SHARE)
