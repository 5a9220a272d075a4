"""Runs unittest cases and prints one line for each; a failure's story follows its line."""

import argparse
import sys
import time
import traceback
import unittest


class _Result(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.stream = sys.stdout
        self._began = 0.0
        self._failed = False

    def startTest(self, test):
        super().startTest(test)
        self._began = time.monotonic()
        self._failed = False

    def _line(self, verdict, test):
        took = time.monotonic() - self._began if self._began else 0.0
        print(f"{verdict:<5} {took:6.1f} s  {_sentence(test)}", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        if not self._failed:
            self._line("ok", test)

    def _fail(self, test, error):
        self._failed = True
        self._line("FAIL", test)
        print("".join(traceback.format_exception(*error)), flush=True)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._fail(test, error)

    def addError(self, test, error):
        super().addError(test, error)
        self._fail(test, error)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print(f"left out  {_sentence(test)}: {reason}", flush=True)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self._fail(subtest, error)


def _sentence(test):
    text = test.shortDescription() if hasattr(test, "shortDescription") else None
    return text or str(test)


# What ctest takes for "left out" (SKIP_RETURN_CODE): every case was.
NOTHING_RAN = 77


def main(module="__main__"):
    """Run every case of the module whose sentence or name contains an argument, if any is given."""
    parser = argparse.ArgumentParser()
    parser.add_argument("only", nargs="*", help="run only cases whose name contains one of these")
    options = parser.parse_args()
    suite = unittest.TestSuite()
    for case in unittest.defaultTestLoader.loadTestsFromModule(sys.modules[module]):
        for test in case:
            name = f"{test.id()} {_sentence(test)}".lower()
            if not options.only or any(word.lower() in name for word in options.only):
                suite.addTest(test)
    if suite.countTestCases() == 0:
        sys.exit("no such case")
    result = _Result()
    began = time.monotonic()
    suite.run(result)
    bad = len(result.failures) + len(result.errors)
    skipped = len(result.skipped)
    print(f"{result.testsRun} cases, {bad} failed, {skipped} left out, {time.monotonic() - began:.1f} s",
          flush=True)
    sys.exit(1 if bad else NOTHING_RAN if skipped and result.testsRun <= skipped else 0)
