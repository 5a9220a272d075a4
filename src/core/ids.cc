#include "core/ids.h"

#include "core/random.h"

#include <algorithm>

namespace hermetic {
namespace {

// Crockford's base 32, as ULIDs use it.
constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kUlidLength = 26;

}  // namespace

std::string format_ulid(const std::array<std::uint8_t, 16>& bytes)
{
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    for (std::size_t i = 0; i < 8; ++i) {
        high = high << 8 | bytes[i];
        low = low << 8 | bytes[8 + i];
    }
    // 26 digits of 5 bits hold 130 bits: the first digit carries only the top 3.
    std::string text(kUlidLength, '0');
    for (std::size_t digit = kUlidLength; digit-- > 0;) {
        text[digit] = kAlphabet[low & 31U];
        low = low >> 5 | high << 59;
        high >>= 5;
    }
    return text;
}

std::optional<std::array<std::uint8_t, 16>> parse_ulid(std::string_view text)
{
    if (text.size() != kUlidLength) return std::nullopt;
    std::array<std::uint8_t, 16> bytes{};
    unsigned pending = 0;
    int bits = -2;
    std::size_t out = 0;
    for (const char c : text) {
        const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        const std::size_t digit = kAlphabet.find(upper);
        if (digit == std::string_view::npos) return std::nullopt;
        if (bits == -2 && digit > 7) return std::nullopt;  // more than 128 bits
        pending = pending << 5 | static_cast<unsigned>(digit);
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            bytes[out++] = static_cast<std::uint8_t>(pending >> bits);
            pending &= (1U << bits) - 1;
        }
    }
    return bytes;
}

std::string format_id(SessionId id)
{
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string text(16, '0');
    std::uint64_t rest = id.value;
    for (std::size_t digit = text.size(); digit-- > 0; rest >>= 4)
        text[digit] = kDigits[rest & 15U];
    return text;
}

IdSource::IdSource(std::uint64_t seed, std::uint8_t lane)
{
    Random random{seed ^ (std::uint64_t{lane} << 56)};
    opening_ = (random.next() & 0xffffff) << 8 | lane;
    counter_ = random.next() & 0xffffffffff;
    session_ = random.next();
}

std::array<std::uint8_t, 16> IdSource::next_bytes(WallTime now)
{
    const auto milliseconds = static_cast<std::uint64_t>(now.time_since_epoch().count());
    last_milliseconds_ = std::max(last_milliseconds_, milliseconds);
    ++counter_;
    std::array<std::uint8_t, 16> bytes{};
    for (std::size_t i = 0; i < 6; ++i) {
        bytes[i] = static_cast<std::uint8_t>(last_milliseconds_ >> (40 - 8 * i));
    }
    // The counter stands before the lane's own part so that ids of one lane are strictly ordered.
    for (std::size_t i = 0; i < 6; ++i) {
        bytes[6 + i] = static_cast<std::uint8_t>(counter_ >> (40 - 8 * i));
    }
    for (std::size_t i = 0; i < 4; ++i) {
        bytes[12 + i] = static_cast<std::uint8_t>(opening_ >> (24 - 8 * i));
    }
    return bytes;
}

SessionId IdSource::next_session()
{
    // A bijection of a counter: looks random, never repeats.
    Random mix{session_++};
    return SessionId{mix.next()};
}

}  // namespace hermetic
