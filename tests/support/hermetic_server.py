"""Runs `hermetic serve` from keyword arguments, in a directory of its own, and reads its log."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from . import children
from .deadline import wait_for

ROOT = Path(__file__).resolve().parents[2]

_SANITIZER = re.compile(
    r"ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|: runtime error: |"
    r"ThreadSanitizer:DEADLYSIGNAL|AddressSanitizer:DEADLYSIGNAL")


def binary():
    """$HERMETIC, else the development build's, else the one ./dev run makes."""
    named = os.environ.get("HERMETIC")
    candidates = [Path(named)] if named else [
        ROOT / "build" / preset / "src/daemon/hermetic" for preset in ("dev", "run", "release")]
    for candidate in candidates:
        if os.access(candidate, os.X_OK):
            return candidate
    raise SystemExit(f"no hermetic at {', '.join(map(str, candidates))}: build it, or set HERMETIC")


def toml_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(each) for each in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml_value(each)}" for key, each in value.items()) + " }"
    return json.dumps(os.fspath(value))  # a TOML basic string escapes as JSON does


def exception(**weaker):
    """A connector's or an accepted domain's, for a day."""
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
    return {**weaker, "valid_until": end, "reason": "a test"}


def toml_document(top, tables=(), arrays=()):
    """top: dict; tables: (name, dict)…; arrays: (name, [dict, …])… ([[name]] each)."""
    lines = [f"{key} = {toml_value(value)}" for key, value in top.items()]
    for name, table in tables:
        if table:
            lines += ["", f"[{name}]"]
            lines += [f"{key} = {toml_value(value)}" for key, value in table.items()]
    for name, entries in arrays:
        for entry in entries:
            lines += ["", f"[[{name}]]"]
            lines += [f"{key} = {toml_value(value)}" for key, value in entry.items()]
    return "\n".join(lines) + "\n"


def listener(name="mx", **options):
    """A [[listener]] on a free loopback port."""
    return {"name": name, "role": "relay", "addresses": ["127.0.0.1:0"], "tls": "starttls",
            **options}


def smtp_hop(server):
    """The next_hop of an accepted domain whose mail goes to this Sink (or object with .port)."""
    return f"smtp://127.0.0.1:{server.port}"


def lmtp_hop(server):
    return f"lmtp://127.0.0.1:{server.port}"


def _replace(path, text):
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    os.replace(new, path)


class ServerFailed(AssertionError):
    pass


