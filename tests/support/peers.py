"""Other mail servers, as Debian ships them: Postfix, Exim and OpenSMTPD, each in private mount and
process namespaces (tests/interop/peers/), with a configuration that relays all mail to one place.

As a sender, a peer is given Hermetic's port to relay to; as a receiver, a sink's. Either way it
listens on `port`, with STARTTLS. Needs root (namespaces, overlays, users of its own).
"""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from . import children
from .certificates import Authority
from .deadline import wait_for
from .machine import need_namespaces
from .ports import free_port
from .smtp_client import Client

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tests" / "interop" / "peers"


def fetched(peer):
    """The directory with the peer's files, downloading them the first time."""
    subprocess.run([TOOLS / "fetch"], check=True, stdout=subprocess.DEVNULL, timeout=600)
    return Path(os.environ.get("HERMETIC_PEERS") or ROOT / "build" / "peers") / peer / "root"


class Peer:
    """Base: subclasses give name, users (name, group), configure(files) and command().

    relay_to: port on 127.0.0.1 for all mail. relay_tls: "encrypt" (required), "may" or "none".
    maximum, minimum: TLS versions of the way out ("1.2", "1.3"), where the peer can limit them.
    lmtp: relay by LMTP (Postfix and Exim).
    hosts: names that are 127.0.0.1 for the peer."""

    name = None
    users = ()
    key_kind = "rsa"
    parent = None  # folder of its directory; None: the one for temporary files
    prefix = ()    # words before its command, which they execute in their place

    def __init__(self, relay_to, *, relay_tls="may", minimum=None, lmtp=False, hosts=()):
        need_namespaces()
        self.relay_to, self.relay_tls = relay_to, relay_tls
        self.minimum, self.lmtp, self.hosts = minimum, lmtp, tuple(hosts)
        self.directory = Path(tempfile.mkdtemp(prefix=f"hermetic-{self.name}.", dir=self.parent))
        self.directory.chmod(0o755)
        self.port = free_port()
        self.process = None

    @property
    def hostname(self):
        return f"{self.name}.peer.test"

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind is not None:
            print(f"  {self.name} said:\n{self.log()[-6000:]}", flush=True)
        self.stop()

    def start(self, seconds=30):
        root = fetched(self.name)
        authority = Authority(self.directory / "tls")
        self.chain, self.key = authority.issue(self.hostname, key=self.key_kind)
        files = self.directory / "files"
        (files / "etc").mkdir(parents=True)
        self.logs = self.directory / "logs"
        self.logs.mkdir()
        self.logs.chmod(0o777)
        self._write_accounts(files / "etc")
        # Nothing answers there, at once: no peer may wait for a name server of the outside.
        (files / "etc" / "resolv.conf").write_text("nameserver 127.255.255.254\noptions timeout:1 attempts:1\n")
        (files / "etc" / "hosts").write_text(f"127.0.0.1 localhost {self.hostname} peer-of-{self.name}.test\n"
            + "".join(f"127.0.0.1 {host}\n" for host in self.hosts))
        (files / "etc" / "mailname").write_text(f"{self.hostname}\n")
        self.configure(files)
        with open(self.logs / "output", "wb") as output:
            self.process = children.start(
                [*self.prefix, "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                 "--propagation", "private", TOOLS / "enter", root, files, *self.command()],
                stdout=output, stderr=output)
        try:
            wait_for(self._greets, lambda: f"{self.name} answers on {self.port}:\n{self.log()}",
                     seconds, 0.05)
        except AssertionError:
            self.stop()
            raise
        return self

    def _greets(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}:\n{self.log()}")
        try:
            with Client(("127.0.0.1", self.port), timeout=10):
                return True
        except OSError:
            return False

    def _write_accounts(self, etc):
        """The machine's accounts and the peer's own, which exist only inside."""
        passwd, group = Path("/etc/passwd").read_text(), Path("/etc/group").read_text()
        for number, (user, own_group) in enumerate(self.users, 64201):
            group += f"{own_group}:x:{number}:\n"
            if user:
                passwd += f"{user}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin\n"
        (etc / "passwd").write_text(passwd)
        (etc / "group").write_text(group)

    def prepare(self, files, script):
        """A shell script that runs inside before the peer."""
        path = files / "prepare"
        path.write_text("#!/bin/sh\nset -e\n" + script)
        path.chmod(0o755)

    def log(self):
        return "".join(f"--- {path.name}\n{path.read_text(errors='replace')}"
                       for path in sorted(self.logs.iterdir())) if self.directory.exists() else ""

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)  # --kill-child ends all in the namespace
            self.process.wait(20)
        shutil.rmtree(self.directory, ignore_errors=True)


