#!/usr/bin/python3
"""Tests of what the scale cases stand on: figures and documents, the sink and the dead peers."""

import contextlib
import io
import json
import socket
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import figures
import peers
import probe


def quiet(function, *arguments, **named):
    with contextlib.redirect_stdout(io.StringIO()):
        return function(*arguments, **named)


class FiguresTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.path = Path(self.directory.name)

    def test_a_percentile_is_one_of_the_values(self):
        self.assertEqual(figures.percentile([3, 1, 2], 0.5), 2)
        self.assertEqual(figures.percentile(list(range(100)), 0.99), 99)
        self.assertEqual(figures.percentile([7], 0.99), 7)

    def test_a_missed_target_is_named_unless_the_run_judges_nothing(self):
        for judges, missed in ((True, ["scale: a"]), (False, [])):
            found = figures.Figures(judges)
            quiet(found.add, "scale: a", words="5", target="4", met=False)
            quiet(found.add, "scale: b", words="5", target=None, met=None)
            self.assertEqual(found.missed, missed)

    def test_an_entry_has_every_common_key(self):
        found = figures.Figures()
        quiet(found.add, "scale: a", words="5", target=None, met=None, p50_ms=1.23456)
        entry = found.results[0]
        self.assertEqual((entry["p50_ms"], entry["messages_per_second"], entry["runs"]), (1.235, None, 1))
        self.assertTrue(set(figures.COMMON) <= set(entry))

    def test_a_run_replaces_its_own_cases_and_keeps_the_others(self):
        kept = self.path / "scale.json"
        for case, words in (("scale: a", "old"), ("scale: b", "other"), ("scale: a", "new")):
            found = figures.Figures()
            quiet(found.add, case, words=words, target=None, met=None)
            found.write(kept)
        self.assertEqual([(each["case"], each["figure"]) for each in figures.read(kept)],
                         [("scale: a", "new"), ("scale: b", "other")])

    def test_a_file_of_another_form_holds_no_entries(self):
        kept = self.path / "scale.json"
        kept.write_text(json.dumps({"results": []}))
        self.assertEqual(figures.read(kept), [])

    def test_publishing_twice_leaves_the_comparison_and_one_section(self):
        (self.path / "benchmarks.json").write_text(json.dumps([{"case": "relay"}]))
        (self.path / "benchmarks.md").write_text("# Benchmarks\n\ntext\n")
        found = figures.Figures()
        quiet(found.add, "scale: a", words="5", target="4", met=False)
        for _ in range(2):
            figures.publish(found.results, self.path)
        page = (self.path / "benchmarks.md").read_text()
        self.assertTrue(page.startswith("# Benchmarks\n\ntext\n"))
        self.assertEqual(page.count(figures.HEADING), 1)
        self.assertIn("| a | 5 | 4 | **missed** |", page)
        self.assertEqual([each["case"] for each in figures.read(self.path / "benchmarks.json")],
                         ["relay", "scale: a"])


class PeersTest(unittest.TestCase):
    def test_the_sink_takes_messages_on_one_connection_and_tells_of_large_ones(self):
        with peers.start("sink") as sink:
            session = probe.Session(("127.0.0.1", sink.port))
            session.send()
            session.say(b"MAIL FROM:<>\r\n", b"250")
            session.say(b"RCPT TO:<user@probe.test>\r\n", b"250")
            session.say(b"DATA\r\n", b"354")
            session.say((b"x" * 62 + b"\r\n") * (peers.LARGE // 64) + b".\r\n", b"250")
            session.send()
            self.assertAlmostEqual(sink.next_large(10), peers.LARGE, delta=4)
            session.close()

    def test_the_dead_are_dead_each_in_its_way(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with peers.start("dead", port, "127.77.0.1=unanswered", "127.77.0.2=silent", "127.77.0.3=stall"):
            with self.assertRaises(TimeoutError):
                socket.create_connection(("127.77.0.1", port), 0.3)
            with socket.create_connection(("127.77.0.2", port), 5) as silent:
                silent.settimeout(0.3)
                self.assertRaises(TimeoutError, silent.recv, 100)
            with socket.create_connection(("127.77.0.3", port), 5) as stalled:
                stalled.settimeout(5)
                self.assertTrue(stalled.recv(100).startswith(b"220 "))
                stalled.sendall(b"EHLO client.test\r\n")
                stalled.settimeout(0.3)
                self.assertRaises(TimeoutError, stalled.recv, 100)


if __name__ == "__main__":
    unittest.main()
