#!/usr/bin/python3
"""The OCI image of packaging/oci/build, run once by podman, and once as a plain file system. Left out, with the reason,
where there is no image, or where the machine lacks the tools or does not let containers run."""

import json
import os
import shutil
import smtplib
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import children, runner
from support.deadline import wait_for
from support.hermetic_server import ROOT
from support.ports import free_port

LAYOUT = Path(os.environ.get("HERMETIC_OCI", ROOT / "build/oci"))


def run(*command, check=True, seconds=120, **options):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=seconds, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def why_not(tool):
    if not shutil.which(tool):
        return f"{tool} is not installed"
    if not (LAYOUT / "index.json").exists():
        return f"there is no image in {LAYOUT}: ./dev package, then packaging/oci/build, make it"
    return None


class Container(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="hermetic-oci.")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.directory.chmod(0o755)
        self.port = free_port()

    def need(self, tool):
        why = why_not(tool)
        if why:
            self.skipTest(why)

    def configure(self, etc):
        (etc / "hermetic.toml").write_text(
            'hostname = "mx.example.test"\ndata_directory = "/var/lib/hermetic"\norganization_file = "org.toml"\n'
            f'[[listener]]\nname = "mx"\naddresses = ["127.0.0.1:{self.port}"]\n'
            '[spool]\nhigh_water = "16MiB"\nlow_water = "32MiB"\n')
        (etc / "org.toml").write_text(
            '[organization]\nname = "E"\npostmaster = "postmaster@example.test"\n'
            '[[accepted_domain]]\nname = "example.test"\nnext_hop = "lmtp://127.0.0.1:9"\n')

    def send(self):
        with smtplib.SMTP("127.0.0.1", self.port) as client:
            client.sendmail("a@client.test", ["b@example.test"], "Subject: x\r\n\r\ntext\r\n")

    def test_contents(self):
        """the image unpacked: who runs, what, where state is; and it serves as that user, in a root of its own"""
        self.need("umoci")
        if os.geteuid() != 0:
            self.skipTest("only root may change the root")
        bundle = self.directory / "bundle"
        run("umoci", "unpack", "--image", f"{LAYOUT}:hermetic", bundle)
        config, root = json.loads((bundle / "config.json").read_text()), bundle / "rootfs"
        process = config["process"]
        self.assertEqual(process["args"], ["/usr/bin/hermetic", "serve"])
        self.assertGreater(process["user"]["uid"], 0)
        self.assertIn("/var/lib/hermetic", [each["destination"] for each in config["mounts"]])
        bundle.chmod(0o755)
        self.configure(root / "etc/hermetic")
        enter = ["chroot", f"--userspec={process['user']['uid']}:{process['user']['gid']}", root]
        run(*enter, "/usr/bin/hermetic", "check")
        with open(self.directory / "log", "wb") as log:
            server = children.start([*map(str, enter), *process["args"]], stdout=log, stderr=log)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        wait_for(lambda: run(*enter, "/usr/bin/hermetic", "status", check=False).returncode == 0,
                 lambda: f"the server answers: {(self.directory / 'log').read_text()}", 60)
        self.send()
        server.terminate()
        self.assertEqual(server.wait(30), 0)

    def start(self, name, etc):
        done = run(*self.podman, "run", "--detach", "--name", name, "--network", "host", "--read-only",
                   "--cap-drop", "all", "--security-opt", "no-new-privileges", "--health-cmd", "hermetic status",
                   "--volume", f"{etc}:/etc/hermetic:ro", "--volume", "mail:/var/lib/hermetic",
                   f"oci:{LAYOUT}:hermetic", check=False)
        if done.returncode != 0:
            self.skipTest(f"podman does not run containers here: {done.stderr.strip().splitlines()[-1]}")
        wait_for(lambda: run(*self.podman, "exec", name, "hermetic", "status", check=False).returncode == 0,
                 lambda: f"the server answers: {run(*self.podman, 'logs', name, check=False)}", 60)

    def test_podman(self):
        """podman: mail is taken and kept in the volume over a new container; healthy; SIGTERM ends it in order"""
        self.need("podman")
        # A store of its own: nothing of the machine's images is touched.
        self.podman = ("podman", "--root", self.directory / "store", "--runroot", self.directory / "run",
                       "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--events-backend", "file")
        etc = self.directory / "etc"
        etc.mkdir()
        self.configure(etc)
        self.addCleanup(run, *self.podman, "rm", "--all", "--force", check=False)
        self.start("first", etc)
        self.send()
        self.assertNotEqual(run(*self.podman, "exec", "first", "id", "-u").stdout.strip(), "0")
        self.assertEqual(run(*self.podman, "healthcheck", "run", "first", check=False).returncode, 0)
        run(*self.podman, "stop", "--time", "20", "first")
        state = json.loads(run(*self.podman, "inspect", "first").stdout)[0]["State"]
        self.assertEqual(state["ExitCode"], 0, "an orderly end, no SIGKILL")
        self.start("second", etc)
        status = json.loads(run(*self.podman, "exec", "second", "hermetic", "status", "--json").stdout)
        self.assertEqual(status["queue"]["messages"], 1)


if __name__ == "__main__":
    runner.main()
