// What a child has of us, and what becomes of it when we die.
#include "lab/child.h"

#include "lab/work_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <unistd.h>

namespace hermetic::lab {
namespace {

std::set<std::string> descriptors_of(pid_t process)
{
    std::set<std::string> found;
    const auto folder = "/proc/" + std::to_string(process) + "/fd";
    for (const auto& each : std::filesystem::directory_iterator{folder})
        found.insert(each.path().filename());
    return found;
}

class Child : public testing::Test {
protected:
    void SetUp() override
    {
        const auto made = make_work_directory();
        ASSERT_TRUE(made) << made.error();
        folder_ = *made;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] Command command(const std::string& script) const
    {
        return {{"/bin/sh", "-c", script}, {"PATH=/usr/bin:/bin"}, folder_ / "output"};
    }
    std::string read(const std::string& file) const
    {
        std::ifstream in{folder_ / file};
        return {std::istreambuf_iterator<char>{in}, {}};
    }
    static int wait_for(pid_t process)
    {
        int status = 0;
        EXPECT_EQ(::waitpid(process, &status, 0), process);
        return status;
    }

    std::filesystem::path folder_;
};

// Sockets and files that nobody has thought of, without FD_CLOEXEC.
TEST_F(Child, HasNoDescriptorOfOurs)
{
    const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listening, 1), 0);
    const int file = ::open("/dev/null", O_RDONLY);
    const int far = ::fcntl(file, F_DUPFD, 500);
    const Started started = start_child({{"/bin/sleep", "600"}, {}, folder_ / "output"});
    ASSERT_EQ(started.error, 0);
    EXPECT_EQ(descriptors_of(started.process), (std::set<std::string>{"0", "1", "2"}));
    for (const int each : {listening, file, far}) ::close(each);
    ::kill(started.process, SIGKILL);
    EXPECT_EQ(WTERMSIG(wait_for(started.process)), SIGKILL);
}

TEST_F(Child, IgnoresNoSignalThatWeIgnore)
{
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
    const Started started = start_child(command("grep SigIgn /proc/self/status"));
    ASSERT_EQ(started.error, 0);
    EXPECT_EQ(wait_for(started.process), 0);
    EXPECT_THAT(read("output"), testing::HasSubstr("0000000000000000"));
}

TEST_F(Child, ThatCannotBeStartedIsAnError)
{
    const Started started = start_child({{"/no/such/program"}, {}, folder_ / "output"});
    EXPECT_EQ(started.error, ENOENT);
    wait_for(started.process);
    const Started silent = start_child({{"/bin/true"}, {}, "/no/such/folder/output"});
    EXPECT_EQ(silent.error, ENOENT);
    wait_for(silent.process);
}

TEST_F(Child, EndsWithWhoeverStartedIt)
{
    // Orphans come to us.
    ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    const pid_t starter = ::fork();
    if (starter == 0) {
        const Started started = start_child({{"/bin/sleep", "600"}, {}, folder_ / "output"});
        ::kill(::getpid(), started.error == 0 ? SIGKILL : SIGABRT);
    }
    EXPECT_EQ(WTERMSIG(wait_for(starter)), SIGKILL);
    int status = 0;
    ASSERT_GT(::waitpid(-1, &status, 0), 0);
    EXPECT_EQ(WTERMSIG(status), SIGTERM);
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

}  // namespace
}  // namespace hermetic::lab
