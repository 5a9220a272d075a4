"""A raw SMTP and LMTP client: says exactly what it is told, byte for byte."""

import re
import socket
import ssl
from dataclasses import dataclass, field


@dataclass
class Reply:
    code: int
    lines: list = field(default_factory=list)

    @property
    def text(self):
        return "\n".join(self.lines)

    def __str__(self):
        return f"{self.code} {' / '.join(self.lines)}"


class Closed(ConnectionError):
    """The peer closed (or reset) while a reply was awaited."""


class Refused(Exception):
    """A command was answered by another code than the caller needs."""

    def __init__(self, command, reply):
        super().__init__(f"{command}: {reply}")
        self.reply = reply


def unverified_context(minimum=None, maximum=None):
    """TLS that takes any certificate; limits are ssl.TLSVersion values."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if minimum is not None:
        context.minimum_version = minimum
    if maximum is not None:
        context.maximum_version = maximum
    return context


def dot_stuffed(data):
    """The bytes that follow a 354: dots doubled, end of data added (RFC 5321 §4.5.2)."""
    stuffed = (b"\r\n" + data).replace(b"\r\n.", b"\r\n..")[2:]
    if not stuffed.endswith(b"\r\n"):
        stuffed += b"\r\n" if stuffed else b""
    return stuffed + b".\r\n"


class Client:
    """address: (host, port), or the path of a Unix socket. preface: bytes sent before all else.
    source: the address to come from."""

    def __init__(self, address, *, timeout=30.0, implicit_tls=None, preface=b"", greet=True,
                 source=None):
        if isinstance(address, (str, bytes)):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(address)
        else:
            self.socket = socket.create_connection(address, timeout, (source, 0) if source else None)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        self.extensions = {}
        self.greeting = None
        try:
            if preface:
                self.socket.sendall(preface)
            if implicit_tls:
                self._wrap(implicit_tls, None)
            if greet:
                self.greeting = self.expect("connect", self.read_reply(), 220)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    @property
    def tls(self):
        return self.socket.version() if isinstance(self.socket, ssl.SSLSocket) else None

    def _wrap(self, context, server_name):
        self.socket = context.wrap_socket(self.socket, server_hostname=server_name)

    def send(self, data):
        self.socket.sendall(data)

    def _read_line(self):
        while b"\r\n" not in self._buffer:
            try:
                more = self.socket.recv(65536)
            except (ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
                raise Closed(str(error)) from error
            if not more:
                raise Closed("connection closed by the peer")
            self._buffer += more
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        return line.decode("utf-8", "surrogateescape")

    def read_reply(self):
        lines = []
        while True:
            line = self._read_line()
            if not re.match(r"[2-5]\d\d([ -]|$)", line):
                raise AssertionError(f"not a reply: {line!r}")
            lines.append(line[4:])
            if line[3:4] != "-":
                return Reply(int(line[:3]), lines)

    def closed_by_peer(self):
        """True when the peer has nothing more to say and closes."""
        try:
            while self.socket.recv(65536):
                pass
            return True
        except (ConnectionResetError, ssl.SSLError):
            return True
        except TimeoutError:
            return False

    def command(self, line):
        data = line if isinstance(line, bytes) else line.encode("utf-8", "surrogateescape")
        self.send(data + b"\r\n")
        return self.read_reply()

    @staticmethod
    def expect(command, reply, *codes):
        if reply.code not in codes:
            raise Refused(command, reply)
        return reply

    def ehlo(self, name="client.example.test", verb="EHLO"):
        reply = self.expect(verb, self.command(f"{verb} {name}"), 250)
        self.extensions = {}
        for line in reply.lines[1:]:
            keyword, _, rest = line.partition(" ")
            self.extensions[keyword.upper()] = rest
        return reply

    def starttls(self, context=None, server_name=None):
        self.expect("STARTTLS", self.command("STARTTLS"), 220)
        self._wrap(context or unverified_context(), server_name)
        self.extensions = {}

    def envelope(self, sender, recipients, *, mail="", rcpt=""):
        """MAIL and RCPTs, pipelined if offered; returns the replies of the RCPTs. Parameters are raw
        text."""
        lines = [f"MAIL FROM:<{sender}>{' ' + mail if mail else ''}"]
        lines += [f"RCPT TO:<{to}>{' ' + rcpt if rcpt else ''}" for to in recipients]
        if "PIPELINING" not in self.extensions:
            self.expect(lines[0], self.command(lines[0]), 250)
            return [self.command(line) for line in lines[1:]]
        self.send(b"".join(line.encode() + b"\r\n" for line in lines))
        first = self.read_reply()
        replies = [self.read_reply() for _ in recipients]
        self.expect(lines[0], first, 250)
        return replies

    def data(self, content, *, replies=1):
        self.expect("DATA", self.command("DATA"), 354)
        self.send(dot_stuffed(content))
        return [self.read_reply() for _ in range(replies)]

    def bdat(self, content, *, chunk=None, replies=1):
        """Send in chunks of that many bytes (None: one), all pipelined (RFC 3030 §4.2)."""
        size = chunk or max(len(content), 1)
        parts = [content[at:at + size] for at in range(0, len(content), size)] or [b""]
        for number, part in enumerate(parts):
            last = b" LAST" if number + 1 == len(parts) else b""
            self.send(b"BDAT %d%s\r\n" % (len(part), last) + part)
        for _ in parts[:-1]:
            self.expect("BDAT", self.read_reply(), 250)
        return [self.read_reply() for _ in range(replies)]

    def deliver(self, sender, recipients, content, *, by="DATA", mail="", rcpt="", chunk=None,
                lmtp=False):
        """A whole transaction that every recipient must survive; returns the last reply."""
        for to, reply in zip(recipients, self.envelope(sender, recipients, mail=mail, rcpt=rcpt)):
            self.expect(f"RCPT TO:<{to}>", reply, 250, 251)
        count = len(recipients) if lmtp else 1
        replies = (self.data(content, replies=count) if by == "DATA"
                   else self.bdat(content, chunk=chunk, replies=count))
        for reply in replies:
            self.expect(f"end of {by}", reply, 250)
        return replies[-1]

    def quit(self):
        reply = self.command("QUIT")
        self.close()
        return reply
