// A core's delivery: takes grants from the queue's thread, carries them out, reports.
//
// Everything but grant() belongs to the core's thread.
#pragma once

#include "dispatch/grant.h"
#include "net/mailbox.h"
#include "net/task.h"
#include "net/task_group.h"
#include "objects/snapshot.h"
#include "outbound/context.h"
#include "outbound/peer_watch.h"
#include "outbound/remembered_hosts.h"
#include "outbound/settings.h"
#include "report/notice_limit.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

namespace hermetic::delivery {

class DeliveryService final : public dispatch::GrantTaker {
public:
    // `reports` outlives the service.
    DeliveryService(outbound::Adapters adapters, dispatch::GrantReports& reports,
                    outbound::SettingsPointer settings, objects::SnapshotPointer snapshot);
    ~DeliveryService();
    DeliveryService(const DeliveryService&) = delete;
    DeliveryService& operator=(const DeliveryService&) = delete;

    // Thread-safe; values only. After stop() has begun grants are reported back untouched.
    void grant(std::vector<dispatch::Grant> grants) override;
    void end(std::vector<std::uint64_t> grants) override;

    // For what begins from now on; a message that is under way keeps what it began with.
    void set_snapshot(objects::SnapshotPointer snapshot);
    void set_settings(outbound::SettingsPointer settings);

    // Begins no message any more, says goodbye to idle peers, and lets transactions under way end
    // until `deadline`; then their connections are cut and the messages are tried again later.
    // Returns when nothing of this service runs. The core must still be running.
    [[nodiscard]] net::Task<> stop(Instant deadline);

    [[nodiscard]] std::size_t running() const { return tasks_.size(); }
    [[nodiscard]] std::size_t idle_connections() const { return context_.pool.size(); }
    // What is remembered of hosts.
    [[nodiscard]] std::vector<outbound::RememberedHost> remembered() const;
    // Forgets it, of `host` (as in outbound::RememberedHost, with the port or without) or where
    // that is empty of all; how much there was.
    std::size_t forget(std::string_view host);

private:
    struct CheckTimer;
    // A grant under way, and what the queue knows of its peer.
    struct UnderWay {
        outbound::PeerWatch watch;
        queue::Peer told = queue::Peer::Speaks;
    };

    void begin_waiting();
    void report(dispatch::GrantReport report);
    void flush_reports();
    void say_goodbye(outbound::ConnectionPointer connection);
    void schedule_check();
    void check();
    void check_peers();
    void end_now(const std::vector<std::uint64_t>& grants);
    void post(void (DeliveryService::*what)());
    net::Task<> carry(dispatch::Grant grant);
    net::Task<> farewell(outbound::ConnectionPointer connection);

    outbound::Context context_;
    dispatch::GrantReports& told_;
    report::NoticeLimit limit_;
    net::TaskGroup tasks_;
    net::Mailbox<dispatch::Grant> waiting_;
    std::vector<dispatch::GrantReport> reports_;
    std::map<std::uint64_t, UnderWay> under_way_;
    std::unique_ptr<CheckTimer> check_timer_;
    std::shared_ptr<const char> alive_ = std::make_shared<const char>();
};

}  // namespace hermetic::delivery
