// A resolver that answers from memory what a test has put there. For tests only.
#pragma once

#include "dns/resolver.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace hermetic::dns {

class MemoryResolver final : public Resolver {
public:
    MemoryResolver();
    ~MemoryResolver() override;

    net::Task<facts::MxAnswer> mx(net::Core& core, std::string name, Instant deadline) override;
    net::Task<facts::AddressAnswer> addresses(net::Core& core, std::string name,
                                              Instant deadline) override;
    net::Task<facts::TlsaAnswer> tlsa(net::Core& core, std::string name, Instant deadline) override;
    net::Task<facts::DnsFacts> alias(net::Core& core, std::string name, Instant deadline) override;
    net::Task<facts::TextAnswer> texts(net::Core& core, std::string name,
                                       Instant deadline) override;
    net::Task<facts::PointerAnswer> names(net::Core& core, IpAddress address,
                                          Instant deadline) override;
    void close() override {}

    void add_mx(const std::string& domain, std::uint16_t preference, const std::string& host);
    void add_text(const std::string& name, const std::string& text);
    void add_pointer(const IpAddress& address, const std::string& name);

    int questions = 0;
    bool throws = false;  // mx() does: a mistake of ours
    std::map<std::string, facts::MxAnswer> mxs;
    std::map<std::string, facts::DnsFacts> address_facts;  // security and canonical name alone
    std::map<std::string, std::string> missing_families;   // of hosts: AddressAnswer::missing
    std::map<std::string, facts::TlsaAnswer> tlsas;
    std::map<std::string, facts::TextAnswer> text_records;
    std::map<IpAddress, facts::PointerAnswer> pointers;
    std::map<std::string, facts::DnsFacts> aliases;
    std::vector<std::string> tlsa_questions;
    std::map<std::string, std::vector<IpAddress>> hosts;
};

}  // namespace hermetic::dns
