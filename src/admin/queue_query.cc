#include "admin/queue_query.h"

#include "config/option.h"
#include "core/quote.h"
#include "core/text.h"
#include "core/time.h"
#include "facts/reasons.h"
#include "mail/address.h"
#include "queue/pauses.h"

#include <optional>
#include <string_view>
#include <vector>

namespace hermetic::admin {
namespace {

std::optional<queue::State> parse_state(std::string_view text)
{
    using queue::State;
    for (const State state : {State::Waiting, State::Deferred, State::UnderWay, State::Held}) {
        if (queue::name(state) == text) return state;
    }
    return std::nullopt;
}

// "b@example.org" or "@example.org", as addresses are compared; nullopt: neither.
std::optional<std::string> parse_pattern(std::string_view text)
{
    const std::string whole = text.starts_with('@') ? "x" + std::string{text} : std::string{text};
    const auto mailbox = mail::parse_mailbox(whole);
    if (!mailbox) return std::nullopt;
    return text.starts_with('@') ? mailbox->format().substr(1) : mailbox->format();
}

// Named as for a pause. A bare domain is what people have at hand: it is a recipient's.
bool set_destination(queue::Selection& selection, const std::string& text)
{
    constexpr std::string_view kMx = "mx:";
    std::string label = queue::parse_destination(text);
    if (label.empty()) return false;
    const bool is_bare =
        label.starts_with(kMx) && !text.starts_with(kMx) && label.find(';') == std::string::npos;
    if (is_bare)
        selection.domain = label.substr(kMx.size());
    else
        selection.destination = std::move(label);
    return true;
}

// The names of those whose value means nothing; the first counts. An empty value is one of them: a
// condition that a client wanted and could not fill in must not make the selection broader.
std::string read_values(const Request& request, queue::Selection& selection)
{
    const auto read = [&request](const char* name, auto use) {
        const auto found = request.query.find(name);
        return found == request.query.end() || (!found->second.empty() && use(found->second));
    };
    if (!read("destination",
              [&](const std::string& text) { return set_destination(selection, text); }))
        return "destination";
    if (!read("sender", [&](const std::string& text) {
            selection.sender = text == "<>" ? std::string{} : parse_pattern(text);
            return selection.sender.has_value();
        }))
        return "sender";
    if (!read("recipient", [&](const std::string& text) {
            selection.recipient = parse_pattern(text);
            return selection.recipient.has_value();
        }))
        return "recipient";
    if (!read("reason", [&](const std::string& text) {
            selection.reason = text;
            return facts::parse_reason(text).has_value();
        }))
        return "reason";
    if (!read("older_than", [&](const std::string& text) {
            selection.older_than = parse_duration(text);
            return selection.older_than.has_value();
        }))
        return "older_than";
    if (!read("as_of", [&](const std::string& text) {
            selection.accepted_by = parse_rfc3339(text);
            return selection.accepted_by.has_value();
        }))
        return "as_of";
    if (!read("state", [&](const std::string& text) {
            const auto state = parse_state(text);
            if (state) selection.states = {*state};
            return state.has_value();
        }))
        return "state";
    return {};
}

std::string nearest_reason(const std::string& unknown)
{
    std::vector<std::string> ids;
    for (std::uint16_t i = 1; i <= facts::kReasonCount; ++i)
        ids.emplace_back(facts::name(static_cast<facts::Reason>(i)));
    std::string suggested = config::suggest_key(unknown, ids);
    // No one of them is near: they are too many to be listed.
    return suggested.starts_with("perhaps ") ? suggested : std::string{};
}

std::string_view expected_of(std::string_view name)
{
    if (name == "destination") return "one of `hermetic queue destinations`, or a domain";
    if (name == "sender") return "an address, @example.org, or <>";
    if (name == "recipient") return "an address, or @example.org";
    if (name == "reason") return "a reason, as `hermetic queue summary` lists it";
    if (name == "older_than") return "a duration: 30m, 4h, 2d";
    if (name == "as_of") return "the time that a count returned";
    return "waiting, deferred, under-way or held";
}

}  // namespace

Result<queue::Selection, Response> parse_selection(const Request& request)
{
    queue::Selection selection;
    const std::string fault = read_values(request, selection);
    if (fault == "reason") {
        const std::string text = query_value(request, fault);
        const std::string nearest = nearest_reason(text);
        return failure(refuse(400, "there is no reason " + quoted(text, 60),
                              nearest.empty() ? expected_of(fault) : nearest));
    }
    if (!fault.empty())
        return failure(refuse(400, "\"" + fault + "\" is malformed", expected_of(fault)));
    return selection;
}

Result<queue::Selection, Response> parse_change_selection(const Request& request)
{
    auto selection = parse_selection(request);
    if (!selection) return selection;
    if (selection->is_everything() && query_value(request, "all") != "yes")
        return failure(refuse(400, "the selection of messages is missing",
                              "destination=, sender=, recipient=, reason=, older_than=, state=, or "
                              "all=yes"));
    return selection;
}

std::optional<std::uint64_t> number_in(const Request& request, const std::string& name,
                                       std::uint64_t otherwise)
{
    const auto found = request.query.find(name);
    return found == request.query.end() ? otherwise : parse_decimal<std::uint64_t>(found->second);
}

std::optional<std::uint32_t> cursor_in(const Request& request)
{
    const auto found = request.query.find("cursor");
    return found == request.query.end() ? std::uint32_t{0}
                                        : parse_decimal<std::uint32_t>(found->second);
}

Response refuse_number()
{
    return refuse(400, "\"at_most\", \"limit\" or \"cursor\" is not a number",
                  "a whole number; for \"cursor\", the one in the answer before");
}

}  // namespace hermetic::admin
