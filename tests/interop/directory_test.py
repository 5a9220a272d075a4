#!/usr/bin/python3
"""The objects of a running server: apply, export, connector commands; in force at once, kept over a kill."""

import http.client
import json
import os
import pty
import socket
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import runner
from support.deadline import wait_for
from support.hermetic_server import HermeticServer, binary, listener, smtp_hop
from support.smtp_client import Client, Refused
from support.smtp_sink import Sink

MESSAGE = b"From: a@senders.test\r\nSubject: x\r\n\r\ntext\r\n"


class Admin(http.client.HTTPConnection):
    """The control API over its Unix socket."""

    def __init__(self, path):
        super().__init__("hermetic", timeout=60)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self._path)


def ask(server, method, target, body=None):
    """(status, answer)"""
    admin = Admin(server.data / "admin.sock")
    try:
        admin.request(method, target, body if body is None or isinstance(body, (str, bytes))
                      else json.dumps(body))
        response = admin.getresponse()
        text = response.read().decode()
        return response.status, json.loads(text) if text.startswith("{") else text
    finally:
        admin.close()


class Directory(unittest.TestCase):
    def setUp(self):
        self.sinks = []
        self.server = HermeticServer(listeners=[listener("mx")])
        del self.server.settings["top"]["organization_file"]
        self.server.write_config()
        self.addCleanup(self.server.stop)
        self.server.start()

    def sink(self, **options):
        sink = Sink(**options)
        self.addCleanup(sink.close)
        return sink

    def command(self, *words, code=0):
        done = self.server.run(*words, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def json(self, *words):
        return json.loads(self.command(*words, "--json").stdout)

    def file(self, text, name="objects.toml"):
        path = self.server.directory / name
        path.write_text(text)
        return path

    def document(self, hop, *more):
        return "\n".join([
            "[organization]", 'name = "Test"', 'postmaster = "postmaster@hermetic.test"',
            'retry_after = ["1h"]', "[[accepted_domain]]", 'name = "a.test"',
            'kind = "internal_relay"', f'next_hop = "{smtp_hop(hop)}"',
            "[[inbound_connector]]", 'name = "ours"', 'kind = "on_premises"',
            'networks = ["127.0.0.0/8"]', "may_relay = true", *more]) + "\n"

    def apply(self, hop, *more):
        return self.command("apply", self.file(self.document(hop, *more)))

    def send(self, to):
        with Client(self.server.address()) as client:
            client.ehlo()
            client.deliver("x@senders.test", [to], MESSAGE)

    def test_empty(self):
        """a server without objects accepts nothing and says why, until a file is applied, without a restart"""
        self.server.wait_log("directory.empty")
        self.assertIn("no organization", self.command("check").stdout)
        self.assertIn("NO MAIL IS ACCEPTED", self.command("status").stdout)
        self.assertEqual(self.command("export").stdout, "")
        hop = self.sink()
        with Client(self.server.address()) as client:
            client.ehlo()
            client.command("MAIL FROM:<x@senders.test>")
            refused = client.command("RCPT TO:<u@a.test>")
            self.assertEqual(refused.code, 450, str(refused))
            self.assertIn("no organization", refused.text)
            client.command("RSET")
            self.assertIn("applied: revision 1", self.apply(hop).stdout)
            client.deliver("x@senders.test", ["u@a.test"], MESSAGE)
        hop.wait_to("u@a.test")
        self.assertIn("are OK", self.command("check").stdout)

    def test_round_trip(self):
        """export is taken back without a difference, exported again octet by octet, and survives a kill"""
        hop = self.sink()
        connector = ["[[outbound_connector]]", 'name = "bank"', 'comment = "a \\"b\\" \\\\ c"',
                     'recipient_domains = ["bank.test", "*.bank.test"]', 'tls = "encrypt"']
        self.apply(hop, *connector)
        exported = self.command("export").stdout
        path = self.file(exported, "export.toml")
        self.assertEqual(self.command("apply", path, "--dry-run").stdout, "nothing to do\n")
        self.assertEqual(self.command("apply", path).stdout, "nothing to do\n")
        self.assertEqual(self.command("export").stdout, exported)
        self.server.kill()
        self.server.start()
        self.assertEqual(self.command("export").stdout, exported)
        shown = self.json("connector", "show", "bank")
        self.assertEqual(shown["version"], 1)
        self.assertEqual(shown["fields"]["comment"], 'a "b" \\ c')

    def test_difference(self):
        """a dry run prints each object and field, changes nothing and ends with 4"""
        hop = self.sink()
        bank = ["[[outbound_connector]]", 'name = "bank"', 'recipient_domains = ["bank.test"]']
        self.apply(hop, *bank, 'comment = "old"')
        other = ["[[outbound_connector]]", 'name = "other"', 'recipient_domains = ["o.test"]']
        path = self.file(self.document(hop, *bank, 'tls = "encrypt"', 'comment = "new"', *other)
                         .replace('"ours"', '"renamed"'))
        shown = self.command("apply", path, "--dry-run", code=4).stdout
        self.assertEqual(
            [line.rstrip() for line in shown.splitlines() if not line.startswith("    kind")], [
                '- inbound_connector "ours" of Test', '    networks = ["127.0.0.0/8"]',
                "    may_relay = true", '+ inbound_connector "renamed" of Test',
                '    networks = ["127.0.0.0/8"]', "    may_relay = true",
                '~ outbound_connector "bank" of Test', '    + tls = "encrypt"',
                '    ~ comment = "old" -> "new"', '+ outbound_connector "other" of Test',
                '    recipient_domains = ["o.test"]'])
        self.assertEqual(self.json("connector", "list")["revision"], 1)
        self.command("apply", path, "--prune")
        self.assertEqual(len(self.json("connector", "list")["objects"]), 2)

    def test_prune(self):
        """apply removes nothing that it was not asked to; --prune does, and so does a yes on a terminal"""
        hop = self.sink()
        bank = ["[[outbound_connector]]", 'name = "bank"', 'recipient_domains = ["bank.test"]']
        self.apply(hop, *bank)
        path = self.file(self.document(hop), "less.toml")
        refused = self.command("apply", path, code=1)
        self.assertIn('- outbound_connector "bank" of Test', refused.stdout)
        self.assertIn("1 object, which would be removed; expected: --prune", refused.stderr)
        self.assertEqual(json.loads(self.command("apply", path, "--json", code=1).stderr)["reason"],
                         "removes")
        status, answer = ask(self.server, "PUT", "/v1/objects?revision=1", path.read_text())
        self.assertEqual((status, answer["reason"]), (409, "removes"))
        self.assertEqual(len(self.json("connector", "list")["objects"]), 1)
        for word, left in (("n", 1), ("yes", 0)):
            self.on_terminal(word, "apply", path)
            self.assertEqual(len(self.json("connector", "list")["objects"]), left, word)
        self.apply(hop, *bank)
        self.command("apply", path, "--prune")
        self.assertEqual(self.json("connector", "list")["objects"], [])

    def listen(self, *names):
        """Starts the server anew with these listeners."""
        self.server.stop()
        self.server.settings["listener"] = [listener(each) for each in names]
        self.server.write_config()
        self.server.start()

    def on_terminal(self, answer, *words):
        """Runs a command on a terminal of its own and answers its question."""
        parent, child = pty.openpty()
        try:
            process = subprocess.Popen(
                [binary(), *map(str, words), "--config", str(self.server.config)], stdin=child,
                stdout=subprocess.DEVNULL, stderr=child, start_new_session=True)
            os.write(parent, answer.encode() + b"\n")
            process.wait(60)
            self.assertIn(b"Remove 1 object, as shown? [y/N]", os.read(parent, 4096))
        finally:
            os.close(parent)
            os.close(child)

    def test_changes_and_rollback(self):
        """changes: who, when, what; rollback: what was is again, as a new revision, or the reason why not"""
        hop = self.sink()
        bank = ["[[outbound_connector]]", 'name = "bank"', 'recipient_domains = ["bank.test"]']
        self.apply(hop, *bank)
        self.command("connector", "set", "bank", "comment=second", "--no-test")
        self.command("connector", "remove", "bank")
        changes = self.command("changes").stdout
        self.assertRegex(changes, r"(?s)revision 3, by \S+ at 20.*- outbound_connector \"bank\".*"
                                  r"revision 2, .*\+ comment = \"second\".*revision 1, ")
        only = self.json("changes", "2")["changes"]
        self.assertEqual([(each["revision"], each["change"]) for each in only], [(2, "changed")])
        self.assertIn('+ outbound_connector "bank"',
                      self.command("rollback", "2", "--dry-run", code=4).stdout)
        self.assertIn("revision 9", self.command("rollback", "9", code=1).stderr)
        self.command("rollback", "2", "--revision-seen", "1", code=5)
        self.assertIn("rolled back to revision 2: revision 4", self.command("rollback", "2").stdout)
        self.assertEqual(self.json("connector", "show", "bank")["fields"]["comment"], "second")
        self.assertIn("(rollback to revision 2)", self.command("changes", "4").stdout)
        self.assertEqual(self.command("rollback", "2").stdout, "nothing to do\n")
        # What was added since would go: not unasked.
        self.command("connector", "add", "late", "recipient_domains=late.test", "--no-test")
        refused = self.command("rollback", "4", code=1)
        self.assertIn('- outbound_connector "late" of Test', refused.stdout)
        self.assertIn("revision 4 does not name 1 object, which would be removed; expected: --prune",
                      refused.stderr)
        self.on_terminal("n", "rollback", "4")
        self.assertEqual(len(self.json("connector", "list")["objects"]), 2)
        self.command("rollback", "4", "--prune")
        self.assertEqual(len(self.json("connector", "list")["objects"]), 1)
        # A listener that the old objects name is not there any more.
        self.listen("mx", "print")
        self.command("connector", "set", "ours", "--inbound", "listeners=print")
        self.command("connector", "set", "ours", "--inbound", "listeners=")
        self.listen("mx")
        refused = self.command("rollback", "7", code=1).stderr
        self.assertIn("print", refused)
        self.assertIn('expected: "mx"', refused)

    def test_two_organizations(self):
        """a name is unique within its organization and kind; a typo of the organization says which there are"""
        self.apply(self.sink())
        self.command("organization", "add", "Other", "postmaster=p@other.test")
        self.command("connector", "add", "bank", "recipient_domains=bank.test", "--organization",
                     "Test", "--no-test")
        self.command("connector", "add", "bank", "recipient_domains=b.test", "--organization",
                     "Other", "--no-test")
        self.assertIn("several organizations", self.command("connector", "show", "bank",
                                                            code=1).stderr)
        shown = self.json("connector", "show", "bank", "--organization", "Other")
        self.assertEqual(shown["fields"]["recipient_domains"], ["b.test"])
        self.command("connector", "set", "bank", "comment=ours", "--organization", "Other",
                     "--no-test")
        self.assertNotIn("comment", self.json("connector", "show", "bank", "--organization",
                                              "Test")["fields"])
        for words in (["connector", "list"], ["connector", "show", "bank"],
                      ["connector", "remove", "bank"], ["domain", "list"],
                      ["connector", "add", "x", "recipient_domains=x.test"],
                      ["connector", "test", "bank"]):
            refused = self.command(*words, "--organization", "Typo", code=1).stderr
            self.assertIn('no organization "Typo"; expected: "Other", "Test"', refused, words)
        exported = self.file(self.command("export").stdout, "export.toml")
        self.assertEqual(self.command("apply", exported).stdout, "nothing to do\n")

    def test_kinds(self):
        """organization, domain, certificate and retire have the verbs that connector has"""
        hop = self.sink()
        self.apply(hop)
        self.command("organization", "set", "Test", "tls=encrypt", "comment=ours")
        self.assertRegex(self.command("organization", "list").stdout, r"Test +postmaster@\S+ +encrypt")
        self.command("domain", "add", "b.test", "kind=internal_relay",
                     f"next_hop={smtp_hop(hop)}")
        self.send("u@b.test")
        hop.wait_to("u@b.test")
        self.command("domain", "disable", "b.test")
        self.assertRegex(self.command("domain", "list").stdout, r"b\.test +no +internal_relay")
        self.assertIn("version", self.command("domain", "show", "b.test").stdout)
        self.command("domain", "remove", "b.test", "--dry-run", code=4)
        self.command("domain", "remove", "b.test")
        self.command("certificate", "add", "us", "chain=/etc/ssl/us.pem", "key=/etc/ssl/us.key")
        self.assertEqual(self.json("certificate", "show", "us")["fields"]["key"], "/etc/ssl/us.key")
        self.command("certificate", "remove", "us")
        self.command("retire", "add", "old", "versions=1.0,1.1", "start=2027-01-01T00:00:00Z",
                     "end=2027-03-01T00:00:00Z")
        self.command("retire", "set", "old", "end=2027-04-01T00:00:00Z", "versions=1.0")
        self.assertRegex(self.command("retire", "list").stdout, r"old +yes +inbound +1\.0")
        self.command("retire", "disable", "old")
        self.command("retire", "remove", "old")
        refused = self.command("domain", "add", "c.test", "nexthop=mx", code=1).stderr
        self.assertIn('accepted_domain "c.test".nexthop: there is no such key', refused)
        refused = self.command("organization", "remove", "Test", code=1).stderr
        self.assertIn('organization "Test" has accepted_domain "a.test" and 1 more', refused)

    def test_json_errors(self):
        """with --json an error is one JSON object on standard error, the exit code as without"""
        self.apply(self.sink())
        for code, words in ((1, ["connector", "show", "nobody"]), (2, ["connector", "frobnicate"]),
                            (2, ["connector", "set", "ours", "nonsense"]),
                            (1, ["connector", "add", "x", "tls=strong"]),
                            (1, ["domain", "list", "--organization", "Typo"]),
                            (3, ["status", "--socket", "/nowhere"]),
                            (1, ["apply", "/nowhere"]), (1, ["rollback", "9"])):
            plain = self.command(*words, code=code)
            self.assertNotEqual(plain.stderr, "", words)
            refused = self.command(*words, "--json", code=code)
            self.assertEqual(refused.stdout, "", words)
            self.assertTrue(json.loads(refused.stderr)["error"], words)
        refused = json.loads(self.command("connector", "add", "x", "tls=strong", "--json",
                                          code=1).stderr)
        self.assertEqual(refused["diagnostics"][0]["key"], 'outbound_connector "x".tls')
        checked = self.json("check")
        self.assertEqual((checked["accepted_domains"], checked["organizations"]), (1, 1))
        metrics = {each["metric"]: each["value"] for each in self.json("metrics")["metrics"]}
        self.assertEqual(metrics["hermetic_objects_revision"], 1)
        for words in (["certificate", "list"], ["retire", "status"], ["retire", "list"],
                      ["exceptions"], ["changes"], ["hosts", "list"], ["organization", "list"],
                      ["export"], ["ratchet", "list"]):
            self.json(*words)

    def test_shared_network(self):
        """connectors of one organization share a network where listeners tell them apart"""
        self.listen("mx", "print")
        self.apply(self.sink())
        self.command("connector", "set", "ours", "--inbound", "listeners=mx")
        network = "networks=127.0.0.0/8"
        refused = self.command("connector", "add", "printers", "--inbound", "kind=on_premises",
                               network, code=1).stderr
        self.assertIn('connector "ours" has 127.0.0.0/8 too', refused)
        self.assertIn("listeners", refused)
        refused = self.command("connector", "add", "printers", "--inbound", "kind=on_premises",
                               network, "listeners=printing", code=1).stderr
        self.assertIn('expected: "mx", "print"', refused)
        self.command("connector", "add", "printers", "--inbound", "kind=on_premises", network,
                     "listeners=print")
        for name, code in (("mx", 250), ("print", 550)):
            with Client(self.server.address(name)) as client:
                client.ehlo()
                client.command("MAIL FROM:<x@senders.test>")
                self.assertEqual(client.command("RCPT TO:<u@foreign.test>").code, code, name)

    def test_faults(self):
        """a file that is wrong is refused with file, line and the right form, and changes nothing"""
        hop = self.sink()
        self.apply(hop)
        path = self.file(self.document(hop) + "[[outbound_connector]]\nname = \"x\"\ntsl = 1\n")
        refused = self.command("apply", path, code=1).stderr
        self.assertRegex(refused, rf"{path}:\d+: outbound_connector\[0\].tsl: there is no such key")
        refused = self.command("connector", "add", "x", "recipient_domains=x.test", "tls=none",
                               code=1).stderr
        self.assertTrue(refused.startswith('outbound_connector "x".tls: '), refused)
        self.assertEqual(self.json("connector", "list")["revision"], 1)

    def test_connector(self):
        """connector add, set, show, disable, enable, history, remove; tables and JSON"""
        self.apply(self.sink())
        self.command("connector", "add", "bank", "recipient_domains=bank.test, *.bank.test",
                     "tls=verify_name", "comment=true, as agreed")
        self.command("connector", "set", "bank", "min_tls=1.3", "comment=")
        shown = self.command("connector", "show", "bank").stdout
        self.assertIn("bank.test, *.bank.test", shown)
        self.assertRegex(shown, r"version +2, by \S+ at 20")
        self.assertNotIn("comment", shown)
        self.assertIn("~ outbound_connector", self.command("connector", "disable", "bank").stdout)
        self.assertRegex(self.command("connector", "list").stdout, r"bank +no +bank\.test")
        self.assertEqual(self.command("connector", "enable", "bank", "--dry-run", code=4).stdout[0],
                         "~")
        self.command("connector", "enable", "bank")
        self.assertEqual(self.command("connector", "enable", "bank").stdout, "nothing to do\n")
        history = self.command("connector", "show", "bank", "--history").stdout
        self.assertEqual(history.count("version "), 4)
        self.command("connector", "set", "bank", "nonsense", code=2)
        self.command("connector", "remove", "bank")
        self.assertIn("no longer exists", self.command("connector", "show", "bank", code=1).stderr)
        inbound = self.command("connector", "list", "--inbound").stdout
        self.assertIn("127.0.0.0/8", inbound)
        self.command("connector", "set", "ours", "--inbound", "may_relay=false")
        with Client(self.server.address()) as client:
            client.ehlo()
            client.command("MAIL FROM:<x@senders.test>")
            self.assertEqual(client.command("RCPT TO:<u@foreign.test>").code, 550)

    def test_queued_mail(self):
        """mail that waits for its connector's TLS goes at once when the connector changes"""
        clear = self.sink()
        self.apply(clear, "[[outbound_connector]]", 'name = "partner"',
                   'recipient_domains = ["partner.test"]',
                   f'smart_hosts = ["[127.0.0.1]:{clear.port}"]', 'tls = "encrypt"')
        self.send("u@partner.test")
        wait_for(lambda: [each for each in self.json("queue", "list")["messages"]
                          if each["state"] == "deferred"], "it waits for TLS")
        self.assertEqual(clear.messages, [])
        changed = time.monotonic()
        self.command("connector", "set", "partner", "tls=opportunistic")
        clear.wait_to("u@partner.test")
        self.assertLess(time.monotonic() - changed, 20, "the next attempt was an hour away")

    def test_rerouted(self):
        """mail that waits for a dead host goes at once by the connector that is added"""
        dead, alive = self.sink(), self.sink()
        dead.close()
        self.apply(dead)
        self.send("u@a.test")
        wait_for(lambda: [each for each in self.json("queue", "list")["messages"]
                          if each["state"] == "deferred"], "it waits")
        self.apply(alive)
        alive.wait_to("u@a.test")

    def test_overtaken(self):
        """of two who change the same version one is refused, with who was first"""
        self.apply(self.sink(), "[[outbound_connector]]", 'name = "bank"',
                   'recipient_domains = ["bank.test"]')
        target = "/v1/objects/outbound_connector/bank"
        results = []

        def change(word):
            results.append(ask(self.server, "PATCH", target,
                               {"version": 1, "set": {"comment": word}}))
        threads = [threading.Thread(target=change, args=(f"w{i}",)) for i in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.assertEqual(sorted(status for status, _ in results), [200] + [409] * 7)
        refused = next(answer for status, answer in results if status == 409)
        self.assertEqual(refused["reason"], "conflict")
        self.assertRegex(refused["error"], r"is at version 2 now: changed by \S+ at 20")
        self.assertIn("version 2", self.command(
            "connector", "set", "bank", "tls=encrypt", "--version-seen", "1", code=5).stderr)
        path = self.file(self.document(self.sink()))
        self.command("apply", path, "--revision", "1", code=5)

    def test_managing_file(self):
        """a managing file: its changes are applied with their history, and others are refused"""
        self.apply(self.sink())
        self.server.settings["top"]["organization_file"] = "org.toml"
        self.server.write_config()
        self.server.wait_log("reload.done")
        for words in (["connector", "add", "x", "recipient_domains=x.test"],
                      ["apply", self.file(self.document(self.sink()))]):
            refused = self.command(*words, code=1).stderr
            self.assertIn("objects are managed by the file", refused)
            self.assertIn("organization_file", refused)
        self.server.objects["outbound_connector"].append(
            {"name": "filed", "recipient_domains": ["f.test"]})
        self.server.write_config()
        wait_for(lambda: self.json("connector", "list")["objects"], "the file's change is taken")
        self.assertEqual(self.json("connector", "show", "filed")["changed_by"],
                         f"file {self.server.directory / 'org.toml'}")
        del self.server.settings["top"]["organization_file"]
        self.server.write_config()
        wait_for(lambda: self.json("connector", "list")["managed_by"] == "directory",
                 "the directory is the source of truth again")
        self.command("connector", "set", "filed", "comment=kept")

    def test_bounds(self):
        """what is too large or malformed is refused in words, and the API goes on"""
        self.apply(self.sink())
        self.assertEqual(ask(self.server, "PUT", "/v1/objects?revision=1", b"#" * (16 << 20 | 1))[0],
                         413)
        self.assertEqual(ask(self.server, "PATCH", "/v1/objects/outbound_connector/x",
                             b" " * (65 << 10))[0], 413)
        self.assertEqual(ask(self.server, "PUT", "/v1/objects?revision=1", b"\xff")[0], 422)
        self.assertEqual(ask(self.server, "GET", "/v1/objects")[0], 200)

    def test_parameters(self):
        """parameters and values that nobody reads are refused with those that are known"""
        self.apply(self.sink())
        for target, expected in (("/v1/status?full=yes", "none"), ("/v1/queue?state=frozen", "waiting"),
                              ("/v1/objects?kinds=x", "kind, organization"),
                              ("/v1/changes?limit=all", "a whole number"),
                              ("/v1/objects/outbound_connector/x?organization=Typo", '"Test"')):
            status, answer = ask(self.server, "GET", target)
            self.assertEqual(status, 400, target)
            self.assertIn(expected, answer["expected"], target)

    def test_under_load(self):
        """connectors change while mail flows: nothing is lost, refused or sent twice"""
        hop = self.sink()
        self.apply(hop)
        stop = threading.Event()
        sent, failed = [], []

        def load(number):
            while not stop.is_set() and len(sent) < 3000:
                address = f"u{number}-{len(sent)}-{time.monotonic_ns()}@a.test"
                try:
                    self.send(address)
                    sent.append(address)
                except (OSError, Refused) as error:
                    failed.append(error)
        threads = [threading.Thread(target=load, args=(i,)) for i in range(4)]
        for each in threads:
            each.start()
        waits = []
        try:
            for i in range(13):  # the last lets the mail go that the ones before it have stopped
                began = time.monotonic()
                status, answer = ask(self.server, "POST", f"/v1/objects/outbound_connector/c{i}",
                                     {"set": {"recipient_domains": [f"c{i}.test"]}})
                waits.append(time.monotonic() - began)
                self.assertEqual(status, 200, answer)
                status, answer = ask(self.server, "PATCH", "/v1/objects/organization/Test",
                                     {"version": i + 1, "set": {"tls": "encrypt" if i % 2 else
                                                                "opportunistic",
                                                                "comment": f"{i}"}})
                self.assertEqual(status, 200, answer)
                time.sleep(0.2)
        finally:
            stop.set()
            for each in threads:
                each.join()
        self.assertEqual(failed, [])
        self.assertGreater(len(sent), 20)
        wait_for(lambda: len(hop.messages) >= len(sent), "all of it arrives", 60)
        self.assertEqual(sorted(each.to[0] for each in hop.messages), sorted(sent))
        print(f"      {len(sent)} messages, changes took up to {max(waits) * 1000:.0f} ms")


class Start(unittest.TestCase):
    def serve(self, server):
        return subprocess.run([binary(), "serve", "--config", server.config], capture_output=True,
                              text=True, timeout=60)

    def test_corrupt(self):
        """a corrupt directory is refused at start, in words that say what to do"""
        server = HermeticServer(listeners=[listener("mx")])
        server.data.mkdir()
        (server.data / "directory.db").write_bytes(b"x" * 8192)
        done = self.serve(server)
        self.assertEqual(done.returncode, 1)
        self.assertIn("directory.db", done.stderr)
        self.assertIn("backup", done.stderr)

    def test_twice(self):
        """a second server on the same directory is refused and takes nothing"""
        with HermeticServer(listeners=[listener("mx")]) as server:
            done = self.serve(server)
            self.assertEqual(done.returncode, 1)
            self.assertIn("in use by another process", done.stderr)


if __name__ == "__main__":
    runner.main()
