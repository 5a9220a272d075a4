// Files of a spool that are really damaged: what a start does then, and what the next one.
#include "spool/damage_fixture.h"

namespace hermetic::spool {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using testing::content;
using testing::first_line;
using ::testing::HasSubstr;
using testing::make_text;
using testing::write;
using Damage = testing::DamageFixture;

TEST_F(Damage, EveryFileThatIsMissingIsRefusedAndNothingIsMadeInItsPlace)
{
    const fs::path db = settings.directory + "/db";
    const fs::path bodies = settings.directory + "/bodies";
    expect_refusal_after("db/CURRENT is missing", [&] { fs::remove(db / "CURRENT"); });
    expect_refusal_after("db/CURRENT is missing", [&] { write(db / "CURRENT", ""); });
    expect_refusal_after("db/CURRENT is missing or empty",
                         [&] { write(db / "CURRENT", std::string(16, '\0')); });
    expect_refusal_after("db/MANIFEST-", [&] { fs::remove(db / first_line(db / "CURRENT")); });
    expect_refusal_after(".log is missing", [&] { fs::remove(in_database(".log")); });
    expect_refusal_after("cannot be read", [&] { fs::remove(in_database(".sst")); });
    expect_refusal_after("the folder db is missing", [&] { fs::remove_all(db); });
    expect_refusal_after("db/CURRENT is missing", [&] {
        fs::remove_all(db);
        fs::create_directory(db);
    });
    expect_refusal_after("the folder bodies is missing", [&] { fs::remove_all(bodies); });
    expect_refusal_after("256 of the 256 folders", [&] {
        fs::remove_all(bodies);
        fs::create_directory(bodies);
    });
}

TEST_F(Damage, IsFoundWithoutAStartToo)
{
    const fs::path db = settings.directory + "/db";
    EXPECT_FALSE(find_opening_fault(settings.directory + "/none")) << "it would be made";
    EXPECT_FALSE(find_opening_fault(settings.directory));
    fs::remove(in_database(".sst"));
    const auto before = everything();
    const auto found = find_opening_fault(settings.directory);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->kind, OpenError::Kind::Damaged);
    EXPECT_THAT(found->words, HasSubstr("cannot be read"));
    fs::remove(db / "CURRENT");
    EXPECT_THAT(find_opening_fault(settings.directory)->words, HasSubstr("db/CURRENT is missing"));
    EXPECT_TRUE(before.size() == everything().size() + 1) << "nothing is written";
}

TEST_F(Damage, IsNotLookedForInASpoolThatAServerHasOpen)
{
    open();
    write(settings.directory + "/identity", "as if it were just being written");
    EXPECT_FALSE(find_opening_fault(settings.directory));
    close();
}

// It could be locked as well as a file: a check that looked no further would find nothing.
TEST_F(Damage, AFolderInThePlaceOfTheLockIsNamed)
{
    fs::remove(settings.directory + "/lock");
    fs::create_directory(settings.directory + "/lock");
    const auto found = find_opening_fault(settings.directory);
    ASSERT_TRUE(found);
    EXPECT_THAT(found->words, HasSubstr("lock is a folder"));
    const auto opened = make_rocksdb_spool(settings, listener, system_clock());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().words, found->words);
}

// Before there was an identity: what is there still tells that mail was.
TEST_F(Damage, ASpoolOfAnEarlierVersionIsNotMadeAnewEither)
{
    const fs::path db = settings.directory + "/db";
    fs::remove(settings.directory + "/identity");
    expect_refusal_after("db/CURRENT is missing", [&] { fs::remove(db / "CURRENT"); });
    expect_refusal_after("the folder db is missing", [&] { fs::remove_all(db); });
    const auto lose_logs = [&] {
        fs::remove(settings.directory + "/identity");  // the start before has made one
        std::vector<fs::path> logs;
        for (const auto& entry : fs::directory_iterator{db}) {
            if (entry.path().extension() == ".log") logs.push_back(entry.path());
        }
        for (const fs::path& log : logs) fs::remove(log);
    };
    expect_refusal_after("all logs (db/*.log) are missing", lose_logs);
    fs::remove(settings.directory + "/identity");
    open();
    close();
    EXPECT_TRUE(fs::exists(settings.directory + "/identity"));
}

// Nothing tells whether the log has lost the message of such a body.
TEST_F(Damage, WithoutAnIdentityABodyOfNoMessageIsSetAside)
{
    fs::remove(settings.directory + "/identity");
    const std::string name = format_id(maker.body_id());
    write(settings.directory + "/bodies/00/" + name, "of a message that is lost");
    open();
    close();
    EXPECT_FALSE(fs::exists(settings.directory + "/bodies/00/" + name));
    std::size_t kept = 0;
    for (const auto& entry : fs::recursive_directory_iterator{settings.directory}) {
        if (entry.path().filename() != name) continue;
        ++kept;
        EXPECT_THAT(entry.path().string(), HasSubstr("/damaged-"));
        EXPECT_EQ(content(entry.path()), "of a message that is lost");
    }
    EXPECT_EQ(kept, 1U);
    EXPECT_THAT(events, Contains(HasSubstr("moved to")));
}

