#include "objects/kinds.h"

#include "objects/next_hop.h"

#include <array>

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
    const auto read_list = [](const std::vector<Node>& nodes) -> std::optional<NextHop> {
        NextHop result{false, {}};
        for (const Node& each : nodes) {
            if (each.kind != Node::Kind::String) return std::nullopt;
            auto host = parse_next_hop_host(each.string);
            if (!host || host->protocol == HostProtocol::Smtps) return std::nullopt;
            result.hosts.push_back(std::move(*host));
        }
        if (result.hosts.empty()) return std::nullopt;
        // One transaction speaks one protocol.
        for (const NextHopHost& host : result.hosts) {
            if (host.protocol != result.hosts.front().protocol) return std::nullopt;
        }
        return result;
    };
    return {std::string{kNextHopForm},
            [read_list](const Node& node) -> std::optional<NextHop> {
                if (node.kind == Node::Kind::List) return read_list(node.list);
                if (node.kind == Node::Kind::String && node.string == "mx") return NextHop{};
                return read_list({node});
            },
            [](const NextHop& value) {
                if (value.mx) return config::quote("mx");
                std::string text = "[";
                for (const NextHopHost& host : value.hosts) {
                    if (text.size() > 1) text += ", ";
                    text += config::quote(host.format());
                }
                return text + "]";
            }};
}

Kind<NextHop> smart_hosts_kind()
{
    return {"a list, each " + std::string{kSmartHostForm},
            [](const Node& node) -> std::optional<NextHop> {
                if (node.kind != Node::Kind::List || node.list.empty()) return std::nullopt;
                NextHop result{false, {}};
                for (const Node& each : node.list) {
                    if (each.kind != Node::Kind::String) return std::nullopt;
                    auto host = parse_smart_host(each.string);
                    if (!host) return std::nullopt;
                    result.hosts.push_back(std::move(*host));
                }
                return result;
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
            }};
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
