#include "load/reply_lines.h"

namespace hermetic::load {
namespace {

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

ReplyLine parse_line(std::string_view whole)
{
    if (!whole.empty() && whole.back() == '\r') {
        whole.remove_suffix(1);
    }
    ReplyLine line;
    line.whole = whole;
    if (whole.size() < 3 || !is_digit(whole[0]) || !is_digit(whole[1]) || !is_digit(whole[2]) ||
        (whole.size() > 3 && whole[3] != ' ' && whole[3] != '-')) {
        return line;
    }
    line.code = (whole[0] - '0') * 100 + (whole[1] - '0') * 10 + (whole[2] - '0');
    line.last = whole.size() == 3 || whole[3] == ' ';
    line.text = whole.substr(whole.size() > 3 ? 4 : 3);
    return line;
}

}  // namespace

bool ReplyLines::next(std::string_view& input, ReplyLine& line)
{
    if (partial_used_) {
        partial_.clear();
        partial_used_ = false;
    }
    const std::size_t end = input.find('\n');
    if (end == std::string_view::npos && partial_.size() + input.size() <= kMaxLine) {
        partial_.append(input);
        input = {};
        return false;
    }
    if (end == std::string_view::npos || partial_.size() + end > kMaxLine) {
        line = {};
        line.whole = "a line without end";
        return true;
    }
    std::string_view whole = input.substr(0, end);
    input.remove_prefix(end + 1);
    if (!partial_.empty()) {
        partial_.append(whole);
        partial_used_ = true;
        whole = partial_;
    }
    line = parse_line(whole);
    return true;
}

}  // namespace hermetic::load
