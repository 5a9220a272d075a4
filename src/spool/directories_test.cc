#include "spool/directories.h"

#include "spool/test_support.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace hermetic::spool {
namespace {

namespace fs = std::filesystem;

fs::perms mode_of(const std::string& path)
{
    return fs::status(path).permissions();
}

class Directories : public ::testing::Test {
protected:
    rocksdb::IOStatus make(const std::string& path)
    {
        return make_private_directories(*rocksdb::FileSystem::Default(), path);
    }
    testing::TemporaryDirectory directory_;
};

TEST_F(Directories, MissingParentsAreMadeForTheirOwnerAlone)
{
    ASSERT_TRUE(make(directory_.path() + "/a/b/").ok());
    EXPECT_EQ(mode_of(directory_.path() + "/a"), fs::perms::owner_all);
    EXPECT_EQ(mode_of(directory_.path() + "/a/b"), fs::perms::owner_all);
}

TEST_F(Directories, AnExistingDirectoryKeepsItsMode)
{
    const std::string path = directory_.path() + "/a";
    fs::create_directory(path);
    fs::permissions(path, fs::perms::owner_all | fs::perms::group_read);
    ASSERT_TRUE(make(path).ok());
    EXPECT_EQ(mode_of(path), fs::perms::owner_all | fs::perms::group_read);
}

TEST_F(Directories, AFileInTheWayIsAnError)
{
    const std::string path = directory_.path() + "/file";
    std::fclose(std::fopen(path.c_str(), "w"));
    EXPECT_FALSE(make(path).ok());
    EXPECT_FALSE(make(path + "/below").ok());
}

}  // namespace
}  // namespace hermetic::spool
