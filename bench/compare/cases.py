"""What is measured: each case is one load on a freshly started server. Pure data.

accept: the message is durable and 250 was said, and nothing is delivered within the run (each
system's module says how that is arranged). relay: accepted durably and delivered to the sink.
"""

from dataclasses import dataclass

KIB = 1024
ALL = ("hermetic", "postfix", "exim", "haraka", "opensmtpd")
PAIR = ("hermetic", "postfix")
ALONE = "generator and sink alone"


@dataclass(frozen=True)
class Case:
    id: str
    title: str
    relay: bool
    tls: bool                  # STARTTLS with TLS 1.3, on both hops where the case relays
    connections: int = 100     # open at once
    per_connection: int = 10   # messages on each; then it is opened anew
    size: int = 4 * KIB        # octets of a message
    systems: tuple = PAIR
    alone: bool = False        # also the generator straight to the sink, for the bound it sets
    seconds: float = 5.0       # aimed length of a measured run


CASES = (
    Case("accept-clear", "accept, clear, 100 connections, 10 messages per connection, 4 KiB",
         relay=False, tls=False, systems=ALL, alone=True),
    Case("accept-clear-20", "accept, clear, 20 connections, 10 messages per connection, 4 KiB",
         relay=False, tls=False, connections=20),
    Case("accept-clear-1", "accept, clear, one connection, 1000 messages on it, 4 KiB",
         relay=False, tls=False, connections=1, per_connection=1000, seconds=3.0),
    Case("accept-tls", "accept, TLS 1.3, 100 connections, 10 messages per connection, 4 KiB",
         relay=False, tls=True, systems=("hermetic", "postfix", "haraka"), alone=True),
    Case("accept-tls-new", "accept, TLS 1.3, 100 connections, a new connection per message, 4 KiB",
         relay=False, tls=True, per_connection=1, alone=True),
    Case("relay-clear", "relay, clear on both hops, 100 connections, 10 messages per connection, 4 KiB",
         relay=True, tls=False, systems=ALL),
    Case("relay-clear-20", "relay, clear on both hops, 20 connections, 10 messages per connection, 4 KiB",
         relay=True, tls=False, connections=20),
    Case("relay-tls", "relay, TLS 1.3 on both hops, 100 connections, 10 messages per connection, 4 KiB",
         relay=True, tls=True, systems=ALL),
    Case("relay-tls-64k", "relay, TLS 1.3 on both hops, 100 connections, 10 messages per connection, 64 KiB",
         relay=True, tls=True, size=64 * KIB, systems=("hermetic", "postfix", "haraka")),
)

IDLE = "idle-starttls"
IDLE_TITLE = "idle STARTTLS session (5,000 of Hermetic, 100 of the others)"
SYNC = "sync"

SMOKE = tuple(case for case in CASES if case.id in ("accept-clear", "relay-tls"))


def by_id(name):
    for case in CASES:
        if case.id == name:
            return case
    raise KeyError(name)
