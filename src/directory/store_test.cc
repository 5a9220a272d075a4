#include "directory/store.h"

#include "directory/test_support.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace hermetic::directory {
namespace {

using std::chrono::milliseconds;

const ObjectKey kA{"outbound_connector", "Example", "a"};
const ObjectKey kB{"outbound_connector", "Example", "b"};

class StoreTest : public testing::Test {
protected:
    std::unique_ptr<Store> open(Access access = Access::ReadWrite)
    {
        auto store = Store::open(path_, access);
        EXPECT_TRUE(store.has_value()) << (store ? "" : store.error());
        return *std::move(store);
    }
    static void write(Store& store, const Changes& changes, const std::string& by = "alice")
    {
        auto transaction = store.begin();
        ASSERT_TRUE(transaction.has_value());
        ASSERT_TRUE(store.write(changes, by, WallTime{milliseconds{1000}}).has_value());
        ASSERT_TRUE(transaction->commit().has_value());
    }
    static std::vector<StoredObject> read(Store& store) { return *store.read(); }
    std::string error_of_open()
    {
        const auto store = Store::open(path_, Access::ReadWrite);
        return store ? "" : store.error();
    }

    TemporaryFolder folder_;
    std::string path_ = folder_.file("directory.db");
};

TEST_F(StoreTest, KeepsObjectsOverAReopen)
{
    {
        const auto store = open();
        EXPECT_EQ(store->revision()->number, 0U);
        write(*store, {{ChangeKind::Added, kB, "", "b1"}, {ChangeKind::Added, kA, "", "a1"}});
    }
    const auto store = open();
    const auto stored = read(*store);
    ASSERT_EQ(stored.size(), 2U);
    EXPECT_EQ(stored[0].key, kA) << "in the order of keys";
    EXPECT_EQ(stored[0].text, "a1");
    EXPECT_EQ(stored[0].stamp, (Stamp{1, "alice", WallTime{milliseconds{1000}}}));
    EXPECT_EQ(store->revision()->number, 1U);
    EXPECT_EQ(store->revision()->by, "alice");
}

TEST_F(StoreTest, AVersionIsNeverUsedTwice)
{
    const auto store = open();
    write(*store, {{ChangeKind::Added, kA, "", "1"}});
    write(*store, {{ChangeKind::Changed, kA, "1", "2"}});
    write(*store, {{ChangeKind::Removed, kA, "2", ""}});
    EXPECT_TRUE(read(*store).empty());
    write(*store, {{ChangeKind::Added, kA, "", "3"}}, "bob");
    EXPECT_EQ(read(*store)[0].stamp.version, 4U);
    EXPECT_EQ(store->revision()->number, 4U);
}

TEST_F(StoreTest, HistoryHasEachChangeWithWhatWasBefore)
{
    const auto store = open();
    write(*store, {{ChangeKind::Added, kA, "", "1"}, {ChangeKind::Added, kB, "", "1"}});
    write(*store, {{ChangeKind::Changed, kA, "1", "2"}}, "bob");
    write(*store, {{ChangeKind::Removed, kA, "2", ""}});
    const auto of_a = *store->history(kA, 10);
    ASSERT_EQ(of_a.size(), 3U);
    EXPECT_EQ(of_a[0].change, (ObjectChange{ChangeKind::Removed, kA, "2", ""}));
    EXPECT_EQ(of_a[1].change, (ObjectChange{ChangeKind::Changed, kA, "1", "2"}));
    EXPECT_EQ(of_a[1].stamp.by, "bob");
    EXPECT_EQ(of_a[1].revision, 2U);
    EXPECT_EQ(of_a[2].change.kind, ChangeKind::Added);
    EXPECT_EQ(store->history(std::nullopt, 10)->size(), 4U);
    EXPECT_EQ(store->history(std::nullopt, 2)->size(), 2U) << "bounded";
}

TEST_F(StoreTest, WhatWasNotCommittedLeavesNoTrace)
{
    {
        const auto store = open();
        write(*store, {{ChangeKind::Added, kA, "", "1"}});
        auto transaction = store->begin();
        ASSERT_TRUE(transaction.has_value());
        ASSERT_TRUE(store->write({{ChangeKind::Changed, kA, "1", "2"}}, "x", {}).has_value());
    }
    const auto store = open();
    EXPECT_EQ(read(*store)[0].text, "1");
    EXPECT_EQ(store->revision()->number, 1U);
    EXPECT_EQ(store->history(std::nullopt, 10)->size(), 1U);
}

// The files as a power cut in the middle of a transaction leaves them.
TEST_F(StoreTest, ACrashInATransactionLeavesTheStateBefore)
{
    const auto store = open();
    write(*store, {{ChangeKind::Added, kA, "", "1"}});
    auto transaction = store->begin();
    ASSERT_TRUE(transaction.has_value());
    Changes many;
    for (int i = 0; i < 3000; ++i) {
        // More than the cache holds: pages of it are in the log already.
        many.push_back(
            {ChangeKind::Added, {"k", "o", std::to_string(i)}, "", std::string(4000, 'x')});
    }
    ASSERT_TRUE(store->write(many, "x", {}).has_value());
    const std::string copy = folder_.file("copy.db");
    std::filesystem::copy_file(path_, copy);
    std::filesystem::copy_file(path_ + "-wal", copy + "-wal");
    EXPECT_GT(std::filesystem::file_size(copy + "-wal"), 1'000'000U);
    const auto after = Store::open(copy, Access::ReadWrite);
    ASSERT_TRUE(after.has_value()) << after.error();
    EXPECT_EQ(read(**after).size(), 1U);
    EXPECT_EQ((*after)->revision()->number, 1U);
}

TEST_F(StoreTest, ASecondServerIsRefused)
{
    const auto store = open();
    EXPECT_NE(error_of_open().find("in use by another process"), std::string::npos);
}

TEST_F(StoreTest, IsReadBesideTheServerAndWithoutIt)
{
    {
        const auto store = open();
        write(*store, {{ChangeKind::Added, kA, "", "1"}});
        EXPECT_EQ(read(*open(Access::ReadOnly)).size(), 1U);
    }
    EXPECT_EQ(read(*open(Access::ReadOnly)).size(), 1U);
}

TEST_F(StoreTest, NobodyElseMayReadTheFile)
{
    const auto store = open();
    write(*store, {{ChangeKind::Added, kA, "", "1"}});
    for (const char* end : {"", "-wal", "-shm", ".lock"}) {
        struct stat found {};
        ASSERT_EQ(::stat((path_ + end).c_str(), &found), 0) << end;
        EXPECT_EQ(found.st_mode & 0777U, 0600U) << end;
    }
}

TEST_F(StoreTest, AFileThatIsNoDatabaseIsRefusedInWords)
{
    std::ofstream{path_} << std::string(5000, 'x');
    EXPECT_NE(error_of_open().find("not a database"), std::string::npos) << error_of_open();
    EXPECT_NE(error_of_open().find("hermetic apply"), std::string::npos);
}

// Filled as if it were new, the server would run without any object.
TEST_F(StoreTest, AnEmptyFileIsRefusedAndLeftAlone)
{
    {
        const auto store = open();
        write(*store, {{ChangeKind::Added, kA, "", "1"}});
    }
    std::filesystem::resize_file(path_, 0);
    EXPECT_NE(error_of_open().find("it is empty"), std::string::npos) << error_of_open();
    EXPECT_NE(error_of_open().find("backup"), std::string::npos);
    EXPECT_EQ(std::filesystem::file_size(path_), 0U);
    EXPECT_FALSE(Store::open(path_, Access::ReadOnly)) << "as `hermetic check` reads it";
    std::filesystem::remove(path_);
    EXPECT_TRUE(read(*open()).empty()) << "none is a new one";
}

TEST_F(StoreTest, ACorruptFileIsRefusedInWords)
{
    {
        const auto store = open();
        Changes many;
        for (int i = 0; i < 200; ++i) {
            many.push_back(
                {ChangeKind::Added, {"k", "o", std::to_string(i)}, "", std::string(500, 'x')});
        }
        write(*store, many);
    }
    {
        std::fstream file{path_, std::ios::in | std::ios::out | std::ios::binary};
        file.seekp(40000);
        file << std::string(8192, '\xee');
    }
    EXPECT_NE(error_of_open().find("backup"), std::string::npos) << error_of_open();
}

TEST_F(StoreTest, AnotherProgramsDatabaseIsRefused)
{
    {
        auto connection = Connection::open(path_, Access::ReadWrite);
        ASSERT_TRUE(connection->run("CREATE TABLE t(x)"));
    }
    EXPECT_NE(error_of_open().find("not a directory of Hermetic"), std::string::npos);
}

TEST_F(StoreTest, ANewerFormatIsRefused)
{
    open();
    {
        auto connection = Connection::open(path_, Access::ReadWrite);
        ASSERT_TRUE(connection->run("PRAGMA user_version=2"));
    }
    EXPECT_NE(error_of_open().find("newer version"), std::string::npos);
}

TEST_F(StoreTest, AFolderThatIsMissingIsSaid)
{
    path_ = folder_.file("no/such/directory.db");
    EXPECT_NE(error_of_open().find("No such file"), std::string::npos);
}

}  // namespace
}  // namespace hermetic::directory
