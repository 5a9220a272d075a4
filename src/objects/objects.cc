#include "objects/objects.h"

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
    std::string text = protocol == HostProtocol::Lmtp ? "lmtp://" : "smtp://";
    text += address ? "[" + address->format() + "]" : host;
    return text + ":" + std::to_string(port);
}

}  // namespace hermetic::objects
