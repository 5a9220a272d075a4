#!/usr/bin/python3
"""`hermetic check` and `hermetic serve` find the same faults, with file, line and key; a reload too."""

import os
import shutil
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import runner
from support.certificates import Authority
from support.deadline import wait_for
from support.hermetic_server import HermeticServer, listener

DEEP = {".".join(["a"] * 14000): 1}

# What is wrong, how, and what a line of both says.
FAULTS = [
    ("ciphers", dict(listeners=[listener(ciphers="NONE-SUCH")]), "listener[0].ciphers: "),
    ("groups", dict(listeners=[listener(groups="P-257")]), "listener[0].groups: "),
    ("no certificate", dict(listeners=[listener(certificates=["own"])],
                            certificates=[{"name": "own", "chain": "no.pem", "key": "no.key"}]),
     "certificate[0].chain: "),
    ("not a folder", dict(node={"data_directory": "hermetic.toml/data"}), "data_directory: "),
    ("no socket", dict(admin={"socket": "org.toml"}), "admin.socket: "),
    ("a broken anchor", dict(resolver={"trust_anchors": ["x. IN DS 1 13 2 aaa"]}), "resolver.trust_anchors: "),
    ("no folder of the log", dict(log={"file": "nowhere/log"}), "log.file: "),
    ("metrics at a listener", dict(listeners=[listener(addresses=["127.0.0.1:2525"])],
                                   metrics={"addresses": ["127.0.0.1:2525"]}), "metrics.addresses: "),
    ("an unknown key", dict(limits={"mesage_size": "1MiB"}), "limits.mesage_size: "),
    ("14,000 levels", dict(organization=DEEP), "nest deeper than 16 levels"),
    ("a domain twice", dict(accepted_domains=[{"name": "a.test", "kind": "internal_relay"}] * 2),
     "accepted_domain[1].name: "),
]


class Check(unittest.TestCase):
    def server(self, **options):
        server = HermeticServer(**options)
        self.addCleanup(shutil.rmtree, server.directory, True)
        return server

    def test_same_faults(self):
        """each fault is found by both, by the same words"""
        for what, options, expected in FAULTS:
            server = self.server(**options)
            checked = server.run("check", check=False)
            self.assertEqual(checked.returncode, 1, f"{what}: {checked.stdout}")
            self.assertRegex(checked.stderr, r"\.toml:\d+: ", what)
            self.assertIn(expected, checked.stderr, what)
            server.spawn()
            self.assertEqual(server.process.wait(60), 1, what)
            server.check_sanitizers()
            for line in checked.stderr.splitlines():
                self.assertIn(line, server.stderr(), what)

    def test_nothing_is_written(self):
        """a check leaves nothing behind that a server of another user could not read"""
        server = self.server()
        self.assertIn("are OK", server.run("check").stdout)
        self.assertFalse(server.data.exists())

    def test_pipes(self):
        """a named pipe in place of any file is told at once, by `check` and at the start, and a stop is obeyed"""
        server = self.server()
        pipe = server.directory / "pipe"
        os.mkfifo(pipe, 0o600)
        chain, key = Authority(server.directory / "ca").issue("mx.hermetic.test")
        for files in ({"chain": pipe, "key": key}, {"chain": chain, "key": pipe}):
            server.settings["certificate"] = [{"name": "own", **files}]
            server.settings["listener"][0]["certificates"] = ["own"]
            server.write_config()
            checked = server.run("check", check=False, seconds=20)
            self.assertEqual(checked.returncode, 1, checked.stdout)
            self.assertIn("it is a named pipe", checked.stderr)

        server = self.server(
            organization_certificates=[{"name": "ours", "chain": pipe, "key": key}],
            outbound_connectors=[
                {"name": "ca", "recipient_domains": ["a.test"], "tls": "verify_ca", "ca": pipe},
                {"name": "login", "recipient_domains": ["b.test"], "smart_hosts": ["mx.b.test"],
                 "tls": "verify_name", "auth_user": "u", "auth_password_file": pipe}],
            inbound_connectors=[
                {"name": "in", "kind": "partner", "sender_domains": ["c.test"], "require_certificate": True,
                 "certificate_names": ["mx.c.test"], "ca": pipe}],
            listeners=[listener(client_certificates="request")])
        checked = server.run("check", check=False, seconds=20)
        for name in ('certificate "ours"', 'connector "ca"', 'connector "login"', 'connector "in"'):
            self.assertRegex(checked.stdout + checked.stderr, f"{name}: .*it is a named pipe")
        server.start()
        self.addCleanup(server.stop)
        self.assertEqual({entry["object"] for entry in server.log("credentials.unusable")},
                         {'certificate "ours"', 'outbound_connector "ca"', 'outbound_connector "login"'})
        server.reload()
        server.wait_log("reload.done")

    def test_mode_alone(self):
        """a key that everybody may read is refused by a reload; its mode alone is enough to mend it"""
        server = self.server()
        chain, key = Authority(server.directory / "ca").issue("mx.hermetic.test")
        server.start()
        self.addCleanup(server.stop)
        key.chmod(0o644)
        server.settings["certificate"].append({"name": "own", "chain": chain, "key": key})
        server.settings["listener"][0]["certificates"] = ["own"]
        server.write_config()
        failed = server.wait_log("reload.failed")
        self.assertIn("certificate[0].key", failed["what"])
        self.assertIn("hermetic.toml:", failed["what"])
        key.chmod(0o600)
        server.wait_log("reload.done")
        self.assertEqual(server.status()["configuration"]["last_error"], "")
        key.chmod(0o644)
        wait_for(lambda: len(server.log("reload.failed")) == 2, "a worse mode is seen, too")


if __name__ == "__main__":
    runner.main()
