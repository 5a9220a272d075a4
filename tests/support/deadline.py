"""Bounded waiting: nothing in these tests sleeps for a fixed time."""

import time


class TimedOut(AssertionError):
    pass


def wait_for(predicate, what, seconds=20.0, interval=0.02):
    """Return the first true value of predicate(); fail with `what` (text or function) at the deadline."""
    end = time.monotonic() + seconds
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() >= end:
            raise TimedOut(f"not within {seconds:g} s: {what() if callable(what) else what}")
        time.sleep(interval)
