"""Memory of idle STARTTLS sessions: Hermetic's by tests/resources/idle_sessions.py, the others' as the
growth of the PSS of all their processes over some sessions."""

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import load
from cases import ALL, IDLE, Case
from measure import Group
from rounds import WORK

sys.path.insert(0, str(load.ROOT / "tests" / "resources"))

from idle_sessions import client_context, open_session

CASE = Case(IDLE, "", relay=False, tls=True, systems=ALL)


def of_hermetic(sessions=5000):
    """KiB for each session, TLS 1.3."""
    script = load.ROOT / "tests" / "resources" / "idle_sessions.py"
    done = subprocess.run([script, "--tls", "1.3", "--sessions", str(sessions)], capture_output=True,
                          text=True, timeout=300)
    found = re.search(r"([\d.]+) KiB PSS per idle", done.stdout)
    if not found:  # a figure above its limit ends with 1 too, but has been printed
        raise load.LoadFailed(f"idle_sessions.py: {done.stdout[-500:]}{done.stderr[-1500:]}")
    return {"memory_kib_per_session": float(found[1]), "sessions": sessions}


async def _growth(port, group, sessions):
    context, gate = client_context("1.3"), asyncio.Semaphore(20)
    first = [await open_session(("127.0.0.1", port), context, gate) for _ in range(4)]
    await asyncio.sleep(1)
    before = group.pss_kib()
    held = await asyncio.gather(*[open_session(("127.0.0.1", port), context, gate) for _ in range(sessions)])
    await asyncio.sleep(3)
    after = group.pss_kib()
    for _, writer in (*held, *first):
        writer.transport.abort()
    return (after - before) / sessions


def of_peer(system, sessions=100):
    WORK.mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix=f"{system.name}.", dir=WORK))
    directory.chmod(0o755)
    group = Group()
    server = system(CASE, directory, None, group)
    try:
        server.start()
        each = asyncio.run(_growth(server.port, group, sessions))
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)
    return {"memory_kib_per_session": round(each, 1), "sessions": sessions}


def one_run(system):
    return of_hermetic() if system.name == "hermetic" else of_peer(system)
