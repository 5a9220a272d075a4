"""Postfix, tuned."""

from .packaged import Packaged, peers

_PROCESSES = 250  # above the 100 connections: one smtpd each

_SETTINGS = {
    # Processes: one smtpd for each connection, none replaced or ended while it runs.
    "default_process_limit": _PROCESSES, "max_use": 100000, "max_idle": "1000s", "ipc_idle": "100s",
    # No waiting for the queue manager, no limits for clients (then anvil is not asked).
    "in_flow_delay": 0, "qmgr_message_active_limit": 100000, "qmgr_message_recipient_limit": 100000,
    "smtpd_client_connection_count_limit": 0, "smtpd_client_connection_rate_limit": 0,
    "smtpd_client_message_rate_limit": 0, "smtpd_client_recipient_rate_limit": 0,
    "smtpd_client_new_tls_session_rate_limit": 0, "smtpd_error_sleep_time": 0,
    # Cleanup: no address mappings, no header and body checks, nothing to look up.
    "receive_override_options": "no_address_mappings, no_header_body_checks, no_unknown_recipient_checks, no_milters",
    "strict_rfc821_envelopes": "no", "smtputf8_enable": "no", "append_dot_mydomain": "no",
    # Delivery: as parallel as pays on two cores, on connections that are kept.
    "initial_destination_concurrency": 20, "default_destination_concurrency_limit": 20,
    "smtp_connection_cache_destinations": "static:all", "smtp_connection_cache_time_limit": "10s",
    "smtp_connection_reuse_time_limit": "3600s",
    # The first retry of what was deferred is far away, as it is in production.
    "queue_run_delay": "300s", "minimal_backoff_time": "300s", "maximal_backoff_time": "4000s",
    # TLS: P-256 certificate, tickets, no protocol of each handshake in the log.
    "smtpd_tls_loglevel": 0, "smtp_tls_loglevel": 0, "smtpd_tls_received_header": "no",
    "smtp_tls_session_cache_database": "btree:$data_directory/smtp_scache",
    "smtpd_tls_mandatory_protocols": ">=TLSv1.3", "smtpd_tls_protocols": ">=TLSv1.3",
    "tls_preempt_cipherlist": "yes",
}


class Postfix(Packaged, peers.Postfix):
    title = "Postfix"
    spool = "/var/spool/postfix"
    tuning = (
        f"`default_process_limit = {_PROCESSES}`, `max_use = 100000`: processes stay; `in_flow_delay = 0`; no client "
        "limits, so that `anvil` is not used; `receive_override_options` without mappings, checks and milters; no DNS; "
        "wide active queue",
        "relay: `smtp_connection_cache_destinations = static:all`, 20 deliveries at once; over TLS "
        "`smtp_tls_connection_reuse = yes` and a session cache",
        "log: its own `maillog_file` (`postlogd`)",
        "accept only: `smtpd_data_restrictions = check_client_access static:HOLD`: the synced queue file is all that is done for a message, "
        "the queue manager does not see it (cheaper for Postfix than a `discard` transport)",
    )

    def configure(self, files):
        super().configure(files)
        etc = files / "etc" / "postfix"
        lines = (etc / "main.cf").read_text().splitlines()
        settings = dict(line.split(" = ", 1) for line in lines)
        settings.update(_SETTINGS)
        settings["smtp_tls_connection_reuse"] = "yes" if self.case.tls else "no"
        settings["smtpd_tls_security_level"] = "may" if self.case.tls else "none"
        if not self.case.relay:
            settings["smtpd_data_restrictions"] = "check_client_access static:HOLD"
        (etc / "main.cf").write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
        with open(etc / "master.cf", "a") as services:
            services.write("tlsproxy unix - - n - 0 tlsproxy\n")
