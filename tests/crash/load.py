"""Messages whose octets follow from a seed and a number, clients that send them, a record of what was
promised for each, and sinks that record every arrival."""

import base64
import hashlib
import random
import re
import threading
import time
from dataclasses import dataclass, field

from support.smtp_client import Client, Closed, Refused

_RECEIVED = re.compile(rb"Received: [^\r\n]*\r\n(?:[ \t]+[^\r\n]*\r\n)*")
_ROW = 78


class Contents:
    """content(number): a message. Three in five are small, one in twelve exceeds 256 KiB."""

    def __init__(self, seed):
        self._seed = seed
        text = base64.b64encode(hashlib.shake_256(f"blob {seed}".encode()).digest(1_500_000))
        self._rows = b"".join(text[at:at + 76] + b"\r\n" for at in range(0, len(text) - 76, 76))

    def _random(self, number):
        return random.Random(f"{self._seed}/{number}")

    def size(self, number):
        dice = self._random(number)
        share = dice.random()
        if share < 0.60:
            return dice.randrange(200, 8_000)
        if share < 0.84:
            return dice.randrange(8_000, 64_000)
        if share < 0.92:
            return dice.randrange(64_000, 262_144)
        return dice.randrange(262_144, 1_200_000)

    def content(self, number):
        rows = self.size(number) // _ROW + 1
        at = self._random(number * 7 + 1).randrange(0, len(self._rows) // _ROW - rows) * _ROW
        return (f"Subject: crash {number}\r\nX-Crash-Number: {number}\r\n\r\n.{number}\r\n".encode()
                + self._rows[at:at + rows * _ROW] + b".\r\n")

    def digest(self, number):
        return hashlib.sha256(self.content(number)).digest()


@dataclass
class Arrival:
    began: float
    ended: float
    digest: bytes


@dataclass
class Promise:
    """What a client was told about one message."""
    recipients: tuple
    outcome: str = "unknown"   # accepted | refused | unknown (the connection ended before a reply)
    reply: str = ""


@dataclass
class Record:
    promises: dict = field(default_factory=dict)   # number -> Promise
    arrivals: dict = field(default_factory=dict)   # recipient -> [Arrival]
    notices: dict = field(default_factory=dict)    # sender told -> [Arrival]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def arrived(self, message):
        """A sink's on_message: keep times and a digest, not the octets."""
        head = _RECEIVED.match(message.data)
        body = message.data[head.end():] if head else message.data
        arrival = Arrival(message.began, message.ended, hashlib.sha256(body).digest())
        with self.lock:
            for recipient in message.to:
                kind = self.notices if recipient.startswith("sender") else self.arrivals
                kind.setdefault(recipient, []).append(arrival)

    def accepted(self):
        with self.lock:
            return {number: promise for number, promise in self.promises.items()
                    if promise.outcome == "accepted"}

    def missing(self):
        """Recipients of accepted messages that nothing has arrived for, and notices not seen."""
        out = []
        for number, promise in self.accepted().items():
            for recipient in promise.recipients:
                if is_unknown_user(recipient):
                    if sender_of(number) not in self.notices:
                        out.append(f"notice to {sender_of(number)}")
                elif recipient not in self.arrivals:
                    out.append(recipient)
        return out


def number_of(recipient):
    return int(re.match(r"(?:nobody|m)(\d+)@", recipient)[1])


def is_unknown_user(recipient):
    return recipient.startswith("nobody")


def sender_of(number):
    return f"sender{number}@senders.crash.test"


def recipients_of(number):
    """One of seven goes to both hops; one of thirty to somebody whom the hop does not know."""
    if number % 30 == 11:
        return (f"nobody{number}@smtp.crash.test",)
    if number % 7 == 3:
        return (f"m{number}@smtp.crash.test", f"m{number}@lmtp.crash.test")
    return (f"m{number}@{'lmtp' if number % 2 else 'smtp'}.crash.test",)


class Deferrals:
    """A sink's decide: some messages are deferred the first time, at RCPT or at the end of data, so
    that attempts leave state behind; unknown users are refused."""

    def __init__(self):
        self._seen = set()
        self._lock = threading.Lock()
        self.count = 0

    def _first_time(self, key):
        with self._lock:
            if key in self._seen:
                return False
            self._seen.add(key)
            self.count += 1
            return True

    def decide(self, stage, session, argument):
        if stage == "rcpt":
            to = re.search(r"<([^>]*)>", argument)[1]
            if is_unknown_user(to):
                return "550 5.1.1 no such user"
            if to.startswith("m") and number_of(to) % 9 == 2 and self._first_time(to):
                return "451 4.3.0 not yet"
        elif stage == "message" and argument.to[0].startswith("m"):
            if number_of(argument.to[0]) % 11 == 5 and self._first_time(argument.to[0]):
                return "451 4.3.0 not yet"
        return None


class Load:
    """Clients that send message after message until stopped; reconnects while the server is away."""

    def __init__(self, address, contents, record, clients):
        self.address, self.contents, self.record = address, contents, record
        self._stop = threading.Event()
        self._next = 0
        self._numbers = threading.Lock()
        self.failures = []
        self._threads = [threading.Thread(target=self._guard, args=(n,), daemon=True)
                         for n in range(clients)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def stop(self, seconds=60):
        self._stop.set()
        for thread in self._threads:
            thread.join(seconds)
            if thread.is_alive():
                self.failures.append("a client hangs")

    def _take_number(self):
        with self._numbers:
            self._next += 1
            return self._next

    def _guard(self, client):
        try:
            self._run(client)
        except Exception as error:
            self.failures.append(f"client {client}: {error!r}")

    def _run(self, which):
        while not self._stop.is_set():
            try:
                with Client(self.address, timeout=60) as client:
                    client.ehlo()
                    if which % 4 == 1:
                        client.starttls()
                        client.ehlo()
                    while not self._stop.is_set():
                        self._send_one(client, which)
            except (OSError, Closed):
                self._stop.wait(0.02)  # the server is away; the next turn tries again

    def _send_one(self, client, which):
        number = self._take_number()
        promise = Promise(recipients_of(number))
        with self.record.lock:
            self.record.promises[number] = promise
        try:
            reply = client.deliver(sender_of(number), promise.recipients,
                                   self.contents.content(number),
                                   by="BDAT" if which % 2 else "DATA", chunk=100_000)
            promise.outcome, promise.reply = "accepted", str(reply)
        except Refused as refused:
            promise.outcome, promise.reply = "refused", str(refused)
            raise Closed("refused; a new session next") from refused


class Clock:
    """Moments of the crashes, on the clock of the arrivals."""

    def __init__(self):
        self.crashes = []  # (before the signal, when the process was gone)

    def crash(self, server):
        before = time.monotonic()
        server.kill()
        self.crashes.append((before, time.monotonic()))
