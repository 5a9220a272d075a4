// Questions to a person who sits at a terminal.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace hermetic::cli {

// Whoever is asked: shown what is said, and typing lines. An interface, so that tests can answer.
class Terminal {
public:
    virtual ~Terminal() = default;
    virtual void say(const std::string& text) = 0;
    // Without its end; nullopt: the input has ended (Ctrl-D).
    [[nodiscard]] virtual std::optional<std::string> read_line() = 0;
};

// Standard input and standard error. Null where there is nobody to ask: one of them is no terminal,
// or with --json, which keeps standard error for complaints.
[[nodiscard]] Terminal* find_terminal();

enum class Answer : std::uint8_t { No, Yes, Ended };

// "QUESTION [y/N] ". An empty answer is no; what is neither yes nor no is asked again.
[[nodiscard]] Answer ask_yes(Terminal& terminal, const std::string& question);

struct Question {
    std::string words;
    // Shown in brackets: what an empty answer, or the same one, leaves as it is. Empty: there is
    // nothing yet, and an answer has to be given.
    std::string standing;
    std::string expected;  // "a full name, such as mx.example.org"
    std::function<bool(const std::string& answer)> fits;
};

// What does not fit is asked again, with what is expected. Empty: what stands is to stay. Nullopt:
// the input has ended.
[[nodiscard]] std::optional<std::string> ask(Terminal& terminal, const Question& question);

}  // namespace hermetic::cli
