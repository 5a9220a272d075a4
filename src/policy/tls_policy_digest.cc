#include "policy/tls_policy.h"

#include <fmt/format.h>

#include <tuple>

namespace hermetic::policy {
namespace {

// The set of records in a connection's key.
std::string describe(const TlsaSet& set)
{
    std::string text = set.base;
    for (const facts::TlsaRecord& each : set.records) {
        text += fmt::format(":{} {} {} ", each.usage, each.selector, each.matching);
        for (const char octet : each.data)
            text += fmt::format("{:02x}", static_cast<unsigned char>(octet));
    }
    for (const std::string& each : set.names) text.append(":").append(each);
    return text;
}

}  // namespace

std::string TlsPolicy::digest() const
{
    std::string text{name(level)};
    text += ' ';
    text += facts::format_version(min);
    text += ' ';
    text += facts::format_version(max);
    if (chain) text += " chain";
    if (!ca.empty()) text.append(" ca=").append(ca);
    for (const TlsName& each : names) text.append(" name=").append(each.format());
    if (own_name) text += " own-name";
    if (domain) text.append(" domain=").append(domain->text());
    if (sts_name) text.append(" sts=").append(sts_name->format());
    for (const std::string& pin : pins) text.append(" pin=").append(pin);
    if (tlsa != nullptr) text.append(" tlsa=").append(describe(*tlsa));
    if (!clear_after_failure) text += " no-clear-after-failure";
    if (requiretls) text += " requiretls";
    if (!client_certificate.empty()) text.append(" client=").append(client_certificate);
    if (!check_revocation) text += " no-revocation";
    if (compatibility == objects::Compatibility::Weak) text += " weak";
    return text;
}

bool TlsPolicy::operator==(const TlsPolicy& other) const
{
    const auto rest = [](const TlsPolicy& of) {
        return std::tie(of.level, of.min, of.max, of.chain, of.ca, of.names, of.own_name, of.domain,
                        of.sts_name, of.pins, of.clear_after_failure, of.requiretls,
                        of.client_certificate, of.check_revocation, of.compatibility);
    };
    if (rest(*this) != rest(other)) return false;
    if (tlsa == other.tlsa) return true;
    return tlsa != nullptr && other.tlsa != nullptr && describe(*tlsa) == describe(*other.tlsa);
}

}  // namespace hermetic::policy
