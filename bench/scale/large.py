"""One message of 100 MiB through both hops, TLS on both, with small mail beside it.

A process of its own sends small messages at a steady pace; first alone, then while large ones pass one after the
other; both hops are over before the next begins.
"""

import multiprocessing
import os
import re
import shutil
import ssl
import tempfile
import time
from pathlib import Path

import peers
import probe
from figures import percentile
from support.certificates import Authority
from support.hermetic_server import HermeticServer, wait_idle
from support.smtp_client import Client, unverified_context

LIMIT_MIB = 64
SLOWER = 3
RATE = 100  # small messages a second
LINE = b"x" * 76 + b"\r\n"


def send_small(address, done, times):
    times.send(probe.send_paced(address, RATE, done.is_set))


class SmallMail:
    """`with SmallMail(address) as small:` sends until the end; then small.times, in ms."""

    def __init__(self, address):
        context = multiprocessing.get_context("fork")
        self._done = context.Event()
        self._receiver, sender = context.Pipe(duplex=False)
        self._process = context.Process(target=send_small, args=(address, self._done, sender), daemon=True)
        self.times = []

    def __enter__(self):
        self._process.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        if self._receiver.poll(60):
            self.times = self._receiver.recv()
        self._process.join(10)


def memory_kib(pid, field):
    """VmRSS, or VmHWM: its highest since reset_high_water()."""
    return int(re.search(rf"^{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.M)[1])


def reset_high_water(pid):
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def send_large(address, octets):
    piece = LINE * 800
    with Client(address, timeout=120) as client:
        client.ehlo()
        client.starttls(unverified_context(minimum=ssl.TLSVersion.TLSv1_3))
        client.ehlo()
        client.expect("MAIL", client.command(f"MAIL FROM:<large@client.test> SIZE={octets}"), 250)
        client.expect("RCPT", client.command("RCPT TO:<user@large.test>"), 250)
        client.expect("DATA", client.command("DATA"), 354)
        client.send(b"From: <large@client.test>\r\nTo: <user@large.test>\r\nSubject: large\r\n\r\n")
        for _ in range(octets // len(piece)):
            client.send(piece)
        client.expect("the end", client.command("."), 250)


def send_many_large(address, octets, asked):
    """In a process of its own that gives way to others: one for each word that comes."""
    os.nice(10)
    while asked.recv():
        send_large(address, octets)


class LargeMail:
    def __init__(self, address, octets):
        context = multiprocessing.get_context("fork")
        self._ask, asked = context.Pipe()
        self._process = context.Process(target=send_many_large, args=(address, octets, asked), daemon=True)

    def __enter__(self):
        self._process.start()
        return self

    def send(self):
        self._ask.send(True)

    def __exit__(self, *_):
        self._ask.send(False)
        self._process.join(60)


def turn(server, sink, large, octets, seconds):
    """Small mail's times alone and beside large messages; seconds that each of these took."""
    address = server.address()
    with SmallMail(address) as alone:
        time.sleep(seconds)
    took = []
    with SmallMail(address) as beside:
        end = time.monotonic() + seconds
        while not took or time.monotonic() < end:
            began = time.monotonic()
            large.send()
            arrived = sink.next_large(120)
            took.append(time.monotonic() - began)
            if arrived < octets * 0.99:
                raise AssertionError(f"{arrived} octets arrived of {octets}")
    return alone.times, beside.times, took


def run(figures, mebibytes, seconds, turns):
    octets = mebibytes << 20
    directory = Path(tempfile.mkdtemp(prefix="hermetic-large."))
    try:
        chain, key = Authority(directory).issue("sink.test")
        with peers.start("sink", "--tls", chain, key) as sink, HermeticServer(
                accepted_domains=[{"name": name, "next_hop": f"smtp://127.0.0.1:{sink.port}"}
                                  for name in ("probe.test", "large.test")],
                limits={"message_size": "128MiB"}) as server, \
                LargeMail(server.address(), octets) as large:
            measure(figures, server, sink, large, octets, seconds, turns)
            server.wait_queue_empty()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def measure(figures, server, sink, large, octets, seconds, turns):
    with SmallMail(server.address()):  # what the first ones make once is not a message's cost
        time.sleep(1)
    wait_idle(server)
    idle = memory_kib(server.pid, "VmRSS")
    reset_high_water(server.pid)
    results = [turn(server, sink, large, octets, seconds) for _ in range(turns)]
    grown = (memory_kib(server.pid, "VmHWM") - idle) / 1024
    alone, beside = (sorted((percentile(each[which], 0.99), percentile(each[which], 0.5)) for each in results)
                     [turns // 2] for which in (0, 1))
    took = sorted(second for each in results for second in each[2])
    name = f"scale: one message of {octets >> 20} MiB, TLS on both hops"
    figures.add(f"{name}, memory", words=f"peak {grown:.1f} MiB above idle; {took[len(took) // 2]:.1f} s for both hops",
                target=f"at most {LIMIT_MIB} MiB", met=grown <= LIMIT_MIB, runs=turns, mebibytes_above_idle=grown)
    figures.add(f"{name}, small mail in parallel from MAIL to 250",
                words=f"p99 {beside[0]:.2f} ms (p50 {beside[1]:.2f}), without it {alone[0]:.2f} (p50 {alone[1]:.2f})",
                target=f"p99 at most {SLOWER} times that without it", met=beside[0] <= SLOWER * alone[0],
                runs=turns, p50_ms=beside[1], p99_ms=beside[0], p50_ms_alone=alone[1], p99_ms_alone=alone[0])
