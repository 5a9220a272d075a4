#include "config/kinds.h"

#include <array>

namespace hermetic::config {
namespace {

struct Scale {
    std::string_view suffix;
    std::uint64_t factor;
};
constexpr std::array<Scale, 4> kScales{
    {{"TiB", 1ULL << 40}, {"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}}};

std::optional<std::uint64_t> parse_octets(const Node& node)
{
    if (node.kind == Node::Kind::Integer && node.integer >= 0) {
        return static_cast<std::uint64_t>(node.integer);
    }
    if (node.kind != Node::Kind::String) return std::nullopt;
    // As format_octets() writes what no unit divides, and zero.
    if (const auto count = parse_decimal<std::uint64_t>(node.string)) return count;
    for (const Scale& scale : kScales) {
        const std::string_view text = node.string;
        if (!text.ends_with(scale.suffix)) continue;
        const auto count =
            parse_decimal<std::uint64_t>(text.substr(0, text.size() - scale.suffix.size()));
        if (!count || *count > ~std::uint64_t{0} / scale.factor) return std::nullopt;
        return *count * scale.factor;
    }
    return std::nullopt;
}

// A kind whose text form has a parser `parse(text) -> optional<T>` and a formatter.
template <typename T, typename Parse, typename Show>
Kind<T> parsed_kind(std::string type, Parse parse, Show show)
{
    return {std::move(type),
            [parse](const Node& node) -> std::optional<T> {
                if (node.kind != Node::Kind::String) return std::nullopt;
                return parse(node.string);
            },
            [show](const T& value) { return quote(show(value)); }};
}

}  // namespace

std::string quote(std::string_view text)
{
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
        } else {
            out += c;
        }
    }
    return out + "\"";
}

std::string format_octets(std::uint64_t octets)
{
    for (const Scale& scale : kScales) {
        if (octets != 0 && octets % scale.factor == 0) {
            return fmt::format("{}{}", octets / scale.factor, scale.suffix);
        }
    }
    return std::to_string(octets);
}

Kind<std::string> text_kind(std::string_view type)
{
    return {std::string{type},
            [](const Node& node) -> std::optional<std::string> {
                if (node.kind != Node::Kind::String) return std::nullopt;
                if (node.string.find('\0') != std::string::npos) return std::nullopt;
                return node.string;
            },
            [](const std::string& text) { return quote(text); }};
}

Kind<bool> flag_kind()
{
    return {"true or false",
            [](const Node& node) -> std::optional<bool> {
                if (node.kind != Node::Kind::Boolean) return std::nullopt;
                return node.boolean;
            },
            [](const bool& value) { return std::string{value ? "true" : "false"}; }};
}

Kind<Duration> duration_kind(Duration min, Duration max)
{
    return {fmt::format("a duration from \"{}\" to \"{}\", such as \"90s\" or \"1h30m\"",
                        format_duration(min), format_duration(max)),
            [min, max](const Node& node) -> std::optional<Duration> {
                if (node.kind != Node::Kind::String) return std::nullopt;
                const auto value = parse_duration(node.string);
                if (!value || *value < min || *value > max) return std::nullopt;
                return value;
            },
            [](const Duration& value) { return quote(format_duration(value)); }};
}

Kind<std::uint64_t> octets_kind(std::uint64_t min, std::uint64_t max)
{
    return {fmt::format("a size from \"{}\" to \"{}\", such as \"256KiB\"", format_octets(min),
                        format_octets(max)),
            [min, max](const Node& node) -> std::optional<std::uint64_t> {
                const auto value = parse_octets(node);
                if (!value || *value < min || *value > max) return std::nullopt;
                return value;
            },
            [](const std::uint64_t& value) { return quote(format_octets(value)); }};
}

Kind<Endpoint> endpoint_kind()
{
    return parsed_kind<Endpoint>(
        "an address with a port, such as \"192.0.2.1:25\" or \"[2001:db8::1]:25\"",
        [](std::string_view text) { return Endpoint::parse(text); },
        [](const Endpoint& value) { return value.format(); });
}

Kind<IpAddress> address_kind()
{
    return parsed_kind<IpAddress>(
        "an address, such as \"192.0.2.1\" or \"2001:db8::1\"",
        [](std::string_view text) { return IpAddress::parse(text); },
        [](const IpAddress& value) { return value.format(); });
}

Kind<Network> network_kind()
{
    return parsed_kind<Network>(
        "a network without host bits, such as \"192.0.2.0/24\" or \"2001:db8::/32\"",
        [](std::string_view text) { return Network::parse(text); },
        [](const Network& value) { return value.format(); });
}

Kind<facts::TlsVersion> tls_version_kind()
{
    using facts::TlsVersion;
    return choice_kind<TlsVersion>({{"1.0", TlsVersion::Tls10},
                                    {"1.1", TlsVersion::Tls11},
                                    {"1.2", TlsVersion::Tls12},
                                    {"1.3", TlsVersion::Tls13}});
}

}  // namespace hermetic::config
