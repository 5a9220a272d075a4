#include "inbound/admission.h"

#include <gtest/gtest.h>

#include <vector>

namespace hermetic::inbound {
namespace {

using namespace std::chrono_literals;
using Count = Admission::Count;

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
    tickets.push_back(*admission.admit(ip("192.0.2.1"), Count::Client));
    tickets.push_back(*admission.admit(ip("192.0.2.1"), Count::Client));
    EXPECT_EQ(admission.admit(ip("192.0.2.1"), Count::Client).error()->id,
              "limit.sessions-per-client");
    tickets.push_back(*admission.admit(ip("192.0.2.2"), Count::Client));
    EXPECT_EQ(admission.admit(ip("192.0.2.3"), Count::Client).error()->id, "limit.sessions");
    EXPECT_EQ(admission.sessions(), 3U);
    tickets.pop_back();
    tickets.front() = std::move(tickets.back());
    tickets.pop_back();
    EXPECT_EQ(admission.sessions(), 1U);
    EXPECT_TRUE(admission.admit(ip("192.0.2.1"), Count::Client));
    tickets.clear();
    EXPECT_EQ(admission.sessions(), 0U);
}

TEST(Admission, CountsIpv6ClientsByTheirNetwork)
{
    Admission admission{limits(10, 1)};
    const auto ticket = admission.admit(ip("2001:db8::1"), Count::Client);
    EXPECT_FALSE(admission.admit(ip("2001:db8::ffff:1"), Count::Client));
    EXPECT_TRUE(admission.admit(ip("2001:db8:0:1::1"), Count::Client));
}

TEST(Admission, CountsAProxysClientsWhenTheyAreKnown)
{
    Admission admission{limits(10, 1)};
    auto first = *admission.admit(ip("192.0.2.1"), Count::TotalOnly);
    auto second = *admission.admit(ip("192.0.2.1"), Count::TotalOnly);
    EXPECT_EQ(first.count_as(ip("198.51.100.1")), nullptr);
    EXPECT_EQ(second.count_as(ip("198.51.100.1"))->id, "limit.sessions-per-client");
    EXPECT_EQ(second.count_as(ip("198.51.100.2")), nullptr);
    EXPECT_EQ(first.count_as(ip("198.51.100.3")), nullptr) << "gives the first one's place back";
    EXPECT_EQ(second.count_as(ip("198.51.100.1")), nullptr);
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

TEST(Admission, OutlivesItsTickets)
{
    std::optional<Admission> admission{limits(1, 1)};
    auto ticket = *admission->admit(ip("192.0.2.1"), Count::Client);
    admission.reset();
    EXPECT_EQ(ticket.count_as(ip("192.0.2.2")), nullptr);
}

}  // namespace
}  // namespace hermetic::inbound
