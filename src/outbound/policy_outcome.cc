#include "outbound/policy_outcome.h"

#include "core/text.h"
#include "outbound/io_outcome.h"
#include "policy/refusal.h"
#include "smtp/client_outcome.h"

#include <fmt/format.h>

namespace hermetic::outbound {
namespace {

using facts::EnhancedStatus;
using facts::Stage;

constexpr EnhancedStatus kNoStartTls{4, 7, 321};
constexpr EnhancedStatus kExpired{4, 7, 322};
constexpr EnhancedStatus kTlsaInvalid{4, 7, 323};
constexpr EnhancedStatus kDnssecInvalid{4, 7, 324};
constexpr EnhancedStatus kHostMismatch{4, 7, 325};
constexpr EnhancedStatus kCertificate{4, 7, 320};
constexpr EnhancedStatus kPolicy{4, 7, 1};
constexpr EnhancedStatus kNoSession{4, 4, 317};
// Octets of a reply that nobody has proved, in our own words.
constexpr std::size_t kQuoted = 200;
// Specification §3.1. Waiting would not give it one.
constexpr EnhancedStatus kNoName{5, 7, 1};
// RFC 8689 §7: what the sender asked for cannot be had there. Waiting would not change it.
constexpr EnhancedStatus kNeedsTls{5, 7, 10};

struct Row {
    std::string_view reason;
    EnhancedStatus status;
    std::string_view words;  // behind the host's name
};
constexpr Row kSkipped[] = {
    {"tls.literal-without-name", kNoName,
     "the policy asks for a name in the certificate, and an address literal has none"},
    {"dane.lookup-failed", kDnssecInvalid, "its TLSA records could not be looked up"},
    {"dane.mandatory-insecure-mx", kDnssecInvalid,
     "DANE is mandatory, and DNSSEC does not prove that it takes the domain's mail"},
    {"dane.mandatory-missing", kTlsaInvalid,
     "DANE is mandatory, and it has no usable TLSA record that DNSSEC proves"},
    {"sts.host-not-listed", kPolicy, "the domain's MTA-STS policy does not list it"},
    {"sts.mandatory-missing", kPolicy,
     "MTA-STS is mandatory, and the domain has no policy in enforce mode"},
    {"requiretls.unproved-host", kNeedsTls,
     "the message requires TLS, and neither DNSSEC nor MTA-STS proves that this is the domain's "
     "host"},
};
constexpr Row kUnproved[] = {
    {"tls.weak-signature", kPolicy,
     "it signs its TLS handshake with SHA-1, which is too weak here"},
    {"tls.weak-group", kPolicy,
     "its TLS handshake has a Diffie-Hellman group below 2048 bits, which is too weak here"},
    {"tls.no-secure-renegotiation", kPolicy,
     "its TLS lacks secure renegotiation (RFC 5746), which is too weak here"},
    {"dane.tlsa-mismatch", kTlsaInvalid, "its certificate is not what its TLSA records say"},
    {"dane.certificate-expired", kExpired,
     "its certificate, or its CA's, is not valid at present, and its TLSA records name the CA"},
    {"dane.certificate-host-mismatch", kHostMismatch,
     "its certificate does not name it, and its TLSA records name the CA"},
    {"dane.chain-invalid", kCertificate,
     "its certificate matches its TLSA records, but a key is too weak or the chain is broken"},
    {"sts.name-mismatch", kHostMismatch,
     "its certificate does not name it, as the domain's MTA-STS policy asks"},
    {"sts.chain-not-verified", kCertificate,
     "its certificate does not verify, as the domain's MTA-STS policy asks"},
};

bool is_out_of_date(const facts::TlsEvidence& evidence, WallTime now)
{
    return !evidence.chain.empty() &&
           (evidence.chain.front().not_after < now || evidence.chain.front().not_before > now);
}

// Where its domain publishes that there is TLS it is a failure of that, else of the session.
EnhancedStatus without_starttls(const policy::TlsPolicy& policy)
{
    return policy.tlsa != nullptr || policy.sts_name ? kNoStartTls : kNoSession;
}

// Foreign words in a sentence of ours: printable and bounded.
std::string quoted(const facts::Outcome& said)
{
    if (said.origin == facts::Origin::Local) return printable(said.text, kQuoted);
    return fmt::format("\"{} {}\"", said.code, printable(said.text, kQuoted));
}

}  // namespace

facts::Outcome skipped_outcome(std::string_view reason, std::string_view host, std::string_view why)
{
    Row found{reason, kPolicy, "the TLS policy forbids to use it"};
    for (const Row& row : kSkipped) {
        if (row.reason == reason) found = row;
    }
    auto text = fmt::format("{}: {}", host, found.words);
    if (!why.empty()) text += fmt::format(" ({})", why);
    const Stage stage = reason == "dane.lookup-failed" ? Stage::Dns : Stage::Verify;
    return smtp::local_outcome(stage, found.status, reason, std::move(text));
}

facts::Outcome unproved_outcome(std::string_view reason, std::string_view host,
                                const facts::TlsEvidence& evidence, WallTime now)
{
    Row found{reason, kCertificate, "its certificate does not satisfy the TLS policy"};
    for (const Row& row : kUnproved) {
        if (row.reason == reason) found = row;
    }
    if (reason == "sts.chain-not-verified" && is_out_of_date(evidence, now)) {
        found.status = kExpired;
    }
    return smtp::local_outcome(Stage::Verify, found.status, reason,
                               fmt::format("{}: {}", host, found.words));
}

facts::Outcome not_offered_outcome(std::string_view reason, const policy::TlsPolicy& policy)
{
    const EnhancedStatus status = without_starttls(policy);
    const bool published = status == kNoStartTls;
    return smtp::local_outcome(
        Stage::StartTls, status, reason,
        published ? "the server does not offer STARTTLS, though its domain publishes that it does"
                  : "the server does not offer STARTTLS");
}

facts::Outcome session_outcome(facts::Outcome said, const policy::TlsPolicy& policy,
                               const std::optional<facts::TlsEvidence>& tls, std::string_view host,
                               WallTime now)
{
    const bool believed = policy::speaks_for_itself(policy, tls);
    if (said.stage == Stage::StartTls) {
        if (!believed) {
            return smtp::local_outcome(Stage::StartTls, without_starttls(policy),
                                       "starttls.refused",
                                       fmt::format("{} refused STARTTLS: {}", host, quoted(said)));
        }
        // It may work, or be needed, another time.
        put_off(said);
        said.reason = "starttls.refused";
        return said;
    }
    if (believed || said.origin == facts::Origin::Local) return said;
    // What it showed is known, and says more than what it said.
    if (tls) return unproved_outcome(policy::judge_evidence(policy, *tls).reason, host, *tls, now);
    if (said.result == facts::OutcomeClass::Deferred) return said;
    return smtp::local_outcome(
        said.stage, kNoSession, "peer.unproved",
        fmt::format("{} was refused in clear, and nothing proves that the server said so: {}", host,
                    quoted(said)));
}

}  // namespace hermetic::outbound
