"""Thousands of open STARTTLS sessions: what each costs, and what other clients notice of them."""

import asyncio
import resource
import ssl
import time

import peers
import probe
from support.hermetic_server import HermeticServer, wait_idle

LIMIT_KIB = 30
PER_ADDRESS = 180  # below the server's default limit for one client
SLOWER = 3


def count_possible(wanted):
    """`wanted`, or as many as the descriptor limit less a tenth allows; raises the soft limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard * 9 // 10)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most * 10 // 9 + 1 if hard == resource.RLIM_INFINITY
                                                else hard, hard))
    return most


async def reply(reader, code):
    while True:
        line = await reader.readline()
        if not line.startswith(code):
            raise AssertionError(f"wanted {code.decode()}, got {line!r}")
        if line[3:4] != b"-":
            return


async def open_one(address, number, context, gate):
    async with gate:
        client = number // PER_ADDRESS
        source = f"127.1.{client // 250}.{client % 250 + 1}"
        reader, writer = await asyncio.open_connection(*address, local_addr=(source, 0))
        await reply(reader, b"220")
        writer.write(b"EHLO client.example.test\r\n")
        await reply(reader, b"250")
        writer.write(b"STARTTLS\r\n")
        await reply(reader, b"220")
        await writer.start_tls(context)
        writer.write(b"EHLO client.example.test\r\n")
        await reply(reader, b"250")
        return reader, writer


async def open_many(address, count):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    gate = asyncio.Semaphore(64)
    return await asyncio.gather(*[open_one(address, number, context, gate) for number in range(count)])


def abort(sessions):
    for _, writer in sessions:
        writer.transport.abort()


async def check_alive(sessions):
    some = sessions[:: max(1, len(sessions) // 100)]
    for _, writer in some:
        writer.write(b"NOOP\r\n")
    for reader, _ in some:
        await asyncio.wait_for(reply(reader, b"250"), 60)


async def hold(server, count, idle, probes):
    address = server.address()
    # What the first sessions make once (arenas, tables, the ticket key) is not a session's cost.
    abort(await open_many(address, 64))
    alone = probe.connect_and_send(address, probes)
    await asyncio.sleep(2)
    before = server.resident_kib()
    began = time.monotonic()
    sessions = await open_many(address, count)
    took = time.monotonic() - began
    await asyncio.sleep(idle)
    after = server.resident_kib()
    beside = probe.connect_and_send(address, probes)
    await check_alive(sessions)
    abort(sessions)
    return (after - before) / count, alone, beside, count / took


def run(figures, wanted, idle, probes):
    count = count_possible(wanted)
    with peers.start("sink") as sink, HermeticServer(
            accepted_domains=[{"name": "probe.test", "next_hop": f"smtp://127.0.0.1:{sink.port}"}],
            limits={"sessions": 2 * count + 1000, "sessions_per_client": 200}, log={"level": "warning"}) as server:
        wait_idle(server)
        each, alone, beside, rate = asyncio.run(hold(server, count, idle, probes))
        server.wait_queue_empty()
    figures.add(f"scale: {count} idle STARTTLS sessions, memory",
                words=f"{each:.1f} KiB each (PSS), opened at {rate:.0f}/s",
                target=f"at most {LIMIT_KIB} KiB each", met=each <= LIMIT_KIB,
                memory_kib_per_session=each, sessions_per_second=rate)
    figures.add(f"scale: {count} idle STARTTLS sessions, another client from connect to 250",
                words=f"p50 {beside[0]:.2f} ms, p99 {beside[1]:.2f} ms; without them {alone[0]:.2f} and "
                      f"{alone[1]:.2f}",
                target=f"p99 at most {SLOWER} times that without them", met=beside[1] <= SLOWER * alone[1],
                p50_ms=beside[0], p99_ms=beside[1], p50_ms_alone=alone[0], p99_ms_alone=alone[1])
