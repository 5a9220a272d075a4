#include "daemon/file_watch.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace hermetic::daemon {
namespace {

class FileWatchTest : public testing::Test {
protected:
    void SetUp() override
    {
        folder_ =
            std::filesystem::temp_directory_path() / ("file_watch." + std::to_string(::getpid()));
        std::filesystem::create_directories(folder_);
        file_ = (folder_ / "a.toml").string();
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    void write(const std::string& text) { std::ofstream{file_} << text; }

    std::filesystem::path folder_;
    std::string file_;
    FileWatch watch_;
};

TEST_F(FileWatchTest, ReportsAChangeOnceItHasSettled)
{
    write("one");
    watch_.watch({file_});
    EXPECT_TRUE(watch_.check().empty());
    write("three");
    EXPECT_TRUE(watch_.check().empty()) << "it may still be being written";
    EXPECT_EQ(watch_.check().size(), 1U);
    EXPECT_TRUE(watch_.check().empty());
}

TEST_F(FileWatchTest, SeesAFileThatAppearsAndOneThatGoes)
{
    watch_.watch({file_});
    write("one");
    EXPECT_TRUE(watch_.check().empty());
    EXPECT_EQ(watch_.check().size(), 1U);
    std::filesystem::remove(file_);
    EXPECT_TRUE(watch_.check().empty());
    EXPECT_EQ(watch_.check().size(), 1U);
}

TEST_F(FileWatchTest, FilesMayBeAddedWithoutForgettingWhatHasChanged)
{
    write("one");
    watch_.watch({file_});
    write("two, longer");
    watch_.add({file_, file_ + ".other"});
    std::ofstream{file_ + ".other"} << "new";
    EXPECT_TRUE(watch_.check().empty());
    EXPECT_EQ(watch_.check().size(), 2U);
}

// A key that everybody could read is mended by its mode alone.
TEST_F(FileWatchTest, SeesAChangeOfModeOrTimesAlone)
{
    write("same");
    watch_.watch({file_});
    std::filesystem::permissions(file_, std::filesystem::perms::owner_read);
    EXPECT_TRUE(watch_.check().empty());
    EXPECT_EQ(watch_.check().size(), 1U);
    std::filesystem::last_write_time(file_, std::filesystem::file_time_type{});
    EXPECT_TRUE(watch_.check().empty());
    EXPECT_EQ(watch_.check().size(), 1U);
}

TEST_F(FileWatchTest, SeesARename)
{
    write("same");
    watch_.watch({file_});
    std::ofstream{file_ + ".new"} << "same";
    std::filesystem::rename(file_ + ".new", file_);
    EXPECT_TRUE(watch_.check().empty());
    EXPECT_EQ(watch_.check().size(), 1U);
}

}  // namespace
}  // namespace hermetic::daemon
