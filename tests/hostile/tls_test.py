#!/usr/bin/python3
"""TLS used against us: records of one octet, renegotiation, key updates, protocols of others."""

import ssl
import subprocess

import hostile
import raw_tls
from hostile import Attack, Hostile, read_all, source

from support import runner
from support.smtp_client import Client, unverified_context


def fragmented(data):
    """A flight of TLS records cut into records of one octet each."""
    out, at = b"", 0
    while at < len(data):
        kind, version = data[at:at + 1], data[at + 1:at + 3]
        size = int.from_bytes(data[at + 3:at + 5], "big")
        for octet in data[at + 5:at + 5 + size]:
            out += kind + version + b"\x00\x01" + bytes([octet])
        at += 5 + size
    return out


def small_records(address, stop, count, number):
    """Commands in records of one octet."""
    # Addresses of its own: those of the other attacks have had their connections of this minute.
    with Client(address, source=source(100 + number)) as client:
        client.ehlo()
        client.starttls()
        while not stop():
            for octet in b"NOOP\r\n":
                client.send(bytes([octet]))
            client.read_reply()
            count()


def key_updates(address, stop, count, number):
    with raw_tls.after_starttls(address, source(number)) as session:
        while not stop():
            session.update_keys()
            count()


def renegotiations(address, stop, count, number):
    with raw_tls.after_starttls(address, source(number), maximum=raw_tls.TLS1_2) as session:
        count()
        session.renegotiate()
        raise AssertionError("it renegotiated")


class Tls(Hostile):
    listeners = (hostile.listener("only-1.2", max_tls="1.2"),)

    def test_records_of_one_octet(self):
        """a handshake and a message in records of one octet each"""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = unverified_context().wrap_bio(incoming, outgoing)
        client = self.client()
        client.expect("STARTTLS", client.command("STARTTLS"), 220)
        while True:
            try:
                session.do_handshake()
                break
            except ssl.SSLWantReadError:
                # What is encrypted already cannot be cut.
                flight = outgoing.read()
                client.send(fragmented(flight) if flight[:1] == b"\x16" else flight)
                incoming.write(client.socket.recv(65536))
        client.send(outgoing.read())
        for octet in b"EHLO a\r\nMAIL FROM:<a@sender.test>\r\nRCPT TO:<small@dest.test>\r\nQUIT\r\n":
            session.write(bytes([octet]))
            client.send(outgoing.read())
        said = b""
        while b"221 " not in said:
            try:
                said += session.read(4096)
            except ssl.SSLWantReadError:
                incoming.write(client.socket.recv(65536))
        self.assertIn(b"250 2.1.5", said)

    def test_renegotiation(self):
        """renegotiation (TLS 1.2) ends the session, by OpenSSL's client and by its functions"""
        with self.assertRaisesRegex(raw_tls.TlsFailed, "no renegotiation"):
            with raw_tls.after_starttls(self.address, maximum=raw_tls.TLS1_2) as session:
                session.renegotiate()
        host, port = self.server.address("only-1.2")
        done = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-starttls", "smtp", "-crlf",
                               "-no_tls1_3"], input=b"R\nNOOP\nNOOP\n", capture_output=True, timeout=60)
        self.assertNotIn(b"250 2.0.0 ok", done.stdout)
        self.assert_ended("tls-broken", count=2)
        self.beside(Attack(renegotiations, self.address))

    def test_key_updates(self):
        """a flood of key updates (TLS 1.3) ends the session; some between commands do not"""
        with raw_tls.after_starttls(self.address) as session:
            for _ in range(4):
                for _ in range(20):
                    session.update_keys()
                session.write(b"NOOP\r\n")
                self.assertIn(session.read()[:3], (b"250", b"503"))
            with self.assertRaises((raw_tls.TlsFailed, ConnectionError)):
                for _ in range(100_000):
                    session.update_keys()
        self.assert_ended("tls-broken")
        self.beside(Attack(key_updates, self.address))

    def test_small_records_beside(self):
        """good mail beside records of one octet"""
        self.beside(Attack(small_records, self.address))

    def test_alpn(self):
        """ALPN: smtp or none at all; a client that offers only other protocols gets no_application_protocol"""
        host, port = self.address
        for offered, fits in ((None, True), ("smtp", True), ("h2,http/1.1,smtp", True), ("http/1.1", False),
                              ("h2,http/1.1", False), ("imap", False)):
            for version in ("-tls1_2", "-tls1_3"):
                with self.subTest(offered=offered, version=version):
                    words = ["-alpn", offered] if offered else []
                    done = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-starttls", "smtp",
                                           "-crlf", version, *words], input=b"QUIT\n", capture_output=True, timeout=60)
                    said = (done.stdout + done.stderr).decode(errors="replace")
                    if fits:
                        self.assertNotIn("Cipher is (NONE)", said)
                        self.assertEqual("ALPN protocol: smtp" in said, offered is not None, said)
                    else:
                        self.assertRegex(said, "no application protocol|alert number 120")


class BrokenRecords(Hostile):
    limits = {"handshake_timeout": "3s"}

    def test_empty_and_broken_records(self):
        """records that are empty, too long, of no kind, or not TLS at all end the handshake"""
        for name, data in (("empty", b"\x16\x03\x01\x00\x00" * 200), ("too long", b"\x16\x03\x01\xff\xff" + b"x" * 70000),
                           ("no kind", b"\x99\x03\x01\x00\x05hello"), ("in clear", b"EHLO again\r\n" * 10),
                           ("alerts", b"\x15\x03\x01\x00\x02\x01\x5a" * 1000),
                           ("endless hello", b"\x16\x03\x01\x40\x00\x01\xff\xff\xff" + b"\0" * 16380)):
            with self.subTest(name):
                client = self.client()
                client.expect("STARTTLS", client.command("STARTTLS"), 220)
                try:
                    client.send(data)
                except OSError:
                    pass
                read_all(client.socket)
        self.assert_ended("tls.handshake-failed", count=6)


if __name__ == "__main__":
    runner.main()
