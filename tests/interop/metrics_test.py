#!/usr/bin/python3
"""What monitoring sees: metrics by TCP, the socket that only reads, promtool, the alerts and the dashboard."""

import http.client
import json
import re
import shutil
import smtplib
import socket
import subprocess
import sys
import unittest
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import runner
from support.deadline import wait_for
from support.hermetic_server import ROOT, HermeticServer, listener, smtp_hop
from support.smtp_sink import Sink

MONITORING = ROOT / "packaging" / "monitoring"
PROMTOOL = shutil.which("promtool")


def send(server, to, sender="a@client.test"):
    with smtplib.SMTP("127.0.0.1", server.port()) as client:
        client.sendmail(sender, [to], "Subject: x\r\n\r\ntext\r\n")


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sink = Sink()
        cls.addClassCleanup(cls.sink.close)
        cls.server = HermeticServer(
            listeners=[listener()], metrics={"addresses": ["127.0.0.1:0", "[::1]:0"]},
            accepted_domains=[{"name": "here.test", "next_hop": smtp_hop(cls.sink)}],
            inbound_connectors=[{"name": "own \"servers\"", "kind": "on_premises",
                                 "networks": ["127.0.0.0/8"], "may_relay": True}],
            outbound_connectors=[{"name": "strict", "recipient_domains": ["strict.test"], "tls": "encrypt",
                                  "smart_hosts": [f"[127.0.0.1]:{cls.sink.port}"]},
                                 {"name": "idle", "recipient_domains": ["idle.test"], "tls": "encrypt",
                                  "smart_hosts": [f"[127.0.0.1]:{cls.sink.port}"]},
                                 {"name": "off", "recipient_domains": ["off.test"], "tls": "encrypt", "enabled": False,
                                  "smart_hosts": [f"[127.0.0.1]:{cls.sink.port}"]}])
        cls.server.settings["admin"] = {"read_socket": "read.sock"}
        cls.server.write_config()
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    def get(self, path="/metrics", method="GET", which=0):
        request = urllib.request.Request(f"http://{self.server.ready['metrics'][which]}{path}", method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()

    def test_reasons_connectors_latencies(self):
        """a delivered and a waiting message are counted by reason, connector, time and age"""
        send(self.server, "r@here.test")
        send(self.server, "r@strict.test")
        self.server.wait_log("attempt", outcome="delivered")
        self.server.wait_log("attempt", outcome="deferred")
        expected = [
            r'hermetic_attempt_reasons_total{outcome="deferred",reason="starttls.not-offered"} 1',
            r'hermetic_connector_attempts_total{organization="Test",connector="strict",outcome="deferred"} 1',
            r'hermetic_connector_attempts_total{organization="Test",connector="strict",outcome="failed"} 0',
            r'hermetic_connector_messages_total{organization="Test",connector="own \"servers\"",verdict="accepted"} 2',
            'hermetic_accept_seconds_count 2', 'hermetic_attempt_seconds_count 2']
        wait_for(lambda: all(line in self.get() for line in expected), lambda: self.get(), 20)
        age = re.compile(r'hermetic_connector_oldest_message_seconds{organization="Test",connector="strict"} (\d+)\n')
        wait_for(lambda: int(age.search(self.get())[1]) >= 1, lambda: self.get(), 20)
        for row in json.loads(self.server.run("queue", "list", "--json").stdout)["messages"]:
            self.server.run("queue", "remove", "--silent", row["id"])
        wait_for(lambda: int(age.search(self.get())[1]) == 0, lambda: self.get(), 20)
        text = self.get()
        self.assertRegex(text, r"\nhermetic_spool_free_bytes [1-9]\d+\n")
        self.assertRegex(text, r"\nhermetic_configuration_loaded_seconds 1\d{9}\n")
        self.assertIn('hermetic_build_info{version="', text)
        with self.assertRaises(smtplib.SMTPRecipientsRefused), \
                smtplib.SMTP("127.0.0.1", self.server.port()) as client:
            client.sendmail("a@client.test", ["nobody@[256.0.0.1]"], "x")
        wait_for(lambda: "hermetic_refused_reasons_total{reason=" in self.get(), lambda: self.get(), 20)

    def test_connectors_from_the_start(self):
        """a connector without mail has its series, at 0; a disabled one has none"""
        for line in ('hermetic_connector_attempts_total{organization="Test",connector="idle",outcome="deferred"} 0',
                     'hermetic_connector_attempts_total{organization="Test",connector="idle",outcome="delivered"} 0',
                     'hermetic_connector_attempts_total{organization="Test",connector="idle",outcome="failed"} 0',
                     'hermetic_connector_oldest_message_seconds{organization="Test",connector="idle"} 0'):
            self.assertIn(line + "\n", self.get())
        self.assertNotIn('connector="off"', self.get())

    @unittest.skipUnless(PROMTOOL, "Debian's package prometheus is not installed")
    def test_promtool(self):
        """promtool takes the metrics and the alerts"""
        done = subprocess.run([PROMTOOL, "check", "metrics"], input=self.get(which=1), capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = subprocess.run([PROMTOOL, "check", "rules", MONITORING / "hermetic.rules.yml"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        rules = Path(__file__).with_name("hermetic.rules.test.yml")
        done = subprocess.run([PROMTOOL, "test", "rules", rules], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_nothing_else(self):
        """by TCP there are metrics and nothing else"""
        for path, method in (("/v1/status", "GET"), ("/v1/queue", "GET"), ("/metrics", "POST")):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                self.get(path, method)
            self.assertEqual(refused.exception.code, 404)

    def test_read_socket(self):
        """the second socket answers what changes nothing, and refuses the rest with 403"""
        class Unix(http.client.HTTPConnection):
            def connect(unix):
                unix.sock = socket.socket(socket.AF_UNIX)
                unix.sock.connect(str(self.server.directory / "read.sock"))
        for method, path, status in (("GET", "/v1/status", 200), ("GET", "/metrics", 200), ("GET", "/v1/queue", 200),
                                     ("POST", "/v1/queue/retry?all=yes", 403), ("DELETE", "/v1/hosts", 403),
                                     ("PUT", "/v1/objects", 403), ("POST", "/v1/connectors/strict/test", 403)):
            connection = Unix("hermetic", timeout=10)
            connection.request(method, path)
            answer = connection.getresponse()
            body = answer.read()
            self.assertEqual(answer.status, status, (method, path, body))
            if status == 403:
                self.assertIn("admin.socket", json.loads(body)["expected"])
            connection.close()

    def test_names_exist(self):
        """alerts and dashboard name metrics that there are"""
        text = self.get()
        known = set(re.findall(r"^# TYPE (\S+) ", text, re.M))
        for file in MONITORING.iterdir():
            for name in re.findall(r"\bhermetic_[a-z0-9_]+", file.read_text()):
                self.assertIn(re.sub(r"_(bucket|sum|count)$", "", name), known, file.name)


if __name__ == "__main__":
    runner.main()
