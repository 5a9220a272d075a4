"""Haraka from npm, tuned. bench/compare/haraka holds what is installed and its configuration's constant
part; npm puts it into build/bench/haraka."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import load

from support import children
from support.certificates import Authority
from support.deadline import wait_for
from support.ports import free_port
from support.smtp_client import Client

_HERE = Path(__file__).resolve().parents[1] / "haraka"
_INSTALLED = load.ROOT / "build" / "bench" / "haraka"
_PACKAGE = _INSTALLED / "node_modules" / "Haraka"


def install():
    """npm's Haraka, once; again when package.json has changed."""
    _INSTALLED.mkdir(parents=True, exist_ok=True)
    with open(_INSTALLED / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (_HERE / "package.json").read_bytes()
        marker = _INSTALLED / ".complete"
        if marker.exists() and marker.read_bytes() == wanted:
            return
        if not shutil.which("npm"):  # Node.js from elsewhere brings an npm that excludes Debian's
            subprocess.run([load.ROOT / "tools" / "install_packages", "haraka"], check=True, timeout=900)
        shutil.copyfile(_HERE / "package.json", _INSTALLED / "package.json")
        subprocess.run(["npm", "install", "--no-package-lock", "--omit=optional", "--omit=dev",
                        "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
                       cwd=_INSTALLED, check=True, timeout=600, stdout=subprocess.DEVNULL)
        marker.write_bytes(wanted)


class Haraka:
    name = "haraka"
    title = "Haraka"
    tuning = (
        "one worker for each core, only the plugins `tls` and one that lets the client relay and names the next hop, "
        "no parsing of MIME, log level `notice` (sender, recipient, queueing and delivery of each message), 40 deliveries at once in each worker; no outbound connection is kept, as version 3 has no pool",
        "accept only: the next hop of the first message is never found, and one delivery is allowed at once; the others "
        "wait in its queue, synced",
        "its queue files are synced by that plugin: its own sync is in a function that today's Node.js does not call; unmodified "
        "it answers 250 before anything is on the disk",
    )

    def __init__(self, case, directory, next_hop, group):
        self.case, self.next_hop, self.group = case, next_hop, group
        self.directory = directory / "haraka"
        self.port = free_port()
        self.process = None

    @classmethod
    def unsupported(cls, _case):
        return None

    @classmethod
    def version(cls):
        install()
        node = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=20).stdout
        return f"{json.loads((_PACKAGE / 'package.json').read_text())['version']} (Node.js {node.strip()})"

    def _configure(self):
        config = self.directory / "config"
        shutil.copytree(_HERE / "config", config)
        shutil.copytree(_HERE / "plugins", self.directory / "plugins")
        (self.directory / "queue").mkdir()
        chain, key = Authority(self.directory / "tls").issue("haraka.peer.test")
        shutil.copyfile(chain, config / "tls_cert.pem")
        shutil.copyfile(key, config / "tls_key.pem")
        # Otherwise it makes them itself, for minutes and beside the load.
        subprocess.run(["openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048",
                        "-out", config / "dhparams.pem"], check=True, capture_output=True, timeout=60)
        (config / "plugins").write_text(("tls\n" if self.case.tls else "") + "next_hop\n")
        (config / "smtp.ini").write_text(
            f"listen=127.0.0.1:{self.port}\nnodes={os.cpu_count()}\nspool_after=2097152\n"
            "[headers]\nadd_received=true\nshow_version=false\n")
        (config / "outbound.ini").write_text(
            f"concurrency_max={40 if self.case.relay else 1}\nlocal_mx_ok=true\n"
            f"enable_tls={'true' if self.case.tls else 'false'}\nreceived_header=disabled\n")
        (config / "next_hop").write_text(f"{self.next_hop or 0}\n")

    def start(self, seconds=60):
        install()
        self._configure()
        with open(self.directory / "output", "wb") as output:
            self.process = children.start(
                [*self.group.prefix, "node", _PACKAGE / "bin" / "haraka", "-c", self.directory],
                stdout=output, stderr=output, cwd=self.directory, env={**os.environ, "NODE_ENV": "production"})
        self.group.root = self.process.pid
        wait_for(self._greets, lambda: f"Haraka answers:\n{self.log()}", seconds, 0.05)
        return self

    def _greets(self):
        if self.process.poll() is not None:
            raise AssertionError(f"Haraka ended with {self.process.returncode}:\n{self.log()}")
        try:
            with Client(("127.0.0.1", self.port), timeout=10):
                return True
        except OSError:
            return False

    def log(self):
        path = self.directory / "output"
        return path.read_text(errors="replace")[-6000:] if path.exists() else ""

    def stop(self):
        """The workers and their parent, all in the group, are killed: nothing of the run is kept."""
        if self.process:
            for pid in self.group.pids():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait(20)
        self.group.close()
        shutil.rmtree(self.directory, ignore_errors=True)
