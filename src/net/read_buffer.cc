#include "net/read_buffer.h"

#include "core/assert.h"

#include <algorithm>
#include <cstring>

namespace hermetic::net {

void ReadBuffer::consume(std::size_t octets)
{
    HERMETIC_ASSERT(octets <= size());
    begin_ += octets;
    scanned_ = std::max(scanned_, begin_);
}

std::span<char> ReadBuffer::space()
{
    if (empty()) clear();
    if (block_ == nullptr) {
        block_ = std::make_unique_for_overwrite<char[]>(kBlock);
        capacity_ = kBlock;
    } else if (end_ == capacity_) {
        const std::size_t held = size();
        if (begin_ >= capacity_ / 2) {
            std::memmove(block_.get(), block_.get() + begin_, held);
        } else {
            auto larger = std::make_unique_for_overwrite<char[]>(capacity_ * 2);
            std::memcpy(larger.get(), block_.get() + begin_, held);
            block_ = std::move(larger);
            capacity_ *= 2;
        }
        scanned_ -= begin_;
        begin_ = 0;
        end_ = held;
    }
    return {block_.get() + end_, capacity_ - end_};
}

void ReadBuffer::release()
{
    if (!empty()) return;
    clear();
    block_.reset();
    capacity_ = 0;
}

std::optional<std::string_view> ReadBuffer::take_line()
{
    const char* const block = block_.get();
    const void* found =
        scanned_ == end_ ? nullptr : std::memchr(block + scanned_, '\n', end_ - scanned_);
    if (found == nullptr) {
        scanned_ = end_;
        return std::nullopt;
    }
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - block);
    const bool crlf = at > begin_ && block[at - 1] == '\r';
    const std::string_view line{block + begin_, (crlf ? at - 1 : at + 1) - begin_};
    begin_ = scanned_ = at + 1;
    return line;
}

std::size_t ReadBuffer::discard_unfinished_line()
{
    const std::size_t kept = !empty() && block_[end_ - 1] == '\r' ? 1 : 0;
    const std::size_t discarded = size() - kept;
    consume(discarded);
    scanned_ = end_;
    return discarded;
}

}  // namespace hermetic::net
