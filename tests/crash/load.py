"""Messages whose octets follow from a seed and a number, clients that send them, a record of what was
promised for each, and sinks that record every arrival."""

import base64
import hashlib
import pickle
import random
import re
import threading
import time
from dataclasses import dataclass, field

from support.smtp_client import Client, Closed, Refused

_RECEIVED = re.compile(rb"Received: [^\r\n]*\r\n(?:[ \t]+[^\r\n]*\r\n)*")
_ROW = 78

# org.toml of the runs; the least that it takes is a minute.
DELAY = 60.0
EXPIRY = 100.0


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
        if share < 0.60 or kind_of(number) in ("late", "slow", "held"):
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


@dataclass
class Arrival:
    began: float
    ended: float
    digest: bytes


@dataclass
class Promise:
    """What a client was told about one message."""
    recipients: tuple
    digest: bytes = b""
    at: float = 0.0            # when it was offered
    outcome: str = "unknown"   # accepted | refused | unknown (the connection ended before a reply)
    reply: str = ""


def kind_of(number):
    """late: deferred until it expires. slow: deferred until its sender is told of the delay. held: by
    the operator. nobody: unknown to the next hop. mail: everything else."""
    if number % 30 == 11:
        return "nobody"
    if number % 200 == 17:
        return "late"
    if number % 200 == 129:
        return "slow"
    if number % 400 == 7:
        return "held"
    return "mail"


def notices_due(number):
    return {"nobody": {"failed"}, "late": {"delayed", "failed"}, "slow": {"delayed"}}.get(
        kind_of(number), set())


def number_of(address):
    return int(re.match(r"[a-z]+(\d+)@", address)[1])


def sender_of(number):
    return f"sender{number}@senders.crash.test"


def recipients_of(number):
    """Of plain mail one of seven goes to both hops."""
    kind = kind_of(number)
    if kind != "mail":
        return (f"{kind}{number}@smtp.crash.test",)
    if number % 7 == 3:
        return (f"m{number}@smtp.crash.test", f"m{number}@lmtp.crash.test")
    return (f"m{number}@{'lmtp' if number % 2 else 'smtp'}.crash.test",)


@dataclass
class Record:
    """Everything a later run needs to go on with the spool of this one. Thread-safe by its lock."""
    seed: int = 1
    next_number: int = 0
    accepted: int = 0
    promises: dict = field(default_factory=dict)   # number -> Promise
    arrivals: dict = field(default_factory=dict)   # recipient -> [Arrival]
    notices: dict = field(default_factory=dict)    # (number, "failed" | "delayed") -> [Arrival]
    strange: list = field(default_factory=list)    # notices that say neither
    changed: dict = field(default_factory=dict)    # a few arrivals that are not what was sent, whole
    crashes: list = field(default_factory=list)    # (before the signal, when the process was gone)
    first_seen: dict = field(default_factory=dict)  # what a sink deferred -> when it came first
    opened: set = field(default_factory=set)       # held mail that a sink would take
    released: set = field(default_factory=set)     # held mail that the operator is done with
    counts: dict = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def save(self, path):
        with self.lock:
            state = {name: value for name, value in vars(self).items() if name != "lock"}
            path.write_bytes(pickle.dumps(state))

    @staticmethod
    def load(path):
        return Record(**pickle.loads(path.read_bytes()))

    def count(self, what, by=1):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + by

    def arrived(self, message):
        """A sink's on_message: keep times and a digest, not the octets."""
        head = _RECEIVED.match(message.data)
        body = message.data[head.end():] if head else message.data
        arrival = Arrival(message.began, message.ended, hashlib.sha256(body).digest())
        with self.lock:
            for recipient in message.to:
                if not recipient.startswith("sender"):
                    promise = self.promises.get(number_of(recipient))
                    if promise and promise.digest != arrival.digest and len(self.changed) < 3:
                        self.changed[recipient] = message.data
                    self.arrivals.setdefault(recipient, []).append(arrival)
                    continue
                actions = re.findall(rb"^Action: (\w+)\r$", message.data, re.M)
                if len(actions) != 1 or actions[0] not in (b"failed", b"delayed"):
                    self.strange.append(f"{recipient} got a notice with the actions {actions}")
                    continue
                key = (number_of(recipient), actions[0].decode())
                self.notices.setdefault(key, []).append(arrival)

    def stored(self):
        """Numbers that the server has taken for certain: by its 250, or because of what came of it."""
        with self.lock:
            numbers = {number for number, promise in self.promises.items()
                       if promise.outcome == "accepted"}
            numbers |= {number_of(recipient) for recipient in self.arrivals}
            return numbers | {number for number, _ in self.notices}

    def missing(self):
        """Recipients of stored messages that nothing has arrived for, and notices not seen."""
        out = []
        for number in sorted(self.stored()):
            out += [f"{action} notice to {sender_of(number)}" for action in notices_due(number)
                    if (number, action) not in self.notices]
            if kind_of(number) not in ("nobody", "late"):
                out += [recipient for recipient in recipients_of(number)
                        if recipient not in self.arrivals]
        return out


