#include "dispatch/pause_file.h"

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
