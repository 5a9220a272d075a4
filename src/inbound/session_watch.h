// Sessions as a guided test of an inbound connector sees them: what the client showed, and what the
// connector made of it.
//
// Specification §7. Sessions tell it at their end, and only while somebody waits. Thread-safe.
// Bounded: kMaxWatched connectors, kMaxKept sessions of each.
#pragma once

#include "core/ip.h"
#include "facts/tls.h"
#include "mail/address.h"
#include "objects/snapshot.h"
#include "policy/inbound_attribution.h"

#include <atomic>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::inbound {

// One transaction, judged by one connector. Texts are printable.
struct Judged {
    std::string connector;
    std::string sender;
    // By which the session is one of the connector's; empty: by nothing.
    std::string matched;
    bool on_premises = false;
    bool granted = false;  // on_premises only
    std::string why;  // granted or not, and why; of a partner: why its restrictions do not count
    bool restricts = true;  // a partner's, enforced
    struct Fault {
        facts::Reason reason{};
        std::string presented;
        std::string wanted;
    };
    std::optional<Fault> fault;  // what the connector asks for and did not get
    std::vector<std::string>
        recipients;  // "x@y: recipient.accepted-domain"; at most kMaxRecipients
    static constexpr std::size_t kMaxRecipients = 10;
};
// Pure, but for the asking of `evidence.judge_chain`.
[[nodiscard]] Judged judge(const objects::Snapshot& snapshot,
                           const objects::InboundConnector& connector,
                           const policy::ClientEvidence& evidence,
                           const policy::Attribution& attribution, const mail::ReversePath& sender);

struct SeenSession {
    std::string client;  // "192.0.2.1:4711"; empty: unknown
    std::string helo;
    std::string listener;
    std::optional<facts::TlsEvidence> tls;
    bool tls_is_the_clients = true;
    std::string tls_failure;
    std::string ended;
    bool in_networks = false;      // of the connector; also where no transaction began
    std::optional<Judged> judged;  // the last transaction

    [[nodiscard]] bool is_of_connector() const
    {
        return in_networks || (judged && !judged->matched.empty());
    }
};

class SessionWatch {
public:
    static constexpr std::size_t kMaxWatched = 4;
    static constexpr std::size_t kMaxKept = 16;

    // False: too many are watched, or this one is.
    [[nodiscard]] bool watch(const std::string& connector);
    void forget(const std::string& connector);
    // Cheap where nobody waits.
    [[nodiscard]] bool is_waiting() const { return any_; }
    [[nodiscard]] std::vector<std::string> connectors() const;
    void note(const std::string& connector, SeenSession seen);
    // The oldest that was not taken.
    [[nodiscard]] std::optional<SeenSession> take(const std::string& connector);

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::deque<SeenSession>> watched_;
    std::atomic<bool> any_ = false;
};

}  // namespace hermetic::inbound
