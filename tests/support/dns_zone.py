"""A real Knot DNS server on loopback with the zones of a test, some signed by Knot itself."""

import os
import shutil
import socket
import struct
import subprocess
import tempfile
from pathlib import Path

from . import children
from .deadline import TimedOut, wait_for
from .ports import free_port


def _program(name):
    for directory in ("/usr/sbin", "/usr/bin", "/sbin", "/bin"):
        path = os.path.join(directory, name)
        if os.access(path, os.X_OK):
            return path
    raise SystemExit(f"{name} is missing: apt-get install knot knot-dnsutils")


class DnsServer:
    """zones: {"example.test": "text of records, names relative"}; SOA and NS are added.
    signed: names of zones that Knot signs (ECDSA P-256). The root zone is always there (unsigned,
    empty but for what zones["."] adds), so that a name in no zone is NXDOMAIN and not a failure.

    `with DnsServer(…) as dns:` then dns.address ("127.0.0.1:port") and dns.anchor(zone), the DS
    record as text for a resolver's trust anchors."""

    def __init__(self, zones, signed=()):
        self.zones = {".": "", **{name.rstrip(".") or ".": text for name, text in zones.items()}}
        self.signed = [name.rstrip(".") for name in signed]
        self.directory = Path(tempfile.mkdtemp(prefix="hermetic-dns."))
        self.port = None
        self.process = None
        self.serial = 1

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _zone_file(self, name):
        return self.directory / ("root.zone" if name == "." else f"{name}.zone")

    def _write_zone(self, name):
        origin = "." if name == "." else f"{name}."
        self._zone_file(name).write_text(
            f"$ORIGIN {origin}\n$TTL 60\n"
            f"@ SOA ns.knot.invalid. hostmaster.knot.invalid. {self.serial} 3600 600 86400 5\n"
            f"@ NS ns.knot.invalid.\n{self.zones[name]}\n")

    def _write_config(self):
        lines = ["server:", f"    rundir: {self.directory}", f"    listen: 127.0.0.1@{self.port}",
                 "    udp-workers: 1", "    tcp-workers: 1", "    background-workers: 1",
                 "log:", "  - target: stderr", "    any: info",
                 "database:", f"    storage: {self.directory}/db",
                 # Small maps: the default reserves hundreds of MiB of address space each.
                 "    journal-db-max-size: 16M", "    kasp-db-max-size: 8M",
                 "    timer-db-max-size: 1M",
                 "policy:", "  - id: sign", "    algorithm: ecdsap256sha256",
                 "    single-type-signing: on", "    nsec3: off", "    ksk-lifetime: 0",
                 "template:", "  - id: default", f"    storage: {self.directory}",
                 "    zonefile-sync: -1", "    zonefile-load: difference",
                 "    journal-content: all",
                 "zone:"]
        for name in self.zones:
            lines += [f"  - domain: {name}", f"    file: {self._zone_file(name).name}"]
            if name in self.signed:
                lines += ["    dnssec-signing: on", "    dnssec-policy: sign"]
        (self.directory / "knot.conf").write_text("\n".join(lines) + "\n")

    def start(self, seconds=20):
        """Also after pause(), then at the same port."""
        (self.directory / "db").mkdir(exist_ok=True)
        for name in self.zones:
            self._write_zone(name)
        given = self.port
        for _ in range(5):  # another program may take the port first
            self.port = given or free_port()
            self._write_config()
            self.log = open(self.directory / "log", "wb")
            self.process = children.start([_program("knotd"), "-c", self.directory / "knot.conf"],
                                          stdout=self.log, stderr=self.log)
            try:
                wait_for(lambda: self.process.poll() is not None or self._serves_all(),
                         "Knot serves every zone", seconds, 0.05)
            except TimedOut as error:
                self._end()
                raise TimedOut(f"{error}\n{(self.directory / 'log').read_text()}") from None
            if self.process.poll() is None:
                return self
        raise RuntimeError(f"knotd does not start:\n{(self.directory / 'log').read_text()}")

    def _serves_all(self):
        return all(self._answers(name, 6) and (name not in self.signed or self._answers(name, 48))
                   for name in self.zones)

    def _answers(self, name, kind):
        """Whether a question is answered with at least one record, with authority."""
        labels = [] if name == "." else name.split(".")
        question = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"
        query = struct.pack(">HHHHHH", 4711, 0, 1, 0, 0, 0) + question + struct.pack(">HH", kind, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.3)
            try:
                asking.connect(("127.0.0.1", self.port))
                asking.send(query)
                answer = asking.recv(4096)
            except OSError:
                return False
        _, flags, _, records, _, _ = struct.unpack(">HHHHHH", answer[:12])
        return bool(flags & 0x0400) and flags & 0xF == 0 and records > 0

    def update(self, name, text):
        """Replace a zone's records while serving."""
        self.zones[name] = text
        self.serial += 1
        self._write_zone(name)
        done = subprocess.run([_program("knotc"), "-c", self.directory / "knot.conf", "-b",
                               "zone-reload", name], capture_output=True, text=True, timeout=20)
        if done.returncode != 0:
            raise RuntimeError(f"knotc: {done.stdout}{done.stderr}")

    def anchor(self, name):
        """The zone's DS record (SHA-256) as text."""
        done = subprocess.run([_program("keymgr"), "-c", self.directory / "knot.conf", name, "ds"],
                              capture_output=True, text=True, timeout=20)
        for line in done.stdout.splitlines():
            words = line.split()
            if len(words) > 5 and words[1] == "DS" and words[4] == "2":
                return f"{words[0]} IN DS {' '.join(words[2:])}"
        raise RuntimeError(f"keymgr gives no DS: {done.stdout}{done.stderr}")

    def _end(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)

    def pause(self):
        """Stop answering; start() goes on."""
        self._end()
        self.log.close()

    def stop(self):
        if self.process and self.process.poll() is None:
            self._end()
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)
