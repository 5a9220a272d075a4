#include "inbound/admission.h"

#include "facts/reasons.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hermetic::inbound {
namespace {

using namespace std::chrono_literals;
using Count = Admission::Count;

constexpr Instant kNow{};

IpAddress ip(const char* text)
{
    return *IpAddress::parse(text);
}

config::LimitOptions limits(std::uint32_t sessions, std::uint32_t per_client,
                            std::uint32_t messages = 0)
{
    config::LimitOptions limits;
    limits.sessions = sessions;
    limits.sessions_per_client = per_client;
    limits.messages_per_client = messages;
    return limits;
}

TEST(Admission, CountsInAllAndByClientUntilTicketsGoBack)
{
    Admission admission{limits(3, 2)};
    std::vector<Admission::Ticket> tickets;
    tickets.push_back(*admission.admit(ip("192.0.2.1"), Count::Client, Rates::Limited, kNow));
    tickets.push_back(*admission.admit(ip("192.0.2.1"), Count::Client, Rates::Limited, kNow));
    EXPECT_EQ(admission.admit(ip("192.0.2.1"), Count::Client, Rates::Limited, kNow).error()->reason,
              facts::Reason::LimitSessionsPerClient);
    tickets.push_back(*admission.admit(ip("192.0.2.2"), Count::Client, Rates::Limited, kNow));
    EXPECT_EQ(admission.admit(ip("192.0.2.3"), Count::Client, Rates::Limited, kNow).error()->reason,
              facts::Reason::LimitSessions);
    EXPECT_EQ(admission.sessions(), 3U);
    tickets.pop_back();
    tickets.front() = std::move(tickets.back());
    tickets.pop_back();
    EXPECT_EQ(admission.sessions(), 1U);
    EXPECT_TRUE(admission.admit(ip("192.0.2.1"), Count::Client, Rates::Limited, kNow));
    tickets.clear();
    EXPECT_EQ(admission.sessions(), 0U);
}

TEST(Admission, CountsIpv6ClientsByTheirNetwork)
{
    Admission admission{limits(10, 1)};
    const auto ticket = admission.admit(ip("2001:db8::1"), Count::Client, Rates::Limited, kNow);
    EXPECT_FALSE(admission.admit(ip("2001:db8::ffff:1"), Count::Client, Rates::Limited, kNow));
    EXPECT_TRUE(admission.admit(ip("2001:db8:0:1::1"), Count::Client, Rates::Limited, kNow));
}

TEST(Admission, CountsAProxysClientsWhenTheyAreKnown)
{
    Admission admission{limits(10, 1)};
    auto first = *admission.admit(ip("192.0.2.1"), Count::TotalOnly, Rates::Limited, kNow);
    auto second = *admission.admit(ip("192.0.2.1"), Count::TotalOnly, Rates::Limited, kNow);
    EXPECT_EQ(first.count_as(ip("198.51.100.1"), Rates::Limited, kNow), nullptr);
    EXPECT_EQ(second.count_as(ip("198.51.100.1"), Rates::Limited, kNow)->reason,
              facts::Reason::LimitSessionsPerClient);
    EXPECT_EQ(second.count_as(ip("198.51.100.2"), Rates::Limited, kNow), nullptr);
    EXPECT_EQ(first.count_as(ip("198.51.100.3"), Rates::Limited, kNow), nullptr)
        << "gives the first one's place back";
    EXPECT_EQ(second.count_as(ip("198.51.100.1"), Rates::Limited, kNow), nullptr);
}

TEST(Admission, CountsMessagesByTheMinute)
{
    Admission admission{limits(10, 10, 2)};
    const Instant start{};
    EXPECT_TRUE(admission.admit_message(ip("192.0.2.1"), start));
    EXPECT_TRUE(admission.admit_message(ip("192.0.2.1"), start + 59s));
    EXPECT_FALSE(admission.admit_message(ip("192.0.2.1"), start + 59s));
    EXPECT_TRUE(admission.admit_message(ip("192.0.2.2"), start + 59s));
    EXPECT_TRUE(admission.admit_message(ip("192.0.2.1"), start + 60s));
}

TEST(Admission, CountsConnectionsByTheMinuteAlsoWhenTheyHaveEnded)
{
    config::LimitOptions wanted = limits(10, 10);
    wanted.connections_per_client = 2;
    Admission admission{wanted};
    EXPECT_TRUE(admission.admit(ip("192.0.2.1"), Count::Client, Rates::Limited, kNow));
    EXPECT_TRUE(admission.admit(ip("192.0.2.1"), Count::Client, Rates::Limited, kNow + 30s));
    EXPECT_EQ(
        admission.admit(ip("192.0.2.1"), Count::Client, Rates::Limited, kNow + 59s).error()->reason,
        facts::Reason::LimitConnectionsPerClient);
    EXPECT_TRUE(admission.admit(ip("192.0.2.2"), Count::Client, Rates::Limited, kNow + 59s));
    EXPECT_TRUE(admission.admit(ip("192.0.2.1"), Count::TotalOnly, Rates::Limited, kNow + 59s));
    EXPECT_TRUE(admission.admit(ip("192.0.2.1"), Count::Client, Rates::Limited, kNow + 60s));
    EXPECT_EQ(admission.sessions(), 0U);
}

TEST(Admission, RatesAreNotForWhomNothingLimits)
{
    config::LimitOptions wanted = limits(10, 10);
    wanted.connections_per_client = 1;
    Admission admission{wanted};
    for (int i = 0; i < 5; ++i)
        EXPECT_TRUE(admission.admit(ip("192.0.2.1"), Count::Client, Rates::Exempt, kNow));
    EXPECT_TRUE(admission.admit(ip("192.0.2.1"), Count::Client, Rates::Limited, kNow));
    EXPECT_FALSE(admission.admit(ip("192.0.2.1"), Count::Client, Rates::Limited, kNow));
}

TEST(Admission, LoopbackAndNetworksThatGrantHaveNoRates)
{
    objects::Snapshot::Contents contents;
    contents.organizations.resize(1);
    contents.inbound_connectors.resize(2);
    contents.inbound_connectors[0].kind = objects::ConnectorKind::OnPremises;
    contents.inbound_connectors[0].networks = {*Network::parse("198.51.100.0/24")};
    contents.inbound_connectors[1].networks = {*Network::parse("203.0.113.0/24")};
    const objects::Snapshot snapshot{contents};
    for (const char* exempt : {"127.0.0.1", "127.9.9.9", "::1", "198.51.100.7"})
        EXPECT_EQ(rates_for(snapshot, ip(exempt)), Rates::Exempt) << exempt;
    for (const char* limited : {"192.0.2.1", "203.0.113.1", "2001:db8::1", "0.0.0.0"})
        EXPECT_EQ(rates_for(snapshot, ip(limited)), Rates::Limited) << limited;
}

TEST(Admission, CountsRefusedRecipientsByTheHourInAllSessions)
{
    config::LimitOptions wanted = limits(10, 10);
    wanted.refused_recipients_per_client = 2;
    Admission admission{wanted};
    admission.note_refused_recipient(ip("192.0.2.1"), kNow);
    EXPECT_FALSE(admission.has_harvested(ip("192.0.2.1"), kNow));
    admission.note_refused_recipient(ip("192.0.2.1"), kNow + 59min);
    EXPECT_TRUE(admission.has_harvested(ip("192.0.2.1"), kNow + 59min));
    EXPECT_FALSE(admission.has_harvested(ip("192.0.2.2"), kNow + 59min));
    EXPECT_FALSE(admission.has_harvested(ip("192.0.2.1"), kNow + 60min));
    admission.note_refused_recipient(ip("2001:db8::1"), kNow);
    admission.note_refused_recipient(ip("2001:db8::2"), kNow);
    EXPECT_TRUE(admission.has_harvested(ip("2001:db8::3"), kNow)) << "one /64";
}

class GivingWay : public testing::Test {
protected:
    void hold(const char* client, Duration idle)
    {
        auto ticket = admission_.admit(ip(client), Count::Client, Rates::Limited, kNow);
        ASSERT_TRUE(ticket.has_value());
        const std::string name = client + std::to_string(tickets_.size());
        ticket->on_give_way([this, name] { told_.push_back(name); });
        ticket->waits(later_ - idle);
        tickets_.push_back(std::move(*ticket));
    }
    Result<Admission::Ticket, const smtp::RefusalKind*> come(const char* client)
    {
        return admission_.admit(ip(client), Count::Client, Rates::Limited, later_);
    }

