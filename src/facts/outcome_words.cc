#include "facts/outcome_words.h"

#include "core/quote.h"

#include <fmt/format.h>

#include <algorithm>

namespace hermetic::facts {

std::string reply_line(const Outcome& outcome)
{
    std::string line = fmt::format("{:03} {}", outcome.code, outcome.text);
    std::replace(line.begin(), line.end(), '\n', ' ');
    std::erase(line, '\r');
    return line;
}

std::string quote_reply(const Outcome& outcome, std::size_t max)
{
    return quoted(reply_line(outcome), max);
}

}  // namespace hermetic::facts
