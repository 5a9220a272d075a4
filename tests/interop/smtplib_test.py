#!/usr/bin/python3
"""Python's smtplib, and a raw client by hand, against the receiving side: extensions, BDAT, strictness,
limits, refusals."""

import smtplib
import socket
import sys
import unittest
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import runner
from support.deadline import wait_for
from support.hermetic_server import HermeticServer, listener
from support.smtp_client import Client, Closed, Refused, unverified_context
from support.smtp_sink import Sink

MESSAGE = b"From: a@sender.test\r\nSubject: x\r\n\r\ntext\r\n"
# The end of every reply that refuses: [host time session].
SUFFIX = r"\[mx\.hermetic\.test \S+ \S+\]$"


class Server(unittest.TestCase):
    """One server and sink for all cases of a class."""

    options = {}

    @classmethod
    def setUpClass(cls):
        cls.sink = Sink()
        cls.addClassCleanup(cls.sink.close)
        hop = f"smtp://127.0.0.1:{cls.sink.port}"
        cls.server = HermeticServer(
            listeners=[listener("mx"), listener("implicit", tls="implicit"),
                       listener("lmtp", role="lmtp")],
            accepted_domains=[
                {"name": "dest.test", "kind": "internal_relay", "next_hop": hop},
                {"name": "*.sub.test", "kind": "internal_relay", "next_hop": hop},
                {"name": "hermetic.test", "kind": "internal_relay", "next_hop": hop},
                {"name": "listed.test", "kind": "authoritative", "next_hop": hop,
                 "recipients": ["known@listed.test"]}],
            **cls.options)
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    def client(self, name="mx", tls=False, hello=True, **options):
        client = Client(self.server.address(name), **options)
        self.addCleanup(client.close)
        if hello:
            client.ehlo(verb="LHLO" if name == "lmtp" else "EHLO")
        if tls:
            client.starttls()
            client.ehlo()
        return client

    def started(self, to="b@dest.test", **options):
        client = self.client(**options)
        client.envelope("a@sender.test", [to])
        return client

    def assert_refused(self, reply, code, enhanced=None):
        self.assertEqual(reply.code, code, reply)
        if enhanced:
            self.assertTrue(reply.lines[-1].startswith(enhanced + " "), reply)
        self.assertRegex(reply.lines[-1], SUFFIX)


