#include "config/trust_anchor.h"

#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace hermetic::config {
namespace {

using Fault = std::optional<TrustAnchorFault>;
using Words = std::span<const std::string>;

constexpr std::string_view kDsForm =
    "a DS record: owner, \"IN DS\", key tag, algorithm, digest type and digest, such as "
    "\"example.org. IN DS 12345 13 2 \" and 64 hexadecimal digits";
constexpr std::string_view kDnskeyForm =
    "a DNSKEY record: owner, \"IN DNSKEY\", flags (257), protocol (3), algorithm and the key in "
    "base64";

// Of a line that may have a comment, and parentheses that then mean nothing.
std::vector<std::string> words_of(std::string_view text)
{
    std::vector<std::string> words;
    std::string word;
    for (const char c : text.substr(0, text.find(';'))) {
        if (c != ' ' && c != '\t' && c != '(' && c != ')') {
            word += c;
        } else if (!word.empty()) {
            words.push_back(std::move(word));
            word.clear();
        }
    }
    if (!word.empty()) words.push_back(std::move(word));
    return words;
}

std::string join_words(Words words)
{
    std::string text;
    for (const std::string& each : words) text += each;
    return text;
}

bool is_owner(std::string_view name)
{
    constexpr std::size_t kLongestName = 253;
    constexpr std::size_t kLongestLabel = 63;
    if (name == ".") return true;
    if (name.ends_with('.')) name.remove_suffix(1);
    if (name.empty() || name.size() > kLongestName) return false;
    const auto labels = split(name, '.');
    return std::all_of(labels.begin(), labels.end(), [](std::string_view label) {
        return !label.empty() && label.size() <= kLongestLabel;
    });
}

template <typename Number>
bool is_number(const std::string& word)
{
    return parse_decimal<Number>(word).has_value();
}

// By its number or, as in a zone file, by its name.
bool is_algorithm(const std::string& word)
{
    constexpr std::array<std::string_view, 9> kNames{
        "RSASHA1",         "RSASHA1-NSEC3-SHA1", "RSASHA256", "RSASHA512", "ECC-GOST",
        "ECDSAP256SHA256", "ECDSAP384SHA384",    "ED25519",   "ED448"};
    return is_number<std::uint8_t>(word) ||
           std::any_of(kNames.begin(), kNames.end(),
                       [&](std::string_view name) { return iequals(name, word); });
}

Fault fault_of_digest(std::uint8_t type, std::string_view digest)
{
    constexpr std::string_view kHex = "0123456789abcdefABCDEF";
    if (digest.find_first_not_of(kHex) != std::string_view::npos)
        return TrustAnchorFault{"the digest is not hexadecimal", std::string{kDsForm}};
    // SHA-1, SHA-256, GOST R 34.11-94, SHA-384.
    constexpr std::array<std::size_t, 5> kDigits{0, 40, 64, 64, 96};
    const std::size_t wanted = type < kDigits.size() ? kDigits[type] : 0;
    if (wanted != 0 && digest.size() != wanted) {
        return TrustAnchorFault{fmt::format("the digest has {} hexadecimal digits", digest.size()),
                                fmt::format("{} digits for digest type {}", wanted, type)};
    }
    if (digest.empty() || digest.size() % 2 != 0) {
        return TrustAnchorFault{"the digest is not made of whole octets",
                                "an even number of hexadecimal digits"};
    }
    return std::nullopt;
}

Fault fault_of_ds(Words fields)
{
    const auto type =
        fields.size() > 3 ? parse_decimal<std::uint8_t>(fields[2]) : std::optional<std::uint8_t>{};
    if (!type || !is_number<std::uint16_t>(fields[0]) || !is_algorithm(fields[1]))
        return TrustAnchorFault{"it is not a complete DS record", std::string{kDsForm}};
    return fault_of_digest(*type, join_words(fields.subspan(3)));
}

Fault fault_of_dnskey(Words fields)
{
    if (fields.size() < 4 || !is_number<std::uint16_t>(fields[0]) || !is_algorithm(fields[2]))
        return TrustAnchorFault{"it is not a complete DNSKEY record", std::string{kDnskeyForm}};
    if (fields[1] != "3")
        return TrustAnchorFault{fmt::format("the protocol is {}", printable(fields[1], 20)),
                                "3 (RFC 4034 §2.1.2)"};
    std::string text = join_words(fields.subspan(3));
    while (text.size() % 4 != 0) text += '=';  // libunbound takes it without
    const auto key = from_base64(text);
    if (!key || key->empty())
        return TrustAnchorFault{"the key is not base64", std::string{kDnskeyForm}};
    return std::nullopt;
}

// Where the type stands: behind the owner, a TTL and the class, in this order (libunbound takes no
// other), of which only the owner must be there.
std::size_t place_of_type(Words words)
{
    std::size_t at = 1;
    if (at < words.size() && words[at].front() >= '0' && words[at].front() <= '9') ++at;
    if (at < words.size() && iequals(words[at], "IN")) ++at;
    return at;
}

}  // namespace

std::optional<TrustAnchorFault> find_trust_anchor_fault(std::string_view text)
{
    const std::vector<std::string> words = words_of(text);
    const std::size_t type = place_of_type(words);
    const bool is_ds = type < words.size() && iequals(words[type], "DS");
    if (!is_ds && (type >= words.size() || !iequals(words[type], "DNSKEY")))
        return TrustAnchorFault{"it is not a DS or DNSKEY record", std::string{kDsForm}};
    // A blank in front stands for the owner of the line before.
    if (text.front() == ' ' || text.front() == '\t')
        return TrustAnchorFault{"it begins with a blank", "the owner first"};
    if (!is_owner(words.front()))
        return TrustAnchorFault{
            fmt::format("\"{}\" is not a domain name", printable(words.front(), 80)),
            "the name of a zone, such as \"example.org.\", or \".\" for the root"};
    const Words fields = Words{words}.subspan(type + 1);
    return is_ds ? fault_of_ds(fields) : fault_of_dnskey(fields);
}

}  // namespace hermetic::config
