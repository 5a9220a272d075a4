"""Exim, tuned."""

from .packaged import Packaged, peers

_RUNNERS = 8


class Exim(Packaged, peers.Exim):
    title = "Exim"
    spool = "/var/spool/exim4"
    tuning = (
        "`split_spool_directory`, no message logs, no DNS, no ident, brief log selectors, no limit of connections",
        f"relay: `queue_only` and {_RUNNERS} queue runners that start each second, `connection_max_messages` unlimited: "
        "delivery from the queue costs it under half the CPU of immediate delivery",
        "accept only: `queue_only` and no queue runner",
    )

    def configure(self, files):
        etc = files / "etc" / "exim4"
        etc.mkdir()
        tls = f"""
tls_advertise_hosts = *
tls_certificate = {self.chain}
tls_privatekey = {self.key}
tls_require_ciphers = NORMAL:-VERS-ALL:+VERS-TLS1.3
""" if self.case.tls else "tls_advertise_hosts =\n"
        way_out = """  hosts_require_tls = *
  tls_require_ciphers = NORMAL:-VERS-ALL:+VERS-TLS1.3
  hosts_noproxy_tls = *
""" if self.case.tls else "  hosts_avoid_tls = *\n"
        (etc / "exim4.conf").write_text(f"""
primary_hostname = {self.hostname}
local_interfaces = 127.0.0.1
daemon_smtp_ports = {self.port}
log_file_path = {self.logs}/%slog
log_selector = -retry_defer -queue_run -skip_delivery -lost_incoming_connection
host_lookup =
rfc1413_query_timeout = 0s
dns_dnssec_ok = 0
acl_smtp_rcpt = everything
acl_smtp_data = everything
{tls}
accept_8bitmime = true
message_size_limit = 200M
check_spool_space = 0
check_log_space = 0
smtp_accept_max = 0
smtp_accept_queue = 0
smtp_accept_queue_per_connection = 0
smtp_accept_max_per_connection = 0
smtp_connect_backlog = 512
queue_only = true
queue_run_max = {_RUNNERS}
split_spool_directory = true
message_logs = false
remote_max_parallel = 1
keep_environment =
add_environment =
begin acl
everything:
  accept
begin routers
everywhere:
  driver = manualroute
  transport = out
  route_data = 127.0.0.1
  self = send
begin transports
out:
  driver = smtp
  port = {self.relay_to}
{way_out}  connection_max_messages = 0
  hosts_try_chunking =
  message_linelength_limit = 2147483647
  tls_verify_hosts =
  tls_try_verify_hosts =
  tls_verify_cert_hostnames =
  hosts_try_dane =
  dnssec_request_domains =
begin retry
* * F,4d,1h
""")
        (etc / "exim4.conf").chmod(0o644)
        self.prepare(files, f"install -d -o Debian-exim -g Debian-exim {self.spool}\n"
                            f"chown Debian-exim:Debian-exim {self.spool} {self.key}\n")

    def command(self):
        return ["/usr/sbin/exim4", "-bdf", *(["-q1s"] if self.case.relay else [])]
