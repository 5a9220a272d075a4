"""What a policy costs: relay over TLS 1.3 without any connector, beside the same relay where 1,000 connectors ask for
the partner's name.

Pairs of fresh servers that stand side by side and get their load in bursts, in turns, so that what the machine does to
one it does to the other; of each pair the ratio of the servers' CPU per message. The figure is the median of the ratios
with an interval that holds the true median with at least 97 % (order statistics; ten pairs)."""

import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from cases import by_id
from measure import Group
from rounds import Measured
from support.certificates import Authority
from systems.hermetic import Hermetic

import load

CONNECTORS = 1000
TARGET = 1.03
CASE = "relay-tls"
RATE = 4000  # messages a second, about: it only sets how many a burst has
BURSTS = 3   # of each server


def with_connectors(authority, certificate):
    """The system with a connector for the partner among many others."""

    class WithConnectors(Hermetic):
        sink_certificate = certificate

        def objects(self, hop):
            verified = {"tls": "verify_name", "ca": str(authority.certificate)}
            partner = {"name": "partner", "recipient_domains": [load.DOMAIN], "smart_hosts": [f"[127.0.0.1]:{hop}"],
                       "tls_names": ["mx.partner.test"], **verified}
            others = [{"name": f"other {n}", "recipient_domains": [f"d{n}.test", f"*.d{n}.test"],
                       "tls_names": [f"mx.d{n}.test", f"*.d{n}.test"], **verified} for n in range(CONNECTORS - 1)]
            return {"accepted_domains": [{"name": load.DOMAIN, "kind": "internal_relay", "connector": "partner"}],
                    "outbound_connectors": [partner, *others]}

    return WithConnectors


class Standing(Measured):
    """A server with its sink, started and warm, that takes one burst after the other."""

    def __init__(self, system, seconds):
        super().__init__(system, by_id(CASE), RATE, seconds)
        self.sent, self.cpu = 0, 0.0
        self.timeout *= 2 * BURSTS

    def __enter__(self):
        with ExitStack() as undo:
            undo.callback(shutil.rmtree, self.directory, ignore_errors=True)
            self.sink = undo.enter_context(
                load.Sink(self.case, self.warm + BURSTS * self.count, self.directory, self.timeout,
                          getattr(self.system, "sink_certificate", None)))
            self.group = Group()
            self.server = self.system(self.case, self.directory, self.sink.port, self.group)
            undo.callback(self.server.stop)
            self.server.start()
            self._send(self.warm)
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_):
        self._undo.close()

    def _send(self, count):
        load.send(self.case, self.server.port, count, self.sent, self.timeout)
        self.sent += count
        self.group.settle()

    def burst(self):
        before = self.group.cpu_seconds()
        self._send(self.count)
        self.cpu += self.group.cpu_seconds() - before

    def cost(self):
        """Milliseconds of CPU for a message, once all have arrived."""
        load.check_arrivals(self.sink.wait(self.timeout), self.warm + BURSTS * self.count)
        return 1000 * self.cpu / (BURSTS * self.count)


def pair(systems, seconds, first):
    """The costs of both, in the order of `systems`; `first` begins."""
    with Standing(systems[0], seconds) as without, Standing(systems[1], seconds) as beside:
        os.sync()  # what starting them left unwritten is not a message's
        order = (without, beside) if first == 0 else (beside, without)
        for turn in range(BURSTS):
            for server in order if turn % 2 == 0 else order[::-1]:
                server.burst()
        return without.cost(), beside.cost()


def interval(ratios):
    """Of the median, from the second to the last but one of ten; of fewer, all."""
    ordered = sorted(ratios)
    cut = 1 if len(ordered) >= 10 else 0
    return ordered[cut], ordered[len(ordered) - 1 - cut]


def run(figures, pairs, seconds):
    directory = Path(tempfile.mkdtemp(prefix="hermetic-policy."))
    try:
        authority = Authority(directory)
        systems = (Hermetic, with_connectors(authority, authority.issue("mx.partner.test")))
        costs = [pair(systems, seconds, turn % 2) for turn in range(pairs)]
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    ratios = [after / before for before, after in costs]
    low, high = interval(ratios)
    without, beside = median(cost for cost, _ in costs), median(cost for _, cost in costs)
    figures.add(
        f"scale: relay over TLS by a connector with verify_name among {CONNECTORS}, compared with none",
        words=f"{median(ratios):.3f} of the CPU without ({low:.3f} to {high:.3f}; {beside:.3f} ms against {without:.3f})",
        target=f"at most {TARGET:.2f}", met=median(ratios) <= TARGET, runs=pairs, cpu_ms_per_message=beside,
        cpu_ms_per_message_without=without)
