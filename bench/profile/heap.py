"""Who asks for memory while messages pass, by heaptrack: how often for each message, what is held
at most, and what is never given back.

The server runs twice, with a few messages and with many: what the second run asked for beyond the
first is what the messages cost. jemalloc's operator new would hide from heaptrack, so the C++
library's goes before it.
"""

import collections
import re
import subprocess
from pathlib import Path

from measure import Group

_LIBRARY = Path("/usr/lib/heaptrack")

# Innermost frame first.
_OWNERS = (
    (r"^(SSL_|OPENSSL_|CRYPTO_|EVP_|BIO_|ERR_|OSSL_|ssl_|tls_|X509|ASN1|BN_|EC_|ossl_)", "OpenSSL"),
    (r"\brocksdb::", "RocksDB"),
    (r"\bspdlog::", "spdlog"),
    (r"\bhermetic::(inbound|smtp|mail)::", "receiving (inbound, smtp, mail)"),
    (r"\bhermetic::(dispatch|outbound|delivery|settlement|queue|routing|policy|report|dns)::", "delivering (delivery, queue, policy)"),
    (r"\bhermetic::spool::", "spool"),
    (r"\bhermetic::(ledger|facts|metrics)::", "log and metrics"),
    (r"\bhermetic::", "connections (net, tls), core"),
    (r"\bboost::asio", "Asio"),
)


class HeapGroup(Group):
    """The server writes what it asks of the heap to `record`."""

    def __init__(self, record):
        super().__init__()
        self._record = record

    @property
    def prefix(self):
        preload = f"libstdc++.so.6:{_LIBRARY}/libheaptrack_preload.so"
        return [*super().prefix, "env", f"LD_PRELOAD={preload}", f"DUMP_HEAPTRACK_OUTPUT={self._record}"]


class Heap:
    """What heaptrack recorded."""

    def __init__(self, record):
        readable = record.with_suffix(".heaptrack")
        with open(record, "rb") as raw, open(readable, "wb") as out:
            subprocess.run([_LIBRARY / "libexec/heaptrack_interpret"], stdin=raw, stdout=out,
                           stderr=subprocess.DEVNULL, check=True)
        self.allocations = self._stacks(readable, "allocations")
        self.temporary = self._stacks(readable, "temporary")
        self.leaked = self._stacks(readable, "leaked")
        self.peak = self._stacks(readable, "peak")

    @staticmethod
    def _stacks(readable, cost):
        folded = readable.with_suffix("." + cost)
        subprocess.run(["heaptrack_print", "-f", readable, "-F", folded, "--flamegraph-cost-type", cost,
                        "-p0", "-a0", "-T0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        found = collections.Counter()
        for line in folded.read_text().splitlines():
            stack, _, count = line.rpartition(" ")
            found[stack] += int(count)
        return found


def owner(stack):
    for frame in reversed(stack.split(";")):
        for rule, name in _OWNERS:
            if re.search(rule, frame):
                return name, frame
    return "others", stack.rsplit(";", 1)[-1]


def _by_owner(stacks, frame=False):
    found = collections.Counter()
    for stack, count in stacks.items():
        name, at = owner(stack)
        found[(name, at) if frame else name] += count
    return found


def print_heap(few, many, count):
    """few, many: a Heap each; `count` messages lie between them."""
    calls, short = _by_owner(many.allocations), _by_owner(many.temporary)
    calls.subtract(_by_owner(few.allocations))
    short.subtract(_by_owner(few.temporary))
    peak, leaked, leaked_few = _by_owner(many.peak), _by_owner(many.leaked), _by_owner(few.leaked)
    print("| who | allocations a message | freed by the next call | held at the peak, KiB "
          "| never freed, KiB | of it, octets a message |\n|---|---|---|---|---|---|")

    def row(name, *figures):
        print(f"| {name} | {figures[0] / count:.2f} | {figures[1] / count:.2f} | {figures[2] / 1024:.0f} "
              f"| {figures[3] / 1024:.1f} | {figures[4] / count:.2f} |")

    for name, calls_of in calls.most_common():
        row(name, calls_of, short[name], peak[name], leaked[name], leaked[name] - leaked_few[name])
    row("**all**", sum(calls.values()), sum(short.values()), sum(peak.values()), sum(leaked.values()),
        sum(leaked.values()) - sum(leaked_few.values()))
    frames = _by_owner(many.allocations, frame=True)
    frames.subtract(_by_owner(few.allocations, frame=True))
    print("\nMost for each message: " + ", ".join(
        f"`{_short(at)}` {calls_of / count:.2f}" for (_, at), calls_of in frames.most_common(16)) + ".\n")


def _short(frame):
    name = re.sub(r"\[abi:\w+\]|<>| \([^()]*\.\w+\)$", "", frame)
    return name[:name.find("(")] if "(" in name[1:] else name
