#include "core/read_file.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <utility>

namespace hermetic {
namespace {

namespace filesystem = std::filesystem;
using Kind = FileError::Kind;

class ReadFile : public testing::Test {
protected:
    ReadFile()
        : folder_{filesystem::temp_directory_path() /
                  ("read_file_test." + std::to_string(::getpid()))}
    {
        filesystem::remove_all(folder_);
        filesystem::create_directories(folder_);
    }
    ~ReadFile() override
    {
        std::error_code ignored;
        filesystem::remove_all(folder_, ignored);
    }
    [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }
    std::string write(const std::string& name, const std::string& text)
    {
        std::ofstream{path(name), std::ios::binary} << text;
        return path(name);
    }
    static void expect_error(const std::string& file, Kind kind, const std::string& what)
    {
        SCOPED_TRACE(file);
        for (const auto& read : {read_file(file, 100), read_file_start(file, 100)}) {
            ASSERT_FALSE(read.has_value());
            EXPECT_EQ(read.error().kind, kind);
            EXPECT_EQ(read.error().what, what);
            EXPECT_FALSE(read.error().expected.empty());
        }
    }

private:
    filesystem::path folder_;
};

TEST_F(ReadFile, GivesTheWholeOfARegularFile)
{
    const std::string octets = std::string{"a\0b\r\n", 5} + std::string(10'000, 'x');
    const auto read = read_file(write("file", octets), octets.size());
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->octets, octets);
    EXPECT_EQ(read->size, octets.size());
    EXPECT_EQ(read_file(write("empty", ""), 0)->octets, "");
    filesystem::create_symlink(path("file"), path("link"));
    EXPECT_EQ(read_file(path("link"), octets.size())->octets, octets);
}

TEST_F(ReadFile, NeverGivesMoreThanIsAskedFor)
{
    const std::string file = write("file", std::string(101, 'x'));
    const auto read = read_file(file, 100);
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().kind, Kind::TooLarge);
    EXPECT_EQ(read.error().what, "it is larger than 100 octets");
    EXPECT_EQ(read_file(path("file"), 101)->octets.size(), 101U);

    const auto start = read_file_start(file, 7);
    ASSERT_TRUE(start.has_value());
    EXPECT_EQ(start->octets, "xxxxxxx");
    EXPECT_EQ(start->size, 101U);
}

// Its size is said to be 0.
TEST_F(ReadFile, BelievesWhatIsReadAndNotTheSizeThatIsSaid)
{
    const auto read = read_file("/proc/self/status", 1U << 20U);
    ASSERT_TRUE(read.has_value());
    EXPECT_NE(read->octets.find("\nPid:"), std::string::npos);
}

TEST_F(ReadFile, RefusesWhatIsNoRegularFileWithoutWaiting)
{
    ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
    expect_error(path("fifo"), Kind::NotRegular, "it is a named pipe");
    expect_error(path(""), Kind::NotRegular, "it is a directory");
    expect_error("/dev/zero", Kind::NotRegular, "it is a device");
    filesystem::create_symlink(path("fifo"), path("link"));
    expect_error(path("link"), Kind::NotRegular, "it is a named pipe");

    const int listening = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path("socket").c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    expect_error(path("socket"), Kind::NotRegular, "it is a socket");
    ::close(listening);
}

TEST_F(ReadFile, SaysWhatIsMissing)
{
    expect_error(path("none"), Kind::Missing, "No such file or directory");
    expect_error(write("file", "x") + "/below", Kind::Unreadable, "Not a directory");
    filesystem::create_symlink(path("none"), path("dangling"));
    expect_error(path("dangling"), Kind::Missing, "No such file or directory");
}

TEST_F(ReadFile, SaysWhetherEverybodyMayReadOrWriteIt)
{
    const std::string file = write("file", "secret");
    const std::pair<unsigned, bool> rows[] = {
        {0600, false}, {0640, false}, {0604, true}, {0602, true}};
    for (const auto& [mode, exposed] : rows) {
        ASSERT_EQ(::chmod(file.c_str(), mode), 0);
        const auto read = read_file(file, 10);
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(read->exposed, exposed) << std::oct << mode;
        EXPECT_EQ(read->mode, mode);
    }
}

}  // namespace
}  // namespace hermetic
