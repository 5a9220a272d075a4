#!/usr/bin/python3
"""Measures what an idle STARTTLS session costs: the growth of the server's PSS over many sessions.

Each client connects, says EHLO, STARTTLS, EHLO over TLS (no client certificate), and is silent. After
--idle seconds the growth is divided by the number of sessions. Prints one line; ends with 1 above
--limit KiB. Meant for a release build (set HERMETIC): sanitizers multiply memory.
"""

import argparse
import asyncio
import os
import resource
import ssl
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.hermetic_server import ROOT, HermeticServer, binary, listener, wait_idle


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=5000)
    parser.add_argument("--idle", type=float, default=10.0)
    parser.add_argument("--limit", type=float, default=30.0, help="KiB per session")
    parser.add_argument("--tls", choices=("1.2", "1.3"), default="1.3")
    parser.add_argument("--cores", type=int, default=2)
    return parser.parse_args()


def client_context(version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    wanted = ssl.TLSVersion.TLSv1_2 if version == "1.2" else ssl.TLSVersion.TLSv1_3
    context.minimum_version = context.maximum_version = wanted
    return context


async def reply(reader, code):
    while True:
        line = await reader.readline()
        if not line.startswith(code):
            raise AssertionError(f"wanted {code.decode()}, got {line!r}")
        if line[3:4] != b"-":
            return


async def open_session(address, context, gate):
    async with gate:
        reader, writer = await asyncio.open_connection(*address)
        await reply(reader, b"220")
        writer.write(b"EHLO client.example.test\r\n")
        await reply(reader, b"250")
        writer.write(b"STARTTLS\r\n")
        await reply(reader, b"220")
        await writer.start_tls(context)
        writer.write(b"EHLO client.example.test\r\n")
        await reply(reader, b"250")
        return reader, writer


async def hold_sessions(server, options):
    context = client_context(options.tls)
    address = server.address()
    gate = asyncio.Semaphore(64)
    # What the first sessions make once (arenas, tables, the ticket key) is not a session's cost.
    warm = await asyncio.gather(*[open_session(address, context, gate) for _ in range(64)])
    for _, writer in warm:
        writer.transport.abort()
    await asyncio.sleep(2)
    before = server.resident_kib()
    began = time.monotonic()
    sessions = await asyncio.gather(
        *[open_session(address, context, gate) for _ in range(options.sessions)])
    took = time.monotonic() - began
    await asyncio.sleep(options.idle)
    after = server.resident_kib()
    for _, writer in sessions[:: max(1, len(sessions) // 50)]:
        writer.write(b"NOOP\r\n")  # they must all still be there
    for reader, _ in sessions[:: max(1, len(sessions) // 50)]:
        await asyncio.wait_for(reply(reader, b"250"), 30)
    for _, writer in sessions:
        writer.transport.abort()
    return before, after, took


def main():
    options = arguments()
    needed = options.sessions + 1000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, max(hard, needed)))
    server = HermeticServer(
        listeners=[listener("mx")], node={"cores": options.cores},
        limits={"sessions": options.sessions + 500, "sessions_per_client": options.sessions + 500})
    with server:
        wait_idle(server)
        before, after, took = asyncio.run(hold_sessions(server, options))
    each = (after - before) / options.sessions
    verdict = "ok" if each <= options.limit else "FAIL"
    print(f"{verdict:<5} {each:.1f} KiB PSS per idle STARTTLS session (TLS {options.tls}, "
          f"{options.sessions} sessions, {options.idle:g} s idle; {before} -> {after} KiB; opened at "
          f"{options.sessions / took:.0f}/s; limit {options.limit:g} KiB; {os.path.relpath(binary(), ROOT)})")
    sys.exit(0 if verdict == "ok" else 1)


if __name__ == "__main__":
    main()
