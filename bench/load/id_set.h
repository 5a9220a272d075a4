// A set of message numbers that several threads add to at once: a bitmap that grows by pieces.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

namespace hermetic::load {

class IdSet {
public:
    static constexpr std::uint64_t kLimit = std::uint64_t{1} << 32;  // numbers are below it

    IdSet();
    ~IdSet();
    IdSet(const IdSet&) = delete;
    IdSet& operator=(const IdSet&) = delete;

    // True when the number was not in the set yet. number < kLimit.
    bool insert(std::uint64_t number);
    [[nodiscard]] bool contains(std::uint64_t number) const;
    // How many of [first, first + count) are in the set.
    [[nodiscard]] std::uint64_t count_in(std::uint64_t first, std::uint64_t count) const;
    void for_each(const std::function<void(std::uint64_t)>& visit) const;  // ascending

private:
    struct Piece;
    [[nodiscard]] Piece& piece_of(std::uint64_t number);

    std::vector<std::atomic<Piece*>> pieces_;
};

}  // namespace hermetic::load
