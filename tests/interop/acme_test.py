#!/usr/bin/python3
"""Certificates by ACME: uacme as the client, Pebble as the server, challenges answered by hermetic."""

import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import children, runner
from support.certificates import Authority
from support.deadline import wait_for
from support.hermetic_server import HermeticServer, listener
from support.ports import free_port
from support.smtp_client import Client

NAMES = ["mx.hermetic.test", "mail.hermetic.test"]
SYSTEM_CAS = "/etc/ssl/certs/ca-certificates.crt"


def can_bind():
    """uacme believes the system's CAs only: Pebble's is put among them, for uacme alone."""
    return subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Pebble:
    """Pebble with a DNS in which every name is 127.0.0.1."""

    def __init__(self, directory, lifetime=90 * 86400):
        self.directory = Path(directory)
        authority = Authority(self.directory / "front", "Pebble's own")
        chain, key = authority.issue("localhost")
        self.port, self.http, self.tls, management, dns, control = (free_port() for _ in range(6))
        self.config = self.directory / "pebble.json"
        self.config.write_text(json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{management}",
            "certificate": str(chain), "privateKey": str(key),
            "httpPort": self.http, "tlsPort": self.tls, "ocspResponderURL": "",
            "externalAccountBindingRequired": False, "certificateValidityPeriod": lifetime}}))
        bundle = self.directory / "bundle.pem"
        bundle.write_bytes(Path(SYSTEM_CAS).read_bytes() + authority.certificate.read_bytes())
        self.uacme = self.directory / "uacme"
        self.uacme.write_text(f"#!/bin/sh\nexec unshare -m sh -c 'mount --bind {bundle} {SYSTEM_CAS} "
                              "&& exec uacme \"$@\"' uacme \"$@\"\n")
        self.uacme.chmod(0o700)
        self.log = open(self.directory / "pebble.log", "ab")
        self.dns = children.start(
            ["pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-http01", "",
             "-https01", "", "-tlsalpn01", "", "-dns01", f"127.0.0.1:{dns}",
             "-management", f"127.0.0.1:{control}"], stdout=self.log, stderr=self.log)
        self.server = children.start(
            ["pebble", "-config", self.config, "-dnsserver", f"127.0.0.1:{dns}"],
            stdout=self.log, stderr=self.log,
            env={**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"})
        wait_for(lambda: answers(self.port), "Pebble answers", 20)

    @property
    def url(self):
        return f"https://localhost:{self.port}/dir"

    def close(self):
        for each in (self.server, self.dns):
            each.kill()
            each.wait()
        self.log.close()


@unittest.skipUnless(can_bind(), "mounts of one's own are not allowed here")
class Acme(unittest.TestCase):
    def world(self, challenge="http-01", lifetime=90 * 86400, pebble=True):
        directory = tempfile.TemporaryDirectory(prefix="hermetic-acme.")
        self.addCleanup(directory.cleanup)
        self.pebble = Pebble(directory.name, lifetime)
        self.addCleanup(self.pebble.close)
        if not pebble:
            self.pebble.server.kill()
            self.pebble.server.wait()
        server = HermeticServer(
            listeners=[listener("mx", certificates=["mx"])],
            certificates=[{"name": "mx", "acme": self.pebble.url, "acme_domains": NAMES,
                           "acme_contact": "hostmaster@hermetic.test", "acme_challenge": challenge}],
            acme={"program": self.pebble.uacme, "http": [f"127.0.0.1:{self.pebble.http}"],
                  "tls": [f"127.0.0.1:{self.pebble.tls}"]})
        self.addCleanup(server.stop)
        return server

    def presented(self, server):
        """The certificate that a new session gets: issuer, names, serial."""
        with Client(server.address()) as client:
            client.ehlo()
            client.starttls()
            der = client.socket.getpeercert(binary_form=True)
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(ssl.DER_cert_to_PEM_cert(der))
            file.flush()
            shown = subprocess.run(
                ["openssl", "x509", "-in", file.name, "-noout", "-issuer", "-serial", "-ext",
                 "subjectAltName"], capture_output=True, text=True, timeout=20, check=True)
        return shown.stdout

    def wait_presented(self, server, what):
        wait_for(lambda: what in self.presented(server), f"a certificate with {what}", 20)

    def order(self, challenge, port):
        server = self.world(challenge)
        server.start()
        self.assertIn("issuer=CN = mx.hermetic.test", self.presented(server), "self-signed till then")
        server.wait_log("acme.issued", 60)
        self.wait_presented(server, "Pebble Intermediate")
        for name in NAMES:
            self.assertIn(f"DNS:{name}", self.presented(server))
        self.assertFalse(answers(port(self.pebble)), "nothing listens there between orders")
        key = server.data / "acme/mx/key.pem"
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        secret = key.read_text().splitlines()[1]
        self.assertNotIn(secret, server.log_file.read_text())
        server.stop()
        server.start()
        self.assertIn("Pebble Intermediate", self.presented(server), "kept over a restart")
        time.sleep(2)
        self.assertEqual(len(server.log("acme.ordering")), 1, "and not ordered again")

    def test_http_01(self):
        """http-01: a stand-in first, then what Pebble issued, without a restart; kept over one"""
        self.order("http-01", lambda pebble: pebble.http)

    def test_tls_alpn_01(self):
        """tls-alpn-01: the same, proved by a certificate for the protocol acme-tls/1"""
        self.order("tls-alpn-01", lambda pebble: pebble.tls)

    def test_renewal(self):
        """renewed a third of its lifetime before its end, by itself"""
        server = self.world(lifetime=30)
        server.start()
        server.wait_log("acme.issued", 60)
        self.wait_presented(server, "Pebble Intermediate")
        first = self.presented(server)
        began = time.monotonic()
        wait_for(lambda: len(server.log("acme.issued")) >= 2, "a second certificate", 60)
        self.assertGreater(time.monotonic() - began, 12)
        wait_for(lambda: self.presented(server) != first, "the second one in use", 20)

    def test_failure(self):
        """an ACME server that is gone: said in the log with what uacme said, and the old one serves"""
        server = self.world(pebble=False)
        server.start()
        failed = server.wait_log("acme.failed", 60)
        self.assertIn("uacme", failed["what"])
        self.assertIn("issuer=CN = mx.hermetic.test", self.presented(server))


if __name__ == "__main__":
    runner.main()