TEST_F(Damage, AnyFileThatIsCutOrFlippedIsFoundBeforeMailIsLost)
{
    const auto log = [this] { return in_database(".log"); };  // each start begins another
    const auto size = [&] { return fs::file_size(log()); };
    ASSERT_GT(size(), 100'000U);
    expect_refusal_after(".log is cut", [&] { fs::resize_file(log(), 0); });
    expect_refusal_after("cannot be read", [&] { cut_to(in_database(".sst"), 2); });
    const fs::path manifest =
        settings.directory + "/db/" + first_line(settings.directory + "/db/CURRENT");
    expect_refusal_after("cannot be read", [&] { flip(manifest, 20); });
}

// In the log of a server that was stopped: every octet of it counts.
class DamagedLog : public Damage, public ::testing::WithParamInterface<int> {};

TEST_P(DamagedLog, IsFoundWhereverItIs)
{
    const fs::path log = in_database(".log");
    const auto size = fs::file_size(log);
    ASSERT_GT(size, 100'000U);
    const auto damage = [&] {
        switch (GetParam()) {
        case 0:
            return cut_to(log, 2);
        case 1:
            return fs::resize_file(log, size - 1);
        case 2:
            return flip(log, size / 2);
        case 3:
            return flip(log, 3);
        default:
            return flip(log, size - 5);
        }
    };
    expect_refusal_after(".log is damaged", damage);
}

INSTANTIATE_TEST_SUITE_P(Places, DamagedLog, ::testing::Range(0, 5));

TEST_F(Damage, ABodyFileThatWasAlteredIsNeverHandedOut)
{
    const std::string text = make_text(50'000, 2);
    const fs::path path = body_file(text);
    const std::string whole = content(path);
    ASSERT_EQ(whole.size(), text.size() + 12) << "one chunk, and the sum of the sums";
    const auto found =
        std::ranges::find(stored, text, &std::pair<const MessageId, std::string>::second);
    const auto read = [&] {
        open();
        events.clear();
        const std::string got = driver->read(driver->claim_all().at(found->first).body, 1000);
        close();
        return got;
    };
    EXPECT_EQ(read(), text);
    for (const std::size_t at :
         {std::size_t{0}, text.size() - 1, text.size() + 5, whole.size() - 1}) {
        write(path, whole);
        flip(path, at);
        EXPECT_THAT(read(), ::testing::StartsWith("error: ")) << at;
        EXPECT_THAT(events, Contains(HasSubstr("spool.body-unreadable")));
    }
    write(path, whole.substr(0, text.size() - 1));
    EXPECT_THAT(read(), ::testing::StartsWith("error: "));
    // As a version before has written it.
    write(path, text);
    EXPECT_EQ(read(), text);
    EXPECT_THAT(events, ::testing::Not(Contains(HasSubstr("spool.body-unreadable"))));
    fs::remove(path);
    EXPECT_THAT(read(), ::testing::StartsWith("error: "));
}

// A damaged block of the table with bodies costs these bodies: their messages can be loaded.
TEST_F(Damage, AMessageWhoseStoredBodyIsDamagedIsLoadedWithoutIt)
{
    open();
    for (std::uint64_t i = 0; i < 100; ++i) store(make_text(2'000, 100 + i));
    close();
    open();  // into tables
    close();
    const std::string text = make_text(2'000, 150);
    for (const auto& entry : fs::directory_iterator{settings.directory + "/db"}) {
        const auto at = content(entry).find(text);
        if (entry.path().extension() == ".sst" && at != std::string::npos) flip(entry, at + 10);
    }
    open();
    std::size_t damaged = 0;
    for (const auto& [id, what] : stored) {
        std::string error;
        const auto message = driver->load(id, &error);
        ASSERT_TRUE(message) << error;
        if (message->body.in_file) continue;
        EXPECT_EQ(lacks_octets(message->body), !error.empty());
        EXPECT_TRUE(!error.empty() || message->body.bytes.view() == what);
        damaged += error.empty() ? 0U : 1U;
    }
    EXPECT_GE(damaged, 1U);
    EXPECT_LE(damaged, 16U) << "one block";
    EXPECT_THAT(events, Contains(HasSubstr("spool.body-unreadable")));
    close();
}

// The octets of a group that nobody was told of, as a power cut leaves them.
TEST_F(Damage, ATornEndIsLeftOutAndKept)
{
    const fs::path copy = directory.path() + "/running";
    open();
    const auto begin = fs::file_size(in_database(".log"));
    store(make_text(500, 40));
    fs::copy(settings.directory, copy, fs::copy_options::recursive);
    close();
    fs::remove_all(settings.directory);
    fs::rename(copy, settings.directory);
    const auto log = in_database(".log");
    const auto torn = content(log).substr(begin, 60);
    write(log, content(log) + torn + std::string(400, '\1'));
    const BodyId orphan = maker.body_id();
    const fs::path orphan_path = settings.directory + "/bodies/00/" + format_id(orphan);
    write(orphan_path, "of the torn group");

    open();
    EXPECT_THAT(events, Contains(HasSubstr("spool.replay-dropped")));
    expect_all_mail();
    close();
    EXPECT_FALSE(fs::exists(orphan_path));
    std::vector<std::string> kept;
    for (const auto& entry : fs::recursive_directory_iterator{settings.directory}) {
        if (entry.path().string().find("/damaged-") != std::string::npos && entry.is_regular_file())
            kept.push_back(content(entry));
    }
    EXPECT_THAT(kept, Contains("of the torn group"));
    EXPECT_THAT(kept, Contains(torn + std::string(400, '\1')));
}

}  // namespace
}  // namespace hermetic::spool
