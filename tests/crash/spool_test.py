#!/usr/bin/python3
"""The spool against what a machine does to it: a second daemon, orderly stops, a full disk.

Runs itself again in a private mount namespace, where it mounts small tmpfs: needs root."""

import os
import shutil
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import runner
from support.deadline import wait_for
from support.hermetic_server import HermeticServer, binary
from support.machine import why_no_namespaces
from support.smtp_client import Client, Closed, Refused
from support.smtp_sink import Sink

INSIDE = "HERMETIC_TEST_INSIDE_NAMESPACE"


def server_for(sink, **options):
    return HermeticServer(accepted_domains=[{
        "name": "spool.test", "kind": "internal_relay",
        "next_hop": f"smtp://127.0.0.1:{sink.port}"}], **options)


def body(number, size):
    row = (f"{number:08d} " + "x" * 67 + "\r\n").encode()
    return f"Subject: {number}\r\n\r\n".encode() + row * (size // len(row) + 1)


class Gate:
    """A sink's decide that defers everything until opened."""

    def __init__(self):
        self.open = False

    def decide(self, stage, session, argument):
        return None if self.open or stage not in ("rcpt",) else "451 4.3.0 closed"


class OneSpool(unittest.TestCase):
    def test_second_daemon(self):
        """a second daemon on the same spool is refused, and the first goes on"""
        with Sink() as sink, server_for(sink) as server:
            second = server.directory / "second.toml"
            second.write_text(server.config.read_text())
            done = subprocess.run([binary(), "serve", "--config", second], capture_output=True,
                                  text=True, timeout=30)
            self.assertNotEqual(done.returncode, 0)
            self.assertGreater(done.returncode, 0, f"ended by a signal: {done.stderr}")
            said = done.stderr + done.stdout + server.log_file.read_text()
            self.assertRegex(said, r"(?i)lock|in use|already|another")
            self.assertNotIn("Sanitizer", done.stderr)
            with Client(server.address()) as client:
                client.ehlo()
                client.deliver("a@sender.test", ["first@spool.test"], body(1, 100))
            sink.wait_to("first@spool.test")

    def test_orderly_restart(self):
        """what waits at an orderly stop is delivered after the next start, once"""
        gate = Gate()
        with Sink(decide=gate.decide) as sink, server_for(sink) as server:
            with Client(server.address()) as client:
                client.ehlo()
                for number in range(40):
                    client.deliver("a@sender.test", [f"m{number}@spool.test"],
                                   body(number, 300_000 if number % 10 == 0 else 2_000))
            server.stop()
            self.assertEqual(sink.count(), 0)
            gate.open = True
            server.start()
            sink.wait_count(40, 60)
            for number in range(40):
                arrived = sink.to(f"m{number}@spool.test")
                self.assertEqual(len(arrived), 1)
                self.assertTrue(arrived[0].data.endswith(
                    body(number, 300_000 if number % 10 == 0 else 2_000)))


class FullDisk(unittest.TestCase):
    """The data directory is a tmpfs of its own."""

    SIZE_MIB = 160

    def setUp(self):
        self.gate = Gate()
        self.sink = Sink(decide=self.gate.decide)
        self.addCleanup(self.sink.close)

    def make_server(self, spool):
        server = server_for(self.sink, spool=spool)
        server.data.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.SIZE_MIB}m", "spool-test",
                        server.data], check=True)
        self.addCleanup(lambda: shutil.rmtree(server.directory, ignore_errors=True))
        self.addCleanup(lambda: subprocess.run(["umount", "-l", server.data], check=False))
        self.filler = server.data / "filler"
        return server

    def free(self):
        found = os.statvfs(self.filler.parent)
        return found.f_bavail * found.f_frsize

    def fill(self, leave):
        """Occupy the file system until only `leave` octets are free."""
        with open(self.filler, "ab", buffering=0) as file:
            while self.free() > leave:
                try:
                    file.write(b"\0" * min(1 << 20, self.free() - leave))
                except OSError:
                    return

    def send(self, server, number, size):
        """The reply that decides about a message, of whatever command."""
        try:
            with Client(server.address(), timeout=60) as client:
                client.ehlo()
                return client.deliver("a@sender.test", [f"m{number}@spool.test"], body(number, size))
        except Refused as refused:
            return refused.reply
        except Closed as closed:
            self.fail(f"the session ended without a reply: {closed}\n{server.story()}")

    def accepted_again(self, server, numbers, sizes):
        for size in sizes:
            number = numbers()
            wait_for(lambda: self.send(server, number, size).code == 250,
                     f"mail of {size} octets is accepted again\n{server.story()}", 60, 0.3)
            self.accepted[number] = size

    def all_arrive(self, seconds=90):
        wait_for(lambda: all(self.sink.to(f"m{n}@spool.test") for n in self.accepted),
                 lambda: "every accepted message arrives; missing: "
                 f"{[n for n in self.accepted if not self.sink.to(f'm{n}@spool.test')][:10]}", seconds)
        for number, size in self.accepted.items():
            self.assertTrue(self.sink.to(f"m{number}@spool.test")[0].data.endswith(body(number, size)),
                            f"message {number} was changed")

    def exercise(self, spool, leave):
        self.accepted = {}
        counter = iter(range(1, 100000))

        def numbers():
            return next(counter)
        with self.make_server(spool) as server:
            for size in (1_000, 50_000, 400_000) * 5:
                number = numbers()
                self.assertEqual(self.send(server, number, size).code, 250)
                self.accepted[number] = size
            self.fill(leave)
            refusals = []
            # Small ones may fit into what is allocated already; a stream of all sizes cannot. The
            # server looks at the free space once a second.
            end = time.monotonic() + 20
            while len(refusals) < 12 and time.monotonic() < end:
                for size in (1_000, 50_000, 400_000):
                    number = numbers()
                    reply = self.send(server, number, size)
                    if reply.code == 250:
                        self.accepted[number] = size
                    else:
                        refusals.append(reply)
            self.assertTrue(refusals, "a full disk refused nothing")
            for reply in refusals:
                self.assertEqual(reply.code // 100, 4, f"not temporary: {reply}")
            self.assertTrue(server.running, server.story())
            refused_first = refusals[0]
            self.filler.unlink()
            self.accepted_again(server, numbers, (1_000, 50_000, 400_000))
            self.gate.open = True
            self.all_arrive()
            return refused_first

    def test_high_water(self):
        """below the high-water mark mail gets 452 4.3.1; above the low-water mark it flows again"""
        reply = self.exercise({"high_water": "64MiB", "low_water": "80MiB", "ballast": "4MiB"},
                              leave=32 << 20)
        self.assertEqual(reply.code, 452, reply)
        self.assertTrue(reply.text.startswith("4.3.1"), reply)

    def test_no_space(self):
        """a file system with nothing left (ENOSPC): 4xx, no crash, nothing lost, and it recovers"""
        self.exercise({"high_water": 0, "low_water": 0, "ballast": "4MiB"}, leave=0)

    def test_start_while_full(self):
        """a server that was killed on a full disk starts on it, and delivers"""
        self.accepted = {}
        with self.make_server({"high_water": 0, "low_water": 0, "ballast": "24MiB"}) as server:
            for number in range(1, 11):
                self.assertEqual(self.send(server, number, 3_000).code, 250)
                self.accepted[number] = 3_000
            wait_for(lambda: (server.data / "spool/ballast").exists(), "the ballast is there")
            self.fill(leave=0)
            server.kill()
            self.gate.open = True
            server.start()
            self.all_arrive()
            server.wait_log("spool.ballast-released")

    def test_delivery_while_full(self):
        """deliveries go on while the disk is full, and what they finish is not sent again"""
        self.accepted = {}
        with self.make_server({"high_water": 0, "low_water": 0, "ballast": "8MiB"}) as server:
            for number in range(1, 31):
                size = 300_000 if number % 10 == 0 else 3_000
                self.assertEqual(self.send(server, number, size).code, 250)
                self.accepted[number] = size
            self.fill(leave=0)
            self.gate.open = True
            self.all_arrive()
            self.filler.unlink()
            server.stop()
            server.start()
            self.assertEqual(self.send(server, 31, 1_000).code, 250)
            self.sink.wait_to("m31@spool.test")
            self.assertEqual(self.sink.count(), 31, "a finished message was delivered again")


if __name__ == "__main__":
    if INSIDE not in os.environ:
        if why_no_namespaces():
            print(f"left out  spool_test.py: {why_no_namespaces()}")
            sys.exit(runner.NOTHING_RAN)
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable,
                              *sys.argv])
    runner.main()
