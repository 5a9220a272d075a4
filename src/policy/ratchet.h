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
    WallTime until{};  // mail is held until then, whatever becomes of the settings
    Expectation was;
    Sighting is;
    bool held = false;  // mail waited for it; else it was only observed
    // Mail went below it, an operator has accepted the change, or no mail came that had waited.
    std::optional<WallTime> over;
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
    bool chosen = false;  // an own sender's mail has gone there, not only bounces to a stranger
};

// What lies in the future is taken as now: the clock had jumped. And a fall ends whose hold is over
// and whose mail has not come since (it was approved, or removed): what was expected is expected
// again, and the next fall is told and held anew. Every other function here is given a history
// that has been brought to now.
void bring_to(History& history, WallTime now);

// After the end of a hold, the mail that has waited is tried within the longest time between
// retries, or within as long again as it was held.
inline constexpr std::chrono::hours kRetriedWithin{2};

// Sessions on so many days make an expectation, or on every day of a shorter `ratchet_days`.
inline constexpr std::uint32_t kRatchetDays = 5;

// What `days` days without exception have made of it; nullopt: nothing.
[[nodiscard]] std::optional<Expectation> expectation_of(const History& history,
                                                        const objects::RatchetSettings& settings);

// What mail to a destination is held to, and when that ends at the latest if it cannot have it.
struct Hold {
    Expectation expectation;
    WallTime until{};
    std::optional<WallTime> seen_since{};  // every session since then had TLS
    std::optional<WallTime> held_since{};  // mail waits, or the mass stripping lasts; nullopt: no
};
// Now: the expectation, in mode enforce, until a fall has lasted for `hold`. While a mass stripping
// lasts (StrippingWatch) every destination that had TLS is held to that, until `hold` after the
// alert. A hold that has ended does not begin anew for the same mail.
[[nodiscard]] std::optional<Hold> held_to(const History& history,
                                          const objects::RatchetSettings& settings,
                                          std::optional<WallTime> mass_since, WallTime now);

struct Noted {
    bool fell = false;       // below an expectation, just now: History::fall says how
    bool recovered = false;  // a fall is over because what was expected is back
    bool gave_way = false;   // a fall is over because mail went below it: it is expected no longer
    bool stripped = false;   // it had TLS the last time, and STARTTLS is gone
};
// Whose mail brought us to the destination.
enum class ChosenBy : std::uint8_t { Stranger, OwnSender };
// A session that mail went through.
Noted note_session(History& history, const Sighting& seen, ChosenBy by,
                   const objects::RatchetSettings& settings, WallTime now);
// No host had what the ratchet held the destination to; `seen` is the best that there was.
Noted note_failure(History& history, const Sighting& seen, ChosenBy by, const Hold& held,
                   WallTime now);
// "This is how it is now": the expectation begins anew.
void accept_change(History& history, WallTime now);

// Whose history is given up last where there is room for no more: greater is more worth. Strangers'
// go first, then those without an expectation.
[[nodiscard]] std::uint32_t worth_of(const History& history);

// "TLS, a verified name, TLSv1.3"; "nothing".
[[nodiscard]] std::string describe(const Expectation& expectation);
// "TLS, in every session since …; mail that would go with less waits until …, held since …".
[[nodiscard]] std::string describe(const Hold& hold);
// "in clear text: STARTTLS is not offered"; "TLSv1.2, name not verified".
[[nodiscard]] std::string describe(const Sighting& seen);

// Unrelated places: pairs of a host's site and a destination's, each site in one pair only. So
// neither one provider of many domains nor one domain with many hosts is more than one. A site is
// a registrable domain (mail/registrable_domain.h). Bounded.
class UnrelatedSites {
public:
    // False, and nothing happens, where either has no site: an address literal, a local name.
    bool put(std::string_view host, std::string_view destination, WallTime now);
    // Those not put since `before`. What lies behind `now` is taken as now.
    void remove(WallTime before, WallTime now);
    [[nodiscard]] std::size_t size() const { return pairs_.size(); }

private:
    struct Pair {
        std::string destination;
        WallTime last{};
    };
    std::unordered_map<std::string, Pair> pairs_;            // by the host's site
    std::unordered_map<std::string, std::string> hosts_of_;  // by the destination's
};

// Recognises that STARTTLS is gone from many unrelated hosts at once: the network's doing. To be
// told of places only that an own sender chose: strangers must not be able to raise it.
class StrippingWatch {
public:
    // Both numbers within the window: so many sites, and so large a share of all sites that had TLS
    // and were spoken to.
    static constexpr std::size_t kSites = 5;
    static constexpr std::size_t kShare = 10;  // percent
    static constexpr std::chrono::minutes kWindow{15};
    static constexpr std::chrono::minutes kSweep{1};  // by so much the window may be longer

    // True where this one makes it a mass: to be alerted once.
    bool stripped(std::string_view host, std::string_view destination, WallTime now);
    void kept(std::string_view host, std::string_view destination, WallTime now);
    // From the alert on, until no further one has been stripped for a window: when it was alerted.
    [[nodiscard]] std::optional<WallTime> mass_since(WallTime now) const;
    [[nodiscard]] std::size_t stripped_sites() const { return stripped_.size(); }

private:
    void sweep(WallTime now);

    UnrelatedSites stripped_;
    UnrelatedSites kept_;
    std::optional<WallTime> mass_;
    WallTime until_{};
    WallTime swept_{};
};

}  // namespace hermetic::policy