class HermeticServer:
    """`with HermeticServer(accepted_domains=[…]) as server:` starts it; leaving stops it and asserts
    that it ended with 0 and that no sanitizer had anything to say. Keyword arguments are tables of
    hermetic.toml and org.toml; entries of the lists are dicts of their keys."""

    def __init__(self, *, listeners=None, certificates=(), limits=None, resolver=None,
                 delivery=None, spool=None, admin=None, log=None, metrics=None, acme=None, node=None,
                 organization=None, organization_certificates=(),
                 accepted_domains=(), inbound_connectors=(), outbound_connectors=(),
                 hostname="mx.hermetic.test", directory=None, environment=None):
        self._own_directory = directory is None
        self.directory = Path(directory or tempfile.mkdtemp(prefix="hermetic-test."))
        self.directory.mkdir(parents=True, exist_ok=True)
        self.config = self.directory / "hermetic.toml"
        self.data = self.directory / "data"
        self.log_file = self.directory / "hermetic.log"
        self.stderr_file = self.directory / "stderr"
        self.ready_file = self.directory / "ready.json"
        self.environment = environment or {}
        self.process = None
        self.ready = None
        self.settings = {
            "top": {"hostname": hostname, "data_directory": self.data,
                    "organization_file": "org.toml", "cores": 2, **(node or {})},
            "listener": listeners or [listener()],
            "certificate": list(certificates),
            # Every test client comes from the same address.
            "limits": {"sessions_per_client": 1000, **(limits or {})},
            "resolver": resolver or {},
            "delivery": {"allow_loopback": True, "allow_private": True, **(delivery or {})},
            # The default waits for GiBs of free space, which a small machine lacks.
            "spool": {"high_water": "16MiB", "low_water": "32MiB", **(spool or {})},
            "log": {"format": "json", "file": self.log_file, "level": "info", **(log or {})},
            "admin": admin or {},
            "metrics": metrics or {},
            "acme": acme or {},
        }
        self.objects = {
            # A deferred message is tried again soon.
            "organization": {"name": "Test", "postmaster": "postmaster@hermetic.test",
                             "retry_after": ["1s"], **(organization or {})},
            "accepted_domain": list(accepted_domains),
            "inbound_connector": list(inbound_connectors),
            "outbound_connector": list(outbound_connectors),
            "certificate": list(organization_certificates),
        }
        self.write_config()

    def write_config(self):
        """Each file at once, as an editor does: a running server never reads half of one."""
        node, objects = self.settings, self.objects
        _replace(self.config, toml_document(
            node["top"],
            [(name, node[name])
             for name in ("limits", "resolver", "delivery", "spool", "log", "admin", "metrics", "acme")],
            [(name, node[name]) for name in ("listener", "certificate")]))
        _replace(self.directory / "org.toml", toml_document(
            {}, [("organization", objects["organization"])],
            [(name, objects[name])
             for name in ("accepted_domain", "inbound_connector", "outbound_connector", "certificate")]))

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, error, trace):
        try:
            self.stop(check=kind is None)
        finally:
            if kind is not None:
                print(f"  (server's files kept in {self.directory})\n{self.story()}", flush=True)
            elif self._own_directory:
                shutil.rmtree(self.directory, ignore_errors=True)

    def start(self, seconds=60):
        self.spawn()
        return self.wait_ready(seconds)

    def spawn(self):
        """Start the process without waiting for it."""
        self.ready_file.unlink(missing_ok=True)
        with open(self.stderr_file, "ab") as stderr:
            self.process = children.start(
                [binary(), "serve", "--config", self.config, "--ready-file", self.ready_file],
                stdout=stderr, stderr=stderr, env={**os.environ, **self.environment})

    def wait_ready(self, seconds=60):
        try:
            wait_for(lambda: self.ready_file.exists() or self.process.poll() is not None,
                     "the server is ready", seconds)
        except AssertionError:
            self.kill()
            raise
        if not self.ready_file.exists():
            raise ServerFailed(f"hermetic serve ended with {self.process.returncode}:\n{self.story()}")
        self.ready = json.loads(self.ready_file.read_text())
        return self

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def address(self, name="mx"):
        for entry in self.ready["listeners"]:
            if entry["name"] == name:
                host, _, port = entry["address"].rpartition(":")
                return host.strip("[]"), int(port)
        raise KeyError(name)

    def port(self, name="mx"):
        return self.address(name)[1]

    def reload(self):
        os.kill(self.pid, signal.SIGHUP)

    def kill(self):
        """SIGKILL; returns when the process is gone."""
        self.process.kill()
        self.process.wait(30)

    def stop(self, check=True, seconds=60):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                if check:
                    raise ServerFailed(f"not stopped {seconds} s after SIGTERM\n{self.story()}")
        status, self.process = self.process.returncode, None
        if check:
            self.check_sanitizers()
            if status != 0:
                raise ServerFailed(f"hermetic serve ended with {status}\n{self.story()}")

    def check_sanitizers(self):
        if _SANITIZER.search(self.stderr()):
            raise ServerFailed(f"a sanitizer reports:\n{self.stderr()}")

    def stderr(self):
        return self.stderr_file.read_text(errors="replace") if self.stderr_file.exists() else ""

    def story(self):
        """The end of what the server said, for a failure's message."""
        log = self.log_file.read_text(errors="replace") if self.log_file.exists() else ""
        return f"--- stderr\n{self.stderr()[-6000:]}\n--- log\n{log[-6000:]}"

    def log(self, event=None, **equal):
        """The log's entries, oldest first: of one event, with these values."""
        if not self.log_file.exists():
            return []
        entries = []
        for line in self.log_file.read_text(errors="replace").splitlines():
            if not line.endswith("}"):
                continue  # being written, or cut by a SIGKILL
            try:
                entry = json.loads(line)
            except ValueError as error:
                if line.startswith("{"):
                    raise ServerFailed(f"log line is not JSON ({error}): {line}") from error
                continue
            if (event is None or entry.get("event") == event) and \
                    all(entry.get(key) == value for key, value in equal.items()):
                entries.append(entry)
        return entries

    def wait_log(self, event, seconds=20, where=lambda entry: True, **equal):
        return wait_for(
            lambda: next((each for each in self.log(event, **equal) if where(each)), None),
            lambda: f"log event {event} {equal}\n{self.story()}", seconds)

    def run(self, *arguments, check=True, seconds=60):
        """Another command of the binary, with this server's configuration."""
        done = subprocess.run([binary(), *map(str, arguments), "--config", self.config],
                              capture_output=True, text=True, timeout=seconds)
        if _SANITIZER.search(done.stderr):
            raise ServerFailed(f"a sanitizer reports:\n{done.stderr}")
        if check and done.returncode != 0:
            raise ServerFailed(
                f"hermetic {' '.join(map(str, arguments))} ended with {done.returncode}:\n"
                f"{done.stdout}{done.stderr}")
        return done

    def status(self):
        """What `hermetic status --json` says."""
        return json.loads(self.run("status", "--json").stdout)

    def retry_until(self, predicate, what, seconds=60):
        """Wait, and ask for retries meanwhile: a destination that failed as a whole backs off for a
        minute at least, which a test need not."""
        def tried():
            if predicate():
                return True
            self.run("queue", "retry", "--all", "--yes")
            return False
        wait_for(tried, what, seconds, 0.5)

    def wait_queue_empty(self, seconds=60):
        wait_for(lambda: self.status()["queue"]["messages"] == 0,
                 lambda: f"the queue is empty: {self.run('queue', 'list', check=False).stdout}",
                 seconds, 0.2)

    def resident_kib(self, field="Pss"):
        """PSS of the process in KiB (smaps_rollup)."""
        text = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return int(re.search(rf"^{field}:\s+(\d+) kB", text, re.M)[1])


def wait_idle(server, seconds=30):
    """Wait until the process uses no more processor time (start-up work is over)."""
    def ticks():
        fields = Path(f"/proc/{server.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])
    state = {"ticks": -1, "since": time.monotonic()}

    def idle():
        now = ticks()
        if now != state["ticks"]:
            state.update(ticks=now, since=time.monotonic())
        return time.monotonic() - state["since"] > 0.5
    wait_for(idle, "the server is idle", seconds, 0.1)
