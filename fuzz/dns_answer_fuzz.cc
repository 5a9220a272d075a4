// DNS answers from any bytes: no crash, bounded results, and names that are read are written back
// the same.
#include "core/assert.h"
#include "core/text.h"
#include "dns/answer.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace hermetic;

std::string to_wire(const std::string& name)
{
    std::string wire;
    if (!name.empty()) {
        for (const std::string_view label : split(name, '.')) {
            wire += static_cast<char>(label.size());
            wire += label;
        }
    }
    wire += '\0';
    return wire;
}

dns::RawAnswer make_answer(std::string_view bytes)
{
    dns::RawAnswer raw;
    const auto flags = bytes.empty() ? 0U : static_cast<unsigned char>(bytes[0]);
    raw.have_data = (flags & 1U) != 0;
    raw.nxdomain = (flags & 2U) != 0;
    raw.secure = (flags & 4U) != 0;
    raw.bogus = (flags & 8U) != 0;
    raw.rcode = static_cast<int>(flags >> 4U);
    if (bytes.empty()) return raw;
    for (const std::string_view record : split(bytes.substr(1), '\n')) {
        raw.data.emplace_back(record);
    }
    return raw;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    if (const auto name = dns::parse_wire_name(bytes)) {
        HERMETIC_ASSERT(name->size() <= 253);
        HERMETIC_ASSERT(dns::parse_wire_name(to_wire(*name)) == name);
    }
    const dns::RawAnswer raw = make_answer(bytes);
    const auto mx = dns::mx_answer("example.org", raw);
    const auto tlsa = dns::tlsa_answer("example.org", raw);
    const auto addresses =
        dns::address_answer("example.org", raw, make_answer(bytes.substr(size / 2)));
    using facts::DnsStatus;
    HERMETIC_ASSERT((mx.status == DnsStatus::Found) == !mx.records.empty());
    HERMETIC_ASSERT((tlsa.status == DnsStatus::Found) == !tlsa.records.empty());
    HERMETIC_ASSERT((addresses.status == DnsStatus::Found) == !addresses.addresses.empty());
    const auto texts = dns::text_answer("example.org", raw);
    const auto names = dns::pointer_answer("example.org", raw);
    HERMETIC_ASSERT((texts.status == DnsStatus::Found) == !texts.texts.empty());
    HERMETIC_ASSERT((names.status == DnsStatus::Found) == !names.names.empty());
    HERMETIC_ASSERT(mx.security != facts::DnsSecurity::Bogus || mx.status == DnsStatus::Failed);
    return 0;
}
