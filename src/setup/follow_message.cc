#include "setup/follow_message.h"

#include "net/core.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <optional>
#include <utility>

namespace hermetic::setup {
namespace {

namespace json = boost::json;

constexpr int kFound = 200;

// Nullopt: it is no object, or the answer of a refusal.
std::optional<json::object> body_of(const Result<admin::Response, std::string>& answer)
{
    if (!answer || answer->status != kFound) return std::nullopt;
    boost::system::error_code error;
    auto value = json::parse(answer->body, error);
    if (error || !value.is_object()) return std::nullopt;
    return std::move(value.as_object());
}

std::string text_in(const json::object& body, const char* key)
{
    const auto* const found = body.if_contains(key);
    if (found == nullptr || !found->is_string()) return {};
    return {found->as_string().data(), found->as_string().size()};
}

bool has_any(const json::object& body, const char* key)
{
    const auto* const found = body.if_contains(key);
    if (found == nullptr || !found->is_number()) return false;
    boost::system::error_code error;
    return found->to_number<std::int64_t>(error) > 0 && !error;
}

// "connect.refused, 127.0.0.1: connection refused"
std::string words_of(const json::object& outcome)
{
    std::string words = text_in(outcome, "reason");
    for (const char* const key : {"host", "text"}) {
        const std::string text = text_in(outcome, key);
        if (!text.empty()) words += (words.empty() ? "" : ", ") + text;
    }
    return words;
}

class Following {
public:
    Following(net::Core& core, AskServer ask, FollowedMail mail, FollowTimes times)
        : core_{core}, ask_{std::move(ask)}, mail_{std::move(mail)}, times_{times}
    {
    }

    net::Task<Finding> run()
    {
        const Instant end = core_.clock().now() + times_.all;
        for (;;) {
            const auto outcome = body_of(ask_("/v1/outcomes/" + mail_.id));
            if (outcome) co_return judge(*outcome);
            const Instant next = core_.clock().now() + times_.pause;
            if (next > end) co_return judge_untried();
            const auto woken = co_await net::sleep_until(core_, next);
            if (woken != net::Woken::OnTime) co_return judge_untried();
        }
    }

private:
    [[nodiscard]] Finding finding(FindingId id, std::string seen) const
    {
        return {id, "test message to " + mail_.to, std::move(seen)};
    }

    [[nodiscard]] Finding judge(const json::object& outcome) const
    {
        const std::string words = words_of(outcome);
        if (has_any(outcome, "failed")) return finding(FindingId::MessageReturned, words);
        if (has_any(outcome, "deferred")) return finding(FindingId::MessageWaits, words);
        return finding(FindingId::MessageDelivered, words);
    }

    // No attempt has ended in time.
    [[nodiscard]] Finding judge_untried() const
    {
        const auto row = body_of(ask_("/v1/queue/" + mail_.id));
        if (!row) return finding(FindingId::MessageUnknown, "it is not in the queue any more");
        const std::string state = text_in(*row, "state");
        const std::string why = text_in(*row, "waits_for");
        return finding(FindingId::MessageWaits, fmt::format("it has not been tried: {}{}{}", state,
                                                            why.empty() ? "" : ", ", why));
    }

    net::Core& core_;
    AskServer ask_;
    FollowedMail mail_;
    FollowTimes times_;
};

}  // namespace

net::Task<Finding> follow_test_mail(net::Core& core, AskServer ask, FollowedMail mail,
                                    FollowTimes times)
{
    Following following{core, std::move(ask), std::move(mail), times};
    co_return co_await following.run();
}

}  // namespace hermetic::setup
