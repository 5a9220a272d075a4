#!/usr/bin/python3
"""Tests of the arithmetic behind the page: medians, ratios, targets, the page's words."""

import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import cases
import figures
import report
import targets
from cases import ALONE, IDLE


def run(case, system, number, rate=None, cpu=None, p50=None, p99=None, **more):
    return {"case": case, "system": system, "round": number, "messages_per_second": rate,
            "cpu_ms_per_message": cpu, "p50_ms": p50, "p99_ms": p99, **more}


def three(case, system, rates, cpus):
    return [run(case, system, number, rate, cpu)
            for number, (rate, cpu) in enumerate(zip(rates, cpus), 1)]


def verdict_of(runs, case, measure, against):
    return next(verdict for verdict in targets.judge_all(runs)
                if (verdict.target.case, verdict.target.measure, verdict.target.against) == (case, measure, against))


class Figures(unittest.TestCase):
    def test_spread(self):
        """a spread is the median with the least and the greatest; values that are missing do not count"""
        self.assertEqual(figures.spread([3, None, 1, 2]), figures.Spread(2, 1, 3, 3))
        self.assertIsNone(figures.spread([None, None]))

    def test_ratio_by_round(self):
        """a ratio is taken within each round, not between the medians"""
        runs = three("c", "a", (10, 40, 90), (1, 1, 1)) + three("c", "b", (10, 20, 30), (1, 1, 1))
        self.assertEqual(figures.ratio(runs, "c", "messages_per_second", "a", "b"),
                         figures.Spread(2, 1, 3, 3))

    def test_ratio_with_a_failed_round(self):
        """a round that only one of the two has gives no ratio"""
        runs = three("c", "a", (10, 40, 90), (1, 1, 1)) + [run("c", "b", 3, 30, 1)]
        self.assertEqual(figures.ratio(runs, "c", "messages_per_second", "a", "b"), figures.Spread(3, 3, 3, 1))
        self.assertIsNone(figures.ratio(runs, "c", "messages_per_second", "a", "nobody"))

    def test_json(self):
        """entries have exactly the promised keys, medians, null where there is no figure, and the runs"""
        runs = three("accept-tls", "hermetic", (10, 40, 90), (1, 5, 3))
        entries = figures.json_entries(runs, ["accept-clear", "accept-tls"], ["hermetic", "postfix"])
        self.assertEqual(len(entries), 1)
        self.assertEqual(set(entries[0]), {"case", "system", "messages_per_second", "cpu_ms_per_message",
                                           "p50_ms", "p99_ms", "memory_kib_per_session", "runs"})
        self.assertEqual((entries[0]["messages_per_second"], entries[0]["cpu_ms_per_message"],
                          entries[0]["p50_ms"]), (40, 3, None))
        self.assertEqual([each["round"] for each in entries[0]["runs"]], [1, 2, 3])