class Deferrals:
    """A sink's decide: some messages and notices are deferred the first time, at RCPT or at the end of
    data, so that attempts leave state behind; some for long, or for ever; unknown users are refused."""

    def __init__(self, record):
        self._record = record

    def _age(self, key):
        """Seconds since this came first; None: now."""
        now = time.monotonic()
        with self._record.lock:
            first = self._record.first_seen.setdefault(key, now)
        if first == now:
            self._record.count("deferred once")
            return None
        return now - first

    def _is_told(self, number):
        """Of the delay. How long the notice takes is the server's business, and the machine's: what is
        told too late expires, and that is not due."""
        with self._record.lock:
            return (number, "delayed") in self._record.notices

    def decide(self, stage, session, argument):
        if stage == "rcpt":
            to = re.search(r"<([^>]*)>", argument)[1]
            kind, number = re.match(r"[a-z]+", to)[0], number_of(to)
            if kind == "nobody":
                return "550 5.1.1 no such user"
            if kind == "late":
                return "451 4.3.0 never"
            if kind == "slow" and not self._is_told(number):
                return "451 4.3.0 not before its sender is told"
            if kind == "held" and number not in self._record.opened:
                return "451 4.3.0 not before somebody has held it"
            if kind == "m" and number % 9 == 2 and self._age(to) is None:
                return "451 4.3.0 not yet"
            if kind == "sender" and number % 4 == 1 and self._age(to) is None:
                return "451 4.3.0 no notices yet"
        elif stage == "message" and argument.to[0].startswith("m"):
            if number_of(argument.to[0]) % 11 == 5 and self._age(argument.to[0]) is None:
                return "451 4.3.0 not yet"
        return None


class Load:
    """Clients that send message after message until stopped; reconnects while the server is away."""

    def __init__(self, address, contents, record, clients):
        self.address, self.contents, self.record = address, contents, record
        self._stop = threading.Event()
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
            if thread.ident is None:
                continue
            thread.join(seconds)
            if thread.is_alive():
                self.failures.append("a client hangs")

    def _take_number(self):
        with self._numbers:
            self.record.next_number += 1
            return self.record.next_number

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
        content = self.contents.content(number)
        promise = Promise(recipients_of(number), hashlib.sha256(content).digest(), time.monotonic())
        with self.record.lock:
            self.record.promises[number] = promise
        try:
            reply = client.deliver(sender_of(number), promise.recipients, content,
                                   by="BDAT" if which % 2 else "DATA", chunk=100_000)
            promise.outcome, promise.reply = "accepted", str(reply)
            self.record.accepted += 1  # roughly: only to see that it grows
        except Refused as refused:
            promise.outcome, promise.reply = "refused", str(refused)
            raise Closed("refused; a new session next") from refused
