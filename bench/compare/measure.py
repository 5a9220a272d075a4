"""How a running server is measured: its processes' CPU time and memory, from outside.

CPU is that of a control group (version 2) that holds every process of the server, those that have
ended too. Where no such group can be made it is summed from /proc/PID/stat, reaped children
included; what ends unreaped is then missed, so such a figure is a lower bound.
"""

import itertools
import os
import time
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_numbers = itertools.count()


def _cgroup2_root(mounts="/proc/mounts"):
    for line in Path(mounts).read_text().splitlines():
        _, where, kind, options = line.split()[:4]
        if kind == "cgroup2" and "rw" in options.split(","):
            return Path(where)
    return None


def _stat(pid):
    """The fields of /proc/PID/stat after the name, or None where the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None


def descendants(root):
    """Every living process below `root`, itself included."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            stat = _stat(entry)
            if stat:
                children.setdefault(int(stat[1]), []).append(int(entry))
    found, open_ = [], [root]
    while open_:
        pid = open_.pop()
        found.append(pid)
        open_ += children.get(pid, [])
    return found


class Group:
    """The processes of one server. Start it with `prefix` before its command; then `root` is its
    first process. close() when the server has ended."""

    def __init__(self):
        self.root = None
        self._path = self._make()

    @staticmethod
    def _make():
        top = _cgroup2_root()
        path = top and top / f"hermetic-bench-{os.getpid()}-{next(_numbers)}"
        try:
            if path:
                path.mkdir()
                (path / "cpu.stat").read_text()
        except OSError:
            return None
        return path

    @property
    def kind(self):
        return "control group" if self._path else "/proc/PID/stat"

    @property
    def prefix(self):
        if not self._path:
            return []
        return ["/bin/sh", "-c", 'echo $$ > "$0" && exec "$@"', self._path / "cgroup.procs"]

    def pids(self):
        if self._path:
            return [int(pid) for pid in (self._path / "cgroup.procs").read_text().split()]
        return descendants(self.root)

    def cpu_seconds(self):
        """User and system time of all its processes so far."""
        if self._path:
            stat = dict(line.split() for line in (self._path / "cpu.stat").read_text().splitlines())
            return int(stat["usage_usec"]) / 1e6
        stats = filter(None, map(_stat, self.pids()))
        return sum(int(field) for stat in stats for field in stat[11:15]) / _TICKS

    def pss_kib(self):
        total = 0
        for pid in self.pids():
            try:
                text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            total += next((int(line.split()[1]) for line in text.splitlines()
                           if line.startswith("Pss:")), 0)
        return total

    def settle(self, seconds=10.0, window=0.25, quiet=0.01):
        """Wait until it uses less than `quiet` of a core twice in a row, or the time is over."""
        end = time.monotonic() + seconds
        calm, before = 0, self.cpu_seconds()
        while calm < 2 and time.monotonic() < end:
            time.sleep(window)
            now = self.cpu_seconds()
            calm = calm + 1 if now - before < quiet * window else 0
            before = now

    def close(self, seconds=10.0):
        """Remove the group; its processes have been told to end."""
        end = time.monotonic() + seconds
        while self._path:
            try:
                self._path.rmdir()
                return
            except OSError:
                if time.monotonic() > end:
                    return
                time.sleep(0.05)
