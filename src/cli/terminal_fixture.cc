#include "cli/terminal_fixture.h"

#include <utility>

namespace hermetic::cli {

ScriptedTerminal::ScriptedTerminal(std::deque<std::string> script) : answers{std::move(script)}
{
}

ScriptedTerminal::~ScriptedTerminal() = default;

void ScriptedTerminal::say(const std::string& text)
{
    screen += text;
}

std::optional<std::string> ScriptedTerminal::read_line()
{
    if (answers.empty()) return std::nullopt;
    std::string answer = std::move(answers.front());
    answers.pop_front();
    screen += answer + "\n";
    return answer;
}

}  // namespace hermetic::cli
