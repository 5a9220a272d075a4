"""What happens to a server under load besides mail: an operator who holds and releases messages, and a
configuration that changes. Both go on while the server is killed and started again."""

import http.client
import json
import random
import signal
import socket
import threading
import time
from urllib.parse import quote

from load import kind_of, recipients_of, sender_of


class Away(Exception):
    """The server did not answer: it is dead, or starting."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("hermetic", timeout=20)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def ask(server, method, target):
    """The status and the JSON of an answer of the control API."""
    try:
        connection = _UnixConnection(str(server.ready["admin"]))
        try:
            connection.request(method, target, headers={"Connection": "close"})
            answer = connection.getresponse()
            if answer.status == 503:  # it stops, or has not read its queue yet: nobody can say now
                raise Away(answer.read().decode(errors="replace"))
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Away(str(error)) from error


class Operator:
    """Holds each message of kind "held", sees that it stays although its next hop would take it, also
    across crashes, and releases it."""

    WORKERS = 4

    def __init__(self, server, record, seed):
        self.server, self.record, self._seed = server, record, seed
        self.failures = []
        self._seen = set()
        self._taken = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._guard, args=(n,), daemon=True)
                         for n in range(self.WORKERS)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(30)

    def unfinished(self):
        with self.record.lock:
            numbers = [number for number, promise in self.record.promises.items()
                       if kind_of(number) == "held" and promise.outcome == "accepted"]
        return [number for number in numbers if number not in self.record.released]

    def _next(self):
        with self._taken, self.record.lock:
            for number, promise in self.record.promises.items():
                if kind_of(number) != "held" or number in self._seen or \
                        number in self.record.released:
                    continue
                if promise.outcome == "unknown" and time.monotonic() - promise.at < 5:
                    continue  # it may be accepted in a moment
                self._seen.add(number)
                return number, promise.outcome
        return None, None

    def _guard(self, worker):
        dice = random.Random(f"{self._seed}/operator/{worker}")
        try:
            while not self._stop.is_set():
                number, outcome = self._next()
                if number is None:
                    self._stop.wait(0.2)
                elif outcome != "accepted" or number in self.record.opened:
                    # Perhaps not there; or held by an earlier run: it is let go.
                    self._let_go(number, must_be_there=outcome == "accepted")
                else:
                    self._hold_and_release(number, dice)
        except Exception as error:
            self.failures.append(f"operator: {error!r}")

    def _persist(self, act):
        """act() until the server answers."""
        while not self._stop.is_set():
            try:
                return act()
            except Away:
                self._stop.wait(0.05)
        return None

    def _find(self, number, seconds):
        """The message's id; None where it does not turn up."""
        target = "/v1/queue?sender=" + quote(sender_of(number))
        end = time.monotonic() + seconds
        while not self._stop.is_set() and time.monotonic() < end:
            answer = self._persist(lambda: ask(self.server, "GET", target))
            if answer and answer[0] == 200 and answer[1]["messages"]:
                return answer[1]["messages"][0]["id"]
            self._stop.wait(0.1)
        return None

    def _state(self, identity):
        answer = self._persist(lambda: ask(self.server, "GET", f"/v1/queue/{identity}"))
        return answer[1].get("state") if answer and answer[0] == 200 else None

    def _post(self, identity, action):
        return self._persist(lambda: ask(self.server, "POST", f"/v1/queue/{identity}/{action}"))

    def _reach(self, identity, action, states, seconds=30):
        """Repeats the action until the message is in one of the states."""
        end = time.monotonic() + seconds
        while not self._stop.is_set() and time.monotonic() < end:
            self._post(identity, action)
            for _ in range(10):
                state = self._state(identity)
                if state in states:
                    return True
                self._stop.wait(0.05)
        return False

    def _hold(self, number):
        """The id under which it is held; None where it cannot be. What a reload splits while it waits has
        another id afterwards."""
        end = time.monotonic() + 60
        while not self._stop.is_set() and time.monotonic() < end:
            identity = self._find(number, 30)
            if identity is None:
                return None
            if self._reach(identity, "hold", ("held",), seconds=5):
                return identity
        return None

    def _hold_and_release(self, number, dice):
        identity = self._hold(number)
        if identity is None:
            if not self._stop.is_set():
                self.failures.append(f"message {number} cannot be held")
            return
        crashes = len(self.record.crashes)
        with self.record.lock:
            self.record.opened.add(number)
        self._stop.wait(dice.uniform(0.3, 4.0))
        state = self._state(identity)
        arrived = any(each in self.record.arrivals for each in recipients_of(number))
        if not self._stop.is_set() and (arrived or state != "held"):
            self.failures.append(f"message {number} was held, and is {state}, arrived: {arrived}")
        if self._stop.is_set():
            return  # the next run releases it
        self.record.count("held across a crash" if len(self.record.crashes) > crashes else "held")
        self._let_go(number, must_be_there=True, identity=identity)

    def _let_go(self, number, must_be_there, identity=None):
        with self.record.lock:
            self.record.opened.add(number)
        identity = identity or self._find(number, 30 if must_be_there else 1)
        if identity is not None:
            # Gone is as good: released, and delivered before we could ask.
            self._reach(identity, "release", ("waiting", "deferred", "under-way", None))
        if not self._stop.is_set():
            self.record.released.add(number)


class Reloader:
    """Changes hermetic.toml and org.toml at random moments, and says so by SIGHUP: the next hop of a
    domain, the pauses between attempts, a domain that comes and goes, a limit."""

    def __init__(self, server, record, hops, seed):
        self.server, self.record, self._hops = server, record, hops
        self.lock = threading.Lock()  # held by whoever starts the server: it must not be signalled then
        self._dice = random.Random(f"{seed}/reloads")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(30)

    def _run(self):
        turn = 0
        while not self._stop.wait(self._dice.uniform(0.2, 1.6)):
            turn += 1
            with self.lock:
                self._change(turn)
                if self.server.running and self.server.ready_file.exists():
                    self.server.process.send_signal(signal.SIGHUP)
                    self.record.count("reloads asked for")

    def _change(self, turn):
        objects = self.server.objects
        objects["organization"]["retry_after"] = self._dice.choice([["1s"], ["1s", "3s"]])
        domains = [each for each in objects["accepted_domain"] if not each["name"].startswith("extra")]
        for domain in domains:
            if domain["name"] == "smtp.crash.test":
                domain["next_hop"] = self._dice.choice(self._hops)
        if turn % 2:
            domains.append({"name": f"extra{turn}.crash.test", "kind": "internal_relay",
                            "next_hop": self._hops[0]})
        objects["accepted_domain"] = domains
        self.server.settings["limits"]["errors_per_session"] = 5000 + turn % 3
        self.server.write_config()
