#include "spool/salvage.h"

#include "spool/damage_fixture.h"
#include "spool/database.h"
#include "spool/reporter.h"

#include <rocksdb/sst_file_reader.h>
#include <rocksdb/write_batch.h>
#include <sys/resource.h>

#include <csignal>

namespace hermetic::spool {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using testing::content;
using testing::first_line;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::make_text;
using ::testing::SizeIs;
using testing::write;

class Salvage : public testing::DamageFixture {
protected:
    [[nodiscard]] SalvageReport check(std::map<MessageId, std::string>* found = nullptr)
    {
        const auto before = everything();
        auto stopped = StoppedSpool::open(settings.directory, directory.path() + "/work");
        EXPECT_TRUE(stopped) << stopped.error().words;
        if (!stopped) return {};
        const auto report = (*stopped)->read([&](const SalvagedMessage& message) {
            if (found == nullptr || !message.body_error.empty()) return;
            std::string text;
            EXPECT_EQ(
                (*stopped)->read_body(message.body, [&](std::string_view part) { text += part; }),
                "");
            found->emplace(message.id, text);
        });
        stopped->reset();
        EXPECT_EQ(everything() == before, true) << "a check writes nothing";
        EXPECT_FALSE(fs::exists(directory.path() + "/work"));
        return report;
    }

    SalvageReport repair()
    {
        auto report = repair_spool(settings.directory, system_clock());
        EXPECT_TRUE(report) << report.error().words;
        return report ? *report : SalvageReport{};
    }

    // Starts on what was repaired, twice, and has the mail but for `lost`.
    void expect_mail_but_for(const std::set<std::string>& lost)
    {
        for (int start = 1; start <= 2; ++start) {
            open();
            const auto claimed = driver->claim_all();
            for (const auto& [id, text] : stored) {
                if (lost.contains(text)) continue;
                ASSERT_TRUE(claimed.contains(id)) << format_id(id);
                EXPECT_EQ(driver->read(claimed.at(id).body) == text, true) << format_id(id);
            }
            EXPECT_GE(claimed.size(), stored.size() - lost.size());
            EXPECT_LE(claimed.size(), stored.size());
            close();
        }
        EXPECT_THAT(events, Not(Contains(HasSubstr("spool.store-error"))));
    }

    [[nodiscard]] std::string aside(const SalvageReport& report, const std::string& name) const
    {
        return report.aside + "/" + name;
    }
};

TEST_F(Salvage, ASoundSpoolIsReadAndLeftAlone)
{
    std::map<MessageId, std::string> found;
    const auto report = check(&found);
    EXPECT_TRUE(report.is_sound());
    EXPECT_EQ(report.messages, stored.size());
    EXPECT_EQ(found, stored);
    const auto before = everything();
    EXPECT_TRUE(repair().aside.empty());
    EXPECT_EQ(everything() == before, true) << "nothing to repair";
}

TEST_F(Salvage, ASpoolThatAServerHasOpenIsRefused)
{
    open();
    const auto stopped = StoppedSpool::open(settings.directory, directory.path() + "/work");
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().kind, OpenError::Kind::Locked);
    EXPECT_EQ(repair_spool(settings.directory, system_clock()).error().kind,
              OpenError::Kind::Locked);
    close();
}

// What a program from before an upgrade finds after it: nothing that it does changes anything.
TEST_F(Salvage, ANewerVersionsSpoolIsLeftAlone)
{
    const std::string identity = settings.directory + "/identity";
    const std::string ours = content(identity);
    ASSERT_TRUE(ours.starts_with("hermetic spool 1\n")) << "raised: have a test of the one before";
    write(identity, "hermetic spool 2\nwhatever comes\n");
    fs::remove(in_database(".log"));  // perhaps it has none
    const auto before = everything();
    const auto opened = make_rocksdb_spool(settings, listener, system_clock());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, OpenError::Kind::Newer);
    EXPECT_THAT(opened.error().words, HasSubstr("install that version again"));
    const auto stopped = StoppedSpool::open(settings.directory, directory.path() + "/work");
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().kind, OpenError::Kind::Newer);
    const auto repaired = repair_spool(settings.directory, system_clock());
    ASSERT_FALSE(repaired);
    EXPECT_EQ(repaired.error().kind, OpenError::Kind::Newer);
    EXPECT_EQ(everything() == before, true) << "a refusal writes nothing";
}

