#include "objects/exceptions.h"

#include "objects/org_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace hermetic::objects {
namespace {

// What makes it weaker, as it stands in a file.
template <typename Exception>
std::string describe(const Exception& exception, const std::vector<config::Option<Exception>>& all)
{
    std::string text;
    for (const auto& each : all) {
        if (each.key == "valid_until" || each.key == "reason") continue;
        const std::string shown = each.show(exception);
        if (shown.empty() || shown == each.show(Exception{})) continue;
        text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", each.key, shown);
    }
    return text;
}

template <typename Object, typename Exception>
ListedException listed(const char* kind, std::string name, const Object& object,
                       const Exception& exception,
                       const std::vector<config::Option<Exception>>& options)
{
    return {kind,
            std::move(name),
            object.organization,
            object.enabled,
            describe(exception, options),
            exception.valid_until.value_or(WallTime{}),
            exception.reason};
}

}  // namespace

std::vector<ListedException> exceptions_of(const Snapshot::Contents& contents)
{
    std::vector<ListedException> found;
    const auto outbound = exception_options();
    const auto inbound = inbound_exception_options();
    for (const OutboundConnector& each : contents.outbound_connectors) {
        if (!each.tls.exception) continue;
        found.push_back(
            listed("outbound_connector", each.name, each, *each.tls.exception, outbound));
    }
    for (const AcceptedDomain& each : contents.accepted_domains) {
        if (!each.tls.exception) continue;
        found.push_back(
            listed("accepted_domain", each.name.format(), each, *each.tls.exception, outbound));
    }
    for (const InboundConnector& each : contents.inbound_connectors) {
        if (!each.exception) continue;
        found.push_back(listed("inbound_connector", each.name, each, *each.exception, inbound));
    }
    std::ranges::stable_sort(found, {}, &ListedException::valid_until);
    return found;
}

config::Diagnostics too_long_exceptions(const Snapshot::Contents& before,
                                        const Snapshot::Contents& after, WallTime now)
{
    const WallTime limit = now + std::chrono::duration_cast<WallTime::duration>(kLongestException);
    config::Diagnostics faults;
    std::optional<std::vector<ListedException>> kept;
    for (const ListedException& each : exceptions_of(after)) {
        if (each.valid_until <= limit) continue;
        if (!kept) kept = exceptions_of(before);
        const bool as_before = std::ranges::any_of(*kept, [&](const ListedException& old) {
            return old.kind == each.kind && old.name == each.name &&
                   old.organization == each.organization && old.valid_until == each.valid_until;
        });
        if (as_before) continue;
        faults.push_back({{},
                          0,
                          fmt::format("{} \"{}\".exception", each.kind, each.name),
                          fmt::format("valid_until is {}, more than a year ahead",
                                      format_rfc3339(each.valid_until)),
                          fmt::format("{} or earlier", format_rfc3339(limit))});
    }
    return faults;
}

std::optional<int> reminder_due(WallTime valid_until, std::optional<WallTime> before, WallTime now)
{
    constexpr std::array kDays{0, 1, 7, 14};
    for (const int days : kDays) {
        const WallTime at = valid_until - std::chrono::hours{24 * days};
        if (now < at) continue;
        if (before && *before >= at) return std::nullopt;
        return days;
    }
    return std::nullopt;
}

}  // namespace hermetic::objects
