#!/usr/bin/python3
"""The package upgraded, gone back from and purged with mail in its queue: all of it stays, and is delivered.

Takes the package in build/package (or $HERMETIC_PACKAGE); the next version is the same with a higher
number. Works in a copy-on-write view of this machine, with the machine's own dpkg: needs root and
mounts of its own. There is no systemd in it: what the unit does, start and stop, is done here."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "tests"))

from support import children, runner
from support.deadline import wait_for
from support.machine import why_no_namespaces
from support.smtp_client import Client
from support.smtp_sink import Sink

INSIDE = "HERMETIC_TEST_INSIDE_NAMESPACE"
CONFIG = "etc/hermetic/hermetic.toml"
SPOOL = "var/lib/hermetic/spool"


def package():
    """None where none was made."""
    named = os.environ.get("HERMETIC_PACKAGE")
    found = [Path(named)] if named else (PROJECT / "build/package").glob("hermetic_*.deb")
    return max(found, key=lambda file: file.stat().st_mtime, default=None)


def why_not_here():
    if package() is None:
        return "there is no package: ./dev package makes it"
    if shutil.which("dpkg") is None:
        return "there is no dpkg"
    if Path("/etc/hermetic").exists() or Path("/var/lib/hermetic").exists():
        return "Hermetic is installed on this machine"
    return why_no_namespaces()


def run(*command):
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def with_higher_number(deb, folder):
    tree = folder / "next"
    run("dpkg-deb", "--raw-extract", deb, tree)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^(Version: .*)$", r"\1+next", control.read_text()))
    run("dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, folder / "next.deb")
    return folder / "next.deb"


def version_of(deb):
    return run("dpkg-deb", "--field", deb, "Version").strip()


class Machine:
    """This machine as it is, and what is done to it goes with the mounts."""

    def __init__(self, folder):
        run("mount", "-t", "tmpfs", "-o", "size=2g", "upgrade-test", folder)
        self.folder, self.root, self.process, self.ready = folder, folder / "root", None, None
        for each in ("upper", "work", "root"):
            (folder / each).mkdir()
        run("mount", "-t", "overlay", "overlay", "-o",
            f"lowerdir=/,upperdir={folder}/upper,workdir={folder}/work", self.root)
        run("mount", "-t", "proc", "proc", self.root / "proc")
        run("mount", "--rbind", "/dev", self.root / "dev")

    def run(self, *command):
        return run("chroot", self.root, "env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8",
                   "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *command)

    def install(self, deb):
        shutil.copy(deb, self.root / "var/tmp/hermetic.deb")
        said = self.run("dpkg", "--install", "/var/tmp/hermetic.deb")
        assert self.run("dpkg-query", "--show", "--showformat=${Version} ${db:Status-Status}", "hermetic") == \
            f"{version_of(deb)} installed", said
        return said

    def spawn(self):
        self.ready_file.unlink(missing_ok=True)
        with open(self.folder / "log", "ab") as log:
            self.process = children.start(
                ["chroot", self.root, "setpriv", "--reuid=hermetic", "--regid=hermetic", "--init-groups",
                 "/usr/bin/hermetic", "serve", "--config", f"/{CONFIG}",
                 "--ready-file", "/var/lib/hermetic/ready.json"], stdout=log, stderr=log)

    def start(self):
        self.spawn()
        wait_for(lambda: self.ready_file.exists() or self.process.poll() is not None, self.story, 60)
        assert self.ready_file.exists(), self.story()
        host, _, port = json.loads(self.ready_file.read_text())["listeners"][0]["address"].rpartition(":")
        self.address = host, int(port)

    def stop(self):
        self.process.terminate()
        assert self.process.wait(60) == 0, self.story()

    def queued(self):
        said = self.run("/usr/bin/hermetic", "status", "--json", "--config", f"/{CONFIG}")
        return json.loads(said)["queue"]["messages"]

    @property
    def ready_file(self):
        return self.root / "var/lib/hermetic/ready.json"

    def story(self):
        return f"the server is ready; its log:\n{(self.folder / 'log').read_text(errors='replace')[-6000:]}"

    def configure(self, hop):
        """As an administrator does: the files that came are edited."""
        file = self.root / CONFIG
        file.write_text(re.sub(r"(?m)^addresses = .*$", 'addresses = ["127.0.0.1:0"]', file.read_text()) + """
[delivery]
allow_loopback = true

[spool]
high_water = "16MiB"
low_water = "32MiB"
""")
        file = self.root / "etc/hermetic/org.toml"
        file.write_text(re.sub(r"(?m)^(postmaster = .*)$", r'\1\nretry_after = ["1s"]', file.read_text()) + f"""
