#include "dispatch/pause_file.h"

#include "core/read_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace hermetic::dispatch {
namespace {

class PauseFile : public testing::Test {
protected:
    PauseFile()
    {
        std::string name = testing::TempDir() + "hermetic-pauses.XXXXXX";
        directory_ = ::mkdtemp(name.data());
        path_ = pause_file_of(directory_);
    }
    ~PauseFile() override { std::filesystem::remove_all(directory_); }

    std::string directory_;
    std::string path_;
};

TEST_F(PauseFile, KeepsWhatWasSaved)
{
    EXPECT_TRUE(load_pauses(path_)->empty()) << "no file, nothing paused";
    queue::Pauses pauses;
    pauses["mx:a.test"] = {"alice", "moving house", WallTime{std::chrono::hours{1}}};
    ASSERT_TRUE(save_pauses(path_, pauses));
    EXPECT_EQ(*load_pauses(path_), pauses);
    ASSERT_TRUE(save_pauses(path_, {}));
    EXPECT_TRUE(load_pauses(path_)->empty());
}

// A single bit makes it another destination, and mail would go to the one that was paused.
TEST_F(PauseFile, OneThatWasAlteredIsSaidAndCanBeCorrectedByHand)
{
    queue::Pauses saved;
    saved["mx:a.test"] = {"alice", "", WallTime{}};
    ASSERT_TRUE(save_pauses(path_, saved));
    std::string text = read_file(path_, 1000)->octets;
    text[text.find("mx:a") + 3] = 'c';
    std::ofstream{path_} << text;
    const auto pauses = load_pauses(path_);
    ASSERT_FALSE(pauses);
    EXPECT_NE(pauses.error().find("line 4: the checksum"), std::string::npos) << pauses.error();
    EXPECT_NE(pauses.error().find("leave out the last one"), std::string::npos) << pauses.error();
    text[text.find("mx:c") + 3] = 'a';
    std::ofstream{path_} << text.substr(0, text.find("crc32c "));
    EXPECT_EQ(*load_pauses(path_), saved);
}

TEST_F(PauseFile, OneThatIsNotOursIsSaidAndLeftAlone)
{
    std::ofstream{path_} << "hermetic paused destinations 1\nmx:a.te";
    const auto pauses = load_pauses(path_);
    ASSERT_FALSE(pauses);
    EXPECT_NE(pauses.error().find("line 2"), std::string::npos) << pauses.error();
    EXPECT_NE(pauses.error().find("remove it"), std::string::npos) << pauses.error();
    EXPECT_TRUE(std::filesystem::exists(path_));
    EXPECT_FALSE(save_pauses(directory_ + "/nowhere/file", {}));
}

}  // namespace
}  // namespace hermetic::dispatch
