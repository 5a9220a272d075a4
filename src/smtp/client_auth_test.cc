#include "smtp/client_auth.h"

#include "facts/reasons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace hermetic::smtp {
namespace {

using Next = ClientAuth::Next;
using facts::Reason;

// Answers what the test says; notes what it was asked.
struct Script {
    bool speaks_first = true;
    std::deque<Result<std::string, SaslRefusal>> responses;
    std::vector<std::string> challenges;
    bool satisfied = true;
};

class ScriptedMechanism final : public SaslMechanism {
public:
    explicit ScriptedMechanism(Script& script) : script_{script} {}
    [[nodiscard]] std::string_view name() const override { return "TEST"; }
    [[nodiscard]] bool speaks_first() const override { return script_.speaks_first; }
    [[nodiscard]] bool is_satisfied() const override { return script_.satisfied; }
    [[nodiscard]] Result<std::string, SaslRefusal> respond(std::string_view challenge) override
    {
        script_.challenges.emplace_back(challenge);
        auto response = script_.responses.front();
        if (script_.responses.size() > 1) script_.responses.pop_front();
        return response;
    }

private:
    Script& script_;
};

class ClientAuthTest : public testing::Test {
protected:
    ClientAuth& auth()
    {
        if (!auth_) auth_.emplace(std::make_unique<ScriptedMechanism>(script));
        return *auth_;
    }
    Script script;

private:
    std::optional<ClientAuth> auth_;
};

TEST_F(ClientAuthTest, AnInitialResponseGoesWithTheCommand)
{
    script.responses = {std::string{"\0ann\0secret", 11}};
    EXPECT_EQ(auth().start().write, "AUTH TEST AGFubgBzZWNyZXQ=\r\n");
    EXPECT_EQ(auth().on_reply({235, "2.7.0 welcome"}).next, Next::Done);
    EXPECT_FALSE(auth().failure());
}

TEST_F(ClientAuthTest, AnEmptyInitialResponseIsAnEqualsSign)
{
    script.responses = {""};
    EXPECT_EQ(auth().start().write, "AUTH TEST =\r\n");
}

TEST_F(ClientAuthTest, ChallengesAreDecodedAndAnswered)
{
    script.speaks_first = false;
    script.responses = {"ann", "secret"};
    EXPECT_EQ(auth().start().write, "AUTH TEST\r\n");
    EXPECT_EQ(auth().on_reply({334, "VXNlcm5hbWU6"}).write, "YW5u\r\n");
    EXPECT_EQ(auth().on_reply({334, ""}).write, "c2VjcmV0\r\n");
    EXPECT_THAT(script.challenges, testing::ElementsAre("Username:", ""));
    EXPECT_EQ(auth().on_reply({235, ""}).next, Next::Done);
}

TEST_F(ClientAuthTest, ARefusalHasTheServersWords)
{
    script.responses = {"x"};
    (void)auth().start();
    EXPECT_EQ(auth().on_reply({535, "5.7.8 no such user"}).next, Next::Failed);
    EXPECT_EQ(auth().failure()->reason, Reason::AuthRefused);
    EXPECT_EQ(auth().failure()->origin, facts::Origin::Remote);
    EXPECT_EQ(auth().failure()->text, "5.7.8 no such user");
    EXPECT_EQ(auth().failure()->stage, facts::Stage::Auth);
    EXPECT_FALSE(auth().is_unknown_mechanism());
}

TEST_F(ClientAuthTest, ATemporaryRefusalIsOne)
{
    script.responses = {"x"};
    (void)auth().start();
    EXPECT_EQ(auth().on_reply({454, "4.7.0 later"}).next, Next::Failed);
    EXPECT_EQ(auth().failure()->reason, Reason::AuthDeferred);
}

TEST_F(ClientAuthTest, AMechanismThatTheServerLacksIsToldApart)
{
    script.responses = {"x"};
    (void)auth().start();
    EXPECT_EQ(auth().on_reply({504, "5.5.4 unrecognized"}).next, Next::Failed);
    EXPECT_TRUE(auth().is_unknown_mechanism());
}

TEST_F(ClientAuthTest, AServerThatDoesNotProveItselfIsRefused)
{
    script.responses = {"x"};
    script.satisfied = false;
    (void)auth().start();
    EXPECT_EQ(auth().on_reply({235, "welcome"}).next, Next::Failed);
    EXPECT_EQ(auth().failure()->reason, Reason::AuthServerUnproved);
    EXPECT_EQ(auth().failure()->origin, facts::Origin::Local);
}

TEST_F(ClientAuthTest, AWrongChallengeCancelsTheLogin)
{
    script.responses = {"x", failure(SaslRefusal::Wrong)};
    (void)auth().start();
    EXPECT_EQ(auth().on_reply({334, "eA=="}).write, "*\r\n");
    EXPECT_EQ(auth().on_reply({235, "welcome all the same"}).next, Next::Failed);
    EXPECT_EQ(auth().failure()->reason, Reason::AuthServerUnproved);
}

TEST_F(ClientAuthTest, AChallengeThatCostsTooMuchIsRefusedByItsOwnReason)
{
    script.responses = {"x", failure(SaslRefusal::TooCostly)};
    (void)auth().start();
    EXPECT_EQ(auth().on_reply({334, "eA=="}).write, "*\r\n");
    EXPECT_EQ(auth().on_reply({501, "cancelled"}).next, Next::Failed);
    EXPECT_EQ(auth().failure()->reason, Reason::AuthTooCostly);
    EXPECT_EQ(auth().failure()->origin, facts::Origin::Local);
}

TEST_F(ClientAuthTest, WhatIsNoBase64CancelsTheLogin)
{
    script.responses = {"x"};
    (void)auth().start();
    EXPECT_EQ(auth().on_reply({334, "what?"}).write, "*\r\n");
    EXPECT_EQ(auth().on_reply({501, "cancelled"}).next, Next::Failed);
    EXPECT_EQ(auth().failure()->reason, Reason::AuthMalformed);
}

TEST_F(ClientAuthTest, AMechanismThatHasNoFirstWordBeginsNoLogin)
{
    script.responses = {failure(SaslRefusal::Wrong)};
    EXPECT_EQ(auth().start().next, Next::Failed);
    EXPECT_EQ(auth().failure()->reason, Reason::AuthMechanismFailed);
    EXPECT_EQ(auth().failure()->origin, facts::Origin::Local);
}

TEST_F(ClientAuthTest, AnEndlessLoginEnds)
{
    script.responses = {"x"};
    auto step = auth().start();
    int rounds = 0;
    while (step.write != "*\r\n" && ++rounds < 100) step = auth().on_reply({334, ""});
    EXPECT_LT(rounds, 20);
}

TEST_F(ClientAuthTest, AnotherPositiveReplyIsNoWelcome)
{
    script.responses = {"x"};
    (void)auth().start();
    EXPECT_EQ(auth().on_reply({250, "ok"}).next, Next::Failed);
    EXPECT_EQ(auth().failure()->reason, Reason::ReplyUnexpected);
}

}  // namespace
}  // namespace hermetic::smtp
