#include "objects/kinds.h"

#include "core/text.h"
#include "objects/next_hop.h"

#include <array>
#include <utility>
#include <vector>

namespace hermetic::objects {

using config::Kind;
using config::Node;

namespace {
constexpr std::string_view kSmtp = "smtp://";

// Postfix's levels (TLS_README) that have other names here.
std::optional<config::Misfit> find_postfix_level(const Node& node)
{
    struct Word {
        std::string_view postfix;
        std::string_view ours;
    };
    constexpr std::array<Word, 5> kWords{{{"may", "\"opportunistic\""},
                                          {"verify", "\"verify_name\""},
                                          {"secure", "\"verify_name\""},
                                          {"fingerprint", "\"encrypt\" with `pins`"},
                                          {"dane-only", "\"dane\""}}};
    if (node.kind != Node::Kind::String) return std::nullopt;
    for (const Word& each : kWords) {
        if (node.string != each.postfix) continue;
        return config::Misfit{node.line, config::quote_node(node) + " does not fit",
                              std::string{each.ours} + ", as this level of Postfix is called here"};
    }
    return std::nullopt;
}

std::string does_not_fit(const Node& node)
{
    return config::quote_node(node) + " does not fit";
}

// What is separated by commas, as a list would have it.
std::vector<Node> split_commas(const Node& node)
{
    std::vector<Node> parts;
    for (const std::string_view part : split(node.string, ',')) {
        if (trim(part).empty()) continue;
        Node each;
        each.kind = Node::Kind::String;
        each.line = node.line;
        each.string = std::string{trim(part)};
        parts.push_back(std::move(each));
    }
    return parts;
}

std::string in_brackets(const std::vector<Node>& nodes)
{
    std::vector<std::string> shown;
    for (const Node& each : nodes) shown.push_back(config::quote_node(each));
    return "[" + join(shown, ", ") + "]";
}

// nullopt also of an empty list. `parse` makes a host of a string, or nullopt.
template <typename Parse>
std::optional<NextHop> read_hosts(const std::vector<Node>& nodes, Parse parse)
{
    NextHop result{false, {}};
    for (const Node& each : nodes) {
        if (each.kind != Node::Kind::String) return std::nullopt;
        auto host = parse(each.string);
        if (!host) return std::nullopt;
        result.hosts.push_back(std::move(*host));
    }
    if (result.hosts.empty()) return std::nullopt;
    return result;
}

// nullopt also of hosts with different protocols: one transaction speaks one.
std::optional<NextHop> read_next_hop_hosts(const std::vector<Node>& nodes)
{
    auto result =
        read_hosts(nodes, [](const std::string& text) { return parse_next_hop_host(text); });
    if (!result) return std::nullopt;
    const HostProtocol first = result->hosts.front().protocol;
    for (const auto& host : result->hosts) {
        if (host.protocol != first || host.protocol == HostProtocol::Smtps) return std::nullopt;
    }
    return result;
}

std::optional<config::Misfit> find_next_hop_misfit(const Node& node)
{
    if (node.kind == Node::Kind::String) {
        const auto parts = split_commas(node);
        if (parts.size() > 1 && read_next_hop_hosts(parts))
            return config::Misfit{node.line, does_not_fit(node),
                                  "a list, such as " + in_brackets(parts)};
        if (node.string.find("://") != std::string::npos || !parse_smart_host(node.string))
            return std::nullopt;
        Node with_protocol = node;
        with_protocol.string.insert(0, kSmtp);
        return config::Misfit{
            node.line, does_not_fit(node),
            "the host with its protocol, such as " + config::quote_node(with_protocol)};
    }
    if (node.kind != Node::Kind::List) return std::nullopt;
    if (node.list.empty())
        return config::Misfit{node.line, "an empty list does not fit",
                              "\"mx\", or at least one host, such as \"lmtp://host:24\""};
    for (const Node& each : node.list) {
        if (each.kind == Node::Kind::String && each.string == "mx")
            return config::Misfit{each.line, "\"mx\" in a list does not fit",
                                  "\"mx\" alone, without brackets"};
        if (!read_next_hop_hosts({each}))
            return config::describe_misfit(each, std::string{kNextHopHostForm}, {});
    }
    return config::Misfit{node.line, "a list with different protocols does not fit",
                          "hosts with one protocol, all \"smtp://\" or all \"lmtp://\""};
}

std::optional<NextHop> read_smart_hosts(const std::vector<Node>& nodes)
{
    return read_hosts(nodes, [](const std::string& text) { return parse_smart_host(text); });
}

std::optional<config::Misfit> find_smart_hosts_misfit(const Node& node)
{
    if (node.kind == Node::Kind::String) {
        const auto parts = split_commas(node);
        if (!read_smart_hosts(parts)) return std::nullopt;
        return config::Misfit{node.line, does_not_fit(node),
                              "a list, such as " + in_brackets(parts)};
    }
    if (node.kind != Node::Kind::List) return std::nullopt;
    if (node.list.empty())
        return config::Misfit{node.line, "an empty list does not fit",
                              "at least one host, or no `smart_hosts`: by MX"};
    for (const Node& each : node.list) {
        if (read_smart_hosts({each})) continue;
        Node host = each;
        if (each.kind == Node::Kind::String && each.string.starts_with(kSmtp))
            host.string.erase(0, kSmtp.size());
        if (host.string != each.string && read_smart_hosts({host}))
            return config::Misfit{each.line, does_not_fit(each),
                                  "the host alone, such as " + config::quote_node(host)};
        return config::describe_misfit(each, std::string{kSmartHostForm}, {});
    }
    return std::nullopt;
}
}  // namespace

Kind<DomainPattern> domain_pattern_kind()
{
    return {"a domain \"example.org\", all below it \"*.example.org\", or \"*\"",
            [](const Node& node) -> std::optional<DomainPattern> {
                if (node.kind != Node::Kind::String) return std::nullopt;
                return DomainPattern::parse(node.string);
            },
            [](const DomainPattern& value) { return config::quote(value.format()); }};
}

Kind<DomainPattern> accepted_name_kind()
{
    auto kind = domain_pattern_kind();
    kind.type = "a domain \"example.org\", or all below it \"*.example.org\"";
    kind.read = [read = kind.read](const Node& node) -> std::optional<DomainPattern> {
        auto pattern = read(node);
        if (pattern && pattern->kind == DomainPattern::Kind::Any) return std::nullopt;
        return pattern;
    };
    kind.show = [show = kind.show](const DomainPattern& value) {
        return value.domain ? show(value) : std::string{};
    };
    return kind;
}

Kind<NextHop> next_hop_kind()
{
    return {std::string{kNextHopForm},
            [](const Node& node) -> std::optional<NextHop> {
                if (node.kind == Node::Kind::List) return read_next_hop_hosts(node.list);
                if (node.kind == Node::Kind::String && node.string == "mx") return NextHop{};
                return read_next_hop_hosts({node});
            },
            [](const NextHop& value) {
                if (value.mx) return config::quote("mx");
                std::string text = "[";
                for (const NextHopHost& host : value.hosts) {
                    if (text.size() > 1) text += ", ";
                    text += config::quote(host.format());
                }
                return text + "]";
            },
            find_next_hop_misfit};
}

Kind<NextHop> smart_hosts_kind()
{
    return {"a list, each " + std::string{kSmartHostForm},
            [](const Node& node) -> std::optional<NextHop> {
                if (node.kind != Node::Kind::List) return std::nullopt;
                return read_smart_hosts(node.list);
            },
            [](const NextHop& value) {
                if (value.mx) return std::string{};  // the key's absence says so
                std::string text = "[";
                for (const NextHopHost& host : value.hosts) {
                    if (text.size() > 1) text += ", ";
                    const std::string shown = host.format();
                    const bool implicit = host.protocol == HostProtocol::Smtps;
                    text += config::quote(implicit ? shown : shown.substr(kSmtp.size()));
                }
                return text + "]";
            },
            find_smart_hosts_misfit};
}

Kind<mail::Mailbox> mailbox_kind()
{
    return {"an address, such as \"postmaster@example.org\"",
            [](const Node& node) -> std::optional<mail::Mailbox> {
                if (node.kind != Node::Kind::String) return std::nullopt;
                auto mailbox = mail::parse_mailbox(node.string);
                if (!mailbox) return std::nullopt;
                return *mailbox;
            },
            [](const mail::Mailbox& value) { return config::quote(value.format()); }};
}

Kind<TlsLevel> tls_level_kind()
{
    std::vector<std::pair<std::string, TlsLevel>> choices;
    for (const TlsLevel level : {TlsLevel::None, TlsLevel::Opportunistic, TlsLevel::Encrypt,
                                 TlsLevel::VerifyCa, TlsLevel::VerifyName, TlsLevel::Dane}) {
        choices.emplace_back(name(level), level);
    }
    auto kind = config::choice_kind<TlsLevel>(std::move(choices));
    kind.find_misfit = find_postfix_level;
    return kind;
}

Kind<TlsName> tls_name_kind()
{
    return {"a host \"mx.example.org\", or one label below a domain \"*.example.org\"",
            [](const Node& node) -> std::optional<TlsName> {
                if (node.kind != Node::Kind::String) return std::nullopt;
                return TlsName::parse(node.string);
            },
            [](const TlsName& value) { return config::quote(value.format()); }};
}

Kind<std::string> pin_kind()
{
    return {"the SHA-256 of a public key (SPKI), 64 hexadecimal digits",
            [](const Node& node) -> std::optional<std::string> {
                if (node.kind != Node::Kind::String) return std::nullopt;
                return parse_pin(node.string);
            },
            [](const std::string& value) { return config::quote(value); }};
}

Kind<WallTime> wall_time_kind()
{
    return {"a time in UTC, such as \"2026-12-31T00:00:00Z\"",
            [](const Node& node) -> std::optional<WallTime> {
                if (node.kind != Node::Kind::String) return std::nullopt;
                return parse_rfc3339(node.string);
            },
            [](const WallTime& value) { return config::quote(format_rfc3339(value)); }};
}

Kind<Publication> publication_kind()
{
    return config::choice_kind<Publication>({{"opportunistic", Publication::Opportunistic},
                                             {"mandatory", Publication::Mandatory},
                                             {"none", Publication::None}});
}

Kind<Compatibility> compatibility_kind()
{
    return config::choice_kind<Compatibility>(
        {{"normal", Compatibility::Normal}, {"weak", Compatibility::Weak}});
}

Kind<ConnectorKind> connector_kind_kind()
{
    return config::choice_kind<ConnectorKind>(
        {{"partner", ConnectorKind::Partner}, {"on_premises", ConnectorKind::OnPremises}});
}

Kind<ConnectorMode> connector_mode_kind()
{
    return config::choice_kind<ConnectorMode>({{"enforce", ConnectorMode::Enforce},
                                               {"audit", ConnectorMode::Audit},
                                               {"off", ConnectorMode::Off}});
}

Kind<std::string> path_kind(const std::string& what)
{
    auto kind = config::text_kind(what + " by its absolute path");
    kind.read = [read = kind.read](const Node& node) -> std::optional<std::string> {
        auto path = read(node);
        if (path && !path->empty() && path->front() != '/') return std::nullopt;
        return path;
    };
    return kind;
}

}  // namespace hermetic::objects
