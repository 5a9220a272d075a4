#!/usr/bin/python3
"""TLS as policy between Hermetic and Postfix, Exim and OpenSMTPD: as partners that require, offer or
refuse what they may, under each level of ours; and as senders with policies of their own, against
certificates of ours that are good, in another name, or of nobody.

Every cell is one message: its own recipient domain, with its own connector or policy. All of a
table go out at once; then each is judged: delivered over TLS, in clear, or not at all, and why."""

import hashlib
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import runner
from support.certificates import Authority
from support.deadline import wait_for
from support.hermetic_server import HermeticServer, exception, listener
from support.peers import Exim, OpenSmtpd, Postfix
from support.smtp_client import Client
from support.smtp_sink import Sink

MESSAGE = b"Subject: a cell\r\n\r\nNothing else.\r\n"
LEVELS = ("none", "opportunistic", "encrypt", "verify_ca", "verify_name", "pins")


def public_key_pin(chain):
    key = subprocess.run(["openssl", "x509", "-in", chain, "-pubkey", "-noout"], check=True,
                         capture_output=True, timeout=20).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, check=True,
                         capture_output=True, timeout=20).stdout
    return hashlib.sha256(der).hexdigest()


def fingerprint(chain):
    """SHA-256 of the leaf, as Postfix writes it."""
    said = subprocess.run(["openssl", "x509", "-in", chain, "-noout", "-fingerprint", "-sha256"],
                          check=True, capture_output=True, text=True, timeout=20).stdout
    return said.strip().partition("=")[2]


def same(*levels):
    """What every level that requires TLS, or each by itself, has: none, opportunistic, the others."""
    none, opportunistic, *rest = levels
    return dict(zip(LEVELS, (none, opportunistic, *(rest * 4 if len(rest) == 1 else rest))))


class Table(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="hermetic-interop.")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.directory.chmod(0o755)
        self.authority = Authority(self.directory / "ca")
        self.strangers = Authority(self.directory / "strangers", name="Nobody's CA")

    def run_started(self, thing):
        thing.start()
        self.addCleanup(thing.stop)
        return thing


