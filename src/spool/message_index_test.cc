#include "spool/message_index.h"

#include "spool/test_support.h"

#include <gtest/gtest.h>

namespace hermetic::spool {
namespace {

using BodyIs = MessageIndex::BodyIs;
using BodyUse = MessageIndex::BodyUse;

struct MessageIndexTest : ::testing::Test {
    testing::MessageMaker maker;
    MessageIndex index;
    BodyId body = maker.body_id();
    MessageId one = maker.message_id();
    MessageId two = maker.message_id();
    MessageId three = maker.message_id();

    [[nodiscard]] IndexEntry entry() const
    {
        IndexEntry entry;
        entry.body = body;
        return entry;
    }
};

TEST_F(MessageIndexTest, BodyEndsWithTheOnlyMessage)
{
    index.add(one, entry(), BodyIs::New);
    EXPECT_EQ(index.remove(one), BodyUse::Ended);
    EXPECT_EQ(index.find(one), nullptr);
}

TEST_F(MessageIndexTest, SharedBodyEndsWithTheLastMessage)
{
    index.add(one, entry(), BodyIs::New);
    index.add(two, entry(), BodyIs::SharedWithLive);
    index.add(three, entry(), BodyIs::SharedWithLive);
    EXPECT_EQ(index.remove(two), BodyUse::GoesOn);
    EXPECT_EQ(index.remove(one), BodyUse::GoesOn);
    EXPECT_EQ(index.remove(three), BodyUse::Ended);
}

TEST_F(MessageIndexTest, CountsBodiesFoundAtOpening)
{
    index.insert_found(one, entry());
    index.insert_found(two, entry());
    IndexEntry other;
    other.body = maker.body_id();
    index.insert_found(three, other);
    index.count_shared_bodies();
    EXPECT_EQ(index.remove(three), BodyUse::Ended);
    EXPECT_EQ(index.remove(one), BodyUse::GoesOn);
    EXPECT_EQ(index.remove(two), BodyUse::Ended);
}

TEST_F(MessageIndexTest, RollbackRestoresEverythingStaged)
{
    index.add(one, entry(), BodyIs::New);
    index.add(two, entry(), BodyIs::SharedWithLive);
    index.accept();

    index.set_has_state(one);
    index.add(three, entry(), BodyIs::SharedWithLive);
    EXPECT_EQ(index.remove(one), BodyUse::GoesOn);
    EXPECT_EQ(index.remove(two), BodyUse::GoesOn);
    EXPECT_EQ(index.remove(three), BodyUse::Ended);
    index.rollback();

    ASSERT_NE(index.find(one), nullptr);
    EXPECT_FALSE(index.find(one)->has_state);
    EXPECT_NE(index.find(two), nullptr);
    EXPECT_EQ(index.find(three), nullptr);
    EXPECT_EQ(index.remove(one), BodyUse::GoesOn);
    EXPECT_EQ(index.remove(two), BodyUse::Ended);
}

TEST_F(MessageIndexTest, AMessageIsHeldOnce)
{
    EXPECT_FALSE(index.hold(one));
    index.insert_found(one, entry());
    EXPECT_TRUE(index.hold(one));
    EXPECT_FALSE(index.hold(one));
}

TEST_F(MessageIndexTest, NamesEachFileBodyOnce)
{
    IndexEntry in_file = entry();
    in_file.body_in_file = true;
    index.add(one, in_file, BodyIs::New);
    index.add(two, in_file, BodyIs::SharedWithLive);
    IndexEntry inline_body;
    inline_body.body = maker.body_id();
    index.add(three, inline_body, BodyIs::New);
    EXPECT_EQ(index.file_bodies(), std::vector{body});
}

}  // namespace
}  // namespace hermetic::spool
