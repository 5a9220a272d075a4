#include "validation/tlsa.h"

#include "core/text.h"
#include "outbound/dane.h"
#include "tls/tlsa.h"

#include <fmt/format.h>

#include <utility>

namespace hermetic::validation {
namespace {

using facts::DnsSecurity;
using facts::DnsStatus;
using policy::TlsaStatus;

std::string describe(const facts::TlsaRecord& record)
{
    constexpr std::size_t kShown = 8;  // octets
    return fmt::format("{} {} {} {}{}", record.usage, record.selector, record.matching,
                       to_hex(std::string_view{record.data}.substr(0, kShown)),
                       record.data.size() > kShown ? "..." : "");
}

std::string describe(const std::vector<facts::TlsaRecord>& records)
{
    constexpr std::size_t kMaxShown = 8;
    std::vector<std::string> words;
    for (const auto& record : records) {
        if (words.size() == kMaxShown) break;
        words.push_back(describe(record));
    }
    return join(words, "\n");
}

void fail(HostFindings& host, const std::string& why)
{
    host.tlsa_status = TlsaStatus::Failed;
    host.tlsa_words = "could not be looked up: " + why;
}

}  // namespace

bool take_tlsa(const facts::TlsaAnswer& answer, const std::string& base, HostFindings& host)
{
    if (answer.status == DnsStatus::Failed) {
        fail(host, answer.why);
        return true;
    }
    // An alias of a TLSA name may lead out of what is signed.
    if (answer.security != DnsSecurity::Secure) return false;
    host.tlsa_status = TlsaStatus::Absent;
    host.tlsa_words = "none";
    if (answer.status != DnsStatus::Found) return false;
    policy::TlsaSet set;
    set.base = base;
    set.records = tls::usable_records(answer.records);
    host.tlsa_words = describe(answer.records);
    host.tlsa_status = set.records.empty() ? TlsaStatus::Unusable : TlsaStatus::Usable;
    if (set.records.empty()) {
        host.tlsa_words += "\nnone of them can be used";
        return true;
    }
    const outbound::MxFacts mx{host.domain, {}, host.mx_security};
    set.names = outbound::tlsa_names(base, host.host, mx);
    host.tlsa = std::make_shared<const policy::TlsaSet>(std::move(set));
    return true;
}

net::Task<> find_tlsa(const Environment& env, HostFindings& host)
{
    host.tlsa_words = "not asked: the addresses are not proved by DNSSEC";
    const outbound::HostAddresses addresses{host.addresses, host.address_security,
                                            host.canonical_name};
    const bool moved =
        !host.canonical_name.empty() && host.canonical_name != to_lower(host.host.name);
    bool secure_alias = false;
    if (host.address_security != DnsSecurity::Secure && moved) {
        const auto alias =
            co_await env.resolver.alias(env.core, host.host.name, env.within(env.patience.dns));
        if (alias.status == DnsStatus::Failed) {
            fail(host, alias.why);
            co_return;
        }
        secure_alias = alias.status == DnsStatus::Found && alias.security == DnsSecurity::Secure;
    }
    const auto bases = outbound::tlsa_bases(host.host, addresses, secure_alias);
    for (const std::string& base : bases) {
        const std::string question = fmt::format("_{}._tcp.{}", host.host.port, base);
        const auto answer =
            co_await env.resolver.tlsa(env.core, question, env.within(env.patience.dns));
        if (take_tlsa(answer, base, host)) break;
    }
}

}  // namespace hermetic::validation
