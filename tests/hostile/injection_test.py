#!/usr/bin/python3
"""CR, LF, NUL, escapes and HTML through everything that others choose, into everything that we write."""

import email
import email.policy
import html
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import hostile
from hostile import Hostile

from support import runner
from support.hermetic_server import listener, smtp_hop
from support.smtp_client import Client
from support.smtp_sink import Sink, server_context

HTML = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"
# Raw octets that must not pass anywhere as they are.
CONTROLS = [bytes([octet]) for octet in (0, 7, 8, 9, 11, 12, 27, 127)]
REPLY = "550 5.1.1 " + HTML + " \x1b[31m \x00 \x07 \x7f \u202e \x85 end"


def is_plain(data):
    """No control character but CRLF and the tabs that we write ourselves."""
    return not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", data) and \
        not re.search(rb"(?<!\r)\n|\r(?!\n)", data)


class Injection(Hostile):
    listeners = (listener("xclient", xclient_networks=["127.0.0.0/8"]),
                 listener("proxy", proxy_networks=["127.0.0.0/8"]))
    limits = {"errors_per_session": 10000, "handshake_timeout": "10s"}

    @classmethod
    def setUpClass(cls):
        cls.directory = Path(tempfile.mkdtemp(prefix="hermetic-hostile."))
        cls.addClassCleanup(shutil.rmtree, cls.directory, True)
        cls.refusing = Sink(decide=cls.decide)
        cls.addClassCleanup(cls.refusing.close)
        cls.tls_sink = Sink(tls="starttls", context=cls.hostile_certificate())
        cls.addClassCleanup(cls.tls_sink.close)
        cls.domains = [{"name": "refusing.test", "kind": "internal_relay", "next_hop": smtp_hop(cls.refusing)},
                       {"name": "tls.test", "kind": "internal_relay", "next_hop": smtp_hop(cls.tls_sink)}]
        super().setUpClass()

    @staticmethod
    def decide(stage, session, argument):
        return REPLY if stage == "rcpt" else None

    @classmethod
    def hostile_certificate(cls):
        """Self-signed, with HTML, a line end, NUL and an escape in its subject."""
        key, chain, config = cls.directory / "key", cls.directory / "chain", cls.directory / "config"
        config.write_text("[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=ext\nutf8=yes\n[dn]\n"
                          f"O={HTML}\nCN=a\\r\\nX-Injected: yes\\x1b[31m\n[ext]\n"
                          f"subjectAltName=DNS:{HTML.replace(',', '').replace(' ', '').replace('=', '')[:30]}\n")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", chain, "-days", "10", "-config", config],
                       check=True, capture_output=True, timeout=60)
        return server_context(chain, key)

    def assert_clean_log(self):
        """Every line is one JSON object without control characters, and nothing became a line of its own."""
        raw = self.server.log_file.read_bytes()
        for line in raw.splitlines():
            if line.endswith(b"}"):
                json.loads(line)
            self.assertFalse(re.search(rb"[\x00-\x1f\x7f]", line), line)
        self.assertFalse(re.search(rb"(?m)^X-Injected", raw))

    def assert_clean_reply(self, client, reply):
        for line in reply.lines:
            self.assertTrue(is_plain(line.encode("utf-8", "surrogateescape")), repr(line))
            self.assertTrue(line.isascii(), repr(line))
            self.assertLessEqual(len(line), 506)

    def test_commands(self):
        """CR, LF, NUL, escapes and HTML in EHLO, MAIL, RCPT and unknown commands: replies stay plain and bounded"""
        for octet in [*CONTROLS, b"\r", b"\x85", b"\xff", b"\xe2\x80\xae", HTML.encode()]:
            for command in (b"EHLO a%s.test", b"MAIL FROM:<a%s@sender.test>", b"RCPT TO:<b%s@dest.test>", b"FOO%sBAR",
                            b"VRFY %s", b"MAIL FROM:<a@sender.test> ENVID=%s", b"BDAT %s", b"XCLIENT NAME=%s"):
                with self.subTest(command=command, octet=octet):
                    client = self.client(hello=False)
                    reply = client.command(command.replace(b"%s", octet))
                    self.assert_clean_reply(client, reply)
                    if octet in (b"\0", b"\r", b"\x1b"):
                        self.assertGreaterEqual(reply.code, 400)
                    client.close()
        self.assert_clean_log()

    def test_received(self):
        """what a client calls itself gets into Received as text, or not at all"""
        for name in ("a.test", HTML, "a(b)c", "a\\b", 'a"b', "[x]", "a;b", "x" * 900, "a b", "<a@b.test>", "bücher.test"):
            for verb in ("EHLO", "HELO"):
                with self.subTest(name=name, verb=verb):
                    client = self.client(hello=False)
                    if client.command(f"{verb} {name}").code != 250:
                        continue
                    to = f"received{abs(hash((name, verb)))}@dest.test"
                    client.deliver("a@sender.test", [to], hostile.MESSAGE)
                    self.assert_received(to)

    def assert_received(self, to):
        data = self.sink.wait_to(to).data
        head = data.split(b"\r\n\r\n")[0]
        self.assertTrue(is_plain(head.replace(b"\t", b" ")), head)
        fields = email.message_from_bytes(data, policy=email.policy.compat32)
        self.assertEqual([name for name in fields.keys()], ["Received", "From", "Subject"], head)
        self.assertTrue(all(len(line) <= 998 for line in head.split(b"\r\n")))
        return fields["Received"]

    def test_xclient(self):
        """XCLIENT: xtext that hides CR, LF, NUL and HTML never becomes a line or a comment's end"""
        number = 0
        for attribute in ("NAME", "HELO"):
            for value in ("a+0D+0AX-Injected:+20yes", "a+00b", "a+1B[31m", "a)+20(b", "+3Cscript+3E", "a+0Ab", "a" * 255, "a+FF"):
                with self.subTest(attribute=attribute, value=value):
                    with Client(self.server.address("xclient")) as client:
                        client.ehlo()
                        reply = client.command(f"XCLIENT {attribute}={value}")
                        self.assert_clean_reply(client, reply)
                        if reply.code != 220:
                            continue
                        client.ehlo("good.test")
                        number += 1
                        to = f"xclient{number}@dest.test"
                        client.deliver("a@sender.test", [to], hostile.MESSAGE)
                    self.assert_received(to)
        self.assert_clean_log()

    def test_proxy(self):
        """PROXY headers that are none end the connection without a word"""
        for header in (b"PROXY TCP4 192.0.2.1\r\nX-Injected: yes 192.0.2.2 1 2\r\n", b"PROXY TCP4 <script> 192.0.2.2 1 2\r\n",
                       b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n", b"PROXY " + b"x" * 5000, 
                       b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff" + b"x" * 66000):
            with self.subTest(header[:40]):
                connection = hostile.connect(self.server.address("proxy"))
                try:
                    connection.sendall(header)
                except OSError:
                    pass
                self.assertEqual(hostile.read_all(connection), b"")
        self.assert_ended("proxy.malformed", count=5)

    def test_notice(self):
        """a peer's reply and hostile addresses in a notice: escaped in its HTML, plain in its text"""
        client = self.client()
        recipients = ["\"<script>alert(3)</script>\"@refusing.test", "b@refusing.test", "\"a\\\"<b>&\"@refusing.test"]
        client.deliver("sender@dest.test", recipients,
                       b"Subject: <script>alert(4)</script> =?utf-8?b?PHNjcmlwdD4=?=\r\nMessage-ID: <<script>@x>\r\n\r\ntext\r\n")
        notice = self.sink.wait_to("sender@dest.test", seconds=60)
        self.assertTrue(is_plain(notice.data.replace(b"\t", b" ")), notice.data)
        parsed = email.message_from_bytes(notice.data, policy=email.policy.default)
        pages = [part.get_content() for part in parsed.walk() if part.get_content_type() == "text/html"]
        self.assertTrue(pages, "a notice has a page")
        for page in pages:
            self.assertNotRegex(page, r"(?i)<script|<img|onerror=[^&]*>")
            self.assertIn(html.escape("<script>", quote=False), page)
            self.assertFalse(re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u202e]", page), page)
        for part in parsed.walk():
            if part.get_content_type() in ("text/plain", "message/delivery-status"):
                text = part.as_string()
                self.assertFalse(re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u202e]", text), text)
        self.assertNotIn("X-Injected", str(parsed.keys()))
        self.assert_clean_log()

    def test_certificate_names(self):
        """a peer's certificate with HTML and line ends in its names: escaped in the log"""
        with Client(self.address) as client:
            client.ehlo()
            client.deliver("a@sender.test", ["b@tls.test"], hostile.MESSAGE)
        self.tls_sink.wait_to("b@tls.test")
        attempt = self.server.wait_log("attempt", to="b@tls.test", outcome="delivered")
        self.assertIn("script", attempt["tls"]["subject"])
        self.assertLessEqual(len(attempt["tls"]["subject"]), 1000)
        self.assert_clean_log()

    def test_header_of_a_message(self):
        """what follows a header is never taken for ours: Message-ID and Subject with escapes in the log"""
        with Client(self.address) as client:
            client.ehlo()
            client.deliver("a@sender.test", ["ids@dest.test"],
                           b"Message-ID: <\x1b[31m\x07" + HTML.encode() + b"@x>\r\nSubject: y\r\n\r\ntext\r\n")
        self.sink.wait_to("ids@dest.test")
        self.assert_clean_log()


if __name__ == "__main__":
    runner.main()
