"""OpenSMTPD, tuned. Debian's 6.8 cannot do STARTTLS with the machine's OpenSSL 3: clear text only."""

import os
import subprocess

from .packaged import Packaged, peers

_CONNECTIONS = 40
# As made, one connection is opened to a route in 5 seconds.
_LIMITS = [(f"max-conn-per-{what}", _CONNECTIONS)
           for what in ("host", "route", "source", "connector", "relay", "domain")] + \
          [(f"conn-delay-{what}", 0) for what in ("host", "route", "source", "connector", "relay", "domain")] + \
          [("reconn-delay-route", 0), ("task-hiwat", 5000), ("task-lowat", 3000)]


class OpenSmtpd(Packaged, peers.OpenSmtpd):
    title = "OpenSMTPD"
    spool = "/var/spool/smtpd"
    tuning = (
        f"`mta limit max-conn-per-route {_CONNECTIONS}` and the like, `conn-delay-route 0` and the like, wide scheduler limits, no `max-mails` for a "
        "session, queue neither compressed nor encrypted",
        "its queue folder has the attribute `S` (synchronous): it never syncs by itself, and answers 250 before anything is "
        "on the disk",
        "accept only: `smtpctl pause mta`",
        "clear text only: STARTTLS of Debian's 6.8 fails with OpenSSL 3",
    )

    @classmethod
    def unsupported(cls, case):
        return "its STARTTLS fails with OpenSSL 3, as Debian has both" if case.tls else None

    def configure(self, files):
        limits = "".join(f"mta limit {name} {value}\n" for name, value in _LIMITS)
        (files / "etc" / "smtpd.conf").write_text(f"""
smtp max-message-size "200M"
smtp limit max-mails 100000
smtp limit max-rcpt 1000
{limits}scheduler limit max-inflight 20000
scheduler limit max-evp-batch-size 1024
scheduler limit max-schedule 200
bounce warn-interval 4h
listen on 127.0.0.1 port {self.port} hostname "{self.hostname}"
action "out" relay host "smtp+notls://127.0.0.1:{self.relay_to}"
match from any for any action "out"
""")
        # It syncs nothing by itself; where the file system cannot do this either, it is measured as it is.
        self.prepare(files, f"chattr +S {self.spool} 2>/dev/null || true\n"
                            f"install -d -m 711 {self.spool} /var/lib/opensmtpd/empty\n"
                            f"chown root:root {self.spool}\nchmod 711 {self.spool} /var/lib/opensmtpd\n"
                            "chgrp opensmtpq /usr/sbin/smtpctl\nchmod 2755 /usr/sbin/smtpctl\n")

    def start(self, seconds=60):
        super().start(seconds)
        if not self.case.relay:
            self._inside("smtpctl", "pause", "mta")
        return self

    def _inside(self, *command):
        """Run a command in the server's namespaces."""
        first = next(pid for pid in self.group.pids() if _is_first(pid))
        subprocess.run(["nsenter", "-t", str(first), "--mount", "--pid", "--", *command], check=True,
                       capture_output=True, timeout=20, env={**os.environ, "PATH": "/usr/sbin:/usr/bin"})


def _is_first(pid):
    with open(f"/proc/{pid}/status") as status:
        line = next(each for each in status if each.startswith("NSpid:"))
    return line.split()[-1] == "1" and len(line.split()) > 2
