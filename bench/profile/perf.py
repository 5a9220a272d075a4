"""perf on a running server, from a watcher's start to its stop()."""

import subprocess
import time


class Perf:
    def __init__(self, arguments):
        self._process = subprocess.Popen(["perf", *map(str, arguments)], stdin=subprocess.DEVNULL,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(0.5)  # it attaches to each thread

    def end(self):
        """What it had to say."""
        self._process.send_signal(2)
        return self._process.communicate(timeout=120)[1]


def script(data, fields):
    """The lines of what was recorded."""
    process = subprocess.Popen(["perf", "script", "-i", str(data), "-F", fields], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    with process:
        yield from process.stdout
