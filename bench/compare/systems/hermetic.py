"""Hermetic, as released ($HERMETIC)."""

import subprocess

import load  # makes tests/support importable

from support import children
from support.certificates import Authority
from support.hermetic_server import HermeticServer, binary, listener
from support.ports import free_port

_CONNECTIONS = 20


class _Server(HermeticServer):
    def __init__(self, prefix, **settings):
        super().__init__(**settings)
        self._prefix = prefix

    def spawn(self):
        self.ready_file.unlink(missing_ok=True)
        with open(self.stderr_file, "ab") as stderr:
            self.process = children.start(
                [*self._prefix, binary(), "serve", "--config", self.config,
                 "--ready-file", self.ready_file], stdout=stderr, stderr=stderr)


class Hermetic:
    name = "hermetic"
    title = "Hermetic"
    tuning = (
        f"`cores = 2`, {_CONNECTIONS} connections to the destination, 1000 messages on each; JSON log in a file at level "
        "`info`: a line for each session, message and attempt; metrics on",
        "accept only: the domain's next hop is a port that refuses connections, so that its mail waits for the retry "
        "an hour later: queued, scheduled and durable",
    )

    def __init__(self, case, directory, next_hop, group):
        self.group = group
        chain, key = Authority(directory / "tls").issue("mx.hermetic.test")
        hop = next_hop or free_port()  # nothing listens there: refused at once
        self._server = _Server(
            group.prefix, directory=directory / "hermetic",
            listeners=[listener("mx", tls="starttls" if case.tls else "off",
                                **({"certificates": ["mx"], "min_tls": "1.3"} if case.tls else {}))],
            certificates=[{"name": "mx", "chain": chain, "key": key}],
            delivery={"connections_per_destination": _CONNECTIONS, "messages_per_connection": 1000},
            organization={"retry_after": ["1h"]}, **self.objects(hop))

    def objects(self, hop):
        """Whose mail it takes, and where that goes."""
        return {"accepted_domains": [{"name": load.DOMAIN, "kind": "internal_relay",
                                      "next_hop": f"smtp://127.0.0.1:{hop}"}]}

    @classmethod
    def unsupported(cls, _case):
        return None

    @classmethod
    def version(cls):
        done = subprocess.run([str(binary()), "--version"], capture_output=True, text=True, timeout=20)
        return done.stdout.strip().split("\n")[0].removeprefix("hermetic ")

    @property
    def port(self):
        return self._server.port()

    def start(self):
        self._server.start()
        self.group.root = self._server.pid
        return self

    def log(self):
        return self._server.story()

    def stop(self):
        try:
            self._server.stop()
        finally:
            self.group.close()
