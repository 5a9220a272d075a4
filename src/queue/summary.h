// The queue by destination and reason, with ages: what mailq's and qshape's users look for.
//
// Pure.
#pragma once

#include "queue/selection.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace hermetic::queue {

// Upper ends of the columns of age, as qshape has them; the last column has no end.
inline constexpr std::array kAgeEnds{
    std::chrono::minutes{5},   std::chrono::minutes{10},  std::chrono::minutes{20},
    std::chrono::minutes{40},  std::chrono::minutes{80},  std::chrono::minutes{160},
    std::chrono::minutes{320}, std::chrono::minutes{640}, std::chrono::minutes{1280}};

struct SummaryRow {
    std::string destination;
    std::string reason;  // why it waits: waits_for, else the last outcome's; "" where neither
    std::uint64_t messages = 0;
    std::uint64_t octets = 0;
    std::uint64_t held = 0;
    WallTime oldest = WallTime::max();  // accepted
    std::array<std::uint64_t, kAgeEnds.size() + 1> by_age{};
};

class Summary {
public:
    void add(const MessageView& message, WallTime now);

    struct Rows {
        std::vector<SummaryRow> rows;  // those with most messages first
        SummaryRow others;             // what did not fit, together
        std::size_t left_out = 0;      // rows in it
        SummaryRow total;
        std::uint64_t unread = 0;  // in none of them: they could not be read to be selected
    };
    [[nodiscard]] Rows rows(std::size_t limit) const;

private:
    std::map<std::pair<std::string, std::string>, SummaryRow, std::less<>> rows_;
};

}  // namespace hermetic::queue
