"""What a policy costs: relay over TLS 1.3 without any connector, beside the same relay where 1,000 connectors ask for
the partner's name.

Pairs of runs, one of each kind, in turns; of each pair the ratio of the server's CPU per message. The figure is the
median of the ratios with an interval that holds the true median with at least 97 % (order statistics; ten pairs)."""

import shutil
import tempfile
from pathlib import Path
from statistics import median

from cases import by_id
from rounds import Measured
from support.certificates import Authority
from systems.hermetic import Hermetic

import load

CONNECTORS = 1000
TARGET = 1.03
CASE = "relay-tls"
RATE = 4000  # messages a second, about: it only sets how many a run has


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


def interval(ratios):
    """Of the median, from the second to the last but one of ten; of fewer, all."""
    ordered = sorted(ratios)
    cut = 1 if len(ordered) >= 10 else 0
    return ordered[cut], ordered[len(ordered) - 1 - cut]


def run(figures, pairs, seconds):
    case = by_id(CASE)
    directory = Path(tempfile.mkdtemp(prefix="hermetic-policy."))
    try:
        authority = Authority(directory)
        systems = (Hermetic, with_connectors(authority, authority.issue("mx.partner.test")))
        costs = []
        for turn in range(pairs):
            order = (0, 1) if turn % 2 == 0 else (1, 0)
            found = {which: Measured(systems[which], case, RATE, seconds).run() for which in order}
            costs.append((found[0]["cpu_ms_per_message"], found[1]["cpu_ms_per_message"]))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    ratios = [after / before for before, after in costs]
    low, high = interval(ratios)
    without, beside = median(cost for cost, _ in costs), median(cost for _, cost in costs)
    figures.add(
        f"scale: relay over TLS by a connector with verify_name among {CONNECTORS}, beside none",
        words=f"{median(ratios):.3f} of the CPU without ({low:.3f} to {high:.3f}; {beside:.3f} ms for {without:.3f})",
        target=f"at most {TARGET:.2f}", met=median(ratios) <= TARGET, runs=pairs, cpu_ms_per_message=beside,
        cpu_ms_per_message_without=without)
