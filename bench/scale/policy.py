"""What a policy costs: relay over TLS 1.3 without any connector, beside the same relay where 1,000 connectors ask for
the partner's name.

Pairs of fresh servers that stand side by side and get their load in bursts, in turns, so that what the machine does to
one it does to the other; of each pair the ratio of the servers' CPU per message. The figure is the median of the ratios
with an interval that holds the true median with at least 97 % (order statistics; ten pairs)."""

import shutil
import tempfile
from pathlib import Path
from statistics import median

from cases import by_id
from standing import Standing, interval, pair
from support.certificates import Authority
from systems.hermetic import Hermetic

import load

CONNECTORS = 1000
TARGET = 1.03
CASE = "relay-tls"
RATE = 4000  # messages a second, about: it only sets how many a burst has
BURSTS = 3   # of each server


def with_connectors(authority, certificate):
    """The system with a connector for the partner among many others."""

    class WithConnectors(Hermetic):
        sink_certificate = certificate

        def objects(self, hop):
            verified = {"tls": "verify_name", "ca": str(authority.certificate)}
            partner = {"name": "partner", "recipient_domains": [load.DOMAIN], "smart_hosts": [f"[127.0.0.1]:{hop}"],
                       "tls_names": ["mx.partner.test"], **verified}
            others = [{"name": f"other {n}", "recipient_domains": [f"d{n}.test", f"*.d{n}.test"],
                       "tls_names": [f"mx.d{n}.test", f"*.d{n}.test"], **verified} for n in range(CONNECTORS - 1)]
            return {"accepted_domains": [{"name": load.DOMAIN, "kind": "internal_relay", "connector": "partner"}],
                    "outbound_connectors": [partner, *others]}

    return WithConnectors


def measure(systems, seconds, first_begins):
    standing = [Standing(system, by_id(CASE), RATE, seconds, BURSTS) for system in systems]
    return pair(*standing, first_begins)


def run(figures, pairs, seconds):
    directory = Path(tempfile.mkdtemp(prefix="hermetic-policy."))
    try:
        authority = Authority(directory)
        systems = (Hermetic, with_connectors(authority, authority.issue("mx.partner.test")))
        costs = [measure(systems, seconds, turn % 2 == 0) for turn in range(pairs)]
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    ratios = [after / before for before, after in costs]
    low, high = interval(ratios)
    without, beside = median(cost for cost, _ in costs), median(cost for _, cost in costs)
    figures.add(
        f"scale: relay over TLS by a connector with verify_name among {CONNECTORS}, compared with none",
        words=f"{median(ratios):.3f} of the CPU without ({low:.3f} to {high:.3f}; {beside:.3f} ms against {without:.3f})",
        target=f"at most {TARGET:.2f}", met=median(ratios) <= TARGET, runs=pairs, cpu_ms_per_message=beside,
        cpu_ms_per_message_without=without)
