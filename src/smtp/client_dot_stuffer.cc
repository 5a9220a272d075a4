#include "smtp/client_dot_stuffer.h"

#include <cstring>

namespace hermetic::smtp {
namespace {

// The next '.' at or after `from` that begins a line; `before` precedes the chunk.
std::size_t find_leading_dot(std::string_view chunk, std::size_t from, char before)
{
    while (from < chunk.size()) {
        const void* found = std::memchr(chunk.data() + from, '.', chunk.size() - from);
        if (found == nullptr) return std::string_view::npos;
        const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - chunk.data());
        if ((at == 0 ? before : chunk[at - 1]) == '\n') return at;
        from = at + 1;
    }
    return std::string_view::npos;
}

}  // namespace

std::string_view DotStuffer::feed(std::string_view chunk, std::string& scratch)
{
    if (chunk.empty()) return chunk;
    std::size_t dot = find_leading_dot(chunk, 0, last_);
    std::string_view result = chunk;
    if (dot != std::string_view::npos) {
        scratch.clear();
        scratch.reserve(chunk.size() + 64);
        std::size_t done = 0;
        while (dot != std::string_view::npos) {
            scratch.append(chunk, done, dot - done);
            scratch += '.';
            done = dot;
            dot = find_leading_dot(chunk, dot + 1, last_);
        }
        scratch.append(chunk, done, std::string_view::npos);
        result = scratch;
    }
    before_last_ = chunk.size() > 1 ? chunk[chunk.size() - 2] : last_;
    last_ = chunk.back();
    return result;
}

std::string_view DotStuffer::finish() const
{
    const bool at_line_start = before_last_ == '\r' && last_ == '\n';
    return at_line_start ? ".\r\n" : "\r\n.\r\n";
}

}  // namespace hermetic::smtp
