#include "tls/session_cache.h"

#include "tls/ticket_keys.h"

#include <gtest/gtest.h>

#include <cstring>

namespace hermetic::tls {
namespace {

SessionPointer make_session()
{
    return SessionPointer{SSL_SESSION_new()};
}

TEST(SessionCache, GivesTheNewestAndGivesItOnce)
{
    SessionCache cache{10};
    auto first = make_session();
    auto second = make_session();
    SSL_SESSION* newest = second.get();
    cache.put("a", std::move(first));
    cache.put("a", std::move(second));
    EXPECT_EQ(cache.take("b"), nullptr);
    EXPECT_EQ(cache.take("a").get(), newest);
    EXPECT_NE(cache.take("a"), nullptr);
    EXPECT_EQ(cache.take("a"), nullptr);
    EXPECT_EQ(cache.size(), 0U);
}

TEST(SessionCache, ForgetsWhatWasUsedLongestAgo)
{
    SessionCache cache{3};
    for (const char* key : {"a", "b", "c"}) cache.put(key, make_session());
    cache.put("a", cache.take("a"));
    cache.put("d", make_session());
    EXPECT_EQ(cache.size(), 3U);
    EXPECT_EQ(cache.take("b"), nullptr);
    EXPECT_NE(cache.take("a"), nullptr);
    EXPECT_NE(cache.take("c"), nullptr);
    EXPECT_NE(cache.take("d"), nullptr);
}

TEST(SessionCache, OneKeyCannotFillIt)
{
    SessionCache cache{100};
    for (int i = 0; i < 50; ++i) cache.put("a", make_session());
    EXPECT_EQ(cache.size(), SessionCache::kMaxPerKey);
    SessionCache tiny{1};
    for (int i = 0; i < 50; ++i) tiny.put("a", make_session());
    EXPECT_EQ(tiny.size(), 1U);
    SessionCache none{0};
    none.put("a", make_session());
    cache.put("", make_session());
    EXPECT_EQ(none.size(), 0U);
    EXPECT_EQ(cache.size(), SessionCache::kMaxPerKey) << "no key, no resumption";
}

TEST(TicketKeys, OpenForOnePeriodMoreThanTheySeal)
{
    const Instant start{std::chrono::hours{100}};
    TicketKeys keys{start};
    const auto first = keys.current(start);
    const auto age_at = [&](Instant now) { return keys.find(first.name.data(), now); };
    EXPECT_EQ(age_at(start)->age, TicketKeys::Age::Current);
    EXPECT_EQ(keys.current(start + TicketKeys::kPeriod - Duration{1}).name, first.name);
    const Instant second_period = start + TicketKeys::kPeriod;
    EXPECT_NE(keys.current(second_period).name, first.name);
    EXPECT_EQ(age_at(second_period)->age, TicketKeys::Age::Previous);
    EXPECT_EQ(age_at(second_period)->key.cipher, first.cipher);
    EXPECT_FALSE(age_at(second_period + TicketKeys::kPeriod));
}

TEST(TicketKeys, AreForgottenAfterAQuietTime)
{
    const Instant start{std::chrono::hours{100}};
    TicketKeys keys{start};
    const auto first = keys.current(start);
    EXPECT_FALSE(keys.find(first.name.data(), start + 3 * TicketKeys::kPeriod));
    const unsigned char unknown[16] = {};
    EXPECT_FALSE(keys.find(unknown, start));
}

}  // namespace
}  // namespace hermetic::tls
