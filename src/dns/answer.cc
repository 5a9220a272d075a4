#include "dns/answer.h"

#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace hermetic::dns {

namespace {

// Of one answer: more than 64 KiB of one can hold, so that none is left out.
constexpr std::size_t kMaxRecords = 4096;
constexpr std::size_t kMaxText = 4096;           // of one record; SPF and its like have hundreds
constexpr std::size_t kMaxTlsaData = 16 * 1024;  // a whole certificate (RFC 6698 §2.1.4)

std::string rcode_name(int rcode)
{
    switch (rcode) {
    case 1:
        return "FORMERR";
    case 2:
        return "SERVFAIL";
    case 3:
        return "NXDOMAIN";
    case 4:
        return "NOTIMP";
    case 5:
        return "REFUSED";
    default:
        return fmt::format("RCODE {}", rcode);
    }
}

std::string describe_failure(std::string_view question, std::string_view words)
{
    return fmt::format("{}: {}", question, words);
}

std::string text_name(const std::string& name)
{
    std::string text = to_lower(printable_ascii(name, 255));
    if (text.ends_with('.')) text.pop_back();
    return text;
}

// `question`: the type that was asked for.
facts::DnsFacts facts_of(std::string_view question, const std::string& name, const RawAnswer& raw)
{
    facts::DnsFacts facts;
    facts.canonical_name = text_name(raw.canonical_name.empty() ? name : raw.canonical_name);
    facts.time_to_live = raw.time_to_live;
    facts.security = raw.bogus    ? facts::DnsSecurity::Bogus
                     : raw.secure ? facts::DnsSecurity::Secure
                                  : facts::DnsSecurity::Insecure;
    facts.status = facts::DnsStatus::Failed;
    if (!raw.trouble.empty()) {
        facts.why = describe_failure(question, printable_ascii(raw.trouble, 200));
    } else if (raw.bogus) {
        // Checked before the code: a bogus answer is SERVFAIL to everybody else.
        const auto words = printable_ascii(raw.why_bogus, 200);
        facts.why = describe_failure(question, fmt::format("bogus (DNSSEC: {})", words));
    } else if (raw.nxdomain || raw.rcode == 3) {
        facts.status = facts::DnsStatus::NxDomain;
    } else if (raw.rcode != 0) {
        facts.why = describe_failure(question, rcode_name(raw.rcode));
    } else {
        facts.status = raw.have_data ? facts::DnsStatus::Found : facts::DnsStatus::NoData;
    }
    return facts;
}

// An answer that says it has data and has none that can be read: unknown, never "no such record".
void settle(std::string_view question, facts::DnsFacts& facts, bool has_records)
{
    if (facts.status != facts::DnsStatus::Found || has_records) return;
    facts.status = facts::DnsStatus::Failed;
    facts.why = describe_failure(question, "the records cannot be read");
}

}  // namespace

std::optional<std::string> parse_wire_name(std::string_view wire)
{
    constexpr std::size_t kMaxName = 255;  // RFC 1035 §2.3.4
    if (wire.size() > kMaxName) return std::nullopt;
    std::string name;
    for (std::size_t at = 0; at < wire.size();) {
        const auto length = static_cast<unsigned char>(wire[at]);
        if (length == 0) return at + 1 == wire.size() ? std::optional{name} : std::nullopt;
        // Compression pointers have no place here.
        if (length > 63 || at + 1 + length > wire.size()) return std::nullopt;
        const std::string_view label = wire.substr(at + 1, length);
        const bool readable = std::all_of(label.begin(), label.end(), [](char c) {
            return c > ' ' && c < '\x7f' && c != '.' && c != '\\';
        });
        if (!readable) return std::nullopt;
        if (!name.empty()) name += '.';
        name += to_lower(label);
        at += 1U + length;
    }
    return std::nullopt;
}

facts::MxAnswer mx_answer(const std::string& name, const RawAnswer& raw)
{
    facts::MxAnswer answer;
    static_cast<facts::DnsFacts&>(answer) = facts_of("MX", name, raw);
    if (answer.status != facts::DnsStatus::Found) return answer;
    for (const std::string& data : raw.data) {
        if (answer.records.size() == kMaxRecords) break;
        if (data.size() < 3) continue;
        auto exchange = parse_wire_name(std::string_view{data}.substr(2));
        if (!exchange) continue;
        const auto high = static_cast<unsigned char>(data[0]);
        const auto low = static_cast<unsigned char>(data[1]);
        answer.records.push_back(
            {static_cast<std::uint16_t>(high << 8 | low), std::move(*exchange)});
    }
    settle("MX", answer, !answer.records.empty());
    return answer;
}

