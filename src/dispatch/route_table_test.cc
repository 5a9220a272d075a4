#include "dispatch/route_table.h"

#include <gtest/gtest.h>

#include <memory>

namespace hermetic::dispatch {
namespace {

mail::Mailbox mailbox(std::string_view text)
{
    return *mail::parse_mailbox(text);
}

// "bank.test" goes by a connector of B's.
objects::SnapshotPointer snapshot()
{
    objects::Snapshot::Contents contents;
    for (const char* name : {"A", "B"}) contents.organizations.emplace_back().name = name;
    auto& connector = contents.outbound_connectors.emplace_back();
    connector.name = "bank";
    connector.organization = "B";
    connector.recipient_domains = {*objects::DomainPattern::parse("bank.test")};
    return std::make_shared<objects::Snapshot>(std::move(contents));
}

mail::Envelope envelope(std::string_view organization, std::vector<std::string_view> recipients)
{
    mail::Envelope envelope;
    envelope.organization = organization;
    for (const auto each : recipients)
        envelope.recipients.push_back({.address = mailbox(each), .orcpt = ""});
    return envelope;
}

TEST(RouteTable, AQuestionIsAnsweredAsTheMessageWas)
{
    RouteTable table{snapshot()};
    for (const char* organization : {"A", "B", ""}) {
        for (const char* recipient :
             {"a@bank.test", "a@x.test", "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]"}) {
            const auto found = table.of(envelope(organization, {recipient}), {});
            EXPECT_FALSE(found.parts);
            EXPECT_EQ(found.question.organization, organization);
            EXPECT_TRUE(found.question.names(std::string_view{recipient}.substr(2)));
            EXPECT_EQ(table.of(found.question), found.route) << organization << ' ' << recipient;
        }
    }
    EXPECT_EQ(table.of("B", mailbox("a@bank.test"))->connector, "bank");
    EXPECT_EQ(table.of("A", mailbox("a@bank.test"))->connector, "");
    EXPECT_EQ(table.of("", mailbox("a@x.test")), table.of("A", mailbox("a@x.test")))
        << "whose mail it was before there were organizations";
}

TEST(RouteTable, RecipientsThatPartHaveNoAnswerInCommon)
{
    RouteTable table{snapshot()};
    const auto found = table.of(envelope("B", {"a@bank.test", "b@x.test", "c@bank.test"}), {});
    EXPECT_TRUE(found.parts);
    EXPECT_EQ(found.route->connector, "bank") << "the first's";
    EXPECT_EQ(found.question.format_hosts(), "bank.test,x.test");
    EXPECT_EQ(table.of(found.question), nullptr);
    const auto rest = table.of(envelope("B", {"a@bank.test", "b@x.test"}), {0});
    EXPECT_FALSE(rest.parts);
    EXPECT_EQ(rest.question.format_hosts(), "x.test");
}

TEST(RouteTable, TooManyDomainsAreNotKept)
{
    RouteTable table{snapshot()};
    mail::Envelope many = envelope("A", {});
    for (int i = 0; i < 100; ++i)
        many.recipients.push_back(
            {.address = mailbox("a@d" + std::to_string(i) + ".test"), .orcpt = ""});
    const auto found = table.of(many, {});
    EXPECT_TRUE(found.parts);
    EXPECT_EQ(found.question.format_hosts(), "*");
    EXPECT_EQ(table.of(found.question), nullptr);
}

TEST(RouteTable, AMessageThatIsDoneStillHasARoute)
{
    RouteTable table{snapshot()};
    EXPECT_EQ(table.of(envelope("A", {"a@x.test"}), {0}).route->domain, "x.test");
    EXPECT_NE(table.of(envelope("A", {}), {}).route, nullptr);
}

}  // namespace
}  // namespace hermetic::dispatch