    const Instant later_ = kNow + 1h;
    Admission admission_{limits(4, 4)};
    std::vector<Admission::Ticket> tickets_;
    std::vector<std::string> told_;
};

TEST_F(GivingWay, TheLongestIdleOfTheClientThatHoldsMost)
{
    hold("192.0.2.1", 30min);
    hold("192.0.2.2", 20s);
    hold("192.0.2.2", 40s);
    hold("192.0.2.2", 30s);
    const auto ticket = come("192.0.2.3");
    ASSERT_TRUE(ticket.has_value());
    EXPECT_EQ(told_, std::vector<std::string>{"192.0.2.22"});
    EXPECT_EQ(admission_.sessions(), 4U);
    tickets_.clear();  // also the one that has given way: it is counted once
    EXPECT_EQ(admission_.sessions(), 1U);
}

TEST_F(GivingWay, NobodyWhoWorksOrHasJustWaited)
{
    hold("192.0.2.2", 9s);
    hold("192.0.2.2", 1s);
    hold("192.0.2.2", 1h);
    hold("192.0.2.2", 1h);
    tickets_[2].works();
    tickets_[3].works();
    const auto ticket = come("192.0.2.3");
    ASSERT_FALSE(ticket.has_value());
    EXPECT_EQ(ticket.error()->reason, facts::Reason::LimitSessions);
    EXPECT_TRUE(told_.empty());
    tickets_[3].waits(later_ - 10s);
    EXPECT_TRUE(come("192.0.2.3").has_value());
    EXPECT_EQ(told_, std::vector<std::string>{"192.0.2.23"});
}

TEST(Admission, OutlivesItsTickets)
{
    std::optional<Admission> admission{limits(1, 1)};
    auto ticket = *admission->admit(ip("192.0.2.1"), Count::Client, Rates::Limited, kNow);
    admission.reset();
    EXPECT_EQ(ticket.count_as(ip("192.0.2.2"), Rates::Limited, kNow), nullptr);
}

}  // namespace
}  // namespace hermetic::inbound
