#!/usr/bin/python3
"""Reload: by SIGHUP and because a file changed; nothing is lost by it, and a broken file changes nothing."""

import shutil
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import runner
from support.certificates import Authority
from support.deadline import wait_for
from support.hermetic_server import HermeticServer, listener, smtp_hop
from support.ports import free_port
from support.smtp_client import Client
from support.smtp_sink import Sink

MESSAGE = b"From: a@senders.test\r\nSubject: x\r\n\r\ntext\r\n"


class Reload(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="hermetic-reload.")
        self.addCleanup(directory.cleanup)
        self.authority = Authority(directory.name)
        chain, key = self.authority.issue("mx.hermetic.test")
        self.chain, self.key = Path(f"{directory.name}/live.pem"), Path(f"{directory.name}/live.key")
        shutil.copy(chain, self.chain)
        shutil.copy(key, self.key)
        self.sink = Sink()
        self.addCleanup(self.sink.close)
        self.server = HermeticServer(
            listeners=[listener("mx", certificates=["live"])],
            certificates=[{"name": "live", "chain": self.chain, "key": self.key}],
            accepted_domains=[{"name": "a.test", "kind": "internal_relay",
                               "next_hop": smtp_hop(self.sink)}])
        self.server.start()
        self.addCleanup(self.server.stop)

    def add_domain(self, name):
        self.server.objects["accepted_domain"].append(
            {"name": name, "kind": "internal_relay", "next_hop": smtp_hop(self.sink)})
        self.server.write_config()

    def presented(self):
        """The certificate that a new session gets, DER."""
        with Client(self.server.address()) as client:
            client.ehlo()
            client.starttls()
            return client.socket.getpeercert(binary_form=True)

    def test_sighup(self):
        """SIGHUP: a new domain is accepted by a session that was open before"""
        with Client(self.server.address()) as client:
            client.ehlo()
            refused = client.command("MAIL FROM:<x@senders.test>")
            self.assertEqual(refused.code, 250)
            self.assertEqual(client.command("RCPT TO:<u@b.test>").code, 550)
            client.command("RSET")
            self.add_domain("b.test")
            self.server.reload()
            self.server.wait_log("reload.done")
            client.deliver("x@senders.test", ["u@b.test"], MESSAGE)
        self.sink.wait_to("u@b.test")

    def test_sighups_without_end(self):
        """SIGHUPs by the hundred: one reload answers all before it, the last one counts, a stop waits for none"""
        gather, count = 0.02, 400  # seconds for which the server gathers them
        began = time.monotonic()
        for number in range(count):
            if number == count - 1:
                self.add_domain("e.test")
            self.server.reload()
            time.sleep(0.001)
        took = time.monotonic() - began
        self.server.status()
        with Client(self.server.address()) as client:
            client.ehlo()
            wait_for(lambda: self.takes(client, "u@e.test"), "the last one counts")
        reloads = self.settled()
        self.assertLessEqual(reloads, took / gather + 2)
        for _ in range(count):
            self.server.reload()
        self.server.stop(seconds=20)
        self.assertLess(len(self.server.log("reload.done")) - reloads, count / 4)

    def settled(self):
        """The number of reloads once no further one comes."""
        seen = []
        def is_still():
            seen.append(len(self.server.log("reload.done")))
            return len(seen) > 5 and seen[-6] == seen[-1]
        wait_for(is_still, "the reloads end", 60, 0.3)
        return seen[-1]

    @staticmethod
    def takes(client, recipient):
        client.command("MAIL FROM:<x@senders.test>")
        code = client.command(f"RCPT TO:<{recipient}>").code
        client.command("RSET")
        return code == 250

    def test_file_change(self):
        """a changed file is taken without a signal"""
        self.add_domain("c.test")
        self.server.wait_log("reload.done")
        with Client(self.server.address()) as client:
            client.ehlo()
            client.deliver("x@senders.test", ["u@c.test"], MESSAGE)
        self.sink.wait_to("u@c.test")

    def test_broken_file(self):
        """a broken file changes nothing, says so in log and status, and mending it ends that"""
        good = self.server.config.read_text()
        self.server.config.write_text(good + "\n[limits2]\n")
        failed = self.server.wait_log("reload.failed")
        self.assertIn("limits2", failed["what"])
        self.assertIn("limits2", self.server.status()["configuration"]["last_error"])
        with Client(self.server.address()) as client:
            client.ehlo()
            client.deliver("x@senders.test", ["u@a.test"], MESSAGE)
        self.sink.wait_to("u@a.test")
        self.server.config.write_text(good)
        self.server.wait_log("reload.done")
        self.assertEqual(self.server.status()["configuration"]["last_error"], "")

    def test_certificate(self):
        """a renewed certificate is presented to new sessions; a broken one keeps the old"""
        before = self.presented()
        chain, key = self.authority.issue("mx2.hermetic.test", "mx.hermetic.test")
        shutil.copy(chain, self.chain)
        self.server.wait_log("reload.failed")  # the key does not belong to it yet
        self.assertEqual(self.presented(), before)
        shutil.copy(key, self.key)
        self.server.wait_log("reload.done")
        self.assertNotEqual(self.presented(), before)

    def test_listeners(self):
        """a listener that is added, and one that moves, without a restart"""
        port = free_port()
        self.server.settings["listener"].append(
            listener("second", addresses=[f"127.0.0.1:{port}"], tls="off"))
        self.server.write_config()
        self.server.wait_log("reload.done")
        with Client(("127.0.0.1", port)) as client:
            self.assertNotIn("STARTTLS", str(client.ehlo()))
        del self.server.settings["listener"][1]
        self.server.write_config()
        wait_for(lambda: len(self.server.log("reload.done")) == 2, "reloaded again")
        with self.assertRaises(ConnectionRefusedError):
            Client(("127.0.0.1", port))

    def test_needs_restart(self):
        """what needs a restart is named, and the rest is in force"""
        self.server.settings["top"]["cores"] = 1
        self.add_domain("d.test")
        self.assertIn("cores", self.server.wait_log("reload.needs-restart")["keys"])
        self.server.wait_log("reload.done")
        self.assertEqual(self.server.status()["configuration"]["needs_restart"], ["cores"])
        self.assertIn("needs a restart: cores", self.server.run("status").stdout)
        self.server.settings["log"]["level"] = "debug"
        self.server.write_config()
        wait_for(lambda: self.server.status()["configuration"]["needs_restart"] == ["cores", "log"],
                 "the list is of all that waits")
        self.server.settings["top"]["cores"] = 2
        self.server.settings["log"]["level"] = "info"
        self.server.write_config()
        wait_for(lambda: self.server.status()["configuration"]["needs_restart"] == [], "nothing waits")


if __name__ == "__main__":
    runner.main()
