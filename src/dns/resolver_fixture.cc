#include "dns/resolver_fixture.h"

#include <stdexcept>

namespace hermetic::dns {

MemoryResolver::MemoryResolver() = default;

MemoryResolver::~MemoryResolver() = default;

net::Task<facts::MxAnswer> MemoryResolver::mx(net::Core& /*core*/, std::string name,
                                              Instant /*deadline*/)
{
    if (throws) throw std::runtime_error{"the resolver broke"};
    ++questions;
    const auto found = mxs.find(name);
    facts::MxAnswer none;
    none.status = facts::DnsStatus::NxDomain;
    co_return found == mxs.end() ? none : found->second;
}

net::Task<facts::AddressAnswer> MemoryResolver::addresses(net::Core& /*core*/, std::string name,
                                                          Instant /*deadline*/)
{
    const auto found = hosts.find(name);
    facts::AddressAnswer answer;
    answer.status = found == hosts.end() ? facts::DnsStatus::NxDomain : facts::DnsStatus::Found;
    if (found != hosts.end()) answer.addresses = found->second;
    const auto missing = missing_families.find(name);
    if (missing != missing_families.end()) answer.missing = missing->second;
    const auto proved = address_facts.find(name);
    if (proved != address_facts.end()) {
        answer.security = proved->second.security;
        answer.canonical_name = proved->second.canonical_name;
    }
    co_return answer;
}

net::Task<facts::TlsaAnswer> MemoryResolver::tlsa(net::Core& /*core*/, std::string name,
                                                  Instant /*deadline*/)
{
    tlsa_questions.push_back(name);
    const auto found = tlsas.find(name);
    facts::TlsaAnswer none;
    none.status = facts::DnsStatus::NxDomain;
    none.security = facts::DnsSecurity::Secure;
    co_return found == tlsas.end() ? none : found->second;
}

net::Task<facts::DnsFacts> MemoryResolver::alias(net::Core& /*core*/, std::string name,
                                                 Instant /*deadline*/)
{
    const auto found = aliases.find(name);
    co_return found == aliases.end() ? facts::DnsFacts{} : found->second;
}

net::Task<facts::TextAnswer> MemoryResolver::texts(net::Core& /*core*/, std::string name,
                                                   Instant /*deadline*/)
{
    const auto found = text_records.find(name);
    facts::TextAnswer none;
    none.status = facts::DnsStatus::NxDomain;
    co_return found == text_records.end() ? none : found->second;
}

net::Task<facts::PointerAnswer> MemoryResolver::names(net::Core& /*core*/, IpAddress address,
                                                      Instant /*deadline*/)
{
    const auto found = pointers.find(address);
    facts::PointerAnswer none;
    none.status = facts::DnsStatus::NxDomain;
    co_return found == pointers.end() ? none : found->second;
}

void MemoryResolver::add_text(const std::string& name, const std::string& text)
{
    text_records[name].status = facts::DnsStatus::Found;
    text_records[name].texts.push_back(text);
}

void MemoryResolver::add_pointer(const IpAddress& address, const std::string& name)
{
    pointers[address].status = facts::DnsStatus::Found;
    pointers[address].names.push_back(name);
}

void MemoryResolver::add_mx(const std::string& domain, std::uint16_t preference,
                            const std::string& host)
{
    auto& answer = mxs[domain];
    answer.status = facts::DnsStatus::Found;
    answer.records.push_back({preference, host});
}

}  // namespace hermetic::dns
