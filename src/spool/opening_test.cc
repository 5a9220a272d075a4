#include "spool/opening.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::spool {
namespace {

using ::testing::HasSubstr;

using Kind = Opening::Kind;

LogFacts log(std::uint64_t number, std::uint64_t first, std::uint64_t last)
{
    LogFacts facts;
    facts.number = number;
    facts.reading.records = last - first + 1;
    facts.reading.first_sequence = first;
    facts.reading.last_sequence = last;
    facts.reading.sound = facts.reading.size = 1000;
    return facts;
}

LogFacts torn(LogFacts facts)
{
    facts.reading.has_torn_end = true;
    facts.reading.size += 300;
    return facts;
}

LogFacts damaged(LogFacts facts)
{
    facts = torn(facts);
    facts.reading.records_behind = 3;
    return facts;
}

LogFacts empty_log(std::uint64_t number)
{
    LogFacts facts;
    facts.number = number;
    return facts;
}

// One that was closed, or killed, with entries 10 to 20 in its log.
SpoolFacts sound()
{
    SpoolFacts facts;
    facts.identity = LogPoint{18, 12};
    facts.has_database = true;
    facts.manifest = "MANIFEST-000004";
    facts.has_manifest = true;
    facts.tables = 3;
    facts.logs = {log(18, 10, 20)};
    facts.has_bodies = true;
    return facts;
}

SpoolFacts with(const std::function<void(SpoolFacts&)>& change)
{
    SpoolFacts facts = sound();
    change(facts);
    return facts;
}

std::string words_of(const Opening& opening)
{
    return describe(opening.damage, "/spool");
}

TEST(Opening, NothingIsANewSpool)
{
    EXPECT_EQ(decide_opening({}).kind, Kind::Make);
}

// Whatever RocksDB had got to when the machine stopped.
TEST(Opening, ASpoolWhoseMakingWasInterruptedIsMadeAnew)
{
    SpoolFacts facts;
    facts.has_database = true;
    EXPECT_EQ(decide_opening(facts).kind, Kind::Make);
    facts.logs = {empty_log(4)};
    EXPECT_EQ(decide_opening(facts).kind, Kind::Make);
    facts.has_bodies = true;
    EXPECT_EQ(decide_opening(facts).kind, Kind::Make);
    facts.manifest = "MANIFEST-000001";
    facts.has_manifest = true;
    EXPECT_EQ(decide_opening(facts).kind, Kind::Open);
    facts.logs.clear();
    EXPECT_EQ(decide_opening(facts).kind, Kind::Open) << "the first log was not begun yet";
}

TEST(Opening, WhatIsThereIsOpened)
{
    EXPECT_EQ(decide_opening(sound()).kind, Kind::Open);
    EXPECT_FALSE(decide_opening(sound()).torn_log);
    EXPECT_FALSE(needs_trial(sound()));
    const auto of_before = with([](SpoolFacts& facts) { facts.identity.reset(); });
    EXPECT_EQ(decide_opening(of_before).kind, Kind::Open) << "a version that wrote no identity";
    EXPECT_TRUE(decide_opening(of_before).keeps_bodies) << "its log may have lost messages";
    EXPECT_FALSE(decide_opening(sound()).keeps_bodies);
}

TEST(Opening, ANewerVersionsIsLeftAlone)
{
    const auto facts =
        with([](SpoolFacts& each) { each.identity = failure(IdentityError::Newer); });
    EXPECT_EQ(decide_opening(facts).kind, Kind::Newer);
}

TEST(Opening, WhatIsMissingIsNamed)
{
    struct Row {
        const char* what;
        std::function<void(SpoolFacts&)> change;
    };
    const std::vector<Row> rows{
        {"the folder db is missing",
         [](SpoolFacts& facts) {
             facts = {};
             facts.identity = LogPoint{18, 12};
             facts.has_bodies = true;
         }},
        {"the folder db is missing",
         [](SpoolFacts& facts) {
             facts = {};
             facts.has_bodies = true;
         }},
        {"db/CURRENT is missing",
         [](SpoolFacts& facts) { facts.manifest.clear(), facts.has_manifest = false; }},
        {"db/CURRENT is missing",
         [](SpoolFacts& facts) {
             facts.identity.reset();
             facts.manifest.clear(), facts.has_manifest = false;
             facts.logs.clear();
         }},
        {"db/CURRENT is missing",
         [](SpoolFacts& facts) {
             facts.identity.reset();
             facts.manifest.clear(), facts.has_manifest = false;
             facts.tables = 0;
         }},
        {"db/MANIFEST-000004 is missing", [](SpoolFacts& facts) { facts.has_manifest = false; }},
        {"db/000018.log is missing", [](SpoolFacts& facts) { facts.logs.clear(); }},
        {"db/000018.log is missing", [](SpoolFacts& facts) { facts.logs = {log(17, 1, 9)}; }},
        {"identity and all logs",
         [](SpoolFacts& facts) { facts.identity.reset(), facts.logs.clear(); }},
        {"identity is missing, and no log has",
         [](SpoolFacts& facts) {
             facts.identity.reset();
             facts.logs = {empty_log(18)};
             facts.tables = 0;
             facts.body_files = 2;
         }},
        {"db/000018.log is cut from octet 1000",
         [](SpoolFacts& facts) { facts.logs = {log(18, 10, 11)}; }},
        {"db/000018.log is cut", [](SpoolFacts& facts) { facts.logs = {empty_log(18)}; }},
        {"db/000018.log is damaged from octet 1000",
         [](SpoolFacts& facts) { facts.logs = {torn(log(18, 10, 11))}; }},
        {"db/000018.log is damaged from octet 1000",
         [](SpoolFacts& facts) { facts.logs = {damaged(log(18, 10, 15))}; }},
        {"db/000018.log is damaged from octet 1000",
         [](SpoolFacts& facts) {
             facts.logs = {torn(log(18, 10, 15)), log(19, 21, 22)};
         }},
        {"between db/000018.log and db/000021.log",
         [](SpoolFacts& facts) {
             facts.logs = {log(18, 10, 20), log(21, 40, 42)};
         }},
        {"the folder bodies is missing", [](SpoolFacts& facts) { facts.has_bodies = false; }},
        {"256 of the 256 folders in bodies",
         [](SpoolFacts& facts) { facts.body_folders_missing = 256; }},
        {"bodies/3f is a file in the place of a folder",
         [](SpoolFacts& facts) { facts.not_folders = {"bodies/3f"}; }},
        {"identity is not readable",
         [](SpoolFacts& facts) { facts.identity = failure(IdentityError::Damaged); }},
        {"cannot be read: no table",
         [](SpoolFacts& facts) {
             facts.trial = Trial{"no table", 0};
         }},
    };
    for (const Row& row : rows) {
        const Opening opening = decide_opening(with(row.change));
        EXPECT_EQ(opening.kind, Kind::Refuse) << row.what;
        EXPECT_THAT(words_of(opening), HasSubstr(row.what));
        EXPECT_THAT(words_of(opening), HasSubstr("hermetic spool repair"));
    }
}

TEST(Opening, ATornEndIsWhatAPowerCutLeaves)
{
    const auto facts = with([](SpoolFacts& each) { each.logs = {torn(log(18, 10, 15))}; });
    EXPECT_TRUE(needs_trial(facts));
    EXPECT_EQ(decide_opening(facts).kind, Kind::Open);
    EXPECT_EQ(decide_opening(facts).torn_log, 18U);
}

// This process has seen entry 20 synced.
TEST(Opening, ATornEndIsDamageWhereMoreWasOnTheDisk)
{
    const auto facts = with([](SpoolFacts& each) { each.logs = {torn(log(18, 10, 15))}; });
    const Opening opening = decide_opening(facts, LogPoint{18, 20});
    EXPECT_EQ(opening.kind, Kind::Refuse);
    EXPECT_THAT(words_of(opening), HasSubstr("5 changes that were on the disk"));
}

TEST(Opening, AReplayNumbersOnBehindTheTornEndThatItLeftOut)
{
    const auto facts = with([](SpoolFacts& each) {
        each.logs = {torn(log(18, 10, 15)), log(19, 16, 16)};
    });
    EXPECT_EQ(decide_opening(facts).kind, Kind::Open);
    EXPECT_FALSE(decide_opening(facts).torn_log);
}

TEST(Opening, ALogThatIsInTablesIsNotMissed)
{
    const auto facts = with([](SpoolFacts& each) { each.logs = {log(21, 21, 30)}; });
    EXPECT_EQ(decide_opening(facts).kind, Kind::Open);
}

// RocksDB could not remove one whose mail is in tables, and a later one is gone already.
TEST(Opening, ALogThatIsLeftOverIsNoDamage)
{
    auto facts = with([](SpoolFacts& each) {
        each.logs = {torn(log(18, 10, 15)), log(21, 40, 42)};
    });
    EXPECT_TRUE(needs_trial(facts));
    facts.trial = Trial{"", 21};
    EXPECT_EQ(decide_opening(facts).kind, Kind::Open);
}

TEST(Identity, WhatIsWrittenIsRead)
{
    const LogPoint point{18, 12345678901};
    EXPECT_EQ(*parse_identity(format_identity(point)), point);
    EXPECT_EQ(format_identity({18, 7}), "hermetic spool 1\nlog 18\nsequence 7\n");
    EXPECT_EQ(parse_identity("hermetic spool 2\nanything").error(), IdentityError::Newer);
    for (const char* text : {"", "hermetic spool 1\n", "hermetic spool 1\nlog 18\nsequence 7",
                             "hermetic spool 1\nlog x\nsequence 7\n",
                             "hermetic spool 1\nlog 18\nsequence 7\nmore\n"}) {
        EXPECT_EQ(parse_identity(text).error(), IdentityError::Damaged) << text;
    }
}

}  // namespace
}  // namespace hermetic::spool
