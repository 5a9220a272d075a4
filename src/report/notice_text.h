// What people read in a notice: the same story as plain text and as HTML.
//
// Pure. Specification §6.2. Foreign text comes escaped and bounded; administrators' details only
// where the decision says that the reader is one of our own.
#pragma once

#include "report/content_decision.h"
#include "report/notice.h"

#include <string>
#include <vector>

namespace hermetic::report {

struct Story {
    struct Entry {
        std::string address;
        std::string what;
        std::string helper;  // empty where nothing is to be done
        std::string how;
        std::string reply;  // the remote server's words, with its name; empty where none
    };
    // Those to whom the same has happened.
    struct Section {
        std::string introduction;
        std::vector<Entry> entries;
    };
    std::string headline;
    std::vector<Section> sections;  // the gravest first
    std::string left_out;           // "… and 12 more"; empty where all are shown
    std::vector<std::string> closing;
    std::vector<std::string> details;  // lines for administrators; empty for outsiders
};

[[nodiscard]] Story tell(const NoticeInput& input, const NoticeDecision& decision,
                         const ContentDecision& content);

[[nodiscard]] std::string format_text(const Story& story);  // UTF-8, CRLF
[[nodiscard]] std::string format_html(const Story& story);

// The subject without its original's.
[[nodiscard]] std::string_view headline_of(const NoticeDecision& decision);

}  // namespace hermetic::report
