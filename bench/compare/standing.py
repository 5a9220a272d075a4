"""Two servers that stand side by side and take their load in bursts, in turns, so that what the machine does to one it
does to the other: what a change, a policy or a setting costs."""

import os
import shutil
from contextlib import ExitStack

import load
from measure import Group
from rounds import Measured


class Standing(Measured):
    """A server with its sink, started and warm, that takes `bursts` bursts one after the other."""

    def __init__(self, system, case, rate, seconds, bursts, environment=None):
        super().__init__(system, case, rate, seconds)
        self.bursts = bursts
        self.environment = environment or {}
        self.sent, self.cpu = 0, 0.0
        self.timeout *= 2 * bursts

    def __enter__(self):
        with ExitStack() as undo:
            undo.callback(shutil.rmtree, self.directory, ignore_errors=True)
            self.sink = undo.enter_context(
                load.Sink(self.case, self.warm + self.bursts * self.count, self.directory, self.timeout,
                          getattr(self.system, "sink_certificate", None)))
            self.group = Group()
            os.environ.update(self.environment)
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
        """Its CPU for each message, in milliseconds."""
        before = self.group.cpu_seconds()
        self._send(self.count)
        spent = self.group.cpu_seconds() - before
        self.cpu += spent
        return 1000 * spent / self.count

    def cost(self):
        """Milliseconds of CPU for a message, once all have arrived."""
        load.check_arrivals(self.sink.wait(self.timeout), self.warm + self.bursts * self.count)
        return 1000 * self.cpu / (self.bursts * self.count)


def pair(first, second, first_begins):
    """The costs of both, which take turns and take turns to begin."""
    with first as one, second as other:
        os.sync()  # what starting them left unwritten is not a message's
        order = (one, other) if first_begins else (other, one)
        for turn in range(one.bursts):
            for server in order if turn % 2 == 0 else order[::-1]:
                server.burst()
        return one.cost(), other.cost()


def interval(ratios):
    """Of the median, from the second to the last but one of ten: holds the true one with at least 97 %; of fewer, all."""
    ordered = sorted(ratios)
    cut = 1 if len(ordered) >= 10 else 0
    return ordered[cut], ordered[len(ordered) - 1 - cut]
