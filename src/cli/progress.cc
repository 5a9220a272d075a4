#include "cli/progress.h"

#include "core/text.h"

#include <fmt/format.h>

#include <cstdio>
#include <unistd.h>

namespace hermetic::cli {
namespace {

using validation::State;
using validation::Step;

constexpr std::string_view kIndent = "                         ";

// The first line behind what stands before it, the others below.
std::string indented(std::string_view words)
{
    std::string text;
    for (const auto line : split(words, '\n')) {
        if (!text.empty()) text.append("\n").append(kIndent);
        text += line;
    }
    return text;
}

std::string format_step(const Step& step)
{
    std::string text = fmt::format("  {:<13} {:<8} {}\n", validation::name(step.id),
                                   validation::name(step.state), indented(step.seen));
    if (!step.fix.empty())
        text += fmt::format("  {:<13} {:<8} {}\n", "", "fix:", indented(step.fix));
    return text;
}

}  // namespace

Progress Progress::for_output()
{
    return Progress{::isatty(STDOUT_FILENO) == 1 ? Kind::Terminal : Kind::Plain};
}

std::string Progress::heading(const Step& step)
{
    std::string title = step.host;
    if (!step.address.empty()) title += (title.empty() ? "" : " ") + step.address;
    if (title.empty()) title = "in all";
    if (title == under_) return {};
    under_ = title;
    std::string text = begun_ ? "\n" : "";
    begun_ = true;
    return text + title + "\n";
}

std::string Progress::on(const Step& step)
{
    std::string text;
    if (running_shown_) text += "\r\x1b[K";  // to its beginning, and clear it
    running_shown_ = false;
    if (step.state == State::Running) {
        if (kind_ == Kind::Plain) return text;
        text += heading(step);
        running_shown_ = true;
        return text + fmt::format("  {:<13} ...", validation::name(step.id));
    }
    text += heading(step);
    return text + format_step(step);
}

void Progress::show(const Step& step)
{
    std::fputs(on(step).c_str(), stdout);
    std::fflush(stdout);
}

}  // namespace hermetic::cli
