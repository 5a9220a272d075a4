#include "admin/queue_query.h"

#include <gtest/gtest.h>

namespace hermetic::admin {
namespace {

Request request(std::map<std::string, std::string> query)
{
    Request one;
    one.query = std::move(query);
    return one;
}

TEST(QueueQuery, ReadsEveryField)
{
    const auto selection = parse_selection(request({{"destination", "mx:a.test;connector=bank"},
                                                    {"sender", "<>"},
                                                    {"recipient", "B@A.test"},
                                                    {"reason", "connect.refused"},
                                                    {"older_than", "4h"},
                                                    {"as_of", "2026-11-30T12:00:00.123Z"},
                                                    {"state", "held"}}));
    ASSERT_TRUE(selection);
    EXPECT_EQ(selection->destination, "mx:a.test;connector=bank");
    EXPECT_EQ(selection->sender, "");
    EXPECT_EQ(selection->recipient, "B@a.test");
    EXPECT_EQ(selection->reason, "connect.refused");
    EXPECT_EQ(selection->older_than, Duration{std::chrono::hours{4}});
    EXPECT_EQ(selection->accepted_by, parse_rfc3339("2026-11-30T12:00:00.123Z"));
    EXPECT_EQ(selection->states, queue::StateSet{queue::State::Held});
}

TEST(QueueQuery, ADestinationWithoutColonIsADomain)
{
    EXPECT_EQ(parse_selection(request({{"destination", "A.test"}}))->domain, "a.test");
    EXPECT_EQ(parse_selection(request({{"destination", "[IPv6:2001:db8::1]"}}))->domain,
              "[IPv6:2001:db8::1]");
    EXPECT_EQ(parse_selection(request({{"sender", "@A.test"}}))->sender, "@a.test");
}

// One spelling that selected nothing looked like an empty queue.
TEST(QueueQuery, ADestinationIsTheOneThatAPauseOfThatNameMeans)
{
    const auto destination = [](const char* text) {
        return parse_selection(request({{"destination", text}}))->destination;
    };
    EXPECT_EQ(destination("mx:A.Test."), "mx:a.test");
    EXPECT_EQ(destination("mx:bücher.test"), "mx:xn--bcher-kva.test");
    EXPECT_EQ(destination("mx:[IPv6:2001:DB8:0::1]"), "mx:[IPv6:2001:db8::1]");
    EXPECT_EQ(destination("hosts:smtp://Relay.test;connector=Bank"),
              "hosts:smtp://relay.test:25;connector=Bank");
    EXPECT_EQ(destination("A.test;connector=Bank"), "mx:a.test;connector=Bank");
    EXPECT_EQ(parse_selection(request({{"destination", "BÜCHER.test."}}))->domain,
              "xn--bcher-kva.test");
    EXPECT_EQ(parse_selection(request({{"destination", "[ipv6:2001:DB8:0::1]"}}))->domain,
              "[IPv6:2001:db8::1]");
    for (const char* none : {"max:a.test", "mx:a.test;conector=bank", "hosts:relay", "[192.0.2"})
        EXPECT_FALSE(parse_selection(request({{"destination", none}}))) << none;
}

TEST(QueueQuery, RefusesWhatMeansNothing)
{
    for (const char* name :
         {"destination", "sender", "recipient", "older_than", "as_of", "state"}) {
        const auto refused = parse_selection(request({{name, "no such thing"}}));
        ASSERT_FALSE(refused) << name;
        EXPECT_EQ(refused.error().status, 400) << name;
        EXPECT_NE(refused.error().body.find(name), std::string::npos) << refused.error().body;
    }
}

// Otherwise a misspelled one matches nothing, and nobody hears why.
TEST(QueueQuery, AReasonThatIsNoneIsRefusedWithTheNearest)
{
    const auto refused = parse_selection(request({{"reason", "conect.refused"}}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status, 400);
    EXPECT_NE(refused.error().body.find("there is no reason"), std::string::npos);
    EXPECT_NE(refused.error().body.find(R"(perhaps \"connect.refused\")"), std::string::npos)
        << refused.error().body;
    const auto far = parse_selection(request({{"reason", "whatever is the matter with it"}}));
    ASSERT_FALSE(far);
    EXPECT_NE(far.error().body.find("hermetic queue summary"), std::string::npos);
}

// A script's variable that is not set: what it was to narrow would be changed as a whole.
TEST(QueueQuery, AnEmptyValueNeverMakesTheSelectionBroader)
{
    for (const char* name :
         {"destination", "sender", "recipient", "reason", "older_than", "as_of", "state"}) {
        std::map<std::string, std::string> query{{"destination", "example.org"}, {"all", "yes"}};
        query[name] = "";
        const auto refused = parse_change_selection(request(std::move(query)));
        ASSERT_FALSE(refused) << name;
        EXPECT_EQ(refused.error().status, 400) << name;
        EXPECT_NE(refused.error().body.find(name), std::string::npos) << refused.error().body;
    }
}

TEST(QueueQuery, AChangeOfManySaysWhich)
{
    EXPECT_FALSE(parse_change_selection(request({})));
    EXPECT_FALSE(parse_change_selection(request({{"as_of", "2026-11-30T12:00:00Z"}})));
    EXPECT_TRUE(parse_change_selection(request({{"all", "yes"}})));
    EXPECT_TRUE(parse_change_selection(request({{"sender", "<>"}})));
}

TEST(QueueQuery, ANumberThatIsNoneIsNotTakenForAnother)
{
    EXPECT_EQ(cursor_in(request({})), 0U);
    EXPECT_EQ(cursor_in(request({{"cursor", "4294967295"}})), 4294967295U);
    for (const char* bad : {"", "abc", "-1", "4294967296"})
        EXPECT_EQ(cursor_in(request({{"cursor", bad}})), std::nullopt) << bad;
    EXPECT_EQ(number_in(request({}), "limit", 100), 100U);
    EXPECT_EQ(number_in(request({{"limit", "99999999999"}}), "limit", 100), 99999999999U);
    EXPECT_EQ(number_in(request({{"limit", "many"}}), "limit", 100), std::nullopt);
}

}  // namespace
}  // namespace hermetic::admin
