"""Where the server's threads stand still, from the scheduler's own events: what each one waits for,
how long, and how long it then stands in line for a processor.

A thread that leaves the processor while it could run was made to (preempted); any other waits for
what its stack says, until it is woken, and from then on for a processor.
"""

import collections
import re
from pathlib import Path

from perf import Perf, script

# The first rule that fits; the user's frames say more than the system call where it is a futex.
_REASONS = (
    (r"jbd2|ext4_sync_file|fdatasync|fsync|sync_file_range", "disk: sync"),
    (r"balance_dirty_pages", "disk: too much not yet written"),
    (r"io_schedule|folio_wait|wait_on_page|blkdev|submit_bio|__wait_on_buffer", "disk: other"),
    (r"pthread_cond_\w*wait|condition_variable|futex_abstimed_wait", "for work (condition variable)"),
    (r"lll_lock_wait|pthread_mutex_lock|pthread_rwlock|rwsem|down_(read|write)|mutex_lock", "lock"),
    (r"ep_poll|epoll_wait", "for events (epoll)"),
    (r"futex", "for work (condition variable)"),
    (r"sk_stream_wait|tcp_sendmsg|sock_|inet_csk", "socket"),
    (r"nanosleep|do_poll|poll", "sleep"),
    (r"page_fault|exc_page|mmap|madvise|munmap", "memory"),
)

_EVENT = re.compile(r"^\s*\S.*?\s([0-9]+)\.([0-9]{6,9}):\s+sched:(sched_\w+):\s*(.*)$")
_SWITCH = re.compile(r"prev_pid=(\d+) .*?prev_state=(\S+) ==> .*?next_pid=(\d+) ")
_WOKEN = re.compile(r"\bpid=(\d+) ")


def _reason(stack):
    text = " ".join(stack)
    return next((reason for rule, reason in _REASONS if re.search(rule, text)), "other")


def thread_name(comm):
    return re.sub(r"-?\d+$", "", comm)


class _Thread:
    def __init__(self):
        self.left, self.reason, self.woken = None, None, None


class Waits:
    """found[thread, reason]: [times, seconds blocked]; line[thread]: [times, seconds]."""

    def __init__(self):
        self.found = collections.defaultdict(lambda: [0, 0.0])
        self.line = collections.defaultdict(lambda: [0, 0.0])
        self.longest = collections.defaultdict(float)

    def blocked(self, thread, reason, seconds):
        entry = self.found[thread, reason]
        entry[0] += 1
        entry[1] += seconds
        self.longest[thread, reason] = max(self.longest[thread, reason], seconds)

    def in_line(self, thread, seconds):
        self.line[thread][0] += 1
        self.line[thread][1] += seconds


class OffCpu(Perf):
    def __init__(self, pid, directory):
        self._data = directory / "perf.data"
        self._names = {int(task.name): thread_name((task / "comm").read_text().strip())
                       for task in Path(f"/proc/{pid}/task").iterdir()}

        def any_of(field):
            return " || ".join(f"{field}=={tid}" for tid in self._names)

        super().__init__(["record", "-q", "-a", "-m", "8192", "-o", self._data,
                          "-e", "sched:sched_switch/call-graph=dwarf,stack-size=2048/",
                          "--filter", any_of("prev_pid"),
                          "-e", "sched:sched_switch/call-graph=no/", "--filter", any_of("next_pid"),
                          "-e", "sched:sched_wakeup/call-graph=no/", "--filter", any_of("pid")])

    def stop(self):
        said = self.end()
        waits, threads = Waits(), {tid: _Thread() for tid in self._names}
        for seconds, event, text, stack in self._events():
            if event == "sched_switch":
                self._switch(_SWITCH.search(text), seconds, stack, threads, waits)
            elif woken := _WOKEN.search(text):
                self._wake(int(woken.group(1)), seconds, threads, waits)
        waits.lost = "lost" in said.lower()
        return waits

    def _events(self):
        head, stack = None, []
        for line in script(self._data, "comm,tid,time,event,trace,ip,sym,dso"):
            found = _EVENT.match(line)
            if found:
                if head:
                    yield (*head, stack)
                head, stack = (float(f"{found[1]}.{found[2]}"), found[3], found[4]), []
            elif line.strip():
                stack.append(line.strip())
        if head:
            yield (*head, stack)

    def _switch(self, found, seconds, stack, threads, waits):
        if not found:
            return
        before, state, after = int(found.group(1)), found.group(2), int(found.group(3))
        if before in threads and stack:  # the event with the stack; the other one is for who comes
            thread = threads[before]
            thread.left = seconds
            thread.reason = None if state.startswith("R") else _reason(stack)
            thread.woken = seconds if thread.reason is None else None
        if after in threads and threads[after].woken is not None:
            waits.in_line(self._names[after], seconds - threads[after].woken)
            threads[after].woken = None

    def _wake(self, tid, seconds, threads, waits):
        thread = threads.get(tid)
        if thread and thread.reason and thread.woken is None:
            waits.blocked(self._names[tid], thread.reason, seconds - thread.left)
            thread.woken, thread.reason = seconds, None


def print_waits(figures, count):
    waits, latency = figures["watched"], figures["latency"]
    print(f"MAIL to 250: p50 {latency['p50_ms']:.2f} ms, p99 {latency['p99_ms']:.2f} ms; "
          f"{figures['rate']:.0f} messages/s while watched.\n")
    print("| thread | waits | times a message | µs each | longest, ms | µs a message |")
    print("|---|---|---|---|---|---|")
    rows = [(thread, reason, times, seconds, waits.longest[thread, reason])
            for (thread, reason), (times, seconds) in waits.found.items()]
    rows += [(thread, "in line for a processor", times, seconds, None)
             for thread, (times, seconds) in waits.line.items()]
    for thread, reason, times, seconds, longest in sorted(rows, key=lambda row: (row[0], -row[3])):
        if times < count / 1000 and seconds < count * 1e-6:
            continue
        longest = f"{1000 * longest:.1f}" if longest is not None else ""
        print(f"| {thread} | {reason} | {times / count:.3f} | {1e6 * seconds / times:.0f} | {longest} "
              f"| {1e6 * seconds / count:.1f} |")
    if waits.lost:
        print("\nperf lost some events: the counts are too small.")
    print()
