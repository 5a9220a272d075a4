"""Small messages whose time is taken: what other clients notice while the server is busy with something else."""

import socket
import time

from figures import percentile

TEXT = (b"From: <probe@client.test>\r\nTo: <user@probe.test>\r\nSubject: small\r\n\r\n"
        + (b"x" * 76 + b"\r\n") * 40 + b".\r\n")


class Session:
    """One connection in clear text; every reply is awaited, as a simple client does."""

    def __init__(self, address, source="127.0.0.1"):
        self._socket = socket.create_connection(address, 60, (source, 0))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        self._expect(b"220")
        self.say(b"EHLO probe.client.test\r\n", b"250")

    def say(self, octets, code):
        self._socket.sendall(octets)
        self._expect(code)

    def _expect(self, code):
        while True:
            end = self._buffer.find(b"\r\n")
            if end < 0:
                more = self._socket.recv(8192)
                if not more:
                    raise ConnectionError("the server closed the connection")
                self._buffer += more
                continue
            line, self._buffer = self._buffer[:end], self._buffer[end + 2:]
            if not line.startswith(code):
                raise AssertionError(f"wanted {code.decode()}, got {line!r}")
            if line[3:4] != b"-":
                return

    def send(self):
        """One message; seconds from MAIL to the 250 that ends it."""
        began = time.perf_counter()
        self.say(b"MAIL FROM:<probe@client.test>\r\n", b"250")
        self.say(b"RCPT TO:<user@probe.test>\r\n", b"250")
        self.say(b"DATA\r\n", b"354")
        self.say(TEXT, b"250")
        return time.perf_counter() - began

    def close(self):
        self._socket.close()


def connect_and_send(address, count, source="127.0.0.1"):
    """(p50, p99) in ms from connect to the 250 of a message, a connection each, one after the other."""
    times = []
    for _ in range(count):
        began = time.perf_counter()
        session = Session(address, source)
        session.send()
        times.append((time.perf_counter() - began) * 1000)
        session.close()
    return percentile(times, 0.5), percentile(times, 0.99)


def send_paced(address, rate, until):
    """Times in ms from MAIL to 250 of messages sent `rate` a second on a kept connection, until until() is true.

    A message whose turn came while the one before it was late is counted from its turn on: who waits in line
    waits too."""
    session = Session(address)
    times = []
    turn = time.perf_counter()
    sent = 0
    while not until():
        wait = turn - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        if sent == 900:  # below the server's limit of messages in a session
            session.close()
            session, sent = Session(address), 0
        session.send()
        sent += 1
        times.append((time.perf_counter() - turn) * 1000)
        turn += 1 / rate
    session.close()
    return times