class Smtplib(Server):
    def connect(self, tls=True):
        client = smtplib.SMTP(*self.server.address(), timeout=30)
        self.addCleanup(client.close)
        client.ehlo("smtplib.client.test")
        if tls:
            client.starttls(context=unverified_context())
            client.ehlo("smtplib.client.test")
        return client

    def test_send_message(self):
        """send_message over STARTTLS"""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "a@sender.test", "one@dest.test", "one"
        message.set_content("text\n.dot\n")
        self.connect().send_message(message)
        arrived = self.sink.wait_to("one@dest.test")
        self.assertIn(b"\r\n.dot\r\n", arrived.data)

    def test_implicit_tls(self):
        """SMTP_SSL"""
        with smtplib.SMTP_SSL(*self.server.address("implicit"), context=unverified_context()) as client:
            client.sendmail("a@sender.test", ["ssl@dest.test"], MESSAGE)
        self.sink.wait_to("ssl@dest.test")

    def test_smtputf8(self):
        """SMTPUTF8 addresses and headers"""
        message = EmailMessage()
        message["From"] = Address("Jürgen", "jürgen", "bücher.sender.test")
        message["To"] = Address("Пользователь", "почта", "dest.test")
        message["Subject"] = "Grüße 🚀"
        message.set_content("größer\n")
        self.connect().send_message(message)
        arrived = self.sink.wait_to("почта@dest.test")
        self.assertIn("SMTPUTF8", arrived.sender_parameters)
        self.assertIn("Grüße".encode(), arrived.data)

    def test_utf8_without_smtputf8(self):
        """a UTF-8 address without SMTPUTF8 is refused"""
        client = self.client()
        self.assertIn(client.command("MAIL FROM:<jürgen@sender.test>").code, (501, 550, 553))

    def test_8bitmime(self):
        """BODY=8BITMIME is passed on"""
        self.connect().sendmail("a@sender.test", ["eight@dest.test"],
                                "Subject: x\r\n\r\ngrößer\r\n".encode(), mail_options=["BODY=8BITMIME"])
        arrived = self.sink.wait_to("eight@dest.test")
        self.assertIn("BODY=8BITMIME", arrived.sender_parameters)

    def test_dsn(self):
        """RET, ENVID, NOTIFY and ORCPT are passed on"""
        self.connect().sendmail(
            "a@sender.test", ["dsn@dest.test"], MESSAGE, mail_options=["RET=FULL", "ENVID=id+2B1"],
            rcpt_options=["NOTIFY=DELAY", "ORCPT=rfc822;orig@elsewhere.test"])
        arrived = self.sink.wait_to("dsn@dest.test")
        for word in ("RET=FULL", "ENVID=id+2B1"):
            self.assertIn(word, arrived.sender_parameters)
        for word in ("NOTIFY=DELAY", "ORCPT=rfc822;orig@elsewhere.test"):
            self.assertIn(word, arrived.recipients[0][1])

    def test_vrfy_expn(self):
        """VRFY answers 252; EXPN and TURN are refused"""
        client = self.connect()
        self.assertEqual(client.verify("b@dest.test")[0], 252)
        self.assertGreaterEqual(client.expn("list@dest.test")[0], 500)
        self.assertGreaterEqual(client.docmd("TURN")[0], 500)

    def test_helo(self):
        """a client that knows only HELO"""
        client = smtplib.SMTP(*self.server.address(), timeout=30)
        self.addCleanup(client.close)
        self.assertEqual(client.helo("old.client.test")[0], 250)
        client.sendmail("a@sender.test", ["helo@dest.test"], MESSAGE)
        arrived = self.sink.wait_to("helo@dest.test")
        self.assertRegex(arrived.data.decode(), r"with SMTP\b")


