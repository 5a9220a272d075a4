#include "policy/evidence_words.h"

#include "core/text.h"
#include "facts/reasons.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace hermetic::policy {
namespace {

constexpr std::size_t kShownNames = 10;
constexpr std::size_t kShownText = 200;

// "a, b and 3 more"; "none". `more`: that are not among `names`.
std::string list(const std::vector<std::string>& names, std::size_t more = 0)
{
    if (names.empty() && more == 0) return "none";
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), kShownNames); ++i) {
        if (i != 0) text += ", ";
        text += printable(names[i], kShownText);
    }
    if (names.size() > kShownNames) more += names.size() - kShownNames;
    if (more > 0) text += fmt::format(" and {} more", more);
    return text;
}

std::string presented(const facts::TlsEvidence& evidence)
{
    if (evidence.chain.empty()) return list({});
    return list(evidence.chain.front().dns_names, evidence.chain.front().more_names);
}

std::string asked_for(const TlsPolicy& policy, const facts::TlsEvidence& evidence)
{
    if (policy.domain) return policy.domain->text() + " or a name below it";
    std::vector<std::string> names;
    for (const TlsName& each : policy.names) names.push_back(each.format());
    if (!names.empty()) return list(names);
    return evidence.sni.empty() ? "the host's own name" : printable(evidence.sni, kShownText);
}

std::string names(std::string_view asked, const facts::TlsEvidence& evidence)
{
    return fmt::format("presented: {}; expected: {}", presented(evidence), asked);
}

// The verdict that failed, of those that the policy asks for; else the one that is recorded.
const facts::ChainVerdict& failed_verdict(const TlsPolicy& policy,
                                          const facts::TlsEvidence& evidence)
{
    using State = facts::ChainVerdict::State;
    const bool by_system =
        evidence.system_verdict && (policy.ca.empty() || evidence.verdict.state == State::Verified);
    return by_system ? *evidence.system_verdict : evidence.verdict;
}

std::string_view subject_of(const facts::ChainVerdict& verdict)
{
    return verdict.subject.empty() ? std::string_view{"a certificate of the chain"}
                                   : std::string_view{verdict.subject};
}

// The first certificate of the chain that is out of date.
std::string dates_of_chain(const facts::TlsEvidence& evidence, WallTime now)
{
    for (const facts::CertificateFacts& each : evidence.chain) {
        if (each.not_after < now)
            return fmt::format("{} expired on {}", each.subject, format_rfc3339(each.not_after));
        if (each.not_before > now) {
            return fmt::format("{} is valid from {} on", each.subject,
                               format_rfc3339(each.not_before));
        }
    }
    return {};
}

std::string tlsa_names(const TlsPolicy& policy, const facts::TlsEvidence& evidence)
{
    std::vector<std::string> wanted;
    if (policy.tlsa != nullptr) {
        wanted = policy.tlsa->names;
        wanted.insert(wanted.begin(), policy.tlsa->base);
    }
    return names(list(wanted), evidence);
}

// What was seen, behind the words of the reason; empty where these say all.
std::string details(Reason reason, const TlsPolicy& policy, const facts::TlsEvidence& evidence,
                    WallTime now)
{
    const facts::ChainVerdict& chain = failed_verdict(policy, evidence);
    switch (reason) {
    case Reason::TlsCertificateExpired:
        return fmt::format("{} expired on {}", subject_of(chain), format_rfc3339(chain.not_after));
    case Reason::TlsCertificateNotYetValid:
        return fmt::format("{} is valid from {} on", subject_of(chain),
                           format_rfc3339(chain.not_before));
    case Reason::TlsUnknownCa:
    case Reason::TlsIncompleteChain:
        return fmt::format("{} is issued by {}", subject_of(chain),
                           chain.issuer.empty() ? "an unnamed CA" : chain.issuer);
    case Reason::TlsSelfSigned:
    case Reason::TlsRevoked:
    case Reason::TlsWeakKey:
    case Reason::TlsWeakCertificateSignature:
    case Reason::TlsWrongPurpose:
        return chain.subject;
    case Reason::TlsChainNotVerified:
        return printable(chain.error, kShownText);
    case Reason::TlsNameMismatch:
        return names(asked_for(policy, evidence), evidence);
    case Reason::StsNameMismatch:
        return names(policy.sts_name ? policy.sts_name->format() : std::string{"?"}, evidence);
    case Reason::DaneCertificateHostMismatch:
        return tlsa_names(policy, evidence);
    case Reason::DaneCertificateExpired:
        return dates_of_chain(evidence, now);
    case Reason::TlsPinMismatch:
        return evidence.chain.empty() ? std::string{"no key was presented"}
                                      : "presented: " + evidence.chain.front().spki_sha256;
    case Reason::TlsVersionBelowFloor:
        return fmt::format("{} where {} is required", facts::format_version(evidence.version),
                           facts::format_version(policy.min));
    default:
        return {};
    }
}

}  // namespace

std::string describe_finding(Reason reason, const TlsPolicy& policy,
                             const facts::TlsEvidence& evidence, WallTime now)
{
    std::string text{facts::describe(reason).words};
    const std::string seen = details(reason, policy, evidence, now);
    return seen.empty() ? text : text + ": " + seen;
}

}  // namespace hermetic::policy
