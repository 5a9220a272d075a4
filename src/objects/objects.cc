#include "objects/objects.h"

#include <algorithm>

namespace hermetic::objects {

std::optional<DomainPattern> DomainPattern::parse(std::string_view text)
{
    if (text == "*") return DomainPattern{Kind::Any, std::nullopt};
    const bool below = text.starts_with("*.");
    auto domain = mail::Domain::parse(below ? text.substr(2) : text);
    if (!domain) return std::nullopt;
    return DomainPattern{below ? Kind::Below : Kind::Exact, std::move(domain)};
}

bool DomainPattern::matches(const mail::Domain& other) const
{
    switch (kind) {
    case Kind::Any:
        return true;
    case Kind::Exact:
        return other == *domain;
    case Kind::Below:
        return other.is_below(*domain);
    }
    return false;
}

std::string DomainPattern::format() const
{
    if (kind == Kind::Any) return "*";
    return kind == Kind::Below ? "*." + domain->text() : domain->text();
}

std::string NextHopHost::format() const
{
    if (!unix_path.empty()) return "lmtp+unix:" + unix_path;
    std::string text = protocol == HostProtocol::Lmtp    ? "lmtp://"
                       : protocol == HostProtocol::Smtps ? "smtps://"
                                                         : "smtp://";
    text += address ? "[" + address->format() + "]" : host;
    return text + ":" + std::to_string(port);
}

bool is_local(const NextHopHost& host)
{
    if (host.address) return host.address->is_loopback();
    return !host.unix_path.empty() || host.host == "localhost";
}

bool is_local(const NextHop& next_hop)
{
    return !next_hop.mx && std::ranges::all_of(next_hop.hosts, [](const NextHopHost& host) {
        return is_local(host);
    });
}

const InboundException* exception_at(const InboundConnector& connector, WallTime now)
{
    const auto& exception = connector.exception;
    const bool holds =
        exception && exception->min_tls && exception->valid_until.value_or(now) > now;
    return holds ? &*exception : nullptr;
}

}  // namespace hermetic::objects
