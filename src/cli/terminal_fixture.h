// A terminal whose answers are known beforehand, and that keeps what was said. For tests only.
#pragma once

#include "cli/question.h"

#include <deque>
#include <string>

namespace hermetic::cli {

class ScriptedTerminal final : public Terminal {
public:
    // After the last of them the input has ended.
    explicit ScriptedTerminal(std::deque<std::string> script);
    ~ScriptedTerminal() override;
    void say(const std::string& text) override;
    std::optional<std::string> read_line() override;

    // What stands on the screen: questions with what was typed behind them.
    std::string screen;
    std::deque<std::string> answers;  // that were not wanted yet
};

}  // namespace hermetic::cli
