// Which messages an operator means: decided here once, for lists, counts and every operation.
//
// Pure. Times are the queue's own (queue_time.h), as the scheduler has them.
#pragma once

#include "core/time.h"
#include "queue/item.h"
#include "routing/route.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::queue {

class StateSet {
public:
    StateSet() = default;  // every state
    StateSet(std::initializer_list<State> states) : bits_{0}
    {
        for (const State state : states) bits_ |= bit(state);
    }
    [[nodiscard]] bool contains(State state) const { return (bits_ & bit(state)) != 0; }
    [[nodiscard]] StateSet operator&(StateSet other) const
    {
        other.bits_ &= bits_;
        return other;
    }
    bool operator==(const StateSet&) const = default;

private:
    [[nodiscard]] static unsigned bit(State state) { return 1U << static_cast<unsigned>(state); }
    unsigned bits_ = ~0U;
};

// Every field that is set must match.
struct Selection {
    std::optional<std::string> destination{};  // its route's label
    std::optional<std::string> domain{};       // of a recipient that waits
    // "" is the null sender, "@example.org" everybody of a domain; letters of any case.
    std::optional<std::string> sender{};
    // A recipient that waits: an address, or "@example.org"; letters of any case.
    std::optional<std::string> recipient{};
    std::optional<std::string> reason{};    // of the last outcome, or why it waits (MessageView)
    std::optional<Duration> older_than{};   // since it was accepted
    std::optional<WallTime> accepted_by{};  // not later than this
    StateSet states{};

    // Nothing narrows it but accepted_by, which only keeps to what was counted before.
    [[nodiscard]] bool is_everything() const;
};

// What the queue knows of a message without reading it. Views are valid while it is looked at.
struct MessageView {
    std::string_view destination;
    const routing::RouteQuestion* question = nullptr;  // never null
    std::string_view sender;                           // "" for the null sender
    std::string_view reason;                           // of the last outcome; "" where none
    std::string_view waits_for;                        // MessageRow::waits_for
    std::uint64_t size = 0;
    State state = State::Waiting;
    WallTime accepted_at{};
};

enum class Selected : std::uint8_t {
    No,
    Yes,
    AskRecipients,  // the rest matches; its recipients must be read (names_one_of())
};
[[nodiscard]] Selected decide_selected(const Selection& selection, const MessageView& message,
                                       WallTime now);

// Whether `pattern` (Selection::recipient) names one of these recipients that wait.
[[nodiscard]] bool names_one_of(std::string_view pattern,
                                const std::vector<std::string>& recipients);

// How far one examination of all messages has come: each call examines a part of them, so that
// nobody waits long. Messages that come meanwhile may be missed; none is found twice.
struct Pass {
    std::uint32_t cursor = 0;
    bool over = false;
    std::uint64_t examined = 0;
};

struct Found {
    MessageId id;
    std::uint32_t place = 0;  // a pass with this cursor finds it first
    Selected how = Selected::Yes;
};

}  // namespace hermetic::queue
