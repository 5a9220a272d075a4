// The questions of `hermetic setup`, answered by a script: what is asked, what an answer does, and
// that nothing is written before the last one.
#include "cli/cli.h"
#include "cli/complaint.h"
#include "cli/setup_command.h"
#include "cli/terminal_fixture.h"
#include "tls/pki_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace hermetic::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class SetupQuestions : public testing::Test {
protected:
    SetupQuestions()
    {
        arguments_.config = config_;
        arguments_.data_directory = files_.path("data");
        arguments_.offline = true;
    }

    // The exit code. What is said on both outputs is kept, like the screen.
    int run(std::deque<std::string> answers)
    {
        ScriptedTerminal terminal{std::move(answers)};
        testing::internal::CaptureStdout();
        testing::internal::CaptureStderr();
        const FindFaults find_none = [](const std::string&) { return config::Diagnostics{}; };
        const int code = run_setup(arguments_, find_none, &terminal);
        report_ = testing::internal::GetCapturedStdout();
        complaint_ = testing::internal::GetCapturedStderr();
        screen_ = terminal.screen;
        EXPECT_TRUE(terminal.answers.empty()) << "not asked for: " << terminal.answers.front();
        return code;
    }
    [[nodiscard]] std::string node() const { return files_.read("hermetic.toml"); }
    [[nodiscard]] std::string objects() const { return files_.read("org.toml"); }
    [[nodiscard]] bool wrote() const { return std::filesystem::exists(config_); }

    tls::PkiFixture files_;
    std::string config_ = files_.path("hermetic.toml");
    SetupArguments arguments_;
    std::string report_;
    std::string complaint_;
    std::string screen_;
};

TEST_F(SetupQuestions, FromNothingEveryAnswerIsWritten)
{
    const int code = run({"mx.example.test", "example.test", "lmtp://127.0.0.1:24", "acme",
                          "hostmaster@example.test", ""});
    EXPECT_EQ(code, kDone) << complaint_ << report_;
    EXPECT_THAT(node(), HasSubstr("hostname = \"mx.example.test\""));
    EXPECT_THAT(node(), HasSubstr("acme_contact = \"hostmaster@example.test\""));
    EXPECT_THAT(objects(), HasSubstr("name = \"example.test\""));
    EXPECT_THAT(objects(), HasSubstr("lmtp://[127.0.0.1]:24"));
    EXPECT_THAT(screen_, HasSubstr("The server's own name in DNS: mx.example.test\n"));
}

TEST_F(SetupQuestions, WhatDoesNotFitIsAskedAgainWithWhatIsExpected)
{
    const int code = run({"", "not a name", "mx.example.test", "@", "example.test", "nowhere",
                          "smtp://a.test", "letsencrypt", "files", "/no/such.pem",
                          files_.root_file(), files_.root_file(), "no domain!", "none"});
    EXPECT_TRUE(wrote()) << complaint_;
    EXPECT_EQ(code, kFailed) << "that file has no key, and that is said";
    EXPECT_THAT(screen_, HasSubstr(" not a name\nexpected: a full name, such as mx.example.org\n"));
    EXPECT_THAT(screen_, HasSubstr(" @\nexpected: a domain, such as example.org\n"));
    EXPECT_THAT(screen_, HasSubstr(" nowhere\nexpected: lmtp://host:24, "));
    EXPECT_THAT(screen_, HasSubstr(" letsencrypt\nexpected: acme, files or self-signed\n"));
    EXPECT_THAT(screen_, HasSubstr(" /no/such.pem\nexpected: a PEM file that is there\n"));
    EXPECT_THAT(screen_, HasSubstr(" no domain!\nexpected: a domain, such as example.org\n"));
    EXPECT_THAT(node(), HasSubstr("chain = \"" + files_.root_file() + "\""));
}

TEST_F(SetupQuestions, ASecondTimeEmptyAnswersChangeNothing)
{
    ASSERT_EQ(run({"mx.example.test", "example.test", "lmtp://127.0.0.1:24", "", ""}), kDone);
    const std::string before = node() + objects();
    ASSERT_EQ(run({"", "", "", ""}), kDone) << complaint_;
    EXPECT_EQ(node() + objects(), before);
    EXPECT_THAT(screen_, HasSubstr("The server's own name in DNS [mx.example.test]: \n"));
    EXPECT_THAT(screen_, HasSubstr("Where that mail goes [lmtp://[127.0.0.1]:24]: \n"));
    EXPECT_THAT(screen_, Not(HasSubstr("A domain whose mail it accepts")));
}

TEST_F(SetupQuestions, WhatAFlagSaysIsNotAsked)
{
    arguments_.hostname = "mx.example.test";
    arguments_.domains = {"example.test"};
    arguments_.next_hop = "lmtp://127.0.0.1:24";
    arguments_.certificate = "self-signed";
    arguments_.reach = "example.org";
    ASSERT_EQ(run({}), kDone) << complaint_;
    EXPECT_EQ(screen_, "");
    EXPECT_TRUE(wrote());
}

TEST_F(SetupQuestions, WhereTheInputEndsNothingIsWritten)
{
    EXPECT_EQ(run({"mx.example.test", "example.test"}), kFailed);
    EXPECT_FALSE(wrote());
    EXPECT_THAT(complaint_, HasSubstr("the input ended before the last question"));
    EXPECT_EQ(report_, "");
}

TEST_F(SetupQuestions, WhatAPersonWroteIsOverwrittenOnlyWithAYes)
{
    ASSERT_EQ(run({"mx.example.test", "example.test", "lmtp://127.0.0.1:24", "", ""}), kDone);
    const std::string edited = node() + "# ours\n";
    files_.write("hermetic.toml", edited);
    ASSERT_EQ(run({"other.example.test", "", "", "", "what?", "n"}), kDone) << complaint_;
    EXPECT_EQ(node(), edited);
    EXPECT_THAT(screen_, HasSubstr("\"mx.example.test\" -> \"other.example.test\""));
    EXPECT_EQ(run({"other.example.test", "", "", ""}), kFailed) << "no answer is no yes";
    EXPECT_EQ(node(), edited);
    ASSERT_EQ(run({"other.example.test", "", "", "", "y"}), kDone) << complaint_;
    EXPECT_THAT(node(), HasSubstr("hostname = \"other.example.test\""));
    EXPECT_EQ(files_.read("hermetic.toml.before-setup"), edited);
}

TEST_F(SetupQuestions, AreNotAskedWithTheirFlagOrWithJson)
{
    arguments_.no_questions = true;
    EXPECT_EQ(run({}), kUsage);
    EXPECT_THAT(complaint_, HasSubstr("--hostname NAME"));
    EXPECT_EQ(screen_, "");
    arguments_.no_questions = false;
    arguments_.json = true;
    complain_in(Output::Json);
    EXPECT_EQ(run({}), kUsage);
    complain_in(Output::Table);
    EXPECT_EQ(screen_, "");
    EXPECT_THAT(complaint_, testing::StartsWith("{\"error\":\"setup has to know more"));
}

}  // namespace
}  // namespace hermetic::cli