class Partners(Table):
    """Hermetic delivers. A cell ends as "TLSv1.3", "TLSv1.2", "clear", or the reason why it did not."""

    # Settings to which we show a client certificate.
    SHOWING = ("certificate-shown", "certificate-asked")

    def deliver_all(self, ports, rows, pin):
        """rows: setting -> level -> outcome; judges every cell."""
        cells = {f"{setting}-{level.replace('_', '-')}.cell.test": (setting, level)
                 for setting, levels in rows.items() for level in levels}
        connectors = []
        for domain, (setting, level) in cells.items():
            connector = {"name": domain, "recipient_domains": [domain],
                         "smart_hosts": [f"[127.0.0.1]:{ports[setting]}"],
                         "tls": "encrypt" if level == "pins" else level}
            if level == "none":
                connector |= {"tls": "opportunistic",
                              "exception": exception(tls="none", dane="none", mta_sts="none")}
            if level == "verify_name":
                connector["tls_names"] = ["partner.peer.test"]
            if level == "pins":
                connector["pins"] = [pin]
            if setting in self.SHOWING:
                connector["client_certificate"] = "ours"
            connectors.append(connector)
        ours = self.authority.issue("mx.hermetic.test")
        server = self.run_started(HermeticServer(
            accepted_domains=[{"name": "own.test", "kind": "internal_relay",
                               "next_hop": f"smtp://127.0.0.1:{self.sink.port}"}],
            inbound_connectors=[{"name": "here", "kind": "on_premises",
                                 "networks": ["127.0.0.0/8"], "may_relay": True}],
            outbound_connectors=connectors, organization={"retry_after": ["1h"]},
            organization_certificates=[{"name": "ours", "chain": ours[0], "key": ours[1]}],
            environment={"SSL_CERT_FILE": str(self.authority.certificate)}))
        with Client(server.address(), timeout=60) as client:
            client.ehlo()
            for domain in cells:
                client.deliver(f"{domain}@own.test", [f"you@{domain}"], MESSAGE)
        wait_for(lambda: len(self.attempts(server)) == len(cells),
                 lambda: f"every cell is tried; missing: {set(cells) - set(self.attempts(server))}"
                         f"\n{server.story()}", 90, 0.1)
        attempts = self.attempts(server)
        for domain, (setting, level) in cells.items():
            with self.subTest(f"{setting}, {level}"):
                self.judge(attempts[domain], rows[setting][level], domain)
        print(f"      {len(cells)} cells", flush=True)

    @staticmethod
    def attempts(server):
        """The first of each domain."""
        found = {}
        for attempt in server.log("attempt"):
            to = attempt["to"][0] if isinstance(attempt["to"], list) else attempt["to"]
            domain = to.strip("<>").rpartition("@")[2]
            if domain.endswith(".cell.test") and attempt["attempt"] == 1:
                found.setdefault(domain, attempt)
        return found

    def judge(self, attempt, expected, domain):
        tls = attempt.get("tls")
        delivered = attempt["outcome"] == "delivered"
        outcome = (tls["version"] if tls else "clear") if delivered else attempt["reason"]
        self.assertEqual(outcome, expected, attempt)
        arrived = self.sink.to(f"you@{domain}")
        if not delivered:
            self.assertEqual(arrived, [], "it came though it was not delivered")
            return
        # What the partner says of it.
        field = re.search(rb"^Received: (?:[^\r\n]|\r\n[ \t])*", self.sink.wait_to(f"you@{domain}").data, re.M)[0]
        if domain.startswith(self.SHOWING) and tls:
            self.assertIn(b'Client CN "mx.hermetic.test"', field)
            self.assertIn(b"verified OK", field)
        if tls:
            self.assertRegex(field, rb"(?i)TLS_?v?" + re.escape(tls["version"][-3:].encode()))
        else:
            self.assertNotRegex(field, rb"(?i)TLS_?v?1|ESMTPS")

    def certificates(self):
        good = self.authority.issue("partner.peer.test", key="rsa")
        curve = self.authority.issue("partner.peer.test.ec", "partner.peer.test")
        other = self.authority.issue("elsewhere.peer.test", key="rsa")
        unknown = self.strangers.issue("partner.peer.test", key="rsa")
        return {"good": good, "curve": curve, "other": other, "unknown": unknown}

    def test_postfix(self):
        """Postfix as partner: each setting of smtpd_tls_* under each level"""
        self.sink = Sink()
        self.addCleanup(self.sink.close)
        shown = self.certificates()

        def show(name, **settings):
            chain, key = shown[name]
            return {"smtpd_tls_chain_files": f"{key}, {chain}", **settings}

        verified = same("clear", "TLSv1.3", "TLSv1.3")
        rows = {
            "may": (show("good"), verified),
            "off": (show("good", smtpd_tls_security_level="none"),
                    same("clear", "clear", "starttls.not-offered")),
            "required": (show("good", smtpd_tls_security_level="encrypt"),
                         same("mail.refused", "TLSv1.3", "TLSv1.3")),
            "only12": (show("good", smtpd_tls_protocols="TLSv1.2"), same("clear", "TLSv1.2", "TLSv1.2")),
            "only13": (show("good", smtpd_tls_protocols="TLSv1.3"), verified),
            "required12": (show("good", smtpd_tls_security_level="encrypt",
                                smtpd_tls_mandatory_protocols="TLSv1.2"),
                           same("mail.refused", "TLSv1.2", "TLSv1.2")),
            "required13": (show("good", smtpd_tls_security_level="encrypt",
                                smtpd_tls_mandatory_protocols="TLSv1.3"),
                           same("mail.refused", "TLSv1.3", "TLSv1.3")),
            # Below the floor of the organization.
            "only11": (show("good", smtpd_tls_protocols="TLSv1.1",
                            tls_medium_cipherlist="ALL:@SECLEVEL=0"),
                       same("clear", "clear", "ladder.handshake-failed")),
            "ask-certificate": (show("good", smtpd_tls_ask_ccert="yes"), verified),
            "high-ciphers": (show("good", smtpd_tls_ciphers="high", smtpd_tls_exclude_ciphers="aNULL"),
                             verified),
            "one-cipher": (show("good", smtpd_tls_protocols="TLSv1.2",
                                tls_medium_cipherlist="ECDHE-RSA-AES256-GCM-SHA384"),
                           same("clear", "TLSv1.2", "TLSv1.2")),
            "one-group": (show("good", tls_eecdh_auto_curves="secp384r1"), verified),
            "ec-only": (show("curve"), {**verified, "pins": "tls.pin-mismatch"}),
            "other-name": (show("other"), {**verified, "verify_name": "tls.name-mismatch",
                                           "pins": "tls.pin-mismatch"}),
            "unknown-ca": (show("unknown"), {**verified, "verify_ca": "tls.unknown-ca",
                                             "verify_name": "tls.unknown-ca",
                                             "pins": "tls.pin-mismatch"}),
            "certificate-asked": (show("good", smtpd_tls_ask_ccert="yes",
                                       smtpd_tls_CAfile=self.authority.certificate), verified),
            "certificate-shown": (show("good", smtpd_tls_security_level="encrypt",
                                       smtpd_tls_req_ccert="yes",
                                       smtpd_tls_CAfile=self.authority.certificate),
                                  same("mail.refused", "TLSv1.3", "TLSv1.3")),
            # No client certificate is configured: Postfix asks, and refuses the session after it.
            "require-certificate": (show("good", smtpd_tls_security_level="encrypt",
                                         smtpd_tls_req_ccert="yes"),
                                    same("mail.refused", "ehlo.deferred", "ehlo.deferred")),
        }
        postfix = self.run_started(Postfix(self.sink.port, relay_tls="none",
                                           listeners={k: settings for k, (settings, _) in rows.items()}))
        self.deliver_all(postfix.ports, {k: outcomes for k, (_, outcomes) in rows.items()},
                         public_key_pin(shown["good"][0]))

    def test_exim(self):
        """Exim as partner: versions and no TLS under each level"""
        self.sink = Sink()
        self.addCleanup(self.sink.close)
        chain, key = self.certificates()["good"]
        rows = {
            "any": ("NORMAL", same("clear", "TLSv1.3", "TLSv1.3")),
            "only12": ("NORMAL:-VERS-ALL:+VERS-TLS1.2", same("clear", "TLSv1.2", "TLSv1.2")),
            "only13": ("NORMAL:-VERS-ALL:+VERS-TLS1.3", same("clear", "TLSv1.3", "TLSv1.3")),
            "off": (None, same("clear", "clear", "starttls.not-offered")),
        }
        exim = self.run_started(EximWith(self.sink.port, chain, key, relay_tls="none",
                                         tls_ports={k: ciphers for k, (ciphers, _) in rows.items()}))
        self.deliver_all(exim.ports, {k: outcomes for k, (_, outcomes) in rows.items()},
                         public_key_pin(chain))

    def test_opensmtpd(self):
        """OpenSMTPD as partner: its STARTTLS never succeeds, and required TLS is never given up for it"""
        self.sink = Sink()
        self.addCleanup(self.sink.close)
        opensmtpd = self.run_started(OpenSmtpd(self.sink.port, relay_tls="none"))
        self.deliver_all({"broken": opensmtpd.port},
                         {"broken": same("clear", "clear", "ladder.handshake-failed")}, "0" * 64)


