#include "admin/line_stream.h"

#include <utility>

namespace hermetic::admin {

void LineStream::push(std::string line)
{
    if (closed_) return;
    line += '\n';
    lines_.push_back(std::move(line));
    wake();
}

void LineStream::close()
{
    closed_ = true;
    wake();
}

void LineStream::wake()
{
    if (waiting_) waiting_->set();
}

net::Task<std::optional<std::string>> LineStream::next()
{
    while (lines_.empty() && !closed_) {
        waiting_.emplace(core_);
        co_await waiting_->wait();
        waiting_.reset();
    }
    if (lines_.empty()) co_return std::nullopt;
    std::string line = std::move(lines_.front());
    lines_.pop_front();
    co_return line;
}

}  // namespace hermetic::admin
