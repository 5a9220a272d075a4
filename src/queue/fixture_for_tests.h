// What the scheduler's tests share: a queue with domain verbs. Included by tests only.
#pragma once

#include "facts/reasons.h"
#include "queue/scheduler.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace hermetic::queue {

inline MessageId message(std::uint64_t number)
{
    MessageId id;
    for (std::size_t i = 0; i < 8; ++i) {
        id.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    }
    return id;
}

inline std::uint64_t number(const MessageId& id)
{
    std::uint64_t value = 0;
    for (std::size_t i = 8; i < 16; ++i) value = value << 8 | id.bytes[i];
    return value;
}

inline facts::Outcome refused()
{
    facts::Outcome outcome;
    outcome.stage = facts::Stage::Connect;
    outcome.reason = facts::Reason::ConnectRefused;
    return outcome;
}

// A route that no two names share. Its key is "mx:…" (routing/route.h).
inline routing::RoutePointer route(std::string_view name)
{
    auto route = std::make_shared<routing::Route>();
    route->domain = name.starts_with("mx:") ? name.substr(3) : name;
    route->label = name;
    return route;
}

// One that no two names share.
inline routing::RouteQuestion question(std::string_view name)
{
    return {std::string{name}, {}};
}

// Time stands still unless a test moves it.
class QueueFixture : public testing::Test {
protected:
    static constexpr WallTime kStart{std::chrono::hours{24 * 365 * 50}};

    explicit QueueFixture(const Settings& settings = {}) : settings_{settings}, queue_{settings, 1}
    {
    }

    std::vector<GrantAction> say(const Event& event) { return queue_.on({&event, 1}, now_); }
    std::vector<GrantAction> wait(Duration time)
    {
        now_ += std::chrono::duration_cast<WallTime::duration>(time);
        return queue_.on({}, now_);
    }
    Arrived mail(std::uint64_t id, std::string_view destination,
                 std::string_view sender = "a@x.test")
    {
        Arrived event;
        event.id = message(id);
        event.route = route(destination);
        event.question = question(destination);
        event.sender = sender;
        event.size = 1000;
        event.accepted_at = now_;
        event.next_attempt = now_;
        event.attention = now_ + std::chrono::hours{4};
        return event;
    }
    Deferred deferred(std::uint64_t id, Duration wait, std::uint32_t attempts = 1)
    {
        Deferred event;
        event.id = message(id);
        event.attempts = attempts;
        event.next_attempt = now_ + std::chrono::duration_cast<WallTime::duration>(wait);
        event.reason = "connect.refused";
        return event;
    }
    static GrantEnded all_well(const GrantAction& grant)
    {
        GrantEnded event;
        event.id = grant.id;
        event.answered = true;
        event.settled = static_cast<std::uint32_t>(grant.messages.size());
        return event;
    }
    static GrantEnded unreachable_host(const GrantAction& grant)
    {
        GrantEnded event;
        event.id = grant.id;
        event.destination_failure = refused();
        for (const auto& one : grant.messages) event.untouched.push_back(one.id);
        return event;
    }
    // Everything in the grant delivered, and the grant ended.
    std::vector<GrantAction> deliver(const GrantAction& grant)
    {
        std::vector<Event> events;
        for (const auto& one : grant.messages) events.emplace_back(Finished{one.id});
        events.emplace_back(all_well(grant));
        return queue_.on(events, now_);
    }
    static std::vector<std::uint64_t> numbers(const GrantAction& grant)
    {
        std::vector<std::uint64_t> all;
        for (const auto& one : grant.messages) all.push_back(number(one.id));
        return all;
    }

    Settings settings_;
    WallTime now_ = kStart;
    Scheduler queue_;
};

}  // namespace hermetic::queue
