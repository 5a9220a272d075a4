#include "queue/selection.h"

#include "queue/fixture_for_tests.h"

#include <ostream>

namespace hermetic::queue {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr WallTime kNow{hours{24 * 365 * 50}};

struct Row {
    const char* name;
    Selection selection;
    Selected expected;

    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

class DecideSelected : public testing::TestWithParam<Row> {};

TEST_P(DecideSelected, OfADeferredMessage)
{
    const routing::RouteQuestion question{
        "Example", {*mail::Domain::parse("a.test"), *IpAddress::parse("2001:db8::1")}};
    MessageView message;
    message.destination = "mx:a.test";
    message.question = &question;
    message.sender = "Anna@senders.test";
    message.reason = "rcpt.deferred";
    message.waits_for = "connect.refused";
    message.state = State::Deferred;
    message.accepted_at = kNow - hours{2};
    EXPECT_EQ(decide_selected(GetParam().selection, message, kNow), GetParam().expected);
}

// clang-format off
const Row kRows[] = {
    {"Everything",          {},                                          Selected::Yes},
    {"Destination",         {.destination = "mx:a.test"},                Selected::Yes},
    {"OtherDestination",    {.destination = "mx:a"},                     Selected::No},
    {"Domain",              {.domain = "a.test"},                        Selected::Yes},
    {"Literal",             {.domain = "[IPv6:2001:db8::1]"},            Selected::Yes},
    {"OtherDomain",         {.domain = "test"},                          Selected::No},
    {"Sender",              {.sender = "anna@senders.test"},             Selected::Yes},
    {"SendersDomain",       {.sender = "@SENDERS.test"},                 Selected::Yes},
    {"PartOfADomain",       {.sender = "@nders.test"},                   Selected::No},
    {"NullSender",          {.sender = ""},                              Selected::No},
    {"LastReason",          {.reason = "rcpt.deferred"},                 Selected::Yes},
    {"WhyItWaits",          {.reason = "connect.refused"},               Selected::Yes},
    {"OtherReason",         {.reason = "connect.timeout"},               Selected::No},
    {"Older",               {.older_than = hours{2}},                    Selected::Yes},
    {"NotSoOld",            {.older_than = hours{2} + seconds{1}},       Selected::No},
    {"AcceptedBy",          {.accepted_by = kNow - hours{2}},            Selected::Yes},
    {"AcceptedLater",       {.accepted_by = kNow - hours{3}},            Selected::No},
    {"State",               {.states = {State::Held, State::Deferred}},  Selected::Yes},
    {"OtherState",          {.states = {State::Held}},                   Selected::No},
    {"Recipient",           {.recipient = "b@A.test"},                   Selected::AskRecipients},
    {"RecipientElsewhere",  {.recipient = "b@c.test"},                   Selected::No},
    {"RecipientsDomain",    {.recipient = "@a.test"},                    Selected::Yes},
    {"RecipientsLiteral",   {.recipient = "@[IPv6:2001:DB8::1]"},        Selected::AskRecipients},
    {"OneOfTwoDoesNot",     {.domain = "a.test", .sender = "b@x.test"},  Selected::No},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Rows, DecideSelected, testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(Selection, ManyRecipientsMustBeRead)
{
    const routing::RouteQuestion many{"Example", {}};
    MessageView message;
    message.question = &many;
    EXPECT_EQ(decide_selected({.recipient = "@a.test"}, message, kNow), Selected::AskRecipients);
    EXPECT_TRUE(names_one_of("@a.test", {"x@b.test", "y@A.test"}));
    EXPECT_TRUE(names_one_of("Y@a.test", {"x@b.test", "y@A.test"}));
    EXPECT_FALSE(names_one_of("a.test", {"y@a.test"}));
}

TEST(Selection, IsEverythingWhereNothingNarrowsIt)
{
    EXPECT_TRUE(Selection{}.is_everything());
    EXPECT_TRUE(Selection{.accepted_by = kNow}.is_everything());
    EXPECT_FALSE(Selection{.sender = ""}.is_everything());
    EXPECT_FALSE(Selection{.states = {State::Held}}.is_everything());
    EXPECT_FALSE((StateSet{State::Held} & StateSet{State::Waiting}).contains(State::Held));
}

class SelectTest : public QueueFixture {};

std::vector<std::uint64_t> numbers_of(const std::vector<Found>& found)
{
    std::vector<std::uint64_t> all;
    for (const Found& each : found) all.push_back(number(each.id));
    return all;
}

TEST_F(SelectTest, FindsInPartsEachOnce)
{
    for (std::uint64_t i = 0; i < 10; ++i) {
        auto arrived = mail(i, i % 2 == 0 ? "mx:a.test" : "mx:b.test");
        arrived.next_attempt = now_ + hours{1};
        (void)say(arrived);
    }
    const Selection selection{.destination = "mx:a.test"};
    Pass pass;
    EXPECT_EQ(numbers_of(queue_.select(selection, 3, 100, pass)),
              (std::vector<std::uint64_t>{0, 2, 4}));
    EXPECT_FALSE(pass.over);
    (void)say(Finished{message(6)});
    EXPECT_EQ(numbers_of(queue_.select(selection, 3, 100, pass)), std::vector<std::uint64_t>{8});
    EXPECT_TRUE(pass.over);
    EXPECT_EQ(queue_.is_selected(selection, message(8)), Selected::Yes);
    EXPECT_EQ(queue_.is_selected(selection, message(7)), Selected::No);
    EXPECT_EQ(queue_.is_selected(selection, message(6)), Selected::No) << "gone";
    EXPECT_EQ(queue_.destinations().size(), 2U);
}

// What a call costs is what it examines: never more than it may, and all of them together each
// message once, however few match and however small the pages are.
TEST_F(SelectTest, ALongQueueIsExaminedOnceInBoundedParts)
{
    constexpr std::uint64_t kMessages = 100'000;
    constexpr std::size_t kPart = 1000;
    std::vector<Event> events;
    const auto common = mail(0, "mx:a.test");
    const auto rare = mail(0, "mx:b.test");
    for (std::uint64_t i = 0; i < kMessages; ++i) {
        auto arrived = i % 1000 == 0 ? rare : common;
        arrived.id = message(i);
        arrived.next_attempt = now_ + hours{1};
        events.emplace_back(std::move(arrived));
    }
    (void)queue_.on(events, now_);
    Pass pass;
    std::size_t found = 0;
    std::uint64_t before = 0;
    for (; !pass.over; before = pass.examined) {
        found += queue_.select({.destination = "mx:b.test"}, 7, kPart, pass).size();
        ASSERT_LE(pass.examined - before, kPart);
    }
    EXPECT_EQ(found, kMessages / 1000);
    EXPECT_EQ(pass.examined, kMessages);
}

}  // namespace
}  // namespace hermetic::queue
