#include "policy/inbound_evidence.h"

#include "core/text.h"
#include "policy/tls_policy.h"

#include <fmt/format.h>

#include <algorithm>

namespace hermetic::policy {
namespace {

using objects::InboundConnector;
using State = CertificateProof::State;

constexpr std::size_t kNamesShown = 3;
constexpr std::size_t kNameShown = 64;  // octets of each

// Of the names that match, the one that says most: exact before wildcard, then the longer.
struct Match {
    std::string_view dns_name;
    bool exact = false;
};

// A wildcard of ours takes any first label: it must be one.
bool is_domain(std::string_view dns_name)
{
    if (dns_name.starts_with("*.")) dns_name.remove_prefix(2);
    return mail::Domain::parse(dns_name).has_value();
}

bool says_more(const Match& one, const Match& other)
{
    if (one.exact != other.exact) return one.exact;
    return one.dns_name.size() > other.dns_name.size();
}

Match best_match(const InboundConnector& connector, const facts::CertificateFacts& leaf)
{
    Match best;
    for (const std::string& dns_name : leaf.dns_names) {
        for (const TlsName& name : connector.certificate_names) {
            if (!matches(name, dns_name) || !is_domain(dns_name)) continue;
            const Match match{dns_name, !name.below && !dns_name.starts_with("*.")};
            if (best.dns_name.empty() || says_more(match, best)) best = match;
        }
    }
    return best;
}

}  // namespace

CertificateProof prove_certificate(const InboundConnector& connector,
                                   const ClientEvidence& evidence)
{
    CertificateProof proof;
    const facts::TlsEvidence* tls = evidence.own_tls();
    if (tls == nullptr || tls->chain.empty()) return proof;
    const Match match = best_match(connector, tls->chain.front());
    if (match.dns_name.empty()) {
        proof.state = State::NoName;
        return proof;
    }
    proof = {State::CasUnavailable, std::string{match.dns_name}, match.exact, {}};
    if (!evidence.judge_chain) return proof;
    const facts::ChainVerdict verdict = evidence.judge_chain(connector);
    switch (verdict.state) {
    case facts::ChainVerdict::State::Verified:
        proof.state = State::Proved;
        break;
    case facts::ChainVerdict::State::Failed:
        proof.state = State::ChainFailed;
        proof.words = verdict.error;
        break;
    case facts::ChainVerdict::State::NoCertificate:
        proof.state = State::NoCertificate;
        break;
    case facts::ChainVerdict::State::NotChecked:
        break;
    }
    return proof;
}

std::string present_certificate(const ClientEvidence& evidence)
{
    if (evidence.tls != nullptr && !evidence.tls_is_the_clients) return "a proxy's TLS";
    if (evidence.tls == nullptr || evidence.tls->chain.empty()) return "no certificate";
    const auto& names = evidence.tls->chain.front().dns_names;
    if (names.empty()) return "a certificate without DNS names";
    std::string text = "a certificate for ";
    for (std::size_t i = 0; i < std::min(names.size(), kNamesShown); ++i) {
        if (i != 0) text += ", ";
        text += printable_ascii(names[i], kNameShown);
    }
    if (names.size() > kNamesShown) text += fmt::format(" and {} more", names.size() - kNamesShown);
    return text;
}

std::string present_tls(const ClientEvidence& evidence)
{
    if (evidence.tls == nullptr) return "in clear";
    if (!evidence.tls_is_the_clients) return "a proxy's TLS";
    return std::string{facts::format_version(evidence.tls->version)};
}

std::string present_address(const ClientEvidence& evidence)
{
    if (evidence.address.is_unspecified()) return "an address that is not known";
    return "address " + evidence.address.format();
}

}  // namespace hermetic::policy