class EximWith(Exim):
    """Exim with a certificate that is not its own authority's."""

    def __init__(self, relay_to, chain, key, **options):
        super().__init__(relay_to, **options)
        self.shown = chain, key

    def configure(self, files):
        for mine, shown in zip((self.chain, self.key), self.shown):
            Path(mine).write_bytes(Path(shown).read_bytes())
        super().configure(files)


class Senders(Table):
    """Hermetic receives, on listeners that show a good certificate, one in another name, one of
    nobody, and none. A cell ends as "tls", "clear" or "waits"."""

    def start_hermetic(self):
        self.sink = Sink()
        self.addCleanup(self.sink.close)
        self.shown = {"good": self.authority.issue("mx.hermetic.test"),
                      "other": self.authority.issue("elsewhere.hermetic.test"),
                      "unknown": self.strangers.issue("mx.hermetic.test")}
        self.server = self.run_started(HermeticServer(
            listeners=[*(listener(name, certificates=[name]) for name in self.shown),
                       listener("plain", tls="off")],
            certificates=[{"name": name, "chain": chain, "key": key}
                          for name, (chain, key) in self.shown.items()],
            accepted_domains=[{"name": "*.cell.test", "kind": "internal_relay",
                               "next_hop": f"smtp://127.0.0.1:{self.sink.port}"}]))

    def judge_all(self, peer, cells):
        """cells: domain -> outcome."""
        with Client(("127.0.0.1", peer.port), timeout=60) as client:
            client.ehlo()
            for domain in cells:
                client.deliver("alice@sender.test", [f"you@{domain}"], MESSAGE)
        delivered = [domain for domain, outcome in cells.items() if outcome != "waits"]
        waiting = [domain for domain, outcome in cells.items() if outcome == "waits"]
        for domain in delivered:
            with self.subTest(domain):
                arrived = self.sink.wait_to(f"you@{domain}")
                fields = re.findall(rb"^Received: (?:[^\r\n]|\r\n[ \t])*", arrived.data, re.M)
                ours = next(field for field in fields if b"by mx.hermetic.test" in field)
                protected = re.search(rb"with (ESMTPS|UTF8SMTPS)\b", ours) is not None
                self.assertEqual("tls" if protected else "clear", cells[domain], ours)
                self.assertEqual(re.search(rb"TLS ?v?1[._]\d", ours) is not None, protected, ours)
        for domain in waiting:
            with self.subTest(domain):
                wait_for(lambda: self.was_deferred(peer, domain),
                         lambda: f"{peer.name} defers {domain}:\n{peer.log()[-5000:]}", 60, 0.1)
                self.assertEqual(self.sink.to(f"you@{domain}"), [])
        print(f"      {len(cells)} cells: {len(delivered)} delivered, {len(waiting)} waiting", flush=True)

    @staticmethod
    def was_deferred(peer, domain):
        if peer.name == "opensmtpd":  # tries again at once, and says no more than this
            return "TLS required but not supported" in peer.log()
        marks = {"postfix": r"status=deferred", "exim": r" (==|\*\*) "}
        return any(domain in line and re.search(marks[peer.name], line)
                   for line in peer.log().splitlines())

    def cells(self, rows):
        """rows: level -> outcomes on good, other, unknown, plain."""
        return {(level, where): outcome for level, outcomes in rows.items()
                for where, outcome in zip(("good", "other", "unknown", "plain"), outcomes)}

    ROWS = {
        "none": ("clear", "clear", "clear", "clear"),
        "may": ("tls", "tls", "tls", "clear"),
        "encrypt": ("tls", "tls", "tls", "waits"),
        "verify": ("tls", "waits", "waits", "waits"),
    }

    def test_postfix(self):
        """Postfix as sender: each level of smtp_tls_policy_maps against each certificate of ours"""
        self.start_hermetic()
        cells = self.cells({**self.ROWS, "secure": self.ROWS["verify"],
                            "fingerprint": self.ROWS["verify"]})
        extra = {"verify": " match=mx.hermetic.test", "secure": " match=mx.hermetic.test",
                 "fingerprint": f" match={fingerprint(self.shown['good'][0])}"}
        routes = {f"{level}-{where}.cell.test":
                  (f"{level}-{where}.hop.test", self.server.port(where), level + extra.get(level, ""))
                  for level, where in cells}
        postfix = self.run_started(Postfix(
            0, routes=routes, settings={"smtp_tls_CAfile": self.authority.certificate,
                                        "smtp_tls_fingerprint_digest": "sha256"}))
        self.judge_all(postfix, {f"{level}-{where}.cell.test": outcome
                                 for (level, where), outcome in cells.items()})

    def test_postfix_with_certificate(self):
        """Postfix's client certificate passes an inbound connector that asks for it; none, or another, does not"""
        self.sink = Sink()
        self.addCleanup(self.sink.close)
        chain, key = self.authority.issue("mx.hermetic.test")
        self.server = self.run_started(HermeticServer(
            listeners=[listener("mx", certificates=["mx"], client_certificates="request")],
            certificates=[{"name": "mx", "chain": chain, "key": key}],
            inbound_connectors=[{"name": "bank", "kind": "partner", "sender_domains": ["bank.test"],
                                 "certificate_names": ["client.bank.test"],
                                 "ca": self.authority.certificate, "require_certificate": True}],
            accepted_domains=[{"name": "cell.test", "kind": "internal_relay",
                               "next_hop": f"smtp://127.0.0.1:{self.sink.port}"}]))
        shown = {"client": self.authority.issue("client.bank.test"),
                 "other": self.authority.issue("client.elsewhere.test"),
                 "stranger": self.strangers.issue("client.bank.test"), "nothing": None}
        for name, pair in shown.items():
            with self.subTest(name):
                settings = {"smtp_tls_chain_files": f"{pair[1]}, {pair[0]}"} if pair else {}
                with Postfix(self.server.port(), relay_tls="encrypt", settings=settings) as postfix:
                    with Client(("127.0.0.1", postfix.port), timeout=60) as client:
                        client.ehlo()
                        client.deliver("ann@bank.test", [f"{name}@cell.test"], MESSAGE)
                    if name == "client":
                        self.sink.wait_to(f"{name}@cell.test")
                        continue
                    wait_for(lambda: re.search(rf"to=<{name}@cell.test>.*status=(bounced|deferred)",
                                               postfix.log()),
                             lambda: f"it is refused:\n{postfix.log()[-3000:]}", 30, 0.1)
                    self.assertRegex(postfix.log(), r"said: [45]5[04] [45]\.7\.")
                    self.assertEqual(self.sink.to(f"{name}@cell.test"), [])

    def test_exim(self):
        """Exim as sender: none, may, encrypt and verify against each certificate of ours"""
        self.start_hermetic()
        cells = self.cells(self.ROWS)
        checks = {"none": "hosts_avoid_tls = *", "may": "tls_verify_hosts =",
                  "encrypt": "hosts_require_tls = *\n  tls_verify_hosts =",
                  "verify": "hosts_require_tls = *\n  tls_verify_hosts = *\n"
                            f"  tls_verify_certificates = {self.authority.certificate}\n"
                            "  tls_verify_cert_hostnames = *"}
        routers, transports = "", ""
        for level, where in cells:
            name = f"{level}_{where}"
            routers += (f"{name}:\n  driver = manualroute\n  domains = {level}-{where}.cell.test\n"
                        f"  transport = {name}\n  route_data = mx.hermetic.test byname\n"
                        "  self = send\n  host_find_failed = defer\n")
            optional = "" if level == "verify" else "  tls_try_verify_hosts =\n  tls_verify_cert_hostnames =\n"
            transports += (f"{name}:\n  driver = smtp\n  port = {self.server.port(where)}\n"
                           f"  {checks[level]}\n{optional}  hosts_try_dane =\n"
                           "  dnssec_request_domains =\n")
        exim = self.run_started(Exim(0, routes=(routers, transports), hosts=["mx.hermetic.test"]))
        self.judge_all(exim, {f"{level}-{where}.cell.test": outcome
                              for (level, where), outcome in cells.items()})

    def test_opensmtpd(self):
        """OpenSMTPD as sender: without TLS, with it where it can be had, and required"""
        self.start_hermetic()
        # It makes a connection to an address every five seconds, no more: a few cells say it all.
        chosen = {("none", "good"), ("may", "unknown"), ("may", "plain"), ("encrypt", "unknown"),
                  ("encrypt", "plain")}
        cells = {cell: outcome for cell, outcome in self.cells(self.ROWS).items() if cell in chosen}
        way = {"none": 'host "smtp+notls://127.0.0.1:{0}"', "may": 'host "smtp://127.0.0.1:{0}"',
               "encrypt": 'host "smtp+tls://127.0.0.1:{0}" tls no-verify'}
        opensmtpd = self.run_started(OpenSmtpd(0, routes={
            f"{level}-{where}.cell.test": way[level].format(self.server.port(where))
            for level, where in cells}))
        self.judge_all(opensmtpd, {f"{level}-{where}.cell.test": outcome
                                   for (level, where), outcome in cells.items()})


if __name__ == "__main__":
    runner.main()
