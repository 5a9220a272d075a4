"""Clients that do everything a server meets in an hour: mail of all sizes by DATA and BDAT, in clear and by
TLS, commands that are refused, sessions that end anywhere."""

import hashlib
import random
import threading
import time

from load import Promise, kind_of, recipients_of, sender_of
from support.smtp_client import Client, Closed, Refused, dot_stuffed

_LARGE = 4 << 20


class MixedClients:
    """Takes numbers from the record; sends only kinds that end soon ("mail", "nobody")."""

    def __init__(self, address, contents, record, clients, rate):
        self.address, self.contents, self.record, self.rate = address, contents, record, rate
        self.failures = []
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._next_turn = 0.0
        self._threads = [threading.Thread(target=self._guard, args=(n,), daemon=True)
                         for n in range(clients)]

    def start(self):
        self._next_turn = time.monotonic()
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(60)
                if thread.is_alive():
                    self.failures.append("a client hangs")

    def _number(self):
        with self._lock:
            while True:
                self.record.next_number += 1
                if kind_of(self.record.next_number) in ("mail", "nobody"):
                    return self.record.next_number

    def _wait_for_a_turn(self):
        """Together the clients send `rate` messages a second; what was missed is caught up with."""
        with self._lock:
            turn = self._next_turn
            self._next_turn += 1 / self.rate
        self._stop.wait(max(0.0, turn - time.monotonic()))

    def _guard(self, which):
        dice = random.Random(f"{self.record.seed}/mixed/{which}")
        try:
            while not self._stop.is_set():
                self._session(dice)
        except Exception as error:
            self.failures.append(f"client {which}: {error!r}")

    def _session(self, dice):
        with Client(self.address, timeout=60) as client:
            if dice.random() < 0.05:
                self.record.count("sessions ended after the greeting")
                return
            client.ehlo()
            if dice.random() < 0.5:
                if dice.random() < 0.1:
                    self._break_handshake(client, dice)
                    return
                client.starttls()
                client.ehlo()
            for _ in range(dice.randrange(1, 25)):
                if self._stop.is_set():
                    break
                self._wait_for_a_turn()
                share = dice.random()
                if share < 0.06:
                    self._be_refused(client, dice)
                elif share < 0.09:
                    self._break_off(client, dice)
                    return
                else:
                    self._deliver(client, dice)
            if dice.random() < 0.7:
                client.quit()

    def _deliver(self, client, dice):
        number = self._number()
        content = self.contents.content(number)
        if dice.random() < 0.005:
            content += content[-78 * 800:] * (_LARGE // (78 * 800)) if len(content) > 78 * 800 else \
                b"x" * 76 + b"\r\n" + (b"y" * 76 + b"\r\n") * (_LARGE // 78)
            self.record.count("above 4 MiB")
        promise = Promise(recipients_of(number), hashlib.sha256(content).digest(), time.monotonic())
        with self.record.lock:
            self.record.promises[number] = promise
        try:
            reply = client.deliver(sender_of(number), promise.recipients, content,
                                   by=dice.choice(("DATA", "BDAT")),
                                   chunk=dice.choice((None, 1000, 50_000, 300_000)))
            promise.outcome, promise.reply = "accepted", str(reply)
            self.record.accepted += 1
        except Refused as refused:
            promise.outcome, promise.reply = "refused", str(refused)
            client.command("RSET")

    def _be_refused(self, client, dice):
        what = dice.randrange(4)
        if what == 0:
            replies = client.envelope("x@senders.crash.test", ["nobody@elsewhere.test"])
            self._expect(replies[0], 550)
        elif what == 1:
            self._expect(client.command("MAIL FROM:<x@senders.crash.test> SIZE=9999999999"), 552)
        elif what == 2:
            self._expect(client.command("MAIL FROM:<a b@@" + "c" * dice.randrange(400) + ">"), 501, 500, 553)
        else:
            self._expect(client.command("FROB " + "x" * dice.randrange(400)), 500)
        client.command("RSET")
        self.record.count("commands refused")

    def _expect(self, reply, *codes):
        if reply.code not in codes:
            self.failures.append(f"{reply} where one of {codes} is right")

    def _break_off(self, client, dice):
        """Ends the session in the middle of a transaction."""
        content = self.contents.content(dice.randrange(1, 400))
        client.envelope("gone@senders.crash.test", ["gone1@smtp.crash.test"])
        what = dice.randrange(3)
        if what == 0:
            client.command("DATA")
            client.send(dot_stuffed(content)[:-dice.randrange(1, 6)])
        elif what == 1:
            client.send(b"BDAT %d LAST\r\n" % (len(content) + 1) + content)
        self.record.count("transactions broken off")

    def _break_handshake(self, client, dice):
        client.expect("STARTTLS", client.command("STARTTLS"), 220)
        if dice.random() < 0.5:
            client.send(bytes(dice.randrange(256) for _ in range(dice.randrange(1, 300))))
            try:
                client.closed_by_peer()
            except OSError:
                pass
        self.record.count("handshakes broken off")
