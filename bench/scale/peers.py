#!/usr/bin/python3
"""Peers in a process of their own, so that they disturb nobody's clock: next hops that take mail, and dead ones.

  peers.py sink [--tls CHAIN KEY]      takes all mail at 127.0.0.1 and forgets it; prints {"octets": N} for
                                       each message of a mebibyte or more
  peers.py dead PORT ADDRESS=KIND...   at each address and this port, KIND one of
                                         unanswered  the connection request is never answered
                                         silent      connected, never greeted
                                         stall       greeted, and then nothing
Prints {"port": N} when ready; ends when its input does.

`start(...)` begins one from a test: `with start("sink") as peer: peer.port`. They give way to everybody else
(nice): what is measured is the server.
"""

import asyncio
import json
import os
import select
import socket
import ssl
import subprocess
import sys
from pathlib import Path


LARGE = 1 << 20


class Peer:
    def __init__(self, words):
        # Its standard input is our end of a pipe: however this process ends, the peer ends too.
        self._process = subprocess.Popen([sys.executable, Path(__file__).resolve(), *map(str, words)],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ready = self._process.stdout.readline()
        if not ready:
            raise RuntimeError(f"peers.py {' '.join(map(str, words))} does not start")
        self.port = json.loads(ready)["port"]

    def next_large(self, seconds):
        """Octets of the next large message that the sink has taken, in the order of arrival."""
        readable, _, _ = select.select([self._process.stdout], [], [], seconds)
        if not readable:
            raise TimeoutError(f"no large message arrived within {seconds:g} s")
        return json.loads(self._process.stdout.readline())["octets"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def start(*words):
    return Peer(words)


class Taker(asyncio.Protocol):
    """An SMTP server's side of the dialogue without any opinion; pipelining works, BDAT is not offered."""

    def __init__(self, context):
        self.context = context
        self.transport = None
        self.reset()

    def reset(self):
        self.rest = b""
        self.in_handshake = False
        self.in_data = False
        self.octets = 0
        self.replies = []

    def connection_made(self, transport):
        self.transport = transport
        self.reset()
        transport.write(b"220 sink.test ESMTP\r\n")

    def data_received(self, data):
        data = self.rest + data
        while data and not self.in_handshake:
            taken = self._content(data) if self.in_data else self._command(data)
            if taken == 0:
                break
            data = data[taken:]
        self.rest = data
        if self.replies and not self.transport.is_closing():
            self.transport.write(b"".join(self.replies))
            self.replies = []

    def _content(self, data):
        end = data.find(b"\r\n.\r\n")
        if end >= 0:
            self.in_data = False
            self.replies.append(b"250 2.0.0 taken\r\n")
            if self.octets + end >= LARGE:
                print(json.dumps({"octets": self.octets + end}), flush=True)
            self.octets = 0
            return end + 5
        taken = max(0, len(data) - 4)  # the end may begin in the last octets
        self.octets += taken
        return taken

    def _command(self, data):
        end = data.find(b"\r\n")
        if end < 0:
            return 0
        verb = data[:4].upper()
        if verb == b"EHLO":
            starttls = b"250-STARTTLS\r\n" if self.context and not self._encrypted() else b""
            self.replies.append(b"250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 0\r\n"
                                + starttls + b"250 ENHANCEDSTATUSCODES\r\n")
        elif verb == b"DATA":
            self.in_data = True
            self.replies.append(b"354 go on\r\n")
            return end  # the line's end may be the beginning of an empty message's end
        elif verb == b"STAR":
            self.transport.pause_reading()  # what comes next is for TLS
            self.in_handshake = True
            self.transport.write(b"220 2.0.0 go on\r\n")
            asyncio.get_running_loop().create_task(self._start_tls())
            return len(data)
        elif verb == b"QUIT":
            self.transport.write(b"".join(self.replies) + b"221 2.0.0 bye\r\n")
            self.transport.close()
            return len(data)
        else:
            self.replies.append(b"250 2.0.0 ok\r\n")
        return end + 2

    def _encrypted(self):
        return self.transport.get_extra_info("ssl_object") is not None

    async def _start_tls(self):
        plain = self.transport
        try:
            self.transport = await asyncio.get_running_loop().start_tls(plain, self, self.context,
                                                                        server_side=True)
        except (OSError, ssl.SSLError):
            plain.abort()
            return
        self.in_handshake = False
        self.data_received(b"")  # what came with the end of the handshake


async def sink(words):
    context = None
    if words[:1] == ["--tls"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(words[1], words[2])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Taker(context), "127.0.0.1", 0, backlog=1000)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def listen(address, port, backlog):
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((address, port))
    listening.listen(backlog)
    return listening


def dead(port, kinds):
    kept = []  # what is not kept would be closed
    greeting = {}
    for address, kind in kinds:
        listening = listen(address, port, 0 if kind == "unanswered" else 1000)
        if kind == "unanswered":
            for _ in range(4):  # a full queue: the kernel drops further requests
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex((address, port))
                kept.append(filler)
            kept.append(listening)
        else:
            listening.setblocking(False)
            greeting[listening] = b"220 stalled.test ESMTP\r\n" if kind == "stall" else b""
    print(json.dumps({"port": port}), flush=True)
    while True:
        readable, _, _ = select.select([*greeting, sys.stdin], [], [])
        if sys.stdin in readable:
            return  # nothing is ever written there: it has ended
        for listening in readable:
            try:
                connection, _ = listening.accept()
            except BlockingIOError:
                continue
            connection.send(greeting[listening])
            kept.append(connection)


def main():
    os.nice(10)
    if sys.argv[1] == "sink":
        asyncio.run(sink(sys.argv[2:]))
    else:
        dead(int(sys.argv[2]), [word.split("=") for word in sys.argv[3:]])


if __name__ == "__main__":
    main()
