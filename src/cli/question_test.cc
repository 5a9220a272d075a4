#include "cli/question.h"

#include "cli/complaint.h"
#include "cli/terminal_fixture.h"

#include <gtest/gtest.h>

namespace hermetic::cli {
namespace {

Answer asked_yes(std::deque<std::string> answers, std::string* screen = nullptr)
{
    ScriptedTerminal terminal{std::move(answers)};
    const Answer answer = ask_yes(terminal, "Hold 3 messages?");
    if (screen != nullptr) *screen = terminal.screen;
    return answer;
}

TEST(AskYes, TakesYesAndNoInAnyCaseAndNothingForNo)
{
    for (const std::string yes : {"y", "Y", "yes", " YES "})
        EXPECT_EQ(asked_yes({yes}), Answer::Yes) << yes;
    for (const std::string no : {"", "n", "No", " "}) EXPECT_EQ(asked_yes({no}), Answer::No) << no;
    EXPECT_EQ(asked_yes({}), Answer::Ended);
}

TEST(AskYes, AsksAgainWhatItDoesNotUnderstand)
{
    std::string screen;
    EXPECT_EQ(asked_yes({"yep", "y"}, &screen), Answer::Yes);
    EXPECT_EQ(screen, "Hold 3 messages? [y/N] yep\nexpected: y or n\nHold 3 messages? [y/N] y\n");
    EXPECT_EQ(asked_yes({"yep"}), Answer::Ended);
}

Question number(std::string standing)
{
    return {"How many", std::move(standing), "a digit", [](const std::string& text) {
                return text.size() == 1 && text[0] >= '0' && text[0] <= '9';
            }};
}

TEST(Ask, AnEmptyAnswerOrTheSameLeavesWhatStands)
{
    for (const std::string answer : {"", "  ", "7"}) {
        ScriptedTerminal terminal{{answer}};
        EXPECT_EQ(ask(terminal, number("7")), "") << answer;
        EXPECT_EQ(terminal.screen, "How many [7]: " + answer + "\n");
    }
    ScriptedTerminal terminal{{"8"}};
    EXPECT_EQ(ask(terminal, number("7")), "8");
}

TEST(Ask, WhatDoesNotFitIsAskedAgainWithWhatIsExpected)
{
    ScriptedTerminal terminal{{"", "many", " 3 "}};
    EXPECT_EQ(ask(terminal, number("")), "3");
    EXPECT_EQ(terminal.screen,
              "How many: \nexpected: a digit\nHow many: many\nexpected: a digit\nHow many:  3 \n");
}

TEST(Ask, TheEndOfTheInputIsNoAnswer)
{
    ScriptedTerminal terminal{{"many"}};
    EXPECT_EQ(ask(terminal, number("7")), std::nullopt);
}

TEST(FindTerminal, WithJsonThereIsNobody)
{
    complain_in(Output::Json);
    EXPECT_EQ(find_terminal(), nullptr);
    complain_in(Output::Table);
}

}  // namespace
}  // namespace hermetic::cli
