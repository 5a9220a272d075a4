#!/usr/bin/python3
"""Delivery, connector test and explain --live agree: the program, end to end, under five levels.

A sample of what tests/lab/agreement_test.cc asks in process of thousands of cells: every partner of
the lab that differs before MAIL, for five organizations, each with its own level of TLS. Five
messages to each partner go through one server; what the log says of each attempt, what
`hermetic connector test` finds and what `hermetic explain --live` foresees must be one verdict for
one reason, and what the partner saw must be that verdict."""

import json
import os
import re
import shutil
import smtplib
import sys
import tempfile
import tomllib
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import children, runner
from support.deadline import wait_for
from support.hermetic_server import HermeticServer, binary, listener

# An organization each, whose clients come from an address of its own.
LEVELS = {"opportunistic": "127.0.0.11", "encrypt": "127.0.0.12", "verify_ca": "127.0.0.13",
          "verify_name": "127.0.0.14", "dane": "127.0.0.15"}
# What they do before MAIL is what the lab's other partners do, or takes too long.
PARTNERS = [
    "modern", "tls13", "tls12", "tls11", "tls10", "clear", "refused", "starttls-unknown",
    "starttls-closed", "tls-required", "injected", "client-certificate",
    "client-certificate-tls12", "closed-before-hello", "closed-after-hello", "reset",
    "version-alert", "handshake-alert", "garbage-hello", "closed-in-flight", "tls13-intolerant",
    "tls13-stripped", "ticket-intolerant", "group-intolerant", "sha1-handshake", "dh1024",
    "no-rfc5746", "expired", "not-yet-valid",
    "self-signed", "wrong-name", "unknown-ca", "incomplete-chain", "rsa1024", "sha1", "wildcard",
    "common-name", "revoked-stapled", "stapled", "many-names", "nul-in-name", "wildcard-alone",
    "wildcard-inside", "address-only", "expired-issuer", "long-chain", "authority-as-leaf",
    "client-usage", "banner-554", "banner-421", "ehlo-550", "helo-only", "ehlo-fails-under-tls",
    "closes-at-connect", "dead", "dead-first", "null-mx", "nowhere"]
SPOKEN = {"mail", "rcpt", "data", "end-of-data", "done"}


def level_table():
    """A connector for each partner in each organization."""
    return [{"name": f"{level}-{partner}", "organization": level,
             "recipient_domains": [f"{partner}.lab.test"], "tls": level}
            for level in LEVELS for partner in PARTNERS]


def verdict_of_attempt(line):
    """("TLSv1.3" | "clear" | "not sent", the reason) of a line of the log."""
    if line["stage"] not in SPOKEN:
        return "not sent", line["reason"]
    if line["tls"]:
        return line["tls"]["version"], line["because"][-1]
    return "clear", line["steps"][-1]["cause"]


def verdict_of_explain(live):
    if not live["flows"]:
        return "not sent", live["reason"]
    return "clear" if live["in_clear"] else live["session"].split()[0], live["reason"]


def verdict_of_test(steps):
    """Of a connector test: the step `policy` of the address that would be used."""
    policies = [each for each in steps if each["step"] == "policy"]
    flows = [each for each in policies if each["state"] != "failed"]
    if flows:
        version = re.search(r"TLSv1\.\d", flows[0]["seen"].split("\npolicy")[0])
        return version[0] if version else "clear", flows[0]["reason"]
    failed = [each for each in steps if each["step"] == "result" and each["host"]]
    return "not sent", (failed or steps)[0]["reason"]


