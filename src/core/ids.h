// Strong ids: of messages, bodies and sessions.
#pragma once

#include "core/time.h"

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic {

// 16 bytes, ordered by time of creation, unique across nodes: 48 bits of milliseconds since 1970,
// then 80 bits that one opening of a node draws at random and counts on from. Big-endian, so that
// byte order is time order. The text form is the 26 characters of a ULID (Crockford's base 32).
template <typename Tag>
struct TimeOrderedId {
    std::array<std::uint8_t, 16> bytes{};

    auto operator<=>(const TimeOrderedId&) const = default;

    [[nodiscard]] std::string_view as_key() const
    {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    [[nodiscard]] bool is_nil() const { return bytes == decltype(bytes){}; }
};

using MessageId = TimeOrderedId<struct MessageIdTag>;

// Apart from MessageId: the parts of a split message share a body.
using BodyId = TimeOrderedId<struct BodyIdTag>;

[[nodiscard]] std::string format_ulid(const std::array<std::uint8_t, 16>& bytes);
[[nodiscard]] std::optional<std::array<std::uint8_t, 16>> parse_ulid(std::string_view text);

template <typename Tag>
[[nodiscard]] std::string format_id(const TimeOrderedId<Tag>& id)
{
    return format_ulid(id.bytes);
}

template <typename Id>
[[nodiscard]] std::optional<Id> parse_id(std::string_view text)
{
    const auto bytes = parse_ulid(text);
    if (!bytes) return std::nullopt;
    return Id{*bytes};
}

// The bytes of a stored key; the key must be 16 octets long.
template <typename Id>
[[nodiscard]] std::optional<Id> id_from_key(std::string_view key)
{
    if (key.size() != 16) return std::nullopt;
    Id id;
    for (std::size_t i = 0; i < 16; ++i) id.bytes[i] = static_cast<std::uint8_t>(key[i]);
    return id;
}

// One SMTP session, in or out: 16 hexadecimal digits in replies, logs and trace.
struct SessionId {
    std::uint64_t value = 0;
    auto operator<=>(const SessionId&) const = default;
};

[[nodiscard]] std::string format_id(SessionId id);

// Makes ids. One per thread: `lane` tells the threads of a process apart. Never repeats an id
// within an opening, also when the wall clock goes backwards.
class IdSource {
public:
    IdSource(std::uint64_t seed, std::uint8_t lane);

    template <typename Id>
    [[nodiscard]] Id next(WallTime now)
    {
        return Id{next_bytes(now)};
    }
    [[nodiscard]] SessionId next_session();

private:
    std::array<std::uint8_t, 16> next_bytes(WallTime now);

    std::uint64_t last_milliseconds_ = 0;
    std::uint64_t opening_;  // 24 random bits and the lane
    std::uint64_t counter_;
    std::uint64_t session_;
};

}  // namespace hermetic

template <typename Tag>
struct std::hash<hermetic::TimeOrderedId<Tag>> {
    std::size_t operator()(const hermetic::TimeOrderedId<Tag>& id) const noexcept
    {
        // Ids of one lane differ in a few low bits of a counter: a finaliser (splitmix64's) carries
        // every bit to every other, since tables take some of them only.
        std::uint64_t high = 0;
        std::uint64_t low = 0;
        std::memcpy(&high, id.bytes.data(), sizeof high);
        std::memcpy(&low, id.bytes.data() + sizeof high, sizeof low);
        std::uint64_t mixed = high * 0x9e3779b97f4a7c15ULL ^ low;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
        return static_cast<std::size_t>(mixed ^ (mixed >> 31));
    }
};
