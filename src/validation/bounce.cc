#include "validation/bounce.h"

#include "core/text.h"
#include "inbound/bounce_watch.h"
#include "net/core.h"
#include "validation/poll_until.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace hermetic::validation {
namespace {

constexpr std::size_t kFieldShown = 400;

std::string_view without_cr(std::string_view line)
{
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

// The fields that count, as they come line by line; the first of each name.
class Fields {
public:
    void add(std::string_view line)
    {
        if (line.starts_with(' ') || line.starts_with('\t')) {
            if (open_ != nullptr && open_->size() < kFieldShown)
                open_->append(" ").append(trim(line).substr(0, kFieldShown));
            return;
        }
        open_ = nullptr;
        for (auto& [name, value] : fields_) {
            if (!istarts_with(line, name) || line.size() <= name.size() ||
                line[name.size()] != ':' || !value.empty())
                continue;
            value = trim(line.substr(name.size() + 1)).substr(0, kFieldShown);
            open_ = &value;
        }
    }
    [[nodiscard]] std::string shown(std::string_view name) const
    {
        for (const auto& [key, value] : fields_) {
            if (key == name) return printable(value, kFieldShown);
        }
        return {};
    }

private:
    std::array<std::pair<std::string_view, std::string>, 5> fields_{{{"Subject", {}},
                                                                     {"Action", {}},
                                                                     {"Status", {}},
                                                                     {"Diagnostic-Code", {}},
                                                                     {"Remote-MTA", {}}}};
    std::string* open_ = nullptr;
};

// The Subject of the header, then what follows the first part that is a delivery status.
Fields fields_of(std::string_view message)
{
    Fields fields;
    enum class At { Header, Before, Status } at = At::Header;
    while (!message.empty()) {
        const auto end = std::min(message.find('\n'), message.size());
        const std::string_view line = without_cr(message.substr(0, end));
        message.remove_prefix(std::min(end + 1, message.size()));
        if (at == At::Header && line.empty()) {
            at = At::Before;
        } else if (at == At::Before && istarts_with(line, "Content-Type:") &&
                   to_lower(line).find("delivery-status") != std::string::npos) {
            at = At::Status;
        } else if (at == At::Status || (at == At::Header && !istarts_with(line, "Action:") &&
                                        !istarts_with(line, "Status:"))) {
            fields.add(line);
        }
    }
    return fields;
}

Returned::Kind kind_of(const std::string& action)
{
    using Kind = Returned::Kind;
    if (iequals(action, "failed")) return Kind::Failed;
    if (iequals(action, "delayed")) return Kind::Delayed;
    for (const auto* good : {"delivered", "relayed", "expanded"}) {
        if (iequals(action, good)) return Kind::Succeeded;
    }
    return Kind::Other;
}

std::string describe(Duration wait)
{
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait).count();
    return seconds % 60 == 0 ? fmt::format("{} min", seconds / 60) : fmt::format("{} s", seconds);
}

Step say_returned(const Returned& returned)
{
    using Kind = Returned::Kind;
    Step step;
    step.id = StepId::Bounce;
    step.state = State::Warning;
    switch (returned.kind) {
    case Kind::Failed:
        step.state = State::Failed;
        step.seen = "bounced: " + returned.words;
        step.fix =
            "The partner's server accepted the message and could not deliver it: ask its "
            "administrator, with this text.";
        break;
    case Kind::Delayed:
        step.seen = "delayed after the partner's server: " + returned.words;
        step.fix = "Ask the partner's administrator why it is delayed.";
        break;
    case Kind::Succeeded:
        step.state = State::Ok;
        step.seen = "the partner reports its delivery: " + returned.words;
        break;
    case Kind::Other:
        step.seen = "an answer came that is not a delivery status: " + returned.words;
        break;
    }
    return step;
}

}  // namespace

Returned read_returned(std::string_view message)
{
    const Fields fields = fields_of(message);
    Returned returned;
    returned.kind = kind_of(fields.shown("Action"));
    const std::string status = fields.shown("Status");
    const std::string diagnostic = fields.shown("Diagnostic-Code");
    const std::string remote = fields.shown("Remote-MTA");
    returned.words = status;
    if (!diagnostic.empty()) returned.words += (status.empty() ? "" : ", ") + diagnostic;
    if (!remote.empty()) returned.words += " (" + remote + ")";
    const std::string subject = fields.shown("Subject");
    if (returned.words.empty())
        returned.words = subject.empty() ? "without a subject" : "\"" + subject + "\"";
    return returned;
}

BounceWait::BounceWait(const Environment& env, const Subject& subject, std::string token)
    : env_{env}, wait_{subject.bounce_wait}, token_{std::move(token)}
{
    if (env.bounces == nullptr || wait_ <= Duration{}) {
        why_not_ = "not waited for";
        return;
    }
    if (!subject.bounce_domain) {
        why_not_ = "not waited for: this server does not accept the postmaster's domain";
        return;
    }
    const WallTime now = env.core.clock().wall();
    const auto longest = std::chrono::duration_cast<WallTime::duration>(env.patience.all + wait_);
    if (!env.bounces->expect(token_, now, now + longest)) {
        why_not_ = "not waited for: too many other tests wait already";
        return;
    }
    sender_ = mail::Mailbox{inbound::test_sender(token_), *subject.bounce_domain};
}

BounceWait::~BounceWait()
{
    if (sender_) env_.bounces->forget(token_);
}

net::Task<Step> BounceWait::run(Sink sink)
{
    const Instant deadline = env_.core.clock().now() + wait_;
    Step step;
    step.id = StepId::Bounce;
    std::optional<std::string> message;
    const std::function<bool()> is_done = [this, &message] {
        message = env_.bounces->take(token_);
        return message.has_value();
    };
    const std::function<void()> tell = [&sink, &step] { sink(step); };
    const Polled polled = co_await poll_until(env_.core, deadline, is_done, tell);
    if (polled == Polled::Found) co_return say_returned(read_returned(*message));
    if (polled == Polled::Cancelled) {
        step.state = State::Warning;
        step.seen = "not known: the server stops";
        co_return step;
    }
    step.state = State::Ok;
    step.seen = "no bounce within " + describe(wait_);
    co_return step;
}

}  // namespace hermetic::validation
