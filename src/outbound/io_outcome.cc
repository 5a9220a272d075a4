#include "outbound/io_outcome.h"

#include "core/assert.h"
#include "net/stream.h"
#include "smtp/client_outcome.h"

#include <fmt/format.h>

#include <utility>

namespace hermetic::outbound {
namespace {

using facts::Outcome;
using facts::OutcomeClass;
using facts::Stage;
using Kind = net::StreamError::Kind;
using smtp::local_outcome;

struct Fix {
    std::string_view reason;
    std::string_view words;
};
// By the ids of our own findings.
constexpr Fix kFixes[] = {
    {"connect.refused",
     "Ask whether the server is running, and whether a firewall refuses port 25."},
    {"connect.timed-out",
     "Look for a firewall on either side, and whether this network may connect to port 25."},
    {"connect.unreachable", "Look at this server's routes, and whether it has IPv6."},
    {"connection.closed", "Ask the server's administrator what its log says about the session."},
    {"connection.timed-out", "The server is slow or overloaded; it is tried again."},
    {"connection.gave-way",
     "The server is slow or does not answer; it is tried again. delivery.connections may be low."},
    {"reply.malformed", "The server does not speak SMTP there; look at the host and the port."},
    {"dns.failed", "Look at the domain's name servers, and at this server's resolver."},
    {"dns.no-such-domain", "Look whether the domain is spelled right."},
    {"dns.null-mx", "The domain takes no mail at all; use another address."},
    {"dns.no-address", "The domain's administrator has to publish an address for its MX host."},
    {"dns.no-usable-mx", "The domain's administrator has to repair its MX records."},
    {"route.loops-back", "Make the domain an accepted domain here, or correct its MX records."},
    {"route.target-private", "Set delivery.allow_private, or correct the domain's DNS records."},
    {"route.target-loopback", "Correct the domain's DNS records."},
    {"route.target-ourselves", "Make the domain an accepted domain here, or correct its route."},
    {"tls.literal-without-name",
     "Send to the recipient's address by domain, or give the connector tls_names."},
    {"ladder.handshake-failed",
     "Ask the server's administrator to repair TLS; its versions and ciphers are in the rungs."},
    {"ladder.inappropriate-fallback",
     "Something between the servers breaks modern TLS; look for a middlebox."},
    {"tls.ca-unreadable",
     "Repair the file that the connector's ca names; the server's log says what is wrong."},
    {"tls.crl-unreadable",
     "Repair the organization's crl_folder; the server's log says what is wrong."},
    {"tls.client-certificate-unusable",
     "Repair the certificate object's files; the server's log says what is wrong."},
    {"tls.client-context",
     "Look at this server's log (tls.client-context): it names what OpenSSL does not take, such as "
     "a client certificate with a weak key."},
    {"tls.revoked",
     "The server shows a certificate that its CA has revoked: ask its administrator, and look for "
     "an impostor."},
    {"tls.staple-missing",
     "The server's certificate demands a stapled OCSP response (must-staple): its administrator "
     "has to switch stapling on."},
    {"auth.refused",
     "Look at the connector's auth_user and auth_password_file, or ask the server's "
     "administrator."},
    {"auth.deferred", "The server cannot check logins at the moment; it is tried again."},
    {"auth.not-offered",
     "The server offers no AUTH inside TLS: look at the host and the port (submission is 587), or "
     "leave auth_user out."},
    {"auth.no-mechanism", "Ask the server's administrator for PLAIN, LOGIN or SCRAM-SHA-256."},
    {"auth.server-unproved",
     "The server does not know the password that it asks for: look at auth_password_file, and for "
     "an impostor."},
    {"auth.too-costly",
     "Ask the server's administrator for at most 100000 iterations of SCRAM-SHA-256."},
    {"auth.password-unreadable",
     "Repair the connector's auth_password_file; the server's log says what is wrong."},
    {"auth.withheld", "Give the connector names, pins or DANE that prove the server."},
    {"peer.unproved",
     "Ask the server's administrator, in another way than by mail to it, whether it refuses this "
     "server; if it does not, something between the servers answers in its place."},
    {"starttls.not-offered", "Ask the server's administrator to offer STARTTLS."},
    {"tls.chain-not-verified",
     "Ask the server's administrator for a certificate of a CA that is trusted here, and for the "
     "whole chain; or give the connector the CA."},
    {"tls.name-mismatch",
     "Ask the server's administrator for a certificate with the host's name, or correct the "
     "connector's tls_names."},
    {"tls.weak-signature",
     "Ask the server's administrator for TLS that signs with SHA-256 or better: newer software, or "
     "its "
     "default signature algorithms."},
    {"tls.weak-group",
     "Ask the server's administrator for ECDHE, or for Diffie-Hellman parameters of 2048 bits."},
    {"tls.no-secure-renegotiation",
     "Ask the server's administrator for TLS software of this century's second decade (RFC 5746)."},
    {"tls.pin-mismatch",
     "The server has another key than the connector's pins say: ask its administrator, and look "
     "for "
     "an impostor."},
    {"dane.tlsa-mismatch",
     "Ask the domain's administrator to publish TLSA records of the certificate in use; new "
     "records "
     "have to be there before a new certificate."},
    {"dane.certificate-expired",
     "Ask the domain's administrator to renew the certificate, or to publish TLSA 3 1 1."},
    {"dane.certificate-host-mismatch",
     "Ask the domain's administrator for a certificate with the host's name, or to publish TLSA "
     "3 1 1."},
    {"dane.chain-invalid",
     "Ask the domain's administrator for keys of today's strength (RSA 2048, ECDSA P-256) and a "
     "whole chain."},
    {"dane.lookup-failed",
     "Ask the domain's administrator to repair its DNSSEC signatures, or look at this server's "
     "resolver (hermetic status)."},
    {"dane.mandatory-insecure-mx",
     "Ask the domain's administrator to sign its zone, or make the connector's dane "
     "opportunistic."},
    {"dane.mandatory-missing",
     "Ask the domain's administrator to sign its host's zone and to publish TLSA records, or make "
     "the connector's dane opportunistic."},
    {"sts.host-not-listed",
     "Ask the domain's administrator to list the host in its MTA-STS policy, or to correct its MX "
     "records."},
    {"sts.mandatory-missing",
     "Ask the domain's administrator to publish an MTA-STS policy in enforce mode, or make the "
     "connector's mta_sts opportunistic."},
    {"sts.name-mismatch",
     "Ask the domain's administrator for a certificate with the MX host's name."},
    {"sts.chain-not-verified",
     "Ask the domain's administrator for a valid certificate of a public CA, with its whole "
     "chain."},
    {"requiretls.unproved-host",
     "Ask the domain's administrator to sign its zone or to publish an MTA-STS policy; or send the "
     "message without REQUIRETLS."},
    {"tls.version-below-floor",
     "Ask the server's administrator for a newer version of TLS, or lower the connector's min_tls "
     "for a time."},
    {"retirement.share",
     "Ask the server's administrator to offer TLS 1.2 or later; until then some attempts pass."},
    {"retirement.ended", "Ask the server's administrator to offer TLS 1.2 or later."},
    {"starttls.refused", "Ask the server's administrator why STARTTLS is refused."},
    {"size.exceeds-peer", "Send a smaller message, or a link to its content."},
    {"content.needs-8bitmime", "Send the message in 7-bit encoding (quoted-printable or base64)."},
    {"content.needs-smtputf8", "Use an ASCII address for sender and recipient."},
    {"spool.read-failed", "Look at this server's disk."},
};

struct StatusFix {
    std::uint16_t subject;
    std::uint16_t detail;
    std::string_view words;
};
// By the status of the peer's refusal (RFC 3463).
constexpr StatusFix kStatusFixes[] = {
    {1, 1, "Look whether the recipient's address is spelled right."},
    {1, 2, "Look whether the recipient's domain is spelled right."},
    {1, 8, "The receiving server does not accept this sender's address."},
    {2, 1, "The mailbox is disabled; ask the recipient in another way."},
    {2, 2, "The recipient's mailbox is full; ask the recipient in another way."},
    {3, 4, "Send a smaller message, or a link to its content."},
    {7, 1, "The receiving server's policy refuses it; its words say why."},
};

std::string_view fix_for(const Outcome& outcome)
{
    for (const auto& fix : kFixes) {
        if (fix.reason == outcome.reason) return fix.words;
    }
    if (outcome.origin == facts::Origin::Local) return {};
    for (const auto& fix : kStatusFixes) {
        if (fix.subject == outcome.enhanced.subject && fix.detail == outcome.enhanced.detail) {
            return fix.words;
        }
    }
    return {};
}

}  // namespace

Outcome connect_outcome(const net::StreamError& error, std::string_view where)
{
    auto text = fmt::format("{}: {}", where, net::describe(error));
    switch (error.kind) {
    case Kind::Refused:
        return local_outcome(Stage::Connect, {4, 4, 316}, "connect.refused", std::move(text));
    case Kind::TimedOut:
        return local_outcome(Stage::Connect, {4, 4, 315}, "connect.timed-out", std::move(text));
    case Kind::Cancelled:
        return local_outcome(Stage::Connect, {4, 3, 2}, "delivery.stopping", std::move(text));
    case Kind::Local:
        return local_outcome(Stage::Connect, {4, 3, 0}, "connect.local-error", std::move(text));
    default:
        return local_outcome(Stage::Connect, {4, 4, 317}, "connect.unreachable", std::move(text));
    }
}

Outcome stream_outcome(Stage stage, const net::StreamError& error)
{
    auto text = net::describe(error);
    switch (error.kind) {
    case Kind::TimedOut:
        return local_outcome(stage, {4, 4, 315}, "connection.timed-out", std::move(text));
    case Kind::LineTooLong:
        return local_outcome(stage, {4, 4, 317}, "reply.malformed", std::move(text));
    case Kind::TlsAlert:
    case Kind::TlsBroken:
        return local_outcome(stage, {4, 4, 317}, "connection.tls-broken", std::move(text));
    case Kind::Cancelled:
        return local_outcome(stage, {4, 3, 2}, "delivery.stopping", std::move(text));
    case Kind::Closed:
    case Kind::Reset:
    case Kind::Refused:
    case Kind::Unreachable:
    case Kind::Local:
        return local_outcome(stage, {4, 4, 318}, "connection.closed", std::move(text));
    }
    unreachable("every StreamError::Kind is handled above");
}

Outcome gave_way_outcome(Stage stage)
{
    return local_outcome(stage, {4, 4, 315}, "connection.gave-way",
                         "the server was silent while other mail waited for a connection");
}

Outcome malformed_outcome(Stage stage, smtp::ReplyError error)
{
    return local_outcome(stage, {4, 4, 317}, "reply.malformed", std::string{smtp::describe(error)});
}

Outcome handshake_outcome(std::string_view reason, const facts::TlsFailure* failure)
{
    return local_outcome(
        Stage::Handshake, {4, 4, 317}, reason,
        failure != nullptr ? facts::describe(*failure) : "a TLS session could not be established");
}

std::string_view handshake_reason(const facts::TlsFailure& failure)
{
    switch (failure.kind) {
    case facts::TlsFailure::Kind::Alert:
        return "handshake.alert";
    case facts::TlsFailure::Kind::Protocol:
        return "handshake.not-tls";
    case facts::TlsFailure::Kind::Closed:
        return "handshake.closed";
    case facts::TlsFailure::Kind::TimedOut:
        return "handshake.timed-out";
    case facts::TlsFailure::Kind::Local:
        return "handshake.refused-by-us";
    }
    unreachable("every TlsFailure::Kind is named above");
}

Outcome strongest(std::span<const Outcome> outcomes)
{
    HERMETIC_ASSERT(!outcomes.empty());
    const auto rank = [](const Outcome& outcome) {
        const bool temporary = outcome.result == OutcomeClass::Deferred;
        return std::pair{temporary, outcome.stage};
    };
    const Outcome* best = &outcomes.front();
    for (const auto& outcome : outcomes) {
        if (rank(outcome) > rank(*best)) best = &outcome;
    }
    return *best;
}

void put_off(Outcome& outcome)
{
    constexpr std::uint8_t kPermanent = 5;
    constexpr std::uint8_t kTemporary = 4;
    outcome.result = OutcomeClass::Deferred;
    if (outcome.enhanced.status_class == kPermanent) outcome.enhanced.status_class = kTemporary;
    if (outcome.origin == facts::Origin::Local) outcome.code = 450;
}

void suggest_fix(Outcome& outcome)
{
    if (outcome.fix.empty() && outcome.result != OutcomeClass::Delivered) {
        outcome.fix = fix_for(outcome);
    }
}

}  // namespace hermetic::outbound
