// Cuts what a server sent into reply lines (RFC 5321 §4.2.1). Pure. Shared by nothing with the
// server under test: a fault there would hide itself.
#pragma once

#include <string>
#include <string_view>

namespace hermetic::load {

struct ReplyLine {
    int code = 0;  // 0: not a reply
    bool last = true;
    std::string_view text;   // after the code and its separator
    std::string_view whole;  // without the line's end
};

class ReplyLines {
public:
    static constexpr std::size_t kMaxLine = 4096;

    // False: no whole line yet, what there is of it was taken from input and kept. The line is
    // valid until the next call or until input's octets are gone. A line over kMaxLine has code 0.
    [[nodiscard]] bool next(std::string_view& input, ReplyLine& line);

private:
    std::string partial_;
    bool partial_used_ = false;
};

}  // namespace hermetic::load
