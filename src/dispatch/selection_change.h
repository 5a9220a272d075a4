// One change of every message of a selection: what is asked, and what came of it. Pure.
#pragma once

#include "dispatch/message_change.h"
#include "queue/selection.h"

#include <cstdint>
#include <optional>
#include <string>

namespace hermetic::dispatch {

struct SelectionChange {
    // Its states are narrowed to those that the change concerns. accepted_by is by the wall clock:
    // with `at_most` it keeps a change to what was counted before.
    queue::Selection selection;
    MessageChange change;
    std::uint64_t at_most = 0;  // messages of this call; never more than kMostChanges
    std::uint32_t cursor = 0;
};

inline constexpr std::uint64_t kMostChanges = 1000;

struct SelectionCounts {
    std::uint64_t done = 0;
    std::uint64_t later = 0;  // when their attempts end
    std::uint64_t left = 0;   // as they are
    std::string why_left;     // of the first of these
    // Left as well: their recipients were asked for and could not be read.
    std::uint64_t unread = 0;
};
void add(SelectionCounts& counts, const OperatorAnswer& answer);
// For people: "37 messages are held. 2 are being delivered now: …"
[[nodiscard]] std::string describe(MessageChange::Kind kind, const SelectionCounts& counts);

// For people; empty where there are none.
[[nodiscard]] std::string describe_unread(std::uint64_t messages);

struct SelectionAnswer {
    OperatorAnswer::Kind kind = OperatorAnswer::Kind::Done;  // or Stopping
    SelectionCounts counts;
    std::optional<std::uint32_t> next{};  // there are more: go on from here
};

// As it stands in the log; what is foreign is made printable.
[[nodiscard]] events::QueueOperation describe_selection(const SelectionChange& request);

}  // namespace hermetic::dispatch
