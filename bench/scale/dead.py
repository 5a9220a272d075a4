"""Dead destinations beside living ones: the living get their mail as fast as without the dead.

The spool is filled directly, the server started, and the time taken from the first to the last arrival of the mail
for the living: once with their mail alone, once with that for the dead beside it. Dead are in equal parts: refused,
connection request never answered, connected but never greeted, greeted and then silence.
"""

import shutil
import tempfile
from pathlib import Path

import peers
import programs
from support.dns_zone import DnsServer
from support.hermetic_server import HermeticServer
from support.ports import free_port

SHARE = 0.9
OCTETS = 1000
KINDS = ("refuse", "unanswered", "silent", "stall")


def address_of(number):
    return f"127.77.{number // 250}.{number % 250 + 1}"


def zone(living, dead):
    """d0 … are the living, each with a host of its own at the sink's address; behind them the dead."""
    lines = []
    for number in range(living + dead):
        address = "127.0.0.1" if number < living else address_of(number - living)
        lines += [f"d{number} MX 10 mx{number}", f"mx{number} A {address}"]
    return "\n".join(lines) + "\n"


def kill(dead, port):
    """The peers that are dead but for their address; `refuse` needs none."""
    words = [f"{address_of(number)}={KINDS[number % len(KINDS)]}" for number in range(dead)
             if KINDS[number % len(KINDS)] != "refuse"]
    return peers.start("dead", port, *words)


def deliver(directory, dns, port, living, dead, each, seconds, connections, delay_ms):
    """Messages a second to the living destinations, and what the sink has counted."""
    spool = directory / "data/spool"
    programs.fill_spool(spool, living * each, OCTETS, living)
    # Without the dead too: a store that was opened again starts otherwise.
    programs.fill_spool(spool, dead * each, OCTETS, max(dead, 1), living)
    sink = programs.Sink(directory, port, living * each, seconds, delay_ms=delay_ms)
    server = HermeticServer(
        directory=directory, delivery={"port": port, "connections": connections}, organization={"retry_after": ["1m"]},
        resolver={"forward": [dns.address], "root_anchor_file": ""}, spool={"high_water": 0, "low_water": 0})
    try:
        server.start()
        result = sink.result()
        server.process.kill()  # what hangs would only make the end slow
        server.process.wait()
    finally:
        sink.stop()
        server.stop(check=False)
    return result["messages_per_second"], result


def run(figures, living, dead, each, runs, seconds, connections=2000, delay_ms=0):
    rates = {0: [], dead: []}
    lost = 0
    with DnsServer({"test": zone(living, dead)}) as dns:
        port = free_port()
        with kill(dead, port):
            for turn in range(2 * runs):
                count = (0, dead)[turn % 2]
                directory = Path(tempfile.mkdtemp(prefix="hermetic-dead."))
                try:
                    rate, result = deliver(directory, dns, port, living, count, each, seconds, connections,
                                           delay_ms)
                finally:
                    shutil.rmtree(directory, ignore_errors=True)
                rates[count].append(rate)
                lost += living * each - result["distinct"]
    alone, beside = (sorted(rates[count])[runs // 2] for count in (0, dead))
    figures.add(
        f"scale: {living + dead} destinations of which {dead} are unreachable, {connections} connections"
        + (f", each message takes {delay_ms} ms" if delay_ms else ""),
        words=f"the others get {beside:.0f} messages/s, without the unreachable {alone:.0f} ({beside / alone:.0%})"
              + (f"; {lost} did not arrive" if lost else ""),
        target=f"at least {SHARE:.0%}", met=beside >= SHARE * alone and lost == 0, runs=runs,
        messages_per_second=beside, messages_per_second_without=alone)