class Targets(unittest.TestCase):
    def test_every_case_is_measured(self):
        """each target and floor names a case that is measured with the systems that it compares"""
        for target in targets.TARGETS:
            if target.case != IDLE:
                case = cases.by_id(target.case)
                self.assertTrue({"hermetic", "postfix"} <= set(case.systems))
                self.assertTrue(target.against != ALONE or case.alone, target)
        for case in targets.FLOOR:
            cases.by_id(case)

    def test_bounds(self):
        """a target is met at its bound and missed beyond it"""
        ours, theirs = (12.0,) * 3, (1.0,) * 3
        runs = three("accept-clear", "hermetic", ours, (0.1,) * 3) + three("accept-clear", "postfix", theirs, (1.5,) * 3)
        self.assertTrue(verdict_of(runs, "accept-clear", targets.RATE, "postfix").met)
        self.assertTrue(verdict_of(runs, "accept-clear", targets.CPU, "postfix").met)
        runs[0:3] = three("accept-clear", "hermetic", (11.9,) * 3, (0.101,) * 3)
        self.assertFalse(verdict_of(runs, "accept-clear", targets.RATE, "postfix").met)
        self.assertFalse(verdict_of(runs, "accept-clear", targets.CPU, "postfix").met)

    def test_not_measured_is_not_met(self):
        """what was not measured is not met, and is said so"""
        verdict = verdict_of([], "relay-tls", targets.CPU, "postfix")
        self.assertFalse(verdict.met)
        self.assertEqual(report.verdict_word(verdict), "not measured")

    def test_latency_over_a_sync(self):
        """with one connection the sync of the same round is subtracted"""
        runs = [run("accept-clear-1", "hermetic", number, 100, 0.1, p50=p50, sync_ms=sync)
                for number, (p50, sync) in enumerate(((0.5, 0.3), (0.9, 0.5), (1.0, 0.9)), 1)]
        verdict = verdict_of(runs, "accept-clear-1", targets.P50, "sync")
        self.assertAlmostEqual(verdict.seen.median, 0.2)
        self.assertTrue(verdict.met)

    def test_alone(self):
        """generator and sink alone bound the handshakes"""
        runs = three("accept-tls-new", "hermetic", (740,) * 3, (1,) * 3) + \
            three("accept-tls-new", ALONE, (1000,) * 3, (1,) * 3)
        self.assertFalse(verdict_of(runs, "accept-tls-new", targets.RATE, ALONE).met)

    def test_memory(self):
        """an idle session's memory is a bound of its own"""
        runs = [run(IDLE, "hermetic", 1, memory_kib_per_session=30.0)]
        self.assertTrue(verdict_of(runs, IDLE, targets.MEMORY, "").met)

    def test_floor(self):
        """the factor above the floor is of each run's CPU"""
        (case, floor, found), = targets.floor_factors(three("relay-tls", "hermetic", (1,) * 3, (0.146, 0.292, 0.438)))
        self.assertEqual((case, floor, found.median), ("relay-tls", 0.146, 2.0))


class Page(unittest.TestCase):
    def setUp(self):
        self.runs = three("accept-clear", "hermetic", (9000, 10000, 11000), (0.09, 0.1, 0.11)) + \
            three("accept-clear", "postfix", (900, 1000, 1000), (1.2, 1.3, 1.4)) + \
            [run(IDLE, "hermetic", 1, memory_kib_per_session=20.5)]

    def page(self, notes=()):
        return report.page(self.runs, [("machine", "one")], ["hermetic", "postfix"], {}, notes)

    def test_words_of_ratios(self):
        """ratios read as people say them"""
        self.assertEqual(report.fraction(0.0667), "1/15.0")
        self.assertEqual(report.fraction(12.34), "12.34 ×")

    def test_page(self):
        """the page has the environment, targets with verdicts, figures with spread, and what was left out"""
        page = self.page(["OpenSMTPD: its STARTTLS fails"])
        for words in ("- machine: one", "| `accept-clear` | messages/s ≥ 12 × Postfix's | 10.00 × (10.00 × to 11.00 ×) | **missed** |",
                      "10,000 (9,000–11,000)", "20.5", "not measured", "- OpenSMTPD: its STARTTLS fails"):
            self.assertIn(words, page)

    def test_empty_page(self):
        """without runs there is a page of gaps, no failure"""
        self.runs = []
        self.assertIn("not measured", self.page())

    def test_written(self):
        """both files are written, and the JSON is a list"""
        with tempfile.TemporaryDirectory() as directory:
            report.write(Path(directory), self.runs, [], ["hermetic", "postfix"], {})
            entries = json.loads((Path(directory) / "benchmarks.json").read_text())
            self.assertEqual([(entry["case"], entry["system"]) for entry in entries],
                             [("accept-clear", "hermetic"), ("accept-clear", "postfix"), (IDLE, "hermetic")])
            self.assertTrue((Path(directory) / "benchmarks.md").read_text().startswith("# Benchmarks\n"))


if __name__ == "__main__":
    unittest.main()