TEST_F(Salvage, AnOctetInTheLogCostsItsMessageAlone)
{
    const auto log = in_database(".log");
    const std::string hit = make_text(20'000, 12);
    const auto at = content(log).find(hit.substr(0, 100));
    ASSERT_NE(at, std::string::npos);
    flip(log, at + 50);
    ASSERT_NO_FATAL_FAILURE(expect_refusal(".log is damaged"));
    EXPECT_THAT(check().damage, SizeIs(1));
    const auto report = repair();
    EXPECT_EQ(report.messages, stored.size() - 1);
    EXPECT_TRUE(fs::exists(aside(report, "db/" + log.filename().string()))) << "kept";
    expect_mail_but_for({hit});
}

TEST_F(Salvage, WithoutTheListOfTablesEveryMessageIsThere)
{
    const fs::path db = settings.directory + "/db";
    for (const bool manifest_too : {false, true}) {
        if (manifest_too) fs::remove(db / first_line(db / "CURRENT"));
        fs::remove(db / "CURRENT");
        EXPECT_FALSE(check().is_sound());
        const auto report = repair();
        EXPECT_EQ(report.messages, stored.size());
        EXPECT_FALSE(fs::exists(aside(report, "work")));
        expect_mail_but_for({});
    }
}

// A directory in the place of a file: it can be opened, and not an octet of it be read, as of a
// file whose sectors are lost.
TEST_F(Salvage, AFileThatTheDiskDoesNotHandOutCostsWhatIsInIt)
{
    const fs::path identity = settings.directory + "/identity";
    const std::string ours = content(identity);
    fs::remove(identity);
    fs::create_directory(identity);
    const auto without_identity = check();
    EXPECT_EQ(without_identity.messages, stored.size());
    ASSERT_THAT(without_identity.damage, Not(IsEmpty()));
    fs::remove(identity);
    write(identity, ours);

    const fs::path current = settings.directory + "/db/CURRENT";
    const std::string named = content(current);
    fs::remove(current);
    fs::create_directory(current);
    EXPECT_EQ(check().messages, stored.size());
    fs::remove(current);
    write(current, named);
    EXPECT_TRUE(check().is_sound());

    const fs::path log = in_database(".log");
    fs::remove(log);
    fs::create_directory(log);
    const auto report = repair();
    EXPECT_EQ(report.messages, 2U) << "those in tables";
    EXPECT_THAT(report.damage.front().what, HasSubstr(".log cannot be read"));
    open();
    EXPECT_THAT(driver->claim_all(), SizeIs(2));
    close();
}

TEST_F(Salvage, WhatIsInThePlaceOfAFileOrFolderIsSetAside)
{
    const fs::path identity = settings.directory + "/identity";
    fs::remove(identity);
    fs::create_directory(identity);
    fs::path empty;
    for (const auto& entry : fs::directory_iterator{settings.directory + "/bodies"}) {
        if (fs::is_empty(entry.path())) empty = entry.path();
    }
    fs::remove(empty);
    write(empty, "no folder");
    EXPECT_THAT(
        check().damage,
        Contains(::testing::Field(&Damage::what, HasSubstr("is a file in the place of a folder"))));
    const auto report = repair();
    EXPECT_EQ(report.messages, stored.size());
    EXPECT_EQ(content(aside(report, "bodies/" + empty.filename().string())), "no folder");
    EXPECT_TRUE(fs::is_directory(aside(report, "identity")));
    expect_mail_but_for({});
}

// The octets of a log that did not get into the work folder would be mail that is not there.
TEST_F(Salvage, AWorkFolderWithoutRoomIsAFailure)
{
    settings.directory = directory.path() + "/small";
    open();
    store(make_text(3'000, 1));
    close();
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit little{2'000, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &little);
    const auto opened = StoppedSpool::open(settings.directory, directory.path() + "/work");
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, ignored);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().words, HasSubstr("cannot write"));
    EXPECT_FALSE(fs::exists(directory.path() + "/work"));
}

// As a repair is left by a kill where two folders cannot be exchanged at once.
TEST_F(Salvage, ARepairThatWasInterruptedBetweenTwoRenamesHasLostNothing)
{
    const fs::path aside = settings.directory + "/damaged-before";
    fs::create_directory(aside);
    write(settings.directory + "/repair", "damaged-before\n");
    fs::rename(settings.directory + "/db", aside / "db-damaged");
    ASSERT_NO_FATAL_FAILURE(expect_refusal("a repair of it was interrupted"));
    EXPECT_EQ(repair().messages, stored.size());
    EXPECT_FALSE(fs::exists(settings.directory + "/repair"));
    expect_mail_but_for({});
}

TEST_F(Salvage, ARepairThatFailsLeavesTheSpoolAsItWas)
{
    fs::remove(in_database(".log"));                               // and a body has no message
    fs::create_directories(settings.directory + "/repair/taken");  // nothing can be put there
    const auto before = everything();
    const auto repaired = repair_spool(settings.directory, system_clock());
    ASSERT_FALSE(repaired);
    EXPECT_THAT(repaired.error().words, HasSubstr("was not changed"));
    EXPECT_EQ(everything() == before, true);
}

TEST_F(Salvage, WithoutADatabaseTheBodiesAreKept)
{
    const std::string large = make_text(50'000, 2);
    fs::remove_all(settings.directory + "/db");
    const auto report = repair();
    EXPECT_EQ(report.messages, 0U);
    EXPECT_EQ(report.bodies_without_message, 2U);
    std::vector<std::string> kept;
    for (const auto& entry : fs::directory_iterator{aside(report, "bodies")})
        kept.push_back(content(entry).substr(0, large.size()));
    EXPECT_THAT(kept, Contains(large));
    open();
    EXPECT_THAT(driver->claim_all(), IsEmpty());
    close();
}

TEST_F(Salvage, WithoutTheLogTheTablesAreThere)
{
    fs::remove(in_database(".log"));
    const auto report = repair();
    EXPECT_EQ(report.messages, 2U);
    EXPECT_EQ(report.bodies_without_message, 1U);
    open();
    EXPECT_THAT(driver->claim_all(), SizeIs(2));
    close();
}

// That a message has no state says nothing where states are lost: it may have been held, or some of
// its recipients served.
class SalvageStates : public Salvage {
protected:
    void record_state()
    {
        open();
        (void)driver->claim_all();  // what is not claimed is nobody's to record
        MessageState state;
        state.held = true;
        ASSERT_EQ(driver->record(driver->deferred(stored.begin()->first, state)),
                  Durability::Durable);
        close();
    }

    void expect_all_held()
    {
        EXPECT_THAT(check().without_state, SizeIs(stored.size()));
        EXPECT_THAT(repair().without_state, SizeIs(stored.size()));
        open();
        const auto claimed = driver->claim_all();
        EXPECT_THAT(claimed, SizeIs(stored.size()));
        for (const auto& [id, one] : claimed) {
            EXPECT_TRUE(one.state.held) << format_id(id);
            EXPECT_EQ(one.state.last_reason, "spool.read-failed");
        }
        close();
        EXPECT_TRUE(check().is_sound()) << "once";
    }
};

TEST_F(SalvageStates, InALogThatIsGoneHoldWhoeverMayHaveHadOne)
{
    record_state();
    fs::remove(in_database(".log"));
    expect_all_held();
}

TEST_F(SalvageStates, InALogThatIsCutHoldWhoeverMayHaveHadOne)
{
    record_state();
    fs::resize_file(in_database(".log"), 0);
    expect_all_held();
}

TEST_F(SalvageStates, InATableThatIsGoneHoldWhoeverMayHaveHadOne)
{
    record_state();
    open();  // into tables
    close();
    std::size_t removed = 0;
    for (const auto& entry : fs::directory_iterator{settings.directory + "/db"}) {
        if (entry.path().extension() != ".sst") continue;
        rocksdb::SstFileReader table{rocksdb::Options{}};
        ASSERT_TRUE(table.Open(entry.path()).ok());
        if (table.GetTableProperties()->column_family_name != "state") continue;
        fs::remove(entry);
        ++removed;
    }
    ASSERT_EQ(removed, 1U);
    expect_all_held();
}

// Who still waits for the message is not known then, and the program that wrote it will know.
TEST_F(Salvage, AStateOfANewerVersionIsReportedAndKept)
{
    const MessageId id = stored.begin()->first;
    {
        Reporter silent{{}};
        Database database{settings.directory + "/db", rocksdb::FileSystem::Default(), silent};
        ASSERT_TRUE(database.open(Database::Files::Existing).ok());
        rocksdb::WriteBatch batch;
        ASSERT_TRUE(
            batch.Put(database.column(Column::State), to_slice(id.as_key()), "\x63 later").ok());
        ASSERT_TRUE(database.write(batch).ok());
    }
    {
        const auto stopped = StoppedSpool::open(settings.directory, directory.path() + "/work");
        ASSERT_TRUE(stopped) << stopped.error().words;
        std::map<MessageId, std::string> errors;
        const auto report = (*stopped)->read([&](const SalvagedMessage& message) {
            errors.emplace(message.id, message.state_error);
        });
        EXPECT_THAT(errors.at(id), HasSubstr("newer version"));
        EXPECT_TRUE(report.is_sound()) << "nothing to repair";
    }
    EXPECT_TRUE(repair().aside.empty());
}

TEST_F(Salvage, WithoutTheBodiesTheirSendersCanBeTold)
{
    fs::remove_all(settings.directory + "/bodies");
    ASSERT_NO_FATAL_FAILURE(expect_refusal("the folder bodies is missing"));
    const auto report = repair();
    EXPECT_THAT(report.without_body, SizeIs(2));
    EXPECT_THAT(report.without_state, IsEmpty()) << "the database has lost nothing";
    EXPECT_FALSE(check().is_sound());
    EXPECT_FALSE(check().needs_repair()) << "it has done what it can";
    open();
    EXPECT_THAT(driver->claim_all(), SizeIs(stored.size())) << "they stay in the queue";
    close();
}

// Tables with many blocks of envelopes and of bodies, each of which is hit once in a while.
class SalvageTables : public Salvage {
protected:
    SalvageTables()
    {
        stored.clear();
        settings.directory = directory.path() + "/tables";
        open();
        for (std::uint64_t i = 0; i < 400; ++i) store(make_text(2'000, i));
        close();
        open();  // into tables
        close();
        events.clear();
    }

    [[nodiscard]] std::vector<fs::path> tables() const
    {
        std::vector<fs::path> found;
        for (const auto& entry : fs::directory_iterator{settings.directory + "/db"}) {
            if (entry.path().extension() == ".sst") found.push_back(entry);
        }
        std::ranges::sort(found);
        return found;
    }
};

TEST_F(SalvageTables, ADamagedBlockCostsWhatIsInIt)
{
    const fs::path copy = directory.path() + "/copy";
    fs::copy(settings.directory, copy, fs::copy_options::recursive);
    ASSERT_GE(tables().size(), 2U);
    for (std::size_t table = 0; table < tables().size(); ++table) {
        const fs::path path = tables()[table];
        const auto size = fs::file_size(path);
        if (size < 20'000) continue;
        flip(path, size / 3);
        SCOPED_TRACE(path.string());
        const auto report = check();
        EXPECT_FALSE(report.is_sound());
        EXPECT_LT(report.messages + 150, 2 * stored.size());
        EXPECT_GT(report.messages, stored.size() - 150) << "envelopes of other blocks are there";
        EXPECT_LE(report.without_body.size(), 10U);
        const auto repaired = repair();
        open();
        EXPECT_THAT(driver->claim_all(), SizeIs(report.messages));
        close();
        EXPECT_EQ(repaired.aside.empty(), report.unreadable.empty() && report.damage.empty());
        fs::remove_all(settings.directory);
        fs::copy(copy, settings.directory, fs::copy_options::recursive);
    }
}

TEST_F(SalvageTables, ADamagedBlockAndALostListCostNoMore)
{
    for (const fs::path& path : tables()) {
        if (fs::file_size(path) > 4'000) flip(path, fs::file_size(path) / 3);
    }
    fs::remove(settings.directory + "/db/CURRENT");
    const auto report = repair();
    EXPECT_GT(report.messages + 150, stored.size()) << "what other blocks of the tables hold";
    open();
    EXPECT_THAT(driver->claim_all(), SizeIs(report.messages));
    close();
}

}  // namespace
}  // namespace hermetic::spool
