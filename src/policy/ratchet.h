// The ratchet: what a destination has always had becomes what is expected of it.
//
// Pure: time is an argument. Specification §4.4; the rows are docs/policy/ratchet.md. Who keeps the
// histories is observations/.
#pragma once

#include "core/time.h"
#include "facts/tls.h"
#include "objects/objects.h"
#include "policy/tls_policy.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace hermetic::policy {

// One session with a destination. In clear: version None.
struct Sighting {
    facts::TlsVersion version = facts::TlsVersion::None;
    bool verified_name = false;    // a chain that verifies, and the host's own name
    bool starttls_offered = true;  // false: the host offered none
    bool operator==(const Sighting&) const = default;
};

// A property that every session has had without exception.
struct Run {
    WallTime since{};
    WallTime last{};
    std::uint32_t days = 0;  // on which it was seen; 0: the last session did not have it
    bool operator==(const Run&) const = default;
};

// The destination has fallen below what was expected of it.
struct Fall {
    WallTime since{};
    Expectation was;
    Sighting is;
    bool held = false;             // mail waited for it; else it was only observed
    std::optional<WallTime> over;  // mail went below it, or an operator has accepted the change
};

struct OldVersion {
    WallTime last{};
    std::uint64_t sessions = 0;
    bool operator==(const OldVersion&) const = default;
};

// What was seen of a destination of one organization.
struct History {
    WallTime first_seen{};
    WallTime last_seen{};
    Sighting last;
    // At least TLS 1.0 (TLS at all), 1.1, 1.2, 1.3.
    std::array<Run, 4> versions{};
    Run name;
    std::array<OldVersion, 2> old{};  // TLS 1.0, 1.1: for the retirement report
    std::optional<Fall> fall;
};

// Sessions on so many days make an expectation, or on every day of a shorter `ratchet_days`.
inline constexpr std::uint32_t kRatchetDays = 5;

// What `days` days without exception have made of it; nullopt: nothing.
[[nodiscard]] std::optional<Expectation> expectation_of(const History& history,
                                                        const objects::RatchetSettings& settings);

// What mail to it is held to now: the expectation, in mode enforce, until a fall has lasted for
// `hold`. While `mass` lasts (StrippingWatch) every destination that had TLS is held to that.
[[nodiscard]] std::optional<Expectation> held_to(const History& history,
                                                 const objects::RatchetSettings& settings,
                                                 bool mass, WallTime now);

struct Noted {
    bool fell = false;       // below an expectation, just now: History::fall says how
    bool recovered = false;  // a fall is over because what was expected is back
    bool stripped = false;   // it had TLS the last time, and STARTTLS is gone
};
// A session that mail went through.
Noted note_session(History& history, const Sighting& seen, const objects::RatchetSettings& settings,
                   WallTime now);
// No host had what the ratchet held the destination to; `seen` is the best that there was.
Noted note_failure(History& history, const Sighting& seen, const Expectation& held, WallTime now);
// "This is how it is now": the expectation begins anew.
void accept_change(History& history, WallTime now);

// "TLS, a verified name, TLSv1.3"; "nothing".
[[nodiscard]] std::string describe(const Expectation& expectation);
// "in clear, STARTTLS is not offered"; "TLSv1.2, name not verified".
[[nodiscard]] std::string describe(const Sighting& seen);

// Recognises that STARTTLS is gone from many unrelated hosts at once: the network's doing. Bounded.
class StrippingWatch {
public:
    // Unrelated: no two hosts with the same last two labels count twice. Both numbers within the
    // window: so many sites, and so large a share of all sites that had TLS and were spoken to.
    static constexpr std::size_t kSites = 5;
    static constexpr std::size_t kShare = 10;  // percent
    static constexpr std::chrono::minutes kWindow{15};
    static constexpr std::chrono::minutes kSweep{1};  // by so much the window may be longer

    // True where this one makes it a mass: to be alerted once.
    bool stripped(std::string_view host, WallTime now);
    void kept(std::string_view host, WallTime now);
    // From the alert on, until no further one has been stripped for a window.
    [[nodiscard]] bool is_mass(WallTime now) const { return mass_ && now < until_; }
    [[nodiscard]] std::optional<WallTime> mass_since() const { return mass_; }
    [[nodiscard]] std::size_t stripped_sites() const { return stripped_.size(); }

private:
    using Sites = std::unordered_map<std::string, WallTime>;
    static void put(Sites& sites, std::string_view host, WallTime now);
    void sweep(WallTime now);

    Sites stripped_;
    Sites kept_;
    std::optional<WallTime> mass_;
    WallTime until_{};
    WallTime swept_{};
};

}  // namespace hermetic::policy
