#include "inbound/admission.h"

#include "facts/reasons.h"

#include <gtest/gtest.h>

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
    tickets.push_back(*admission.admit(ip("192.0.2.1"), Count::Client, kNow));
    tickets.push_back(*admission.admit(ip("192.0.2.1"), Count::Client, kNow));
    EXPECT_EQ(admission.admit(ip("192.0.2.1"), Count::Client, kNow).error()->reason,
              facts::Reason::LimitSessionsPerClient);
    tickets.push_back(*admission.admit(ip("192.0.2.2"), Count::Client, kNow));
    EXPECT_EQ(admission.admit(ip("192.0.2.3"), Count::Client, kNow).error()->reason,
              facts::Reason::LimitSessions);
    EXPECT_EQ(admission.sessions(), 3U);
    tickets.pop_back();
    tickets.front() = std::move(tickets.back());
    tickets.pop_back();
    EXPECT_EQ(admission.sessions(), 1U);
    EXPECT_TRUE(admission.admit(ip("192.0.2.1"), Count::Client, kNow));
    tickets.clear();
    EXPECT_EQ(admission.sessions(), 0U);
}

TEST(Admission, CountsIpv6ClientsByTheirNetwork)
{
    Admission admission{limits(10, 1)};
    const auto ticket = admission.admit(ip("2001:db8::1"), Count::Client, kNow);
    EXPECT_FALSE(admission.admit(ip("2001:db8::ffff:1"), Count::Client, kNow));
    EXPECT_TRUE(admission.admit(ip("2001:db8:0:1::1"), Count::Client, kNow));
}

TEST(Admission, CountsAProxysClientsWhenTheyAreKnown)
{
    Admission admission{limits(10, 1)};
    auto first = *admission.admit(ip("192.0.2.1"), Count::TotalOnly, kNow);
    auto second = *admission.admit(ip("192.0.2.1"), Count::TotalOnly, kNow);
    EXPECT_EQ(first.count_as(ip("198.51.100.1"), kNow), nullptr);
    EXPECT_EQ(second.count_as(ip("198.51.100.1"), kNow)->reason,
              facts::Reason::LimitSessionsPerClient);
    EXPECT_EQ(second.count_as(ip("198.51.100.2"), kNow), nullptr);
    EXPECT_EQ(first.count_as(ip("198.51.100.3"), kNow), nullptr)
        << "gives the first one's place back";
    EXPECT_EQ(second.count_as(ip("198.51.100.1"), kNow), nullptr);
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
    EXPECT_TRUE(admission.admit(ip("192.0.2.1"), Count::Client, kNow));
    EXPECT_TRUE(admission.admit(ip("192.0.2.1"), Count::Client, kNow + 30s));
    EXPECT_EQ(admission.admit(ip("192.0.2.1"), Count::Client, kNow + 59s).error()->reason,
              facts::Reason::LimitConnectionsPerClient);
    EXPECT_TRUE(admission.admit(ip("192.0.2.2"), Count::Client, kNow + 59s));
    EXPECT_TRUE(admission.admit(ip("192.0.2.1"), Count::TotalOnly, kNow + 59s));
    EXPECT_TRUE(admission.admit(ip("192.0.2.1"), Count::Client, kNow + 60s));
    EXPECT_EQ(admission.sessions(), 0U);
}

TEST(Admission, OutlivesItsTickets)
{
    std::optional<Admission> admission{limits(1, 1)};
    auto ticket = *admission->admit(ip("192.0.2.1"), Count::Client, kNow);
    admission.reset();
    EXPECT_EQ(ticket.count_as(ip("192.0.2.2"), kNow), nullptr);
}

}  // namespace
}  // namespace hermetic::inbound
