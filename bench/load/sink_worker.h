// One thread of the sink: listeners of its own on the common ports, and the sessions they accept.
#pragma once

#include "load/id_set.h"
#include "load/poller.h"
#include "load/server_session.h"
#include "load/sink_result.h"
#include "load/tls.h"
#include "load/transport.h"

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace hermetic::load {

// What the threads of a sink share. Outlives them.
struct SinkRun {
    SinkRun(const SinkOptions& asked, std::int64_t now)
        : options(asked),
          settings{.starttls = asked.starttls ? OfferStartTls::Yes : OfferStartTls::No,
                   .reject = asked.reject,
                   .defer = asked.defer},
          origin(now)
    {
    }

    const SinkOptions& options;
    ServerSettings settings;
    std::int64_t origin;
    IdSet ids;
    std::atomic<std::uint64_t> distinct{0};
    std::atomic<bool> stop{false};
    Poller* done = nullptr;  // woken when all that was expected is there
};

class SinkWorker {
public:
    // context: nullptr without TLS. Throws std::system_error: an endpoint that cannot be bound.
    SinkWorker(SinkRun& run, TlsContext context, const std::vector<Endpoint>& endpoints);
    ~SinkWorker();

    void work();  // until run.stop
    void wake() { poller_.wake(); }
    // Any thread.
    [[nodiscard]] SinkResult result();
    // With the ports that were chosen for 0.
    [[nodiscard]] std::vector<Endpoint> endpoints() const;

private:
    struct Peer;
    struct Listener {
        int descriptor;
    };
    enum class Lost { No, Yes };

    void on_events(std::span<epoll_event> events);
    void accept_from(const Listener& listener);
    void on_peer(Peer& peer, std::uint32_t events);
    [[nodiscard]] Lost shake_hands(Peer& peer);
    [[nodiscard]] Lost read(Peer& peer);
    [[nodiscard]] Lost take(Peer& peer, std::string_view input);
    [[nodiscard]] Lost on_message(Peer& peer, std::string_view rest);
    [[nodiscard]] Lost flush(Peer& peer);
    void count(const ContentScan& content);
    void release_delayed();
    void close(Peer& peer);
    void want(Peer& peer, std::uint32_t events);

    SinkRun& run_;
    TlsContext tls_;
    Poller poller_;
    std::vector<char> buffer_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::unordered_map<Peer*, std::unique_ptr<Peer>> peers_;
    std::vector<std::unique_ptr<Peer>> dead_;  // freed when no event names them any more
    struct Delayed {
        std::int64_t due;
        Peer* peer;
    };
    std::deque<Delayed> delayed_;
    std::int64_t now_ = 0;
    std::mutex mutex_;  // of result_, while events are handled
    SinkResult result_;
};

}  // namespace hermetic::load
