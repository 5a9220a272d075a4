#!/usr/bin/python3
"""Certificates by ACME from Pebble, challenges answered by hermetic."""

import http.client
import http.server
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
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

# Of the one customer whose accounts Pebble takes where it is asked to bind them.
CUSTOMER, CUSTOMERS_KEY = "kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
NAMES = ["mx.hermetic.test", "mail.hermetic.test"]


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Pebble:
    """Pebble with a DNS in which every name is 127.0.0.1."""

    def __init__(self, directory, lifetime=90 * 86400, binds=False):
        self.directory = Path(directory)
        self.authority = Authority(self.directory / "front", "Pebble's own")
        self.chain, self.key = self.authority.issue("localhost")
        self.port, self.http, self.tls, management, dns, control = (free_port() for _ in range(6))
        self.config = self.directory / "pebble.json"
        self.config.write_text(json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{management}",
            "certificate": str(self.chain), "privateKey": str(self.key),
            "httpPort": self.http, "tlsPort": self.tls, "ocspResponderURL": "",
            "externalAccountBindingRequired": binds,
            "externalAccountMACKeys": {CUSTOMER: CUSTOMERS_KEY},
            "certificateValidityPeriod": lifetime}}))
        self.log = open(self.directory / "pebble.log", "ab")
        self.dns_address = f"127.0.0.1:{dns}"
        self.dns = children.start(
            ["pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-http01", "",
             "-https01", "", "-tlsalpn01", "", "-dns01", self.dns_address,
             "-management", f"127.0.0.1:{control}"], stdout=self.log, stderr=self.log)
        self.start()

    def start(self):
        """It keeps nothing: whoever starts it anew gets a server that knows no account."""
        self.server = children.start(
            ["pebble", "-config", self.config, "-dnsserver", self.dns_address],
            stdout=self.log, stderr=self.log,
            # Every tenth nonce is refused.
            env={**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "10"})
        wait_for(lambda: answers(self.port), "Pebble answers", 20)

    def stop(self):
        self.server.kill()
        self.server.wait()

    @property
    def url(self):
        return f"https://localhost:{self.port}/dir"

    def close(self):
        self.stop()
        self.dns.kill()
        self.dns.wait()
        self.log.close()


class Newer:
    """In front of Pebble: what newer ACME servers say and this Pebble does not yet. Authorizations offer
    dns-persist-01 and another challenge that nobody knows, first of all; what is known comes last."""

    CHALLENGES = [
        {"type": "dns-persist-01", "url": "https://localhost:1/chalZ/1", "status": "pending",
         "accounturi": "https://localhost:1/my-account/1", "issuer-domain-names": ["pebble.example"]},
        {"type": "from-the-future-07", "url": "https://localhost:1/chalZ/2", "status": "undecided",
         "token": {"of": ["another", "form"]}}]

    def __init__(self, pebble):
        newer, self.offered = self, 0
        trust = ssl.create_default_context(cafile=pebble.authority.certificate)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def relay(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                behind = http.client.HTTPSConnection("localhost", pebble.port, context=trust, timeout=20)
                behind.request(self.command, self.path, body, dict(self.headers))
                answer = behind.getresponse()
                text = newer.change(answer.read())
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "date", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)
                behind.close()

            do_GET = do_HEAD = do_POST = relay

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *arguments: None  # clients are killed here
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load_cert_chain(pebble.chain, pebble.key)
        self.server.socket = own.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def change(self, body):
        try:
            said = json.loads(body)
        except ValueError:
            return body
        if not isinstance(said, dict) or "challenges" not in said:
            return body
        self.offered += 1
        known = sorted(said["challenges"], key=lambda each: each["type"] == "dns-01")
        return json.dumps({**said, "challenges": self.CHALLENGES + known, "profile": "new"}).encode()

    @property
    def url(self):
        return f"https://localhost:{self.server.server_address[1]}/dir"

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def children_of(pid):
    return [child for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()]