class Receiving(Server):
    def test_extensions(self):
        """the extension list, before and after STARTTLS"""
        always = {"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "DSN", "CHUNKING",
                  "LIMITS"}
        client = self.client()
        self.assertEqual(set(client.extensions) & (always | {"STARTTLS"}), always | {"STARTTLS"})
        client.starttls()
        client.ehlo()
        self.assertEqual(always - set(client.extensions), set())
        for absent in ("STARTTLS", "BINARYMIME", "XCLIENT", "VRFY", "AUTH"):
            self.assertNotIn(absent, client.extensions)

    def test_bdat(self):
        """BDAT: one octet at a time, empty chunks, CRLF and dots at chunk edges"""
        for name, chunks in (
                ("one", [MESSAGE]),
                ("octets", [bytes([octet]) for octet in MESSAGE]),
                ("empty-last", [MESSAGE, b""]),
                ("empty-between", [MESSAGE[:5], b"", MESSAGE[5:]]),
                ("cut-crlf", [MESSAGE[:-1], MESSAGE[-1:]]),
                ("dots", [b"Subject: x\r\n\r\n", b".\r\n", b".\r\n..\r\n"])):
            with self.subTest(name):
                client = self.started(f"bdat-{name}@dest.test")
                for chunk in chunks[:-1]:
                    client.send(b"BDAT %d\r\n" % len(chunk) + chunk)
                    self.assertEqual(client.read_reply().code, 250)
                client.send(b"BDAT %d LAST\r\n" % len(chunks[-1]) + chunks[-1])
                self.assertEqual(client.read_reply().code, 250)
                arrived = self.sink.wait_to(f"bdat-{name}@dest.test")
                self.assertTrue(arrived.data.endswith(b"".join(chunks)), arrived.data)

    def test_bdat_out_of_order(self):
        """BDAT without recipients, after DATA's place, with a wrong size: refused, and in step after it"""
        client = self.client()
        client.send(b"BDAT 6\r\nNOOP\r\n")  # the octets are data, not a command
        self.assertEqual(client.read_reply().code, 503)
        self.assertEqual(client.command("NOOP").code, 250)
        client.command("RSET")
        client.envelope("a@sender.test", ["b@dest.test"])
        client.send(b"BDAT 5\r\nabc\r\n")
        self.assertEqual(client.read_reply().code, 250)
        self.assertEqual(client.command("DATA").code, 503)
        self.assertEqual(client.command("RSET").code, 250)

    def test_bdat_size(self):
        """a BDAT whose size is none: 421, because nobody knows where the next command begins"""
        for size in ("x LAST", "-1", "", "99999999999999999999999", "5 LAST more"):
            with self.subTest(size):
                client = self.started()
                self.assertIn(client.command(f"BDAT {size}").code, (421, 501))

    def test_pipelining(self):
        """several transactions in one segment, with BDAT"""
        client = self.client()
        group = b"".join(
            b"MAIL FROM:<a@sender.test>\r\nRCPT TO:<pipe%d@dest.test>\r\nBDAT %d LAST\r\n%s"
            % (n, len(MESSAGE), MESSAGE) for n in range(20))
        client.send(group + b"QUIT\r\n")
        replies = [client.read_reply().code for _ in range(61)]
        self.assertEqual(replies, [250] * 60 + [221])
        for n in range(20):
            self.sink.wait_to(f"pipe{n}@dest.test")

    def test_pipelining_with_a_refusal(self):
        """a pipelined DATA after refused recipients is refused, and the text is not taken for commands"""
        client = self.client()
        client.send(b"MAIL FROM:<a@sender.test>\r\nRCPT TO:<x@elsewhere.test>\r\nDATA\r\n")
        codes = [client.read_reply().code for _ in range(3)]
        self.assertEqual(codes[:2], [250, 550])
        self.assertIn(codes[2], (503, 554))
        self.assertEqual(client.command("NOOP").code, 250)

    def test_relay_refused(self):
        """relay to a foreign domain: 550 5.7.64, and the reply says where to look"""
        client = self.client()
        client.command("MAIL FROM:<a@sender.test>")
        self.assert_refused(client.command("RCPT TO:<b@elsewhere.test>"), 550, "5.7.64")
        for trick in ("b%elsewhere.test@dest.test.elsewhere.test", "@dest.test:b@elsewhere.test",
                      "b@[192.0.2.7]", "b@sub.test"):
            with self.subTest(trick):
                self.assertGreaterEqual(client.command(f"RCPT TO:<{trick}>").code, 500)

    def test_recipients(self):
        """known recipients only, subdomains, postmaster, the null sender"""
        client = self.client()
        client.command("MAIL FROM:<>")
        self.assertEqual(client.command("RCPT TO:<known@listed.test>").code, 250)
        self.assert_refused(client.command("RCPT TO:<other@listed.test>"), 550, "5.1.1")
        self.assertEqual(client.command("RCPT TO:<x@deep.sub.test>").code, 250)
        self.assertEqual(client.command("RCPT TO:<B@DEST.TEST>").code, 250)
        self.assertEqual(client.command("RCPT TO:<postmaster>").code, 250)
        self.assertEqual(client.command('RCPT TO:<"quoted local"@dest.test>').code, 250)

    def test_bare_line_ends(self):
        """bare CR and bare LF in a message are refused; nothing smuggled in arrives"""
        smuggled = b"MAIL FROM:<x@sender.test>\r\nRCPT TO:<smuggled@dest.test>\r\nDATA\r\n"
        for end in (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\n.\r", b"\r\r.\r\n"):
            with self.subTest(end):
                client = self.started("bare@dest.test")
                client.expect("DATA", client.command("DATA"), 354)
                client.send(b"Subject: x\r\n\r\ntext" + end + smuggled + b"Subject: evil\r\n\r\nevil\r\n.\r\n")
                self.assert_permanent(client.read_reply(), "5.5.2")
                self.assertEqual(client.command("NOOP").code, 250)
        for name, text in (("lf", b"Subject: x\r\n\r\na\nb\r\n"), ("cr", b"Subject: x\r\n\r\na\rb\r\n")):
            for by in ("data", "bdat"):
                with self.subTest(f"{name} {by}"):
                    client = self.started("bare@dest.test")
                    reply = client.data(text)[0] if by == "data" else client.bdat(text)[0]
                    self.assert_permanent(reply, "5.5.2")
        client = self.started("after-bare@dest.test")
        self.assertEqual(client.data(MESSAGE)[0].code, 250)
        self.sink.wait_to("after-bare@dest.test")
        self.assertEqual(self.sink.to("smuggled@dest.test") + self.sink.to("bare@dest.test"), [])

    def assert_permanent(self, reply, enhanced):
        self.assertEqual(reply.code // 100, 5, reply)
        self.assertTrue(reply.lines[-1].startswith(enhanced + " "), reply)
        self.assertRegex(reply.lines[-1], SUFFIX)

    def test_bare_line_ends_in_commands(self):
        """a bare CR in a command is refused; a line that ends in LF alone is answered, and the session ends"""
        client = self.client()
        client.send(b"NOOP\rNOOP\r\n")
        self.assert_permanent(client.read_reply(), "5.5.2")
        self.assertEqual(client.command("NOOP").code, 250)
        for command in (b"NOOP\n", b"NOOP\nNOOP\r\n", b"DATA\n.\n", b"x" * 5000 + b"\n"):
            with self.subTest(command[:20]):
                client = self.client()
                client.send(command)
                self.assert_permanent(client.read_reply(), "5.5.2")
                self.assertTrue(client.closed_by_peer())

    def test_starttls_injection(self):
        """what follows STARTTLS in clear is never interpreted: the session ends"""
        client = self.client()
        client.send(b"STARTTLS\r\nMAIL FROM:<injected@sender.test>\r\n")
        try:
            reply = client.read_reply()
        except Closed:
            return
        self.assertNotEqual(reply.code, 220, "it goes on after injected commands")
        self.assertTrue(client.closed_by_peer())

    def test_text_before_354(self):
        """text sent before DATA's reply ends the session"""
        client = self.started("early@dest.test")
        client.send(b"DATA\r\n" + MESSAGE + b".\r\n")
        try:
            self.assertNotEqual(client.read_reply().code, 354)
        except Closed:
            pass
        self.assertTrue(client.closed_by_peer())
        self.assertEqual(self.sink.to("early@dest.test"), [])

    def test_state_forgotten_after_starttls(self):
        """MAIL and EHLO given in clear are forgotten after STARTTLS"""
        client = self.client()
        self.assertEqual(client.command("MAIL FROM:<a@sender.test>").code, 250)
        client.starttls()
        self.assertEqual(client.command("RCPT TO:<b@dest.test>").code, 503)
        self.assertEqual(client.command("MAIL FROM:<a@sender.test>").code, 503)
        client.ehlo()
        self.assertEqual(client.command("MAIL FROM:<a@sender.test>").code, 250)
        self.assertIn(client.command("STARTTLS").code, (500, 502, 503))

    def test_lmtp(self):
        """LMTP: LHLO, and a reply for each recipient"""
        client = self.client("lmtp", hello=False)
        self.assertGreaterEqual(client.command("EHLO x.test").code, 500)
        client.ehlo(verb="LHLO")
        client.envelope("a@sender.test", ["l1@dest.test", "l2@dest.test"])
        self.assertEqual([reply.code for reply in client.data(MESSAGE, replies=2)], [250, 250])
        self.sink.wait_to("l1@dest.test")
        self.sink.wait_to("l2@dest.test")

    def test_loop(self):
        """more than 100 Received fields: 5.4.6"""
        fields = b"".join(b"Received: from h%d by h%d; Fri, 13 Nov 2026 09:30:00 +0000\r\n" % (n, n)
                          for n in range(101))
        client = self.started("loop@dest.test")
        reply = client.data(fields + MESSAGE)[0]
        self.assert_permanent(reply, "5.4.6")

    def test_garbage(self):
        """unknown and broken commands are refused, and too many of them end the session with 421"""
        client = self.client()
        codes = []
        try:
            for _ in range(60):
                codes.append(client.command("XYZZY").code)
                if codes[-1] == 421:
                    break
        except Closed:
            pass
        self.assertEqual(codes[0], 500)
        self.assertEqual(codes[-1], 421)
        self.assertTrue(client.closed_by_peer())

    def test_long_command(self):
        """an endless command line is refused without being kept"""
        client = self.client()
        client.send(b"NOOP " + b"x" * 200_000)
        try:
            client.send(b"\r\n")
            self.assertIn(client.read_reply().code, (421, 500))
        except (Closed, ConnectionError, socket.timeout):
            pass
        self.assertEqual(self.client().command("NOOP").code, 250)

    def test_foreign_text_is_escaped(self):
        """what a client says comes back only as printable text"""
        client = self.client()
        client.command("MAIL FROM:<a@sender.test>")
        reply = client.command(b"RCPT TO:<\x1b[31mred\x7f\xff@elsewhere.test>")
        self.assertGreaterEqual(reply.code, 500)
        self.assertTrue(reply.text.isascii() and reply.text.isprintable(), repr(reply.text))


class Limits(Server):
    options = {"limits": {"message_size": "128KiB", "recipients": 100, "sessions_per_client": 4,
                          "messages_per_session": 5, "errors_per_session": 500}}

    def test_size_declared(self):
        """SIZE above the limit is refused at MAIL"""
        client = self.client()
        self.assertEqual(client.extensions["SIZE"], str(128 << 10))
        self.assert_refused(client.command("MAIL FROM:<a@sender.test> SIZE=200000"), 552, "5.3.4")

    def test_size_data(self):
        """a message above the limit is refused at its end, by DATA and by BDAT"""
        content = MESSAGE + (b"x" * 76 + b"\r\n") * 2000
        client = self.started("big@dest.test")
        self.assert_refused(client.data(content)[0], 552, "5.3.4")
        client.envelope("a@sender.test", ["big@dest.test"])
        client.send(b"BDAT %d LAST\r\n" % len(content) + content)
        self.assert_refused(client.read_reply(), 552, "5.3.4")
        self.assertEqual(client.command("NOOP").code, 250)
        client.close()

    def test_recipients(self):
        """recipients above the limit get a 4xx that says so"""
        client = self.client()
        replies = client.envelope("a@sender.test", [f"r{n}@dest.test" for n in range(101)])
        self.assertEqual({reply.code for reply in replies[:100]}, {250})
        self.assertEqual(replies[100].code, 452, replies[100])
        client.close()

    def test_sessions_per_client(self):
        """the fifth session of one client is told 421 and why"""
        # Sessions of the cases before may take a moment to end.
        clients = [wait_for(self.client_if_room, "there is room for a session") for _ in range(4)]
        with self.assertRaises(Refused) as refused:
            Client(self.server.address())
        self.assertEqual(refused.exception.reply.code, 421)
        clients[0].quit()
        for client in clients[1:]:
            client.close()

    def client_if_room(self):
        try:
            return self.client()
        except (Refused, Closed):
            return None

    def test_messages_per_session(self):
        """the sixth message of one session gets a 4xx"""
        client = wait_for(self.client_if_room, "there is room for a session")
        for n in range(5):
            client.deliver("a@sender.test", [f"n{n}@dest.test"], MESSAGE)
        try:
            self.assertEqual(client.command("MAIL FROM:<a@sender.test>").code // 100, 4)
        except Closed:
            self.fail("closed without a reply")
        client.close()


if __name__ == "__main__":
    runner.main()
