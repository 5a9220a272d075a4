// A resolver that answers from memory what a test has put there. For tests only.
#pragma once

#include "dns/resolver.h"

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace hermetic::dns {

class MemoryResolver final : public Resolver {
public:
    net::Task<facts::MxAnswer> mx(net::Core&, std::string name, Instant) override
    {
        if (throws) throw std::runtime_error{"the resolver broke"};
        ++questions;
        const auto found = mxs.find(name);
        facts::MxAnswer none;
        none.status = facts::DnsStatus::NxDomain;
        co_return found == mxs.end() ? none : found->second;
    }
    net::Task<facts::AddressAnswer> addresses(net::Core&, std::string name, Instant) override
    {
        const auto found = hosts.find(name);
        facts::AddressAnswer answer;
        answer.status = found == hosts.end() ? facts::DnsStatus::NxDomain : facts::DnsStatus::Found;
        if (found != hosts.end()) answer.addresses = found->second;
        const auto proved = address_facts.find(name);
        if (proved != address_facts.end()) {
            answer.security = proved->second.security;
            answer.canonical_name = proved->second.canonical_name;
        }
        co_return answer;
    }
    net::Task<facts::TlsaAnswer> tlsa(net::Core&, std::string name, Instant) override
    {
        tlsa_questions.push_back(name);
        const auto found = tlsas.find(name);
        facts::TlsaAnswer none;
        none.status = facts::DnsStatus::NxDomain;
        none.security = facts::DnsSecurity::Secure;
        co_return found == tlsas.end() ? none : found->second;
    }
    net::Task<facts::DnsFacts> alias(net::Core&, std::string name, Instant) override
    {
        const auto found = aliases.find(name);
        co_return found == aliases.end() ? facts::DnsFacts{} : found->second;
    }
    void close() override {}

    void add_mx(const std::string& domain, std::uint16_t preference, const std::string& host)
    {
        auto& answer = mxs[domain];
        answer.status = facts::DnsStatus::Found;
        answer.records.push_back({preference, host});
    }

    int questions = 0;
    bool throws = false;  // mx() does: a mistake of ours
    std::map<std::string, facts::MxAnswer> mxs;
    std::map<std::string, facts::DnsFacts> address_facts;  // security and canonical name alone
    std::map<std::string, facts::TlsaAnswer> tlsas;
    std::map<std::string, facts::DnsFacts> aliases;
    std::vector<std::string> tlsa_questions;
    std::map<std::string, std::vector<IpAddress>> hosts;
};

}  // namespace hermetic::dns