class Postfix(Peer):
    """settings: of main.cf. listeners: name -> settings of a further smtpd, on ports[name].
    routes: domain -> (host, port, entry of smtp_tls_policy_maps); the host is one of `hosts`."""

    name = "postfix"
    users = (("postfix", "postfix"), (None, "postdrop"))

    def __init__(self, relay_to, *, settings=None, listeners=None, routes=None, **options):
        self.settings, self.listeners, self.routes = settings or {}, listeners or {}, routes or {}
        self.ports = {each: free_port() for each in self.listeners}
        hosts = [host for host, _, _ in self.routes.values()]
        super().__init__(relay_to, hosts=hosts, **options)

    def route(self, etc, settings):
        (etc / "transport").write_text("".join(
            f"{domain} smtp:[{host}]:{port}\n" for domain, (host, port, _) in self.routes.items()))
        (etc / "tls_policy").write_text("".join(
            f"[{host}]:{port} {policy}\n" for host, port, policy in self.routes.values()))
        settings["transport_maps"] = "texthash:/etc/postfix/transport"
        settings["smtp_tls_policy_maps"] = "texthash:/etc/postfix/tls_policy"

    def configure(self, files):
        etc = files / "etc" / "postfix"
        etc.mkdir()
        transport = "lmtp:inet:127.0.0.1" if self.lmtp else "smtp:[127.0.0.1]"
        settings = {
            "compatibility_level": "3.6",
            "maillog_file": self.logs / "maillog", "maillog_file_prefixes": self.logs,
            "myhostname": self.hostname, "inet_interfaces": "127.0.0.1", "inet_protocols": "ipv4",
            "mydestination": "", "mynetworks": "127.0.0.0/8", "alias_maps": "",
            "alias_database": "", "local_recipient_maps": "",
            "default_transport": f"{transport}:{self.relay_to}", "relayhost": "",
            "smtpd_peername_lookup": "no", "smtp_host_lookup": "native",
            "smtp_dns_support_level": "disabled", "disable_dns_lookups": "yes",
            "smtpd_relay_restrictions": "permit_mynetworks, reject",
            "smtpd_tls_security_level": "may",
            "smtpd_tls_chain_files": f"{self.key}, {self.chain}",
            "smtpd_tls_received_header": "yes", "smtpd_tls_loglevel": "1",
            "smtp_tls_security_level": self.relay_tls, "smtp_tls_loglevel": "1",
            "message_size_limit": "209715200", "mailbox_size_limit": "0",
            # Not one byte of a message is to be changed but for the Received field.
            "smtp_line_length_limit": "0", "local_header_rewrite_clients": "",
            "smtputf8_enable": "yes", "header_size_limit": "1048576",
            "queue_run_delay": "2s", "minimal_backoff_time": "1s", "maximal_backoff_time": "2s",
            "smtpd_client_connection_count_limit": "0", "smtpd_error_sleep_time": "0",
        }
        if self.minimum:
            for name in ("smtp_tls_protocols", "smtp_tls_mandatory_protocols"):
                settings[name] = f">=TLSv{self.minimum}"
        if self.routes:
            self.route(etc, settings)
        settings.update(self.settings)
        (etc / "main.cf").write_text("".join(f"{k} = {v}\n" for k, v in settings.items()))
        services = [(f"127.0.0.1:{self.port}", "inet", "n", "-", "-", "smtpd")]
        for name, port in self.ports.items():
            options = "".join(f"\n  -o {{ {k} = {v} }}" for k, v in self.listeners[name].items())
            services.append((f"127.0.0.1:{port}", "inet", "n", "-", "-", "smtpd" + options))
        for name, private, wakeup, limit, program in (
                ("pickup", "n", "60", "1", "pickup"), ("cleanup", "n", "-", "0", "cleanup"),
                ("qmgr", "n", "300", "1", "qmgr"), ("tlsmgr", "-", "1000?", "1", "tlsmgr"),
                ("rewrite", "-", "-", "-", "trivial-rewrite"), ("bounce", "-", "-", "0", "bounce"),
                ("defer", "-", "-", "0", "bounce"), ("trace", "-", "-", "0", "bounce"),
                ("verify", "-", "-", "1", "verify"), ("flush", "n", "1000?", "0", "flush"),
                ("proxymap", "-", "-", "-", "proxymap"), ("smtp", "-", "-", "-", "smtp"),
                ("relay", "-", "-", "-", "smtp"), ("lmtp", "-", "-", "-", "lmtp"),
                ("showq", "n", "-", "-", "showq"), ("error", "-", "-", "-", "error"),
                ("retry", "-", "-", "-", "error"), ("discard", "-", "-", "-", "discard"),
                ("anvil", "-", "-", "1", "anvil"), ("scache", "-", "-", "1", "scache")):
            services.append((name, "unix", private, wakeup, limit, program))
        services.append(("postlog", "unix-dgram", "n", "-", "1", "postlogd"))
        (etc / "master.cf").write_text("".join(
            f"{name} {kind} {private} - n {wakeup} {limit} {program}\n"
            for name, kind, private, wakeup, limit, program in services))
        self.prepare(files, "install -d -o postfix /var/lib/postfix\n")

    def command(self):
        return ["/usr/sbin/postfix", "start-fg"]


