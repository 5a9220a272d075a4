// Sessions as a guided test of an inbound connector sees them: what the client showed, and what the
// connector made of it.
//
// Specification §7. A subscriber of the stream of events; sessions judge their transactions for it
// only while somebody waits. Thread-safe. Bounded: kMaxWatched connectors, kMaxKept sessions of
// each.
#pragma once

#include "core/ip.h"
#include "events/publisher.h"
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

// Pure, but for the asking of `evidence.judge_chain`.
[[nodiscard]] events::Judgement judge(const objects::Snapshot& snapshot,
                                      const objects::InboundConnector& connector,
                                      const policy::ClientEvidence& evidence,
                                      const policy::Attribution& attribution,
                                      const mail::ReversePath& sender);

struct SeenSession {
    std::string client;  // "192.0.2.1:4711"; empty: unknown
    std::string helo;
    std::string listener;
    std::optional<facts::TlsEvidence> tls;
    bool tls_is_the_clients = true;
    std::string tls_failure;
    std::string ended;
    bool in_networks = false;                 // of the connector; also where no transaction began
    std::optional<events::Judgement> judged;  // the last transaction

    [[nodiscard]] bool is_of_connector() const
    {
        return in_networks || (judged && !judged->matched.empty());
    }
};

class SessionWatch final : public events::Subscriber {
public:
    static constexpr std::size_t kMaxWatched = 4;
    static constexpr std::size_t kMaxKept = 16;

    // Clients in `networks` are the connector's. False: too many are watched, or this one is.
    [[nodiscard]] bool watch(const objects::OwnedName& connector, std::vector<Network> networks);
    void forget(const objects::OwnedName& connector);
    // Cheap where nobody waits.
    [[nodiscard]] bool is_waiting() const { return any_; }
    [[nodiscard]] std::vector<objects::OwnedName> connectors() const;
    // The ends of sessions.
    void take(events::Batch batch) override;
    void note(const objects::OwnedName& connector, SeenSession seen);
    // The oldest that was not taken.
    [[nodiscard]] std::optional<SeenSession> take(const objects::OwnedName& connector);

private:
    struct Watched {
        std::vector<Network> networks;
        std::deque<SeenSession> kept;
    };
    void note_end(const events::SessionEnded& ended);
    static void keep(Watched& watched, SeenSession seen);

    mutable std::mutex mutex_;
    std::map<objects::OwnedName, Watched> watched_;
    std::atomic<bool> any_ = false;
};

}  // namespace hermetic::inbound
