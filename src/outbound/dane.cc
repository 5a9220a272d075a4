#include "outbound/dane.h"

#include "core/text.h"
#include "dns/resolver.h"
#include "net/core.h"
#include "outbound/context.h"
#include "tls/tlsa.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace hermetic::outbound {
namespace {

using facts::DnsSecurity;
using facts::DnsStatus;
using policy::TlsaStatus;

// Beside the resolver's own limit, as for addresses.
constexpr std::chrono::seconds kDnsTime{30};
constexpr std::size_t kMaxName = 253;

// Whether the name itself is a proved alias of a zone that is not signed. Unknown where the answer
// is bogus or fails: `finding` says so then.
net::Task<bool> is_secure_alias(Context& context, std::string name, TlsaFinding& finding)
{
    const auto answer = co_await context.adapters.resolver.alias(
        context.adapters.core, std::move(name), context.within(kDnsTime));
    if (answer.status == DnsStatus::Failed) {
        finding.status = TlsaStatus::Failed;
        finding.why = answer.why;
    }
    co_return answer.status == DnsStatus::Found&& answer.security == DnsSecurity::Secure;
}

// One base domain. False: the next one is to be asked.
bool take(const facts::TlsaAnswer& answer, const std::string& base, TlsaFinding& finding)
{
    if (answer.status == DnsStatus::Failed) {
        finding.status = TlsaStatus::Failed;
        finding.why = answer.why;
        return true;
    }
    // An alias of a TLSA name may lead out of what is signed.
    if (answer.security != DnsSecurity::Secure) return false;
    finding.status = TlsaStatus::Absent;
    if (answer.status != DnsStatus::Found) return false;
    facts::TlsaSet set;
    set.base = base;
    finding.records = answer.records;
    set.records = tls::usable_records(answer.records);
    finding.status = set.records.empty() ? TlsaStatus::Unusable : TlsaStatus::Usable;
    if (!set.records.empty()) {
        finding.set = std::make_shared<const facts::TlsaSet>(std::move(set));
    }
    return true;
}

}  // namespace

std::vector<std::string> tlsa_bases(const Host& host, const HostAddresses& addresses,
                                    bool secure_alias)
{
    const std::string own = to_lower(host.name);
    if (own.empty()) return {};
    if (addresses.security != DnsSecurity::Secure) {
        return secure_alias ? std::vector{own} : std::vector<std::string>{};
    }
    std::vector<std::string> bases;
    if (!addresses.canonical_name.empty()) bases.push_back(addresses.canonical_name);
    if (bases.empty() || bases.front() != own) bases.push_back(own);
    return bases;
}

std::vector<std::string> tlsa_names(const std::string& base, const Host& host, const MxFacts& mx)
{
    std::vector<std::string> names;
    const auto add = [&](const std::string& text) {
        const std::string name = to_lower(text);
        const bool known = name == base || std::ranges::find(names, name) != names.end();
        if (!name.empty() && !known) names.push_back(name);
    };
    // Who is named by nobody but us, or is the domain itself.
    if (host.source == routing::TargetSource::Configured || host.implicit) add(host.name);
    if (!host.implicit && mx.security == DnsSecurity::Secure) {
        add(mx.domain);
        add(mx.canonical_domain);
    }
    return names;
}

net::Task<TlsaFinding> find_tlsa(Context& context, Host host, HostAddresses addresses, MxFacts mx)
{
    TlsaFinding finding;
    bool secure_alias = false;
    const bool insecure = addresses.security != DnsSecurity::Secure;
    const bool moved =
        !addresses.canonical_name.empty() && addresses.canonical_name != to_lower(host.name);
    if (insecure && moved && !host.name.empty()) {
        secure_alias = co_await is_secure_alias(context, host.name, finding);
        if (finding.status == TlsaStatus::Failed) co_return finding;
    }
    const auto bases = tlsa_bases(host, addresses, secure_alias);
    for (const std::string& base : bases) {
        std::string name = fmt::format("_{}._tcp.{}", host.port, base);
        if (name.size() > kMaxName) {
            finding.status = TlsaStatus::Absent;  // there can be no such name
            continue;
        }
        const auto answer = co_await context.adapters.resolver.tlsa(
            context.adapters.core, std::move(name), context.within(kDnsTime));
        if (take(answer, base, finding)) break;
    }
    if (finding.set != nullptr) {
        facts::TlsaSet named = *finding.set;
        named.names = tlsa_names(named.base, host, mx);
        finding.set = std::make_shared<const facts::TlsaSet>(std::move(named));
    }
    co_return finding;
}

}  // namespace hermetic::outbound
