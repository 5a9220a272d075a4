#include "load/output.h"

#include <algorithm>

namespace hermetic::load {

Io Output::flush(Transport& transport)
{
    while (!empty()) {
        std::size_t count = 0;
        const Io result = transport.write(std::string_view(before_).substr(written_), body_, count);
        if (result != Io::Done) {
            return result;
        }
        advance(count);
    }
    return Io::Done;
}

void Output::advance(std::size_t count)
{
    const std::size_t text = std::min(count, before_.size() - written_);
    written_ += text;
    body_.remove_prefix(count - text);
    if (written_ == before_.size()) {
        before_.clear();
        written_ = 0;
        if (body_.empty()) {
            before_.swap(after_);
        }
    }
}

}  // namespace hermetic::load
