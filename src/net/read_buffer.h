// What has come and was not read yet; lines are found in place.
//
// Pure. Memory: nothing while empty and released, else one block, more only for a longer line.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace hermetic::net {

class ReadBuffer {
public:
    static constexpr std::size_t kBlock = 16 * 1024;  // a TLS record's payload

    [[nodiscard]] std::string_view data() const { return {block_.get() + begin_, end_ - begin_}; }
    [[nodiscard]] std::size_t size() const { return end_ - begin_; }
    [[nodiscard]] bool empty() const { return begin_ == end_; }
    // The octets stay where they are until the next space() or release().
    void consume(std::size_t octets);
    void clear() { begin_ = end_ = scanned_ = 0; }

    // Room for at least one octet; invalidates all views. Follow with added().
    [[nodiscard]] std::span<char> space();
    void added(std::size_t octets) { end_ += octets; }

    // Frees the block if there is nothing in it.
    void release();
    [[nodiscard]] std::size_t capacity() const { return capacity_; }

    // The next line, consumed: without its CRLF, or with the bare LF that it ended in. nullopt: no
    // LF yet. Looks at each octet once.
    [[nodiscard]] std::optional<std::string_view> take_line();
    // Throws away all but a last CR, whose LF may follow.
    std::size_t discard_unfinished_line();

private:
    std::unique_ptr<char[]> block_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t scanned_ = 0;  // no LF stands before it
};

}  // namespace hermetic::net