class Exim(Peer):
    """settings: lines of the main part. tls_ports: name -> tls_require_ciphers of a further port,
    ports[name]; None offers no TLS there. routes: the lines after `begin routers` and, as second of
    the pair, those after `begin transports`."""

    name = "exim"
    users = (("Debian-exim", "Debian-exim"),)

    def __init__(self, relay_to, *, settings="", tls_ports=None, routes=("", ""), **options):
        self.settings, self.tls_ports, self.routes = settings, tls_ports or {}, routes
        self.ports = {each: free_port() for each in self.tls_ports}
        super().__init__(relay_to, **options)

    def by_port(self, values, otherwise):
        """An expansion: for each listener its value."""
        text = otherwise
        for name, value in values.items():
            text = f"${{if eq{{$received_port}}{{{self.ports[name]}}}{{{value}}}{{{text}}}}}"
        return text

    def configure(self, files):
        etc = files / "etc" / "exim4"
        etc.mkdir()
        # OpenSSL or GnuTLS is the packager's choice; Debian's Exim has GnuTLS and its priorities.
        versions = {None: "NORMAL", "1.2": "NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3",
                    "1.3": "NORMAL:-VERS-ALL:+VERS-TLS1.3"}[self.minimum]
        wants = {"encrypt": "hosts_require_tls = *", "may": "hosts_avoid_tls =",
                 "none": "hosts_avoid_tls = *"}[self.relay_tls]
        (etc / "exim4.conf").write_text(f"""
primary_hostname = {self.hostname}
local_interfaces = 127.0.0.1
daemon_smtp_ports = <; {" ; ".join(map(str, (self.port, *self.ports.values())))}
log_file_path = {self.logs}/%slog
log_selector = +tls_cipher +received_recipients +smtp_confirmation
host_lookup =
helo_allow_chars = _
rfc1413_query_timeout = 0s
dns_dnssec_ok = 0
acl_smtp_rcpt = everything
acl_smtp_data = everything
tls_advertise_hosts = {self.by_port({k: "" for k, v in self.tls_ports.items() if v is None}, "*")}
tls_require_ciphers = {self.by_port({k: v for k, v in self.tls_ports.items() if v}, "NORMAL")}
tls_certificate = {self.chain}
tls_privatekey = {self.key}
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
chunking_advertise_hosts = *
accept_8bitmime = true
message_size_limit = 200M
smtp_accept_max = 200
smtp_accept_queue_per_connection = 0
smtp_accept_max_per_connection = 0
header_maxsize = 2M
keep_environment =
add_environment =
{self.settings}
begin acl
everything:
  accept
begin routers
{self.routes[0]}
everywhere:
  driver = manualroute
  transport = out
  route_data = 127.0.0.1
  self = send
begin transports
{self.routes[1]}
out:
  driver = smtp
  port = {self.relay_to}
  protocol = {"lmtp" if self.lmtp else "smtp"}
  {wants}
  tls_require_ciphers = {versions}
  tls_verify_hosts =
  tls_try_verify_hosts =
  tls_verify_cert_hostnames =
  message_linelength_limit = 2147483647
  hosts_try_dane =
  dnssec_request_domains =
begin retry
* * F,1h,2s
""")
        (etc / "exim4.conf").chmod(0o644)
        self.prepare(files, "install -d -o Debian-exim -g Debian-exim /var/spool/exim4\n"
                            f"chown Debian-exim {self.key}\n")

    def command(self):
        return ["/usr/sbin/exim4", "-bdf", "-q5s"]


class OpenSmtpd(Peer):
    """routes: domain -> the words after "relay"."""

    name = "opensmtpd"
    key_kind = "ec"
    users = (("opensmtpd", "opensmtpd"), ("opensmtpq", "opensmtpq"))

    def __init__(self, relay_to, *, routes=None, **options):
        self.routes = routes or {}
        super().__init__(relay_to, **options)

    def configure(self, files):
        way = {"encrypt": f'"smtp+tls://127.0.0.1:{self.relay_to}" tls no-verify',
               "may": f'"smtp://127.0.0.1:{self.relay_to}"',
               "none": f'"smtp+notls://127.0.0.1:{self.relay_to}"'}[self.relay_tls]
        if self.lmtp:
            way = f'"lmtp://127.0.0.1:{self.relay_to}"'
        actions = "".join(f'action "{name}" relay {words}\n' for name, words in self.routes.items())
        matches = "".join(f'match from any for domain "{name}" action "{name}"\n' for name in self.routes)
        (files / "etc" / "smtpd.conf").write_text(f"""
pki peer cert "{self.chain}"
pki peer key "{self.key}"
smtp max-message-size "200M"
{"".join(f"mta limit conn-delay-{what} 0" + chr(10) for what in ("host", "route", "source", "connector", "relay", "domain"))}
bounce warn-interval 1h
listen on 127.0.0.1 port {self.port} tls pki peer hostname "{self.hostname}"
{actions}action "out" relay host {way}
{matches}match from any for any action "out"
""")
        self.prepare(files, "install -d -m 711 /var/spool/smtpd /var/lib/opensmtpd\n"
                            "install -d -m 711 /var/lib/opensmtpd/empty\n"
                            f"chown root:root {self.key} {self.chain} {self.chain.parent}\n"
                            f"chmod 600 {self.key}\n")

    def command(self):
        return ["/usr/sbin/smtpd", "-d"]


PEERS = (Postfix, Exim, OpenSmtpd)
