"""A long queue: what a waiting message costs, how long a start takes, how fast it drains.

The spool is filled directly. First the next hop is down, so every destination is tried, fails and backs off; then it
is up and an operator says `hermetic queue retry --all --yes`.
"""

import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import programs
from support.deadline import wait_for
from support.dns_zone import DnsServer
from support.hermetic_server import HermeticServer
from support.ports import free_port

LIMIT_START = 10
LIMIT_OCTETS = 300
OCTETS = 1000
GIVEN_BACK = 12  # seconds after which the allocator has returned what is free

ZONE = "* MX 10 mx\nmx A 127.0.0.1\n"


def make_server(directory, dns, port):
    return HermeticServer(
        directory=directory, log={"level": "info"}, delivery={"port": port},
        organization={"retry_after": ["1h"]}, resolver={"forward": [dns.address], "root_anchor_file": ""},
        spool={"high_water": 0, "low_water": 0})


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def settle(server, seconds, given_back):
    """Until nothing is under way and the processor time stands still for two seconds, and a while longer."""
    seen = {"cpu": -1.0, "since": time.monotonic()}

    def quiet():
        cpu = cpu_seconds(server.pid)
        if cpu - seen["cpu"] > 0.05:
            seen.update(cpu=cpu, since=time.monotonic())
        return time.monotonic() - seen["since"] > 2 and server.status()["queue"]["active"] == 0
    wait_for(quiet, "the server has tried every destination", seconds, 0.25)
    time.sleep(given_back)


def pss_of_empty(directory, dns, port, given_back):
    with make_server(directory / "empty", dns, port) as server:
        settle(server, 60, given_back)
        return server.resident_kib()


def drain(server, seconds):
    """(messages a second, ms of CPU for each, messages left), from the order to retry on."""
    at_first = server.status()["queue"]["messages"]
    cpu = cpu_seconds(server.pid)
    began = time.monotonic()
    server.run("queue", "retry", "--all", "--yes", seconds=120)
    left, now = at_first, began
    while left > 0 and now < began + seconds:
        time.sleep(0.2)
        left, now = server.status()["queue"]["messages"], time.monotonic()
    gone = at_first - left
    if gone == 0:
        raise AssertionError(f"nothing was delivered in {seconds} s\n{server.story()}")
    return gone / (now - began), (cpu_seconds(server.pid) - cpu) * 1000 / gone, left


@dataclass
class Seen:
    seconds_to_start: float = 0
    octets: float = 0  # of PSS for each message
    rate: float = 0
    cpu_ms: float = 0
    left: int = 0
    arrived: dict | None = None  # what the sink says, where it had all
    mebibytes_afterwards: float = 0


def observe(directory, dns, messages, domains, drain_seconds, given_back):
    seen = Seen()
    port = free_port()
    empty = pss_of_empty(directory, dns, port, given_back)
    programs.fill_spool(directory / "full/data/spool", messages, OCTETS, domains)
    server = make_server(directory / "full", dns, port)
    began = time.monotonic()
    with server:
        wait_for(lambda: server.status()["queue"]["messages"] >= messages, "all are queued", 300, 0.1)
        seen.seconds_to_start = time.monotonic() - began
        settle(server, 300, given_back)
        seen.octets = (server.resident_kib() - empty) * 1024 / messages
        sink = programs.Sink(directory, port, messages, drain_seconds + 60, linger=1)
        try:
            seen.rate, seen.cpu_ms, seen.left = drain(server, drain_seconds)
            settle(server, 60, given_back)
            seen.mebibytes_afterwards = (server.resident_kib() - empty) / 1024
            if seen.left == 0:
                seen.arrived = sink.result()
        finally:
            sink.stop()
    return seen


def run(figures, messages, domains, drain_seconds, given_back=GIVEN_BACK):
    directory = Path(tempfile.mkdtemp(prefix="hermetic-million."))
    try:
        with DnsServer({"test": ZONE}) as dns:
            seen = observe(directory, dns, messages, domains, drain_seconds, given_back)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    report(figures, f"scale: queue of {messages} messages over {domains} domains", messages, seen)


def report(figures, name, messages, seen):
    figures.add(f"{name}, memory",
                words=f"{seen.octets:.0f} octets of PSS each, caches of the store included, every destination tried "
                      f"once; {seen.mebibytes_afterwards:.0f} MiB above an empty start when it has drained",
                target=f"at most {LIMIT_OCTETS} octets", met=seen.octets <= LIMIT_OCTETS,
                octets_per_message=seen.octets, mebibytes_when_drained=seen.mebibytes_afterwards)
    figures.add(f"{name}, start", words=f"all queued after {seen.seconds_to_start:.1f} s",
                target=f"at most {LIMIT_START} s", met=seen.seconds_to_start <= LIMIT_START,
                seconds=seen.seconds_to_start)
    words = f"{seen.rate:.0f} messages/s, {seen.cpu_ms:.3f} ms of CPU each"
    met = False
    if seen.arrived is None:
        words += f", {seen.left} left when the time was over"
    else:
        words += f"; {seen.arrived['distinct']} arrived, {seen.arrived['duplicates']} of them twice"
        met = seen.arrived["distinct"] == messages and seen.arrived["duplicates"] == 0
    figures.add(f"{name}, draining", words=words, target="each arrives, once", met=met,
                messages_per_second=seen.rate, cpu_ms_per_message=seen.cpu_ms)