class Agreement(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = Path(tempfile.mkdtemp(prefix="hermetic-lab."))
        cls.addClassCleanup(shutil.rmtree, cls.directory, True)
        output = open(cls.directory / "output", "wb")
        cls.addClassCleanup(output.close)
        cls.lab = children.start([binary(), "lab", "--only", ",".join(PARTNERS),
                                  "--dir", cls.directory], stdout=output, stderr=output)
        cls.addClassCleanup(cls.lab.wait, 30)
        cls.addClassCleanup(cls.lab.terminate)
        wait_for(lambda: (cls.directory / "org.toml").exists() or cls.lab.poll() is not None,
                 "the lab runs", 60)
        node = tomllib.loads((cls.directory / "hermetic.toml").read_text())
        os.environ["SSL_CERT_FILE"] = str(cls.directory / "ca.pem")
        cls.addClassCleanup(os.environ.pop, "SSL_CERT_FILE")
        cls.server = HermeticServer(
            hostname="sender.lab.test", resolver=node["resolver"], listeners=[listener()],
            delivery={"port": node["delivery"]["port"], "connect_timeout": "5s",
                      "greeting_timeout": "5s", "command_timeout": "5s"},
            inbound_connectors=[{"name": level, "organization": level, "kind": "on_premises",
                                 "networks": [f"{address}/32"], "may_relay": True}
                                for level, address in LEVELS.items()],
            outbound_connectors=level_table())
        cls.write_organizations()
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    @classmethod
    def write_organizations(cls):
        file = cls.server.directory / "org.toml"
        rest = file.read_text().split("\n\n[[", 1)[1]
        file.write_text("".join(f'[[organization]]\nname = "{level}"\n'
                                f'postmaster = "postmaster@{level.replace("_", "-")}.test"\n\n'
                                for level in LEVELS) + "[[" + rest)

    @classmethod
    def explain(cls, level, partner):
        done = cls.server.run("explain", "--from", f"a@{level.replace('_', '-')}.test",
                              "--to", f"you@{partner}.lab.test", "--client", LEVELS[level],
                              "--live", "--json", check=False)
        return verdict_of_explain(json.loads(done.stdout)["live"])

    @classmethod
    def by_test(cls, level, partner):
        done = cls.server.run("connector", "test", f"{level}-{partner}", "--json", check=False,
                              seconds=150)
        return verdict_of_test([json.loads(line) for line in done.stdout.splitlines()])

    def deliver(self):
        for level, address in LEVELS.items():
            with smtplib.SMTP("127.0.0.1", self.server.port(), source_address=(address, 0),
                              local_hostname="client.test") as client:
                for partner in PARTNERS:
                    client.sendmail(f"a@{level.replace('_', '-')}.test",
                                    [f"you@{partner}.lab.test"], f"Subject: {level}\r\n\r\nA line.\r\n")

    def attempts(self):
        """The first of each cell."""
        first = {}
        for line in self.server.log("attempt"):
            to = re.match(r"<?you@([a-z0-9-]+)\.lab\.test", line["to"])
            if to:
                level = line["from"].strip("<>").split("@")[1].split(".")[0].replace("-", "_")
                first.setdefault((level, to[1]), line)
        return first

    def test_all_agree(self):
        """each cell: one verdict and one reason from the three"""
        cells = [(level, partner) for level in LEVELS for partner in PARTNERS]
        with ThreadPoolExecutor(4) as pool:
            explained = dict(zip(cells, pool.map(lambda cell: self.explain(*cell), cells)))
        self.deliver()
        with ThreadPoolExecutor(4) as pool:
            tested = dict(zip(cells, pool.map(lambda cell: self.by_test(*cell), cells)))
        wait_for(lambda: len(self.attempts()) == len(cells),
                 lambda: f"every cell has an attempt: {set(cells) - set(self.attempts())}", 180, 1)
        found = self.attempts()
        wrong, kinds = [], {}
        for cell in cells:
            mail = verdict_of_attempt(found[cell])
            kinds[mail[0]] = kinds.get(mail[0], 0) + 1
            if not mail == explained[cell] == tested[cell]:
                wrong.append(f"{cell}: delivery {mail}, explain {explained[cell]}, "
                             f"connector test {tested[cell]}")
            if cell[0] != "opportunistic" and mail[0] == "clear":
                wrong.append(f"{cell}: in clear")
        print(f"  {len(cells)} cells: {kinds}", flush=True)
        self.assertGreaterEqual(len(cells), 200)
        self.assertFalse(wrong, "\n" + "\n".join(wrong))
        self.check_partners(found)

    def check_partners(self, found):
        """What the partners saw: a message in clear only where delivery says so."""
        records = [json.loads(line)
                   for line in (self.directory / "records.jsonl").read_text().splitlines()]
        for each in records:
            if each["record"] != "message":
                continue
            level = each["from"].strip("<>").split("@")[1].split(".")[0].replace("-", "_")
            cell = (level, each["partner"])
            version = each["tls"]["version"] if each["tls"] else "clear"
            self.assertEqual(version, verdict_of_attempt(found[cell])[0], cell)


if __name__ == "__main__":
    runner.main()
