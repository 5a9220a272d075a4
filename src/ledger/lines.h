// The lines of the log: which facts of an event stand in its line, and how they are called.
// docs/reference/log.md describes them for people who parse them.
//
// Pure. One function for each kind of event, in lines.cc and node_lines.cc.
#pragma once

#include "events/publisher.h"
#include "ledger/line.h"
#include "ledger/log.h"

#include <string>
#include <string_view>

namespace hermetic::ledger {

// Time, level and event: the beginning of every line.
[[nodiscard]] Line begin_line(LineFormat format, WallTime now, Level level, std::string_view event);

// Lines, one after another.
class Lines {
public:
    Lines(LineFormat format, Level least) : format_{format}, least_{least} {}

    // The event's line, each with its newline: none where it is below the level, several where it
    // is an attempt for several recipients.
    void add(const events::Event& event);
    [[nodiscard]] std::string& text() { return text_; }

    // For the functions that write one: `fill` writes what follows the name.
    template <typename Fill>
    void add(Level level, std::string_view event, Fill fill)
    {
        if (level < least_) return;
        Line line = begin_line(format_, time_, level, event);
        fill(line);
        text_.append(line.finish()).push_back('\n');
    }

private:
    LineFormat format_;
    Level least_;
    WallTime time_{};
    std::string text_;
};

}  // namespace hermetic::ledger
