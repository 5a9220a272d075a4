// What attempts leave to later ones about hosts. DeadHosts: which could not be used a moment ago.
// HostMemory: of the hosts of a destination since when one has greeted at no address, what there
// was no time left for, and, where there are more than an attempt tries, what was found of those
// that were tried (specification §4.3). StepMemory: which TLS step worked at a host.
//
// Time is an argument. Bounded.
#pragma once

#include "core/time.h"
#include "policy/attempt_limits.h"
#include "policy/ladder.h"

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hermetic::outbound {

// Endpoints that could not be used a moment ago: they are tried last for a while. One per core.
class DeadHosts {
public:
    explicit DeadHosts(std::size_t max_entries = 10'000) : max_entries_{max_entries} {}

    // `key`: the endpoint's text.
    void mark(const std::string& key, Instant until, Instant now);
    void forget(const std::string& key) { dead_.erase(key); }
    [[nodiscard]] bool is_dead(const std::string& key, Instant now) const;
    // `host`: an endpoint's text, or it without the port; how many there were. Empty: all.
    std::size_t forget_host(std::string_view host);
    // Who is dead at `now`, and for how long yet.
    struct Row {
        std::string key;
        Duration left{};
    };
    [[nodiscard]] std::vector<Row> list(Instant now) const;
    [[nodiscard]] bool empty() const { return dead_.empty(); }
    [[nodiscard]] std::size_t size() const { return dead_.size(); }

private:
    std::size_t max_entries_;
    std::unordered_map<std::string, Instant> dead_;
};

struct HostKey {
    std::string destination;  // the recipients' domain; empty: hosts of our own configuration
    std::string host;         // "mx.example.org:25", or the path of a socket
    std::string address{};    // "192.0.2.1:25"; empty: the host as such
    std::string policy{};     // of a finding: the digest of the policy under which; else empty

    auto operator<=>(const HostKey&) const = default;
};

// Bounded also in what is of one destination; what was noted longest ago is forgotten first.
// Thread-safe, and one for all cores: a host that has greeted one of them has greeted, and what one
// had no time for another may have.
class HostMemory {
public:
    // So long a host that greets nobody keeps its destination's mail from clear text.
    static constexpr std::chrono::hours kCounts{1};
    // What nobody has asked about for so long is forgotten.
    static constexpr std::chrono::hours kKept{24};
    // So long a finding counts: at an attempt an hour some hundred hosts have their turn meanwhile.
    static constexpr std::chrono::hours kFindingKept{12};
    // A domain has one of so many shares of the place, so that one cannot take the place of all:
    // three times what is found of its hosts in that time, 32 an hour.
    static constexpr std::size_t kShares = 8;

    explicit HostMemory(std::size_t max_entries = 10'000) : max_entries_{max_entries} {}

    void note_silent(const HostKey& key, Instant now);
    void note_greeted(const HostKey& key);
    // It has been silent for an hour without greeting in between.
    [[nodiscard]] bool is_long_silent(const HostKey& key, Instant now) const;

    void note_untried(const HostKey& key, Instant now);
    void note_tried(const HostKey& key);
    [[nodiscard]] bool is_left_untried(const HostKey& key, Instant now) const;

    struct Finding {
        policy::HopFinding what = policy::HopFinding::Unsettled;
        Instant at{};
        std::optional<smtp::Offer> lacking{};  // as of policy::AttemptCandidate
    };
    void note_finding(const HostKey& key, policy::HopFinding finding, Instant now,
                      std::optional<smtp::Offer> lacking = {});
    // The last one, while it is fresh.
    [[nodiscard]] std::optional<Finding> finding(const HostKey& key, Instant now) const;

    // Under any policy.
    [[nodiscard]] bool has_finding(const HostKey& key, Instant now) const;

    // What is remembered at `now`.
    struct Row {
        enum class What : std::uint8_t { Silent, LongSilent, Untried, Found };
        HostKey key;
        What what = What::Silent;
        Duration left{};  // for how long it is remembered yet
        policy::HopFinding finding = policy::HopFinding::Unsettled;  // Found
    };
    [[nodiscard]] std::vector<Row> list(Instant now) const;
    // Of a host or address, with the port or without; empty: of all. How much there was.
    std::size_t forget(std::string_view host);
    [[nodiscard]] std::size_t size() const;

private:
    struct Entry {
        Instant since{};
        Instant until{};
    };
    struct FoundEntry {
        policy::HopFinding what = policy::HopFinding::Unsettled;
        Instant since{};
        Instant until{};
        std::optional<smtp::Offer> lacking{};
    };
    using Entries = std::map<HostKey, Entry>;
    using FoundEntries = std::map<HostKey, FoundEntry>;
    void note(Entries& entries, const HostKey& key, Instant now) const;
    template <typename AnyEntries>
    void make_room(AnyEntries& entries, const HostKey& key, Instant now) const;

    mutable std::mutex mutex_;
    std::size_t max_entries_;  // of each; not 0
    Entries silent_;
    Entries untried_;
    FoundEntries found_;
};

// Which TLS step worked at a host under a policy, so that the steps of the ladder are not tried
// anew for every message. For hours; never clear text (specification §4.3). One per core.
class StepMemory {
public:
    explicit StepMemory(Duration keep = std::chrono::hours{6}, std::size_t max_entries = 10'000)
        : keep_{keep}, max_entries_{max_entries}
    {
    }

    // `key` names host, port and policy digest. Everything needs no memory: it erases what was
    // there.
    void worked(const std::string& key, policy::StepKind kind, Instant now);
    void failed(const std::string& key) { entries_.erase(key); }
    [[nodiscard]] std::optional<policy::StepKind> recall(const std::string& key, Instant now) const;
    // What `is_meant` says of its key; how many there were.
    std::size_t forget(const std::function<bool(std::string_view key)>& is_meant);
    // What is remembered at `now`: keys, what worked, and for how long it is remembered yet.
    struct Row {
        std::string key;
        policy::StepKind kind = policy::StepKind::Everything;
        Duration left{};
    };
    [[nodiscard]] std::vector<Row> list(Instant now) const;
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        policy::StepKind kind = policy::StepKind::Everything;
        Instant until{};
    };
    void make_room(Instant now);

    Duration keep_;
    std::size_t max_entries_;
    std::unordered_map<std::string, Entry> entries_;
};

}  // namespace hermetic::outbound