[[accepted_domain]]
name = "example.org"
kind = "internal_relay"
next_hop = "smtp://127.0.0.1:{hop.port}"
""")

    def configuration(self):
        return [(self.root / "etc/hermetic" / name).read_text() for name in ("hermetic.toml", "org.toml")]

    def files_of_spool(self):
        return {str(file): file.read_bytes() for file in (self.root / SPOOL).rglob("*")
                if file.is_file() and file.name.lower() != "lock"}


def text_of(number):
    row = (f"{number:08d} " + "x" * 67 + "\r\n").encode()
    size = 300_000 if number % 5 == 0 else 2_000  # some bodies are files
    return f"Subject: {number}\r\n\r\n".encode() + row * (size // len(row))


class Upgrade(unittest.TestCase):
    """One machine, in the order of the cases' names."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="hermetic-upgrade."))
        cls.machine = Machine(cls.folder)
        cls.this = package()
        cls.next = with_higher_number(cls.this, cls.folder)
        cls.is_open, cls.sent = False, 0
        cls.sink = Sink(decide=lambda stage, session, argument:
                        "451 4.3.0 later" if stage == "rcpt" and not cls.is_open else None)

    @classmethod
    def tearDownClass(cls):
        cls.sink.close()
        run("umount", "--recursive", "--lazy", cls.folder)
        cls.folder.rmdir()

    def send(self, count):
        with Client(self.machine.address) as client:
            client.ehlo()
            for number in range(self.sent, self.sent + count):
                client.deliver("a@sender.test", [f"m{number}@example.org"], text_of(number))
        type(self).sent += count

    def expect_all_delivered_once(self):
        self.sink.wait_count(self.sent, 120)
        wait_for(lambda: self.machine.queued() == 0, self.machine.story, 30)
        for number in range(self.sent):
            arrived = self.sink.to(f"m{number}@example.org")
            self.assertEqual(len(arrived), 1, f"message {number}")
            self.assertTrue(arrived[0].data.endswith(text_of(number)), f"message {number} was changed")

    def test_1_upgrade_and_downgrade(self):
        """mail that waits is there after the upgrade and after going back, and is delivered once"""
        machine = self.machine
        said = machine.install(self.this)
        self.assertIn("edit /etc/hermetic", said)
        machine.configure(self.sink)
        edited = machine.configuration()
        machine.start()
        self.send(10)
        # With what has become of it so far.
        wait_for(lambda: sum("RCPT" in session.commands for session in self.sink.sessions) > 10,
                 "the mail was tried", 60)
        machine.stop()

        machine.install(self.next)
        self.assertEqual(machine.configuration(), edited, "what was edited is kept")
        machine.start()
        self.assertEqual(machine.queued(), 10, machine.story())
        self.send(10)
        machine.stop()

        self.assertIn("downgrading", machine.install(self.this))
        self.assertEqual(machine.configuration(), edited)
        machine.start()
        self.assertEqual(machine.queued(), 20, machine.story())
        type(self).is_open = True
        self.expect_all_delivered_once()
        machine.stop()
        type(self).is_open = False

    def test_2_newer_spool(self):
        """a program from before a change of the spool's format says so, and changes nothing"""
        machine = self.machine
        machine.start()
        self.send(5)
        machine.stop()
        identity = machine.root / SPOOL / "identity"
        ours = identity.read_bytes()
        identity.write_bytes(b"hermetic spool 2\nwhat the next version has here\n")
        before = machine.files_of_spool()
        machine.spawn()
        self.assertNotEqual(machine.process.wait(60), 0)
        self.assertRegex(machine.story(), "was written by a newer version of this program, and was not changed")
        self.assertEqual(machine.files_of_spool() == before, True, "a refusal writes nothing")
        identity.write_bytes(ours)
        machine.start()
        self.assertEqual(machine.queued(), 5)
        machine.stop()

    def test_3_purge(self):
        """not even a purge removes mail"""
        machine = self.machine
        before = machine.files_of_spool()
        said = machine.run("dpkg", "--purge", "hermetic")
        self.assertIn("/var/lib/hermetic is kept", said)
        self.assertEqual(machine.files_of_spool() == before, True)
        machine.install(self.next)
        machine.configure(self.sink)
        machine.start()
        self.assertEqual(machine.queued(), 5)
        type(self).is_open = True
        self.expect_all_delivered_once()
        machine.stop()


if __name__ == "__main__":
    if INSIDE not in os.environ:
        if why_not_here():
            print(f"left out  upgrade_test.py: {why_not_here()}")
            sys.exit(runner.NOTHING_RAN)
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                              "--propagation", "private", sys.executable, *sys.argv])
    runner.main()
