#include "queue/route_question.h"

#include <algorithm>
#include <functional>
#include <variant>

namespace hermetic::queue {
namespace {

std::string format(const RecipientHost& host)
{
    if (const auto* domain = std::get_if<mail::Domain>(&host)) return domain->text();
    return mail::format_address_literal(std::get<IpAddress>(host));
}

}  // namespace

std::string RouteQuestion::format_hosts() const
{
    if (hosts.empty()) return "*";
    std::string text;
    for (const RecipientHost& host : hosts)
        text.append(text.empty() ? "" : ",").append(format(host));
    return text;
}

bool RouteQuestion::names(std::string_view host) const
{
    return std::any_of(hosts.begin(), hosts.end(),
                       [host](const RecipientHost& each) { return format(each) == host; });
}

std::size_t RouteQuestionHash::operator()(const RouteQuestion& question) const
{
    constexpr std::size_t kSpread = 31;
    std::size_t hash = std::hash<std::string>{}(question.organization);
    for (const RecipientHost& host : question.hosts)
        hash = hash * kSpread + std::hash<RecipientHost>{}(host);
    return hash;
}

}  // namespace hermetic::queue
