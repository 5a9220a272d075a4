"""An SMTP and LMTP server that keeps every message byte for byte, and can be told to misbehave."""

import os
import re
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field

from .deadline import wait_for

EXTENSIONS = ("PIPELINING", "SIZE 1073741824", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING",
              "ENHANCEDSTATUSCODES")


@dataclass
class Message:
    sender: str
    sender_parameters: str
    recipients: list          # (address, parameters)
    data: bytes               # unstuffed, as sent
    by: str                   # DATA or BDAT
    session: int
    hello: str
    tls: tuple = None         # (version, cipher) or None
    began: float = 0.0        # time.monotonic() at MAIL, at end of data, when the reply had been sent
    ended: float = 0.0
    answered: float = None

    @property
    def to(self):
        return [address for address, _ in self.recipients]


@dataclass
class Session:
    number: int
    commands: list = field(default_factory=list)  # verbs, in order
    hello: str = ""
    tls: tuple = None


class _Gone(Exception):
    pass


class Sink:
    """Listens on loopback as soon as it is made; `with Sink() as sink:` closes it.

    tls: None, "starttls" or "implicit", with `context` (an ssl.SSLContext of a server).
    decide(stage, session, argument): a reply line to give instead ("451 4.7.0 later"), "close" to
    hang up, or None to go on. Stages: connect, ehlo, starttls, mail, rcpt, data, message; the
    argument is the command's; at the stage "message" it is the Message, and over LMTP the answer
    holds for all its recipients.
    on_message(message) is called for each that is taken, before its reply; keep=False keeps none, keep(message) says.
    """

    def __init__(self, *, lmtp=False, tls=None, context=None, extensions=EXTENSIONS, decide=None,
                 hostname="sink.example.test", unix_path=None, address="127.0.0.1", port=0,
                 on_message=None, keep=True):
        self.lmtp, self.tls, self.context = lmtp, tls, context
        self.extensions, self.hostname = extensions, hostname
        self.decide = decide or (lambda stage, session, argument: None)
        self.on_message, self.keep = on_message, keep
        self.messages, self.sessions = [], []
        self._lock = threading.Lock()
        self._open = set()
        self._threads = []
        self._closing = False
        if unix_path:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(os.fspath(unix_path))
            self.address = os.fspath(unix_path)
        else:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            self._listener = socket.socket(family)
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind((address, port))
            self.address = self._listener.getsockname()[:2]
            self.port = self.address[1]
        self._listener.listen(512)
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._closing = True
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        with self._lock:
            sockets = list(self._open)
        for each in sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._acceptor.join(10)
        for thread in self._threads:
            thread.join(10)

    def to(self, recipient):
        """The messages that came for this address, in order of arrival."""
        with self._lock:
            return [m for m in self.messages if recipient in m.to]

    def count(self):
        with self._lock:
            return len(self.messages)

    def wait_to(self, recipient, count=1, seconds=30):
        wait_for(lambda: len(self.to(recipient)) >= count,
                 lambda: f"{count} message(s) to {recipient}; have {self.count()} in all", seconds)
        return self.to(recipient)[count - 1]

    def wait_count(self, count, seconds=30):
        wait_for(lambda: self.count() >= count, lambda: f"{count} messages; have {self.count()}",
                 seconds)

    def _accept(self):
        while not self._closing:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                session = Session(len(self.sessions))
                self.sessions.append(session)
                self._open.add(connection)
                self._threads = [thread for thread in self._threads if thread.is_alive()]
            thread = threading.Thread(target=self._serve, args=(connection, session), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection, session):
        conversation = _Conversation(self, connection, session)
        try:
            conversation.run()
        except (_Gone, OSError, ssl.SSLError, ValueError):
            pass  # the peer went away, or this sink is being closed
        finally:
            with self._lock:
                self._open.discard(connection)
                self._open.discard(conversation.socket)
            conversation.socket.close()
            connection.close()

    def _keep(self, message):
        if self.keep(message) if callable(self.keep) else self.keep:
            with self._lock:
                self.messages.append(message)
        if self.on_message:
            self.on_message(message)


