"""One measured run: a fresh server, a warm-up, the load, and what it cost."""

import os
import shutil
import tempfile
import time
from pathlib import Path

import load
from cases import ALONE
from measure import Group

WORK = load.ROOT / "build" / "bench" / "compare"


WARM_SECONDS = 1.0


def rounded(count, case):
    """As many for each connection, and at least one; whole connections where there are enough."""
    step = case.connections * case.per_connection
    if count < 2 * step:
        step = case.connections
    return max(step, round(count / step) * step)


class Measured:
    """One server of `system` for `case`, with the sink that it relays to."""

    def __init__(self, system, case, rate, seconds):
        self.system, self.case = system, case
        self.count = rounded(rate * seconds, case)
        self.warm = rounded(rate * WARM_SECONDS, case)
        self.timeout = 20 + 6 * max(seconds, (self.count + self.warm) / rate)
        WORK.mkdir(parents=True, exist_ok=True)
        self.directory = Path(tempfile.mkdtemp(prefix=f"{system.name}.", dir=WORK))
        self.directory.chmod(0o755)  # servers that give up their privileges look into it

    def run(self):
        """The figures of one run, as a dict."""
        try:
            if not self.case.relay:
                return self._serve(None)
            with load.Sink(self.case, self.warm + self.count, self.directory, 2 * self.timeout,
                           getattr(self.system, "sink_certificate", None)) as sink:
                return self._serve(sink)
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _serve(self, sink):
        group = Group()
        server = self.system(self.case, self.directory, sink and sink.port, group)
        try:
            server.start()
            return self._measure(server, group, sink)
        except Exception as error:
            raise load.LoadFailed(f"{error}\n--- {self.system.title} said:\n{server.log()[-3000:]}") from error
        finally:
            server.stop()

    def _measure(self, server, group, sink):
        load.send(self.case, server.port, self.warm, 0, self.timeout)
        group.settle()
        os.sync()  # what earlier runs left unwritten is not this one's
        cpu, began = group.cpu_seconds(), time.time()
        sent = load.send(self.case, server.port, self.count, self.warm, self.timeout)
        seconds = sent["seconds"]
        if sink:
            counted = sink.wait(self.timeout)
            load.check_arrivals(counted, self.warm + self.count)
            seconds = counted["last"] - began
        group.settle()
        cpu = group.cpu_seconds() - cpu
        latency = sent["mail_to_250"]
        return {
            "messages": self.count,
            "seconds": round(seconds, 3),
            "messages_per_second": round(self.count / seconds, 1),
            "cpu_ms_per_message": round(1000 * cpu / self.count, 4),
            "p50_ms": latency["p50_ms"], "p99_ms": latency["p99_ms"],
            "accepted_per_second": round(sent["messages_per_second"], 1),
            "generator_cpu_ms_per_message": round(sent["cpu_ms"] / self.count, 4),
            "cpu_by": group.kind,
        }


def generator_and_sink(case, rate, seconds):
    """The bound that generator and sink set: the same load without a server. The sink's CPU stands
    for a server's."""
    WORK.mkdir(parents=True, exist_ok=True)
    count = rounded(rate * seconds, case)
    with tempfile.TemporaryDirectory(dir=WORK) as directory:
        with load.Sink(case, count, Path(directory), 20 + 6 * seconds) as sink:
            sent = load.send(case, sink.port, count, 0, 20 + 6 * seconds)
            counted = sink.wait(30)
    load.check_arrivals(counted, count)
    latency = sent["mail_to_250"]
    return {
        "messages": count, "seconds": round(sent["seconds"], 3),
        "messages_per_second": round(sent["messages_per_second"], 1),
        "cpu_ms_per_message": round(counted["cpu_ms"] / count, 4),
        "p50_ms": latency["p50_ms"], "p99_ms": latency["p99_ms"],
        "generator_cpu_ms_per_message": round(sent["cpu_ms"] / count, 4),
    }


def one_run(system, case, rate, seconds):
    """system: a class of systems/, or ALONE."""
    if system == ALONE:
        return generator_and_sink(case, rate, seconds)
    sync = {}
    if case.connections == 1:
        WORK.mkdir(parents=True, exist_ok=True)
        os.sync()  # before the run: removing a queue afterwards would make it look slow
        sync = {"sync_ms": load.sync_ms(WORK)}
    return Measured(system, case, rate, seconds).run() | sync
