// TextScanner: passes message text through and notices what lines must not have: bare CR, bare LF,
// NUL.
//
// Pure, incremental, and the hot path: it hands out runs of the input found by memchr, many lines
// at a time. RFC 5321 §2.3.8; SMTP smuggling is what bare newlines are refused for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hermetic::smtp {

enum class BareNewline : std::uint8_t {
    Keep,    // passed through and reported: the caller refuses the message
    Repair,  // becomes CRLF
};

// A part of the message: a view into the input, or into static text. Together all runs are the
// message, however the input was split. A call may consume nothing, but then it changes state:
// call again.
struct TextRun {
    std::size_t consumed = 0;
    std::string_view run;
};

class TextScanner {
public:
    enum class Stop : std::uint8_t { Never, BeforeDotAtLineStart };

    TextScanner(BareNewline bare, Stop stop) : bare_{bare}, stop_{stop} {}

    // `input` is not empty.
    [[nodiscard]] TextRun next(std::string_view input);

    // After a true CRLF, or at the very start. A repaired newline does not count: what its sender
    // took for one line must not begin another (no dot is removed there, no end is seen there).
    [[nodiscard]] bool at_line_start() const { return state_ == State::LineStart; }
    // The text ended in CR: bare, if nothing follows.
    [[nodiscard]] bool after_cr() const { return state_ == State::Cr; }
    [[nodiscard]] bool saw_bare_newline() const { return saw_bare_; }
    [[nodiscard]] bool saw_nul() const { return saw_nul_; }

    // The caller took an octet of this line itself, and has passed on as much as it wanted.
    void enter_text() { state_ = State::Text; }
    void enter_after_cr() { state_ = State::Cr; }
    // The text ends here: what is missing of its last line end.
    [[nodiscard]] std::string_view finish();

private:
    enum class State : std::uint8_t {
        LineStart,
        Text,
        Cr,      // CR was passed on
        BareLf,  // a bare LF is next, and is to be repaired
    };

    [[nodiscard]] std::size_t scan(std::string_view input);

    BareNewline bare_;
    Stop stop_;
    State state_ = State::LineStart;
    bool saw_bare_ = false;
    bool saw_nul_ = false;
};

}  // namespace hermetic::smtp
