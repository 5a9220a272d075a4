// The server's validations: on demand, and every connector once a day by itself.
//
// Lives on one core (main's). Bounded: kMaxOnDemand by administrators and kMaxDaily by themselves
// at a time.
#pragma once

#include "core/result.h"
#include "net/task.h"
#include "net/task_group.h"
#include "objects/snapshot.h"
#include "outbound/settings.h"
#include "validation/json.h"
#include "validation/results_folder.h"
#include "validation/step.h"
#include "validation/subject.h"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace hermetic::dns {
class Resolver;
}
namespace hermetic::inbound {
class BounceWatch;
class SessionWatch;
}  // namespace hermetic::inbound
namespace hermetic::events {
class Publisher;
}
namespace hermetic::net {
class Core;
}
namespace hermetic::observations {
class Observations;
}

namespace hermetic::validation {

class Validator {
public:
    // What it uses outlives it. `folder`: where results are kept (results_folder.h).
    struct Watches {
        observations::Observations& observations;
        inbound::BounceWatch& bounces;
        inbound::SessionWatch& sessions;
    };
    Validator(net::Core& core, dns::Resolver& resolver, events::Publisher& events, Watches watches,
              std::string folder);
    ~Validator();  // after stop()
    Validator(const Validator&) = delete;
    Validator& operator=(const Validator&) = delete;

    // At first and at each change; a validation keeps what it began with.
    void set(outbound::SettingsPointer settings, objects::SnapshotPointer snapshot);

    static constexpr std::size_t kMaxOnDemand = 4;
    struct Refusal {
        enum class Kind : std::uint8_t { Unknown, Impossible, Busy };
        Kind kind = Kind::Unknown;
        std::string words;
    };
    using Done = std::function<void(const Report&)>;
    // A test message: to whom, and for how long a bounce is waited for once it has been accepted.
    struct Message {
        mail::Mailbox recipient;
        Duration bounce_wait{};
    };
    // Of the connector in force, enabled or not. `sink` and `done` are called later, on the core,
    // `done` last, and also when the server stops meanwhile.
    [[nodiscard]] Result<void, Refusal> start(const objects::OwnedName& connector,
                                              std::optional<Message> message, Sink sink, Done done);
    // Of a copy that is not in force: what saving it would mean. Where it is then saved as it was
    // tested, that was the connector's validation.
    [[nodiscard]] Result<void, Refusal> start(objects::OutboundConnector copy,
                                              std::optional<Message> message, Sink sink, Done done);

    // The guided test of an inbound connector: waits for its partner's session (guided.h). Nothing
    // of it is kept.
    [[nodiscard]] Result<void, Refusal> start_inbound(const objects::OwnedName& connector,
                                                      Duration wait, Sink sink, Done done);

    // Null: it was never validated, or is not there any more.
    [[nodiscard]] const Report* last(const objects::OwnedName& connector) const;
    // Why it is not tested by itself; empty: it is.
    [[nodiscard]] static std::string why_left_out(const objects::OutboundConnector& connector);
    [[nodiscard]] const objects::SnapshotPointer& snapshot() const { return snapshot_; }

    // Checks every minute for connectors that are due.
    void run_daily();
    // One such check: validates those that are due, several at a time. With the time that
    // unreachable partners take (Patience::all), that many reach 10,000 connectors a day.
    static constexpr std::size_t kMaxDaily = 24;
    [[nodiscard]] net::Task<> validate_due();

    // Ends what is under way. Await it before destruction.
    [[nodiscard]] net::Task<> stop();

private:
    [[nodiscard]] Result<void, Refusal> begin(objects::OutboundConnector connector,
                                              std::optional<Message> message, bool in_force,
                                              Sink sink, Done done);
    net::Task<Report> run(Subject subject, Sink sink);
    net::Task<> run_on_demand(Subject subject, std::optional<objects::OutboundConnector> copy,
                              Sink sink, Done done);
    net::Task<> run_guided(objects::OwnedName connector, Duration wait, Sink sink, Done done);
    net::Task<> check_daily();
    struct DueList;
    net::Task<> validate_in_turn(std::shared_ptr<DueList> list);
    void bring_to(WallTime now);
    void keep(const Report& report);
    void adopt_unowned();
    void forget_removed();
    void adopt_saved();
    void tell_left_out();

    net::Core& core_;
    dns::Resolver& resolver_;
    events::Publisher& events_;
    Watches watches_;
    ResultsFolder folder_;
    WallTime started_;
    outbound::SettingsPointer settings_;
    objects::SnapshotPointer snapshot_;
    Reports reports_;
    std::set<objects::OwnedName> told_left_out_;  // connectors of which the log has it
    // Copies that were tested and are not in force; the oldest first, at most kMaxCopies.
    struct TestedCopy {
        objects::OutboundConnector connector;
        Report report;
    };
    static constexpr std::size_t kMaxCopies = 16;
    std::deque<TestedCopy> copies_;
    std::size_t on_demand_ = 0;
    bool stopping_ = false;
    net::TaskGroup tasks_;
};

}  // namespace hermetic::validation