class _Conversation:
    def __init__(self, sink, connection, session):
        self.sink, self.socket, self.session = sink, connection, session
        self.buffer = bytearray()
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reset()

    def reset(self):
        self.sender, self.sender_parameters, self.recipients = None, "", []
        self.chunks, self.began = [], 0.0

    def more(self):
        data = self.socket.recv(262144)
        if not data:
            raise _Gone()
        self.buffer += data

    def line(self):
        while True:
            end = self.buffer.find(b"\r\n")
            if end >= 0:
                line = bytes(self.buffer[:end])
                del self.buffer[:end + 2]
                return line.decode("utf-8", "surrogateescape")
            self.more()

    def exactly(self, count):
        while len(self.buffer) < count:
            self.more()
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def until_dot(self):
        searched = 0
        while True:
            if self.buffer.startswith(b".\r\n"):
                del self.buffer[:3]
                return b""
            end = self.buffer.find(b"\r\n.\r\n", searched)
            if end >= 0:
                data = b"\r\n" + bytes(self.buffer[:end + 2])
                del self.buffer[:end + 5]
                return data.replace(b"\r\n.", b"\r\n")[2:]
            searched = max(0, len(self.buffer) - 4)
            self.more()

    def say(self, *lines):
        self.socket.sendall("".join(line + "\r\n" for line in lines).encode())

    def overruled(self, stage, argument):
        """True when decide() answered in our place."""
        reply = self.sink.decide(stage, self.session, argument)
        if reply is None:
            return False
        if reply == "close":
            raise _Gone()
        self.say(reply)
        return True

    def secure(self):
        self.socket = self.sink.context.wrap_socket(self.socket, server_side=True)
        self.session.tls = (self.socket.version(), self.socket.cipher()[0])
        with self.sink._lock:
            self.sink._open.add(self.socket)

    def run(self):
        # A connection that only ever stalls must not keep a test's thread for good.
        self.socket.settimeout(600)
        if self.sink.tls == "implicit":
            self.secure()
        if not self.overruled("connect", ""):
            self.say(f"220 {self.sink.hostname} ready")
        while True:
            line = self.line()
            verb, _, argument = line.partition(" ")
            self.session.commands.append(verb.upper())
            if verb.upper() == "QUIT":
                self.say("221 2.0.0 bye")
                return
            handler = getattr(self, "on_" + verb.lower(), None)
            if handler is None:
                self.say("500 5.5.2 not understood")
            else:
                handler(argument)

    def on_ehlo(self, name):
        self.session.hello = name
        self.reset()
        if self.overruled("ehlo", name):
            return
        offered = list(self.sink.extensions)
        if self.sink.tls == "starttls" and self.session.tls is None:
            offered.append("STARTTLS")
        lines = [self.sink.hostname] + offered
        self.say(*[f"250-{line}" for line in lines[:-1]], f"250 {lines[-1]}")

    on_lhlo = on_ehlo

    def on_helo(self, name):
        self.session.hello = name
        self.reset()
        self.say(f"250 {self.sink.hostname}")

    def on_starttls(self, _):
        if self.overruled("starttls", ""):
            return
        self.say("220 2.0.0 go ahead")
        self.buffer.clear()  # never interpret what came in clear before the handshake
        self.reset()
        self.secure()

    def on_noop(self, _):
        self.say("250 2.0.0 ok")

    def on_rset(self, _):
        self.reset()
        self.say("250 2.0.0 ok")

    def on_mail(self, argument):
        found = re.match(r"FROM:\s*<([^>]*)>\s*(.*)$", argument, re.I)
        if not found or self.sender is not None:
            self.say("501 5.5.4 syntax" if not found else "503 5.5.1 nested MAIL")
            return
        if self.overruled("mail", argument):
            return
        self.sender, self.sender_parameters = found[1], found[2]
        self.began = time.monotonic()
        self.say("250 2.1.0 ok")

    def on_rcpt(self, argument):
        found = re.match(r"TO:\s*<((?:\"(?:[^\"\\]|\\.)*\"|[^\">])*)>\s*(.*)$", argument, re.I)
        if not found or self.sender is None:
            self.say("501 5.5.4 syntax" if not found else "503 5.5.1 MAIL first")
            return
        if self.overruled("rcpt", argument):
            return
        self.recipients.append((found[1], found[2]))
        self.say("250 2.1.5 ok")

    def on_data(self, _):
        if not self.recipients:
            self.say("503 5.5.1 no valid recipients")
            return
        if self.overruled("data", ""):
            return
        self.say("354 go on")
        self.finish(self.until_dot(), "DATA")

    def on_bdat(self, argument):
        size, _, last = argument.partition(" ")
        self.chunks.append(self.exactly(int(size)))
        if not self.recipients:
            self.say("503 5.5.1 no valid recipients")
            self.reset()
        elif last.strip().upper() == "LAST":
            self.finish(b"".join(self.chunks), "BDAT")
        else:
            self.say(f"250 2.0.0 {size} octets")

    def finish(self, data, by):
        message = Message(self.sender, self.sender_parameters, self.recipients, data, by,
                          self.session.number, self.session.hello, self.session.tls, self.began,
                          time.monotonic())
        answers = len(self.recipients) if self.sink.lmtp else 1
        self.reset()
        reply = self.sink.decide("message", self.session, message)
        if reply == "close":
            raise _Gone()
        if reply is not None:
            self.say(*[reply] * answers)
            return
        self.sink._keep(message)
        self.say(*["250 2.0.0 kept"] * answers)
        message.answered = time.monotonic()


def server_context(chain, key, *, minimum=ssl.TLSVersion.TLSv1_2, maximum=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    if minimum < ssl.TLSVersion.TLSv1_2:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = minimum
    if maximum is not None:
        context.maximum_version = maximum
    return context
