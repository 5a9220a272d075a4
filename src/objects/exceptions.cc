#include "objects/exceptions.h"

#include "core/assert.h"
#include "core/text.h"
#include "objects/org_options.h"
#include "objects/validate_parts.h"

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

// Also where the table names no organization: there is only one, or it stands elsewhere.
bool is_of(const config::Node& table, std::string_view organization)
{
    const auto* const value = table.find("organization");
    return value == nullptr || value->string == organization;
}

unsigned line_of(const Written& written, std::string_view kind, const OwnedName& owned,
                 std::string_view field)
{
    const auto* const list = written.document != nullptr ? written.document->find(kind) : nullptr;
    if (list == nullptr) return 0;
    for (const config::Node& each : list->list) {
        const auto* const its_name = each.find("name");
        if (its_name == nullptr || !iequals(its_name->string, owned.name)) continue;
        if (!is_of(each, owned.organization)) continue;
        const auto* const exception = each.find("exception");
        if (exception == nullptr) continue;
        const auto* const value = exception->find(field);
        return value != nullptr ? value->line : exception->line;
    }
    return 0;
}

// As it stands in a file.
std::string_view name_of(Publication value)
{
    switch (value) {
    case Publication::None:
        return "none";
    case Publication::Opportunistic:
        return "opportunistic";
    case Publication::Mandatory:
        return "mandatory";
    }
    unreachable("every Publication is named above");
}

constexpr int strength(Publication value)
{
    switch (value) {
    case Publication::None:
        return 0;
    case Publication::Opportunistic:
        return 1;
    case Publication::Mandatory:
        return 2;
    }
    unreachable("every Publication has a strength");
}

struct Judged {
    std::string organization;  // of the object; another's may have the same name
    config::Diagnostic fault;
    bool operator==(const Judged& other) const
    {
        return organization == other.organization && fault.key == other.fault.key &&
               fault.what == other.fault.what;
    }
};

// Whether what stands in an exception is what may stand there.
class ExceptionJudge {
public:
    ExceptionJudge(const Snapshot::Contents& contents, WallTime now, const Written& written)
        : contents_{contents}, now_{now}, written_{written}
    {
    }
    std::vector<Judged> run()
    {
        for (const ListedException& each : exceptions_of(contents_)) judge_end(each);
        for (const OutboundConnector& each : contents_.outbound_connectors)
            judge_values("outbound_connector", each.name, each, LastingBase::Organization);
        for (const AcceptedDomain& each : contents_.accepted_domains)
            judge_values("accepted_domain", each.name.format(), each, LastingBase::OwnNextHop);
        return std::move(found_);
    }

private:
    void add(std::string_view kind, const OwnedName& owned, std::string_view field,
             std::string what, std::string expected)
    {
        found_.push_back({owned.organization,
                          {written_.file, line_of(written_, kind, owned, field),
                           fmt::format("{} \"{}\".exception.{}", kind, owned.name, field),
                           std::move(what), std::move(expected)}});
    }
    void judge_end(const ListedException& each)
    {
        const WallTime limit =
            now_ + std::chrono::duration_cast<WallTime::duration>(kLongestException);
        if (each.valid_until <= limit) return;
        add(each.kind, owned_name(each), "valid_until",
            fmt::format("it is {}, more than a year ahead", format_rfc3339(each.valid_until)),
            fmt::format("{} or earlier", format_rfc3339(limit)));
    }
    template <typename Object>
    void judge_values(std::string_view kind, const std::string& name, const Object& object,
                      LastingBase base)
    {
        if (!object.tls.exception) return;
        const TlsException& exception = *object.tls.exception;
        const auto owner =
            std::ranges::find(contents_.organizations, object.organization, &Organization::name);
        if (owner == contents_.organizations.end()) return;
        const LastingTls lasting = lasting_tls(*owner, object.next_hop, object.tls, base);
        const auto refuse = [&](std::string_view field, std::string_view asked,
                                std::string_view lasts) {
            add(kind, {object.organization, name}, field,
                fmt::format("{} is stronger than the lasting value, {}, and has no effect", asked,
                            lasts),
                fmt::format("a value below {}, or {} outside the exception, permanently", lasts,
                            field));
        };
        if (exception.level && *exception.level > lasting.level)
            refuse("tls", objects::name(*exception.level), objects::name(lasting.level));
        if (exception.min && *exception.min > lasting.min) {
            refuse("min_tls", facts::format_version(*exception.min),
                   facts::format_version(lasting.min));
        }
        const auto judge = [&](std::string_view field, std::optional<Publication> asked,
                               Publication lasts) {
            if (!asked || strength(*asked) <= strength(lasts)) return;
            refuse(field, name_of(*asked), name_of(lasts));
        };
        judge("dane", exception.dane, object.tls.dane);
        judge("mta_sts", exception.mta_sts, object.tls.mta_sts);
    }

    const Snapshot::Contents& contents_;
    WallTime now_;
    const Written& written_;
    std::vector<Judged> found_;
};

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

config::Diagnostics exception_faults(const Snapshot::Contents& before,
                                     const Snapshot::Contents& after, WallTime now,
                                     const Written& written)
{
    auto found = ExceptionJudge{after, now, written}.run();
    if (found.empty()) return {};
    const auto kept = ExceptionJudge{before, now, {}}.run();
    config::Diagnostics faults;
    for (Judged& each : found) {
        if (std::ranges::find(kept, each) == kept.end()) faults.push_back(std::move(each.fault));
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
