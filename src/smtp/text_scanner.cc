#include "smtp/text_scanner.h"

#include "smtp/line_skip.h"

namespace hermetic::smtp {

TextRun TextScanner::next(std::string_view input)
{
    if (state_ == State::BareLf) {
        state_ = State::Text;
        return {1, "\r\n"};
    }
    if (state_ == State::Cr) {
        if (input[0] == '\n') {
            state_ = State::LineStart;
            return {1, input.substr(0, 1)};
        }
        saw_bare_ = true;
        state_ = State::Text;
        if (bare_ == BareNewline::Repair) return {0, "\n"};
    }
    const std::size_t end = scan(input);
    const std::string_view run = input.substr(0, end);
    if (!saw_nul_) saw_nul_ = run.find('\0') != std::string_view::npos;
    return {end, run};
}

// How much of the input can be passed on in one piece. Leaves in state_ what comes after it.
std::size_t TextScanner::scan(std::string_view input)
{
    const bool stop_at_dots = stop_ == Stop::BeforeDotAtLineStart;
    std::size_t at = skip_clean_lines(input, stop_at_dots ? LeadingDots::Stop : LeadingDots::Pass);
    if (at != 0 && (at == input.size() || (stop_at_dots && input[at] == '.'))) {
        state_ = State::LineStart;
        return at;
    }
    for (;;) {
        const std::size_t lf = input.find('\n', at);
        const std::size_t line_end = lf == std::string_view::npos ? input.size() : lf;
        const std::size_t cr = input.substr(0, line_end).find('\r', at);
        if (cr != std::string_view::npos && cr + 1 != lf) {  // bare, or the last octet so far
            state_ = State::Cr;
            return cr + 1;
        }
        if (lf == std::string_view::npos) {
            state_ = State::Text;
            return input.size();
        }
        if (cr == std::string_view::npos) {
            saw_bare_ = true;
            if (bare_ == BareNewline::Repair) {
                state_ = State::BareLf;
                return lf;
            }
            at = lf + 1;
            continue;
        }
        at = lf + 1;
        const bool stop = stop_at_dots && at < input.size() && input[at] == '.';
        if (at == input.size() || stop) {
            state_ = State::LineStart;
            return at;
        }
    }
}

std::string_view TextScanner::finish()
{
    if (state_ != State::Cr) return {};
    saw_bare_ = true;
    state_ = State::LineStart;
    return bare_ == BareNewline::Repair ? "\n" : "";
}

}  // namespace hermetic::smtp
