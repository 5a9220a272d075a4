#include "outbound/policy_outcome.h"

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
// RFC 8689 §7: what the sender asked for cannot be had there. Waiting would not change it.
constexpr EnhancedStatus kNeedsTls{5, 7, 10};

struct Row {
    std::string_view reason;
    EnhancedStatus status;
    std::string_view words;  // behind the host's name
};
constexpr Row kSkipped[] = {
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
    const bool published = policy.tlsa != nullptr || policy.sts_name.has_value();
    const EnhancedStatus status = published ? kNoStartTls : EnhancedStatus{4, 4, 317};
    return smtp::local_outcome(
        Stage::StartTls, status, reason,
        published ? "the server does not offer STARTTLS, though its domain publishes that it does"
                  : "the server does not offer STARTTLS");
}

}  // namespace hermetic::outbound
