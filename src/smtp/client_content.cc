// ContentScanner: what a message needs of a peer.
#include "smtp/client_transaction.h"

#include <algorithm>
#include <cstring>

namespace hermetic::smtp {
namespace {

// Eight octets at a time: the whole body of a large message goes through here.
bool has_high_octet(std::string_view text)
{
    constexpr std::uint64_t kHighBits = 0x8080808080808080ULL;
    std::size_t at = 0;
    for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, sizeof word);
        if ((word & kHighBits) != 0) return true;
    }
    return std::any_of(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; });
}

}  // namespace

void ContentScanner::feed(std::string_view chunk)
{
    while (in_header_ && !chunk.empty()) {
        const auto end = chunk.find('\n');
        const auto line = chunk.substr(0, end);
        needs_.utf8_header = needs_.utf8_header || has_high_octet(line);
        line_length_ += line.size() - (line.ends_with('\r') ? 1 : 0);
        if (end == std::string_view::npos) return;
        in_header_ = line_length_ != 0;
        line_length_ = 0;
        chunk.remove_prefix(end + 1);
    }
    needs_.eight_bit = needs_.eight_bit || has_high_octet(chunk);
}

}  // namespace hermetic::smtp
