"""Free loopback ports for programs that cannot bind to port 0 and tell."""

import os
import random
import socket

# Below the range from which Linux takes the ports of outgoing connections (32768 and up), so that
# no connection of a test running beside this one can take the port between this and its use.
_FIRST, _LAST = 12000, 32000
_random = random.Random(os.getpid() * 7919)
_given = set()


def free_port(address="127.0.0.1"):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for _ in range(1000):
        port = _random.randrange(_FIRST, _LAST)
        if port in _given:
            continue
        with socket.socket(family, socket.SOCK_STREAM) as tcp, \
                socket.socket(family, socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind((address, port))
                udp.bind((address, port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise RuntimeError("no free port found")