class Acme(unittest.TestCase):
    def world(self, challenge="http-01", lifetime=90 * 86400, pebble=True, newer=False, binds=False,
              account=None):
        directory = tempfile.TemporaryDirectory(prefix="hermetic-acme.")
        self.addCleanup(directory.cleanup)
        self.pebble = Pebble(directory.name, lifetime, binds)
        self.addCleanup(self.pebble.close)
        front = self.pebble
        if newer:
            self.newer = front = Newer(self.pebble)
            self.addCleanup(front.close)
        if not pebble:
            self.pebble.stop()
        server = HermeticServer(
            listeners=[listener("mx", certificates=["mx"])],
            certificates=[{"name": "mx", "acme": front.url, "acme_domains": NAMES,
                           "acme_ca": self.pebble.authority.certificate,
                           "acme_contact": "hostmaster@hermetic.test", "acme_challenge": challenge,
                           **(account or {})}],
            acme={"http": [f"127.0.0.1:{self.pebble.http}"], "tls": [f"127.0.0.1:{self.pebble.tls}"]})
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

    def order(self, challenge, port, newer=False):
        server = self.world(challenge, newer=newer)
        server.start()
        self.assertIn("issuer=CN = mx.hermetic.test", self.presented(server), "self-signed till then")
        server.wait_log("acme.issued", 60)
        self.wait_presented(server, "Pebble Intermediate")
        for name in NAMES:
            self.assertIn(f"DNS:{name}", self.presented(server))
        self.assertFalse(answers(port(self.pebble)), "nothing listens there between orders")
        for name in ("key.pem", "account.key"):
            file = server.data / "acme/mx" / name
            self.assertEqual(file.stat().st_mode & 0o777, 0o600)
            self.assertNotIn(file.read_text().splitlines()[1], server.log_file.read_text())
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

    def test_unknown_challenges(self):
        """a server that offers dns-persist-01 and what nobody knows yet: passed over"""
        self.order("http-01", lambda pebble: pebble.http, newer=True)
        self.assertGreater(self.newer.offered, 2)

    def test_renewal(self):
        """renewed a third of its lifetime before its end, by itself, for the same key"""
        server = self.world(lifetime=30)
        server.start()
        server.wait_log("acme.issued", 60)
        self.wait_presented(server, "Pebble Intermediate")
        first, key = self.presented(server), (server.data / "acme/mx/key.pem").read_text()
        began = time.monotonic()
        wait_for(lambda: len(server.log("acme.issued")) >= 2, "a second certificate", 60)
        self.assertGreater(time.monotonic() - began, 12)
        wait_for(lambda: self.presented(server) != first, "the second one in use", 20)
        self.assertEqual((server.data / "acme/mx/key.pem").read_text(), key)

    def test_failure(self):
        """an ACME server that is gone: said in the log, and the old one serves; restarts do not ask"""
        server = self.world(pebble=False)
        server.start()
        failed = server.wait_log("acme.failed", 60)
        self.assertIn(self.pebble.url, failed["what"])
        self.assertIn("issuer=CN = mx.hermetic.test", self.presented(server))
        self.pebble.start()
        for _ in range(3):
            server.stop()
            server.start()
            time.sleep(1)
        self.assertEqual(len(server.log("acme.ordering")), 1)
        status = json.loads(server.run("status", "--json").stdout)["acme_failed"]
        self.assertEqual([(each["certificate"], each["failures"]) for each in status], [("mx", 1)])
        self.assertIn(self.pebble.url, status[0]["error"])
        self.assertIn("hermetic certificate renew mx", server.run("status").stdout)
        self.assertIn("1 failed, next 20", server.run("certificate", "list").stdout)
        refused = server.run("certificate", "tlsa", check=False)
        self.assertEqual(refused.returncode, 1, "a stand-in's key is not to be published")
        refused = server.run("certificate", "renew", "other", check=False)
        self.assertIn('no certificate "other"; expected: "mx"', refused.stderr)
        # Whoever has mended it need not wait.
        server.run("certificate", "renew", "mx")
        server.wait_log("acme.issued", 60)
        self.wait_presented(server, "Pebble Intermediate")
        self.assertEqual(json.loads(server.run("status", "--json").stdout)["acme_failed"], [])
        row = json.loads(server.run("certificate", "list", "--json").stdout)["certificates"][0]
        self.assertEqual((row["listeners"], row["acme"]["failures"]), (["mx"], 0))
        port = server.address()[1]
        records = server.run("certificate", "tlsa").stdout.splitlines()
        key = subprocess.run(f"openssl pkey -in {server.data}/acme/mx/key.pem -pubout -outform DER "
                             "| sha256sum", shell=True, capture_output=True, text=True,
                             timeout=20, check=True).stdout.split()[0]
        self.assertIn(f"_{port}._tcp.{NAMES[0]}. IN TLSA 3 1 1 {key}", records)

    def test_lost_account(self):
        """a server that has lost its accounts: registered anew, and ordered"""
        server = self.world()
        server.start()
        server.wait_log("acme.issued", 60)
        server.stop()
        account = (server.data / "acme/mx/account").read_text()
        self.pebble.stop()
        self.pebble.start()
        (server.data / "acme/mx/chain.pem").unlink()
        server.start()
        wait_for(lambda: len(server.log("acme.issued")) == 2, "a second certificate", 60)
        self.assertEqual(server.log("acme.failed"), [])
        self.assertNotEqual((server.data / "acme/mx/account").read_text(), account)

    def customer(self, key_id, key):
        folder = tempfile.TemporaryDirectory(prefix="hermetic-eab.")
        self.addCleanup(folder.cleanup)
        file = Path(folder.name) / "eab.key"
        file.write_text(key + "\n")
        file.chmod(0o600)
        return {"acme_eab_key_id": key_id, "acme_eab_hmac_file": str(file)}

    def test_bound_account(self):
        """a server that takes only accounts of its customers gets the binding, and issues"""
        server = self.world(binds=True, account=self.customer(CUSTOMER, CUSTOMERS_KEY))
        server.start()
        server.wait_log("acme.issued", 60)
        self.wait_presented(server, "Pebble Intermediate")
        self.assertNotIn(CUSTOMERS_KEY, server.log_file.read_text())
        self.assertIn(CUSTOMER, (server.data / "acme/mx/account").read_text().splitlines())

    def test_unbound_account(self):
        """the same server without a binding, or with a wrong one: said with the options' names"""
        server = self.world(binds=True)
        server.start()
        self.assertIn("acme_eab_key_id", server.wait_log("acme.failed", 60)["what"])
        for account in (self.customer("kid-9", CUSTOMERS_KEY), self.customer(CUSTOMER, "a2V5" * 12)):
            server = self.world(binds=True, account=account)
            server.start()
            what = server.wait_log("acme.failed", 60)["what"]
            self.assertIn(f'acme_eab_key_id is "{account["acme_eab_key_id"]}"', what)
            self.assertIn("issuer=CN = mx.hermetic.test", self.presented(server))

    def test_unusable_files(self):
        """a key, certificate or account file that cannot be used: a stand-in serves, and a new order mends it"""
        server = self.world()
        server.start()
        server.wait_log("acme.issued", 60)
        issued = 1
        for name in ("key.pem", "chain.pem", "account.key", "account"):
            server.stop()
            (server.data / "acme/mx" / name).write_bytes(b"-----BEGIN\xff\0 damaged")
            if name.startswith("account"):
                (server.data / "acme/mx/chain.pem").unlink()
            server.start()
            issued += 1
            if not name.startswith("account"):
                server.wait_log("certificate.stand-in",
                                where=lambda entry: f"data/acme/mx/{name}" in entry["what"])
            wait_for(lambda: len(server.log("acme.issued")) == issued, f"another one after {name}", 60)
            self.wait_presented(server, "Pebble Intermediate")

    def test_no_child(self):
        """nothing of the server outlives a SIGKILL in the middle of an order"""
        server = self.world(newer=True)
        looked, go_on = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)
        change = self.newer.change

        def look(body):
            if b'"token"' in body and b'"challenges"' not in body:  # a challenge has been answered
                looked.set()
                go_on.wait(30)
            return change(body)
        self.newer.change = look
        server.start()
        self.assertTrue(looked.wait(30), "an order under way")
        self.assertTrue(answers(self.pebble.http), "challenges are answered")
        self.assertEqual(children_of(server.pid), [])
        port = server.port()
        server.kill()
        server.stop(check=False)
        self.assertFalse(answers(port))
        self.assertFalse(answers(self.pebble.http))


if __name__ == "__main__":
    runner.main()
