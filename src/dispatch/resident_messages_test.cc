#include "dispatch/resident_messages.h"

#include <gtest/gtest.h>

namespace hermetic::dispatch {
namespace {

std::shared_ptr<const spool::StoredMessage> make(std::uint8_t number, std::size_t octets)
{
    auto message = std::make_shared<spool::StoredMessage>();
    message->id.bytes[15] = number;
    message->envelope = std::make_shared<mail::Envelope>();
    message->body.bytes = Bytes{std::string(octets, 'x')};
    return message;
}

TEST(ResidentMessages, TheOldestGoFirstWhenTheBudgetIsUsedUp)
{
    ResidentMessages resident{10'000};
    for (std::uint8_t i = 1; i <= 4; ++i) resident.add(make(i, 2000));
    EXPECT_LE(resident.octets(), 10'000U);
    EXPECT_FALSE(resident.take(make(1, 0)->id));
    EXPECT_TRUE(resident.take(make(4, 0)->id));
    EXPECT_FALSE(resident.take(make(4, 0)->id)) << "taken once";
    resident.drop(make(2, 0)->id);
    resident.drop(make(3, 0)->id);
    EXPECT_EQ(resident.octets(), 0U);
}

TEST(ResidentMessages, OneThatIsTooLargeIsNotKept)
{
    ResidentMessages resident{10'000};
    resident.add(make(1, 50'000));
    EXPECT_EQ(resident.octets(), 0U);
    resident.add(make(2, 100));
    resident.add(make(2, 100));
    EXPECT_TRUE(resident.take(make(2, 0)->id));
    EXPECT_EQ(resident.octets(), 0U);
}

}  // namespace
}  // namespace hermetic::dispatch
