// Starting, awaiting and stopping a server, and following its log; a shell script plays the server.
#include "lab/server_process.h"

#include "lab/attempt_log.h"
#include "lab/work_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

namespace hermetic::lab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class FakeServer : public testing::Test {
protected:
    void SetUp() override
    {
        const auto made = make_work_directory();
        ASSERT_TRUE(made) << made.error();
        directory_ = *made;
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    // serve --config FILE --ready-file FILE are $1 to $5.
    ServerProcess::Files script(const std::string& text)
    {
        const auto program = directory_ / "server";
        EXPECT_TRUE(write_text(program, "#!/bin/sh\n" + text));
        std::filesystem::permissions(program, std::filesystem::perms::owner_all);
        return {program, directory_ / "hermetic.toml", directory_ / "ready.json",
                directory_ / "output.txt"};
    }

    std::filesystem::path directory_;
};

constexpr const char* kReady =
    R"(echo '{"listeners":[{"name":"mx","address":"127.0.0.1:4711"}],"pid":1}' > "$5")";

TEST_F(FakeServer, IsReadyWhenItSaysSoAndStopsWhenItIsTold)
{
    ServerProcess server;
    const auto files =
        script(std::string{"trap 'exit 7' TERM\n"} + kReady + "\nwhile :; do sleep 0.01; done\n");
    const auto started = server.start(files, seconds{30});
    ASSERT_TRUE(started) << started.error();
    ASSERT_NE(server.listener("mx"), nullptr);
    EXPECT_EQ(server.listener("mx")->format(), "127.0.0.1:4711");
    EXPECT_EQ(server.listener("submission"), nullptr);
    EXPECT_TRUE(server.is_running());
    EXPECT_EQ(server.stop(), 7);
    EXPECT_FALSE(server.is_running());
    EXPECT_EQ(server.stop(), 7);
}

TEST_F(FakeServer, IsKilledWhereItDoesNotStop)
{
    ServerProcess server;
    const auto files =
        script(std::string{"trap '' TERM\n"} + kReady + "\nwhile :; do sleep 0.01; done\n");
    ASSERT_TRUE(server.start(files, seconds{30}));
    EXPECT_EQ(server.stop(milliseconds{50}), 128 + SIGKILL);
}

TEST_F(FakeServer, ThatEndsAtOnceLeavesItsWords)
{
    ServerProcess server;
    const auto started = server.start(script("echo line 3: unknown key; exit 1\n"), seconds{30});
    ASSERT_FALSE(started);
    EXPECT_THAT(started.error(), HasSubstr("code 1"));
    EXPECT_THAT(started.error(), HasSubstr("unknown key"));
}

TEST_F(FakeServer, ThatIsNeverReadyIsGivenUp)
{
    ServerProcess server;
    const auto started = server.start(script("exec sleep 60\n"), milliseconds{100});
    ASSERT_FALSE(started);
    EXPECT_THAT(started.error(), HasSubstr("not ready in time"));
    EXPECT_FALSE(server.is_running());
}

TEST_F(FakeServer, ThatDoesNotExistIsAnError)
{
    ServerProcess server;
    EXPECT_FALSE(server.start({directory_ / "nothing", {}, {}, directory_ / "out"}, seconds{1}));
    EXPECT_EQ(server.stop(), -1);
}

TEST_F(FakeServer, LogIsReadInWholeLinesHoweverItGrows)
{
    const auto path = directory_ / "hermetic.log";
    LogFollower follower{path};
    EXPECT_TRUE(follower.poll().empty()) << "no file yet";
    std::ofstream log{path};
    log << R"({"event":"session"})" << '\n' << R"({"event":"attempt","to":"a@x.lab)" << std::flush;
    EXPECT_TRUE(follower.poll().empty());
    log << R"(.test","outcome":"delivered"})" << '\n' << std::flush;
    const auto attempts = follower.poll();
    ASSERT_EQ(attempts.size(), 1U);
    EXPECT_TRUE(is_for_domain(attempts[0], "x.lab.test"));
    EXPECT_TRUE(follower.poll().empty()) << "each line once";
}

}  // namespace
}  // namespace hermetic::lab
