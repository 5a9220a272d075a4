// How many hosts and addresses one attempt tries, which ones where there are more, and what the
// others mean for it.
//
// Pure. Specification §4.3; docs/policy/tls.md, "Which address, which host".
#pragma once

#include "core/time.h"
#include "smtp/message_needs.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace hermetic::policy {

inline constexpr std::size_t kMaxHosts = 32;     // of a route
inline constexpr std::size_t kMaxAddresses = 6;  // of a host

// What an attempt found of a host, or of an address of one. Where there are more than one attempt
// tries it is remembered; the lower ones are tried again first.
enum class HopFinding : std::uint8_t {
    Unsettled,         // it could not be used, and may be otherwise another time
    Refused,           // it does not take the mail, and waiting would not change that
    HandshakesFailed,  // all of them, and its policy lets it have mail in clear for that
    Silent,            // nobody greets there
    NoHost,            // it has no address, or none that may be connected to
};
[[nodiscard]] std::string_view name(HopFinding finding);  // "handshakes-failed"

// One of the hosts of a route, or of the addresses of a host.
struct AttemptCandidate {
    bool left_untried = false;            // the last attempt had no time for it
    std::optional<HopFinding> finding{};  // of an earlier attempt, while it is fresh
    Instant found_at{};
    // What it offers, where a message needed more and nothing else was in the way (Unsettled).
    std::optional<smtp::Offer> lacking{};
};

// What those mean that an attempt does not try because there are too many.
struct LeftOut {
    // Of one at least it is not known that its TLS fails: nothing goes in clear.
    bool bars_clear = false;
    // One at least may take the mail another time: it waits, whatever the others say.
    bool may_take = false;
    // So may one at least, if the mail needs no more than this: together they offer no more.
    std::optional<smtp::Offer> lacking{};
    bool operator==(const LeftOut&) const = default;
};
// Whether one of them may take a message that needs this at least.
[[nodiscard]] bool may_take(const LeftOut& left_out, const smtp::MessageNeeds& needs = {});

struct AttemptChoice {
    std::vector<std::size_t> tried;  // of the candidates, in the order in which they are tried
    LeftOut left_out;
};

// Not known: it has its turn before all that are.
[[nodiscard]] bool is_known(const AttemptCandidate& candidate);

// Whether what follows these candidates changes nothing any more: more than `most` of them are not
// known, so that no later one is tried, and those that are left out say the most already. Who has
// thousands need not examine them all.
class EnoughCandidates {
public:
    explicit EnoughCandidates(std::size_t most) : left_{most} {}
    // After each.
    [[nodiscard]] bool after(const AttemptCandidate& candidate);

private:
    std::size_t left_;
};

// At most `most` of the candidates, which come in their order. Where there are more, those first of
// which nothing is known, then those with the lowest finding, the oldest first.
[[nodiscard]] AttemptChoice choose_candidates(std::span<const AttemptCandidate> candidates,
                                              std::size_t most);

}  // namespace hermetic::policy
