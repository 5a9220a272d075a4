// One step of a probe of a partner: what was done, what was seen, how to fix it.
//
// Pure values. Specification §7: progress is live, so a step is told of twice, as Running and as
// what it became; the second has the same id, host and address.
#pragma once

#include "core/time.h"
#include "facts/reason.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::validation {

enum class StepId : std::uint8_t {
    Mx,  // the exchangers of a domain
    Addresses,
    Tlsa,
    Connect,
    Greeting,
    Ehlo,
    StartTls,
    Versions,
    Certificate,
    Levels,    // what would pass at each level of protection
    Evidence,  // what makes a session an inbound connector's, and what that grants
    Policy,    // whether mail would flow under the connector
    Message,   // the test message; or why a host does not get the message that is asked about
    Bounce,    // whether it came back
    Result,    // the whole
};
[[nodiscard]] std::string_view name(StepId id);  // "starttls"
[[nodiscard]] std::optional<StepId> parse_step_id(std::string_view text);

// Strongest last: the state of a whole is that of its worst part.
enum class State : std::uint8_t { Running, Ok, Warning, Failed };
[[nodiscard]] std::string_view name(State state);  // "ok"
[[nodiscard]] std::optional<State> parse_state(std::string_view text);

struct Step {
    StepId id = StepId::Result;
    std::string host;     // empty where it is about no one host
    std::string address;  // "192.0.2.1:25"; empty where it is about no one address
    State state = State::Running;
    facts::RecordedReason reason;  // empty where nothing has one
    std::string seen;              // printable, may have several lines
    std::string fix;  // what an administrator could do; empty where nothing is to be done
    bool operator==(const Step&) const = default;
};

// Told of each step on the core that does it. Must not block.
using Sink = std::function<void(const Step&)>;

// The result of a validation, as it is kept.
struct Report {
    std::string connector;
    std::string organization;  // whose connector it is
    WallTime started{};
    std::optional<WallTime> saved{};  // of a copy: when the connector became what was tested
    Duration took{};
    State state = State::Failed;
    std::string words;        // of the step Result
    std::vector<Step> steps;  // none Running; in the order in which they ended
    bool operator==(const Report&) const = default;
};

// The first step that failed, or where none did the first that warns; null: all is well.
[[nodiscard]] const Step* first_finding(const Report& report);

}  // namespace hermetic::validation
