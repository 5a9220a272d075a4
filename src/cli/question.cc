#include "cli/question.h"

#include "cli/complaint.h"
#include "core/text.h"

#include <cstdio>
#include <iostream>
#include <unistd.h>

namespace hermetic::cli {
namespace {

class StandardTerminal final : public Terminal {
public:
    void say(const std::string& text) override { std::fputs(text.c_str(), stderr); }
    std::optional<std::string> read_line() override
    {
        std::string line;
        if (!std::getline(std::cin, line)) return std::nullopt;
        return line;
    }
};

// Trimmed; nullopt: the input has ended.
std::optional<std::string> read_answer(Terminal& terminal)
{
    const auto line = terminal.read_line();
    if (line) return std::string{trim(*line)};
    terminal.say("\n");
    return std::nullopt;
}

}  // namespace

Terminal* find_terminal()
{
    static StandardTerminal terminal;
    const bool is_there = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
    return is_there && speaks_to_people() ? &terminal : nullptr;
}

Answer ask_yes(Terminal& terminal, const std::string& question)
{
    for (;;) {
        terminal.say(question + " [y/N] ");
        const auto answer = read_answer(terminal);
        if (!answer) return Answer::Ended;
        if (iequals(*answer, "y") || iequals(*answer, "yes")) return Answer::Yes;
        if (answer->empty() || iequals(*answer, "n") || iequals(*answer, "no")) return Answer::No;
        terminal.say("expected: y or n\n");
    }
}

std::optional<std::string> ask(Terminal& terminal, const Question& question)
{
    for (;;) {
        terminal.say(question.words +
                     (question.standing.empty() ? "" : " [" + question.standing + "]") + ": ");
        auto answer = read_answer(terminal);
        if (!answer) return std::nullopt;
        const bool stays = answer->empty() || *answer == question.standing;
        if (stays && !question.standing.empty()) return std::string{};
        if (!stays && question.fits(*answer)) return answer;
        terminal.say("expected: " + question.expected + "\n");
    }
}

}  // namespace hermetic::cli