namespace {

void take_addresses(const RawAnswer& raw, std::size_t length, facts::AddressAnswer& answer)
{
    std::size_t taken = 0;
    for (const std::string& data : raw.data) {
        if (data.size() != length || ++taken > kMaxRecords) continue;
        if (length == 4) {
            std::array<std::uint8_t, 4> octets{};
            std::memcpy(octets.data(), data.data(), octets.size());
            answer.addresses.push_back(IpAddress::v4(octets));
        } else {
            std::array<std::uint8_t, 16> octets{};
            std::memcpy(octets.data(), data.data(), octets.size());
            answer.addresses.push_back(IpAddress::v6(octets));
        }
    }
}

// One status for two questions, without the addresses. An attacker who can make one of them fail
// must not lift DANE, so where the other is secure the whole is unknown (RFC 7672 §2.2.2).
facts::AddressAnswer combine(const facts::DnsFacts& a, const facts::DnsFacts& aaaa)
{
    using Status = facts::DnsStatus;
    using Security = facts::DnsSecurity;
    const auto either = [&](auto member, auto value) {
        return a.*member == value || aaaa.*member == value;
    };
    facts::AddressAnswer both;
    static_cast<facts::DnsFacts&>(both) =
        aaaa.status == Status::Found && a.status != Status::Found ? aaaa : a;
    both.security = a.security == Security::Secure && aaaa.security == Security::Secure
                        ? Security::Secure
                        : Security::Insecure;
    both.time_to_live = std::min(a.time_to_live, aaaa.time_to_live);
    if (either(&facts::DnsFacts::status, Status::Failed)) {
        const auto& failed = a.status == Status::Failed ? a : aaaa;
        const auto& other = a.status == Status::Failed ? aaaa : a;
        const bool usable = other.status == Status::Found && other.security == Security::Insecure &&
                            failed.security != Security::Bogus;
        if (usable) {
            both.missing = failed.why;
            return both;
        }
        both.status = Status::Failed;
        both.why = a.status == aaaa.status ? a.why + "; " + aaaa.why : failed.why;
        if (either(&facts::DnsFacts::security, Security::Bogus)) both.security = Security::Bogus;
        return both;
    }
    if (either(&facts::DnsFacts::status, Status::Found)) {
        both.status = Status::Found;
    } else if (either(&facts::DnsFacts::status, Status::NxDomain)) {
        both.status = Status::NxDomain;
    } else {
        both.status = Status::NoData;
    }
    return both;
}

}  // namespace

facts::AddressAnswer address_answer(const std::string& name, const RawAnswer& a,
                                    const RawAnswer& aaaa)
{
    facts::AddressAnswer answer = combine(facts_of("A", name, a), facts_of("AAAA", name, aaaa));
    if (answer.status != facts::DnsStatus::Found) return answer;
    if (a.trouble.empty() && !a.bogus) take_addresses(a, 4, answer);
    if (aaaa.trouble.empty() && !aaaa.bogus) take_addresses(aaaa, 16, answer);
    settle("A and AAAA", answer, !answer.addresses.empty());
    return answer;
}

facts::TlsaAnswer tlsa_answer(const std::string& name, const RawAnswer& raw)
{
    facts::TlsaAnswer answer;
    static_cast<facts::DnsFacts&>(answer) = facts_of("TLSA", name, raw);
    if (answer.status != facts::DnsStatus::Found) return answer;
    for (const std::string& data : raw.data) {
        if (answer.records.size() == kMaxRecords) break;
        if (data.size() < 3 || data.size() > kMaxTlsaData) continue;
        answer.records.push_back({static_cast<std::uint8_t>(data[0]),
                                  static_cast<std::uint8_t>(data[1]),
                                  static_cast<std::uint8_t>(data[2]), data.substr(3)});
    }
    settle("TLSA", answer, !answer.records.empty());
    return answer;
}

facts::DnsFacts alias_answer(const std::string& name, const RawAnswer& raw)
{
    return facts_of("CNAME", name, raw);
}

namespace {

// <character-string>s (RFC 1035 §3.3), joined; nullopt for what is cut short.
std::optional<std::string> join_strings(std::string_view data)
{
    std::string text;
    while (!data.empty()) {
        const auto length = static_cast<unsigned char>(data[0]);
        if (data.size() < 1U + length) return std::nullopt;
        text += data.substr(1, length);
        data.remove_prefix(1U + length);
    }
    return text;
}

}  // namespace

facts::TextAnswer text_answer(const std::string& name, const RawAnswer& raw)
{
    facts::TextAnswer answer;
    static_cast<facts::DnsFacts&>(answer) = facts_of("TXT", name, raw);
    if (answer.status != facts::DnsStatus::Found) return answer;
    for (const std::string& data : raw.data) {
        if (answer.texts.size() == kMaxRecords) break;
        auto text = join_strings(data);
        if (text && text->size() <= kMaxText) answer.texts.push_back(*std::move(text));
    }
    settle("TXT", answer, !answer.texts.empty());
    return answer;
}

facts::PointerAnswer pointer_answer(const std::string& name, const RawAnswer& raw)
{
    facts::PointerAnswer answer;
    static_cast<facts::DnsFacts&>(answer) = facts_of("PTR", name, raw);
    if (answer.status != facts::DnsStatus::Found) return answer;
    for (const std::string& data : raw.data) {
        if (answer.names.size() == kMaxRecords) break;
        if (auto target = parse_wire_name(data)) answer.names.push_back(*std::move(target));
    }
    settle("PTR", answer, !answer.names.empty());
    return answer;
}

std::string reverse_name(const IpAddress& address)
{
    const std::string_view octets = address.octets();
    std::string name;
    for (auto octet = octets.rbegin(); octet != octets.rend(); ++octet) {
        const auto value = static_cast<unsigned char>(*octet);
        name += address.is_v6() ? fmt::format("{:x}.{:x}.", value & 15U, value >> 4U)
                                : fmt::format("{}.", value);
    }
    return name + (address.is_v6() ? "ip6.arpa" : "in-addr.arpa");
}

}  // namespace hermetic::dns
