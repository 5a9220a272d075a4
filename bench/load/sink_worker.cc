#include "load/sink_worker.h"

#include "load/output.h"
#include "load/process.h"

#include <cerrno>
#include <unistd.h>

namespace hermetic::load {
namespace {

constexpr std::size_t kBuffer = 256 * 1024;
constexpr unsigned kAcceptAtOnce = 16;

}  // namespace

struct SinkWorker::Peer {
    Transport transport;
    ServerSession session;
    Output output;
    std::string pending;  // what came behind a message whose reply is delayed
    std::uint32_t events = EPOLLIN;
    bool delayed = false;
    bool closing = false;

    Peer(const SinkRun& run, std::uint64_t seed) : session(run.settings, seed) {}
    [[nodiscard]] bool closed() const { return transport.descriptor() < 0; }
};

SinkWorker::SinkWorker(SinkRun& run, TlsContext context, const std::vector<Endpoint>& endpoints)
    : run_(run), tls_(std::move(context)), buffer_(kBuffer), result_(run.origin)
{
    for (const Endpoint& endpoint : endpoints) {
        listeners_.push_back(std::make_unique<Listener>(Listener{open_listener(endpoint)}));
        // The lowest bit tells a listener from a peer.
        const auto mark = reinterpret_cast<std::uintptr_t>(listeners_.back().get()) | 1;
        poller_.add(listeners_.back()->descriptor, reinterpret_cast<void*>(mark), EPOLLIN);
    }
}

SinkWorker::~SinkWorker()
{
    for (const auto& listener : listeners_) {
        ::close(listener->descriptor);
    }
}

std::vector<Endpoint> SinkWorker::endpoints() const
{
    std::vector<Endpoint> endpoints;
    for (const auto& listener : listeners_) {
        endpoints.push_back(local_endpoint(listener->descriptor));
    }
    return endpoints;
}

SinkResult SinkWorker::result()
{
    const std::lock_guard lock(mutex_);
    return result_;
}

void SinkWorker::work()
{
    while (!run_.stop.load(std::memory_order_relaxed)) {
        const std::int64_t deadline = delayed_.empty() ? -1 : delayed_.front().due;
        const std::span<epoll_event> events = poller_.wait(deadline);
        const std::lock_guard lock(mutex_);
        now_ = now_ns();
        on_events(events);
        release_delayed();
        dead_.clear();
    }
    const std::lock_guard lock(mutex_);
    result_.cpu_ns = thread_cpu_ns();
}

void SinkWorker::on_events(std::span<epoll_event> events)
{
    for (const epoll_event& event : events) {
        const auto mark = reinterpret_cast<std::uintptr_t>(event.data.ptr);
        if ((mark & 1) != 0) {
            accept_from(*reinterpret_cast<const Listener*>(mark & ~std::uintptr_t{1}));
            continue;
        }
        on_peer(*static_cast<Peer*>(event.data.ptr), event.events);
    }
}

void SinkWorker::accept_from(const Listener& listener)
{
    for (unsigned i = 0; i < kAcceptAtOnce; ++i) {
        const int descriptor =
            accept4(listener.descriptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) {
            if (errno != EAGAIN && errno != ECONNABORTED) {
                ++result_.errors["accept: " + std::generic_category().message(errno)];
            }
            return;
        }
        ++result_.connections;
        auto owned = std::make_unique<Peer>(run_, result_.connections);
        Peer& peer = *owned;
        peers_.emplace(&peer, std::move(owned));
        peer.transport.adopt(descriptor);
        poller_.add(descriptor, &peer, EPOLLIN);
        peer.session.greet(peer.output.text());
        if (flush(peer) == Lost::Yes) {
            close(peer);
        }
    }
}

void SinkWorker::on_peer(Peer& peer, std::uint32_t events)
{
    if (peer.closed()) {
        return;
    }
    if (peer.delayed) {
        if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
            close(peer);
        }
        return;
    }
    if (peer.transport.shaking_hands()) {
        if (shake_hands(peer) == Lost::Yes) {
            ++result_.errors[peer.transport.error().empty() ? "closed in the handshake"
                                                            : peer.transport.error()];
            close(peer);
            return;
        }
        if (peer.transport.shaking_hands() || !peer.transport.has_pending()) {
            return;
        }
    }
    if (read(peer) == Lost::Yes) {
        close(peer);
    }
}

SinkWorker::Lost SinkWorker::shake_hands(Peer& peer)
{
    switch (peer.transport.handshake()) {
    case Io::Done:
        break;
    case Io::WaitRead:
        want(peer, EPOLLIN);
        return Lost::No;
    case Io::WaitWrite:
        want(peer, EPOLLIN | EPOLLOUT);
        return Lost::No;
    case Io::Closed:
    case Io::Failed:
        return Lost::Yes;
    }
    ++result_.tls_versions[SSL_get_version(peer.transport.tls())];
    result_.resumed += SSL_session_reused(peer.transport.tls()) == 1 ? 1 : 0;
    want(peer, EPOLLIN);
    peer.session.on_tls();
    return Lost::No;
}

SinkWorker::Lost SinkWorker::read(Peer& peer)
{
    do {
        std::size_t count = 0;
        switch (peer.transport.read(buffer_, count)) {
        case Io::Done:
            break;
        case Io::WaitRead:
        case Io::WaitWrite:
            return flush(peer);
        case Io::Closed:
        case Io::Failed:
            return Lost::Yes;
        }
        if (take(peer, {buffer_.data(), count}) == Lost::Yes) {
            return Lost::Yes;
        }
        if (peer.closing || peer.delayed || peer.transport.shaking_hands()) {
            break;
        }
    } while (peer.transport.has_pending());
    if (peer.transport.shaking_hands()) {
        return Lost::No;
    }
    if (peer.output.empty()) {
        peer.transport.acknowledge_quickly();  // otherwise what is written acknowledges
    }
    return flush(peer);
}

SinkWorker::Lost SinkWorker::take(Peer& peer, std::string_view input)
{
    while (true) {
        switch (peer.session.next(input, peer.output.text())) {
        case ServerEvent::NeedInput:
            return Lost::No;
        case ServerEvent::StartTls:
            if (flush(peer) == Lost::Yes || !peer.output.empty() ||
                !peer.transport.start_tls(tls_.get(), nullptr, Side::Server)) {
                return Lost::Yes;
            }
            return Lost::No;  // what came in clear behind the command is dropped (RFC 3207 §6)
        case ServerEvent::Message:
            if (on_message(peer, input) == Lost::Yes) {
                return Lost::Yes;
            }
            if (peer.delayed) {
                return Lost::No;
            }
            break;
        case ServerEvent::Close:
            peer.closing = true;
            return Lost::No;
        }
    }
}

SinkWorker::Lost SinkWorker::on_message(Peer& peer, std::string_view rest)
{
    count(peer.session.content());
    if (run_.options.delay_ms == 0) {
        peer.session.reply_to_content(peer.output.text());
        return Lost::No;
    }
    peer.delayed = true;
    peer.pending = rest;
    delayed_.push_back({now_ + std::int64_t{run_.options.delay_ms} * 1'000'000, &peer});
    if (flush(peer) == Lost::Yes) {
        return Lost::Yes;
    }
    want(peer, 0);
    return Lost::No;
}

void SinkWorker::count(const ContentScan& content)
{
    result_.arrivals.record(now_);
    result_.octets += content.octets();
    if (!content.id() || *content.id() >= IdSet::kLimit) {
        ++result_.unknown;
        return;
    }
    if (!run_.ids.insert(*content.id())) {
        ++result_.duplicates;
        return;
    }
    ++result_.distinct;
    if (run_.distinct.fetch_add(1) + 1 == run_.options.expect && run_.done != nullptr) {
        run_.done->wake();
    }
}

void SinkWorker::release_delayed()
{
    while (!delayed_.empty() && delayed_.front().due <= now_) {
        Peer& peer = *delayed_.front().peer;
        delayed_.pop_front();
        peer.delayed = false;
        peer.session.reply_to_content(peer.output.text());
        const std::string pending = std::move(peer.pending);
        peer.pending.clear();
        want(peer, EPOLLIN);
        Lost lost = take(peer, pending);
        if (lost == Lost::No && !peer.delayed && !peer.closing && peer.transport.has_pending()) {
            lost = read(peer);
        }
        if (lost == Lost::Yes || flush(peer) == Lost::Yes) {
            close(peer);
        }
    }
}

SinkWorker::Lost SinkWorker::flush(Peer& peer)
{
    switch (peer.output.flush(peer.transport)) {
    case Io::Done:
        want(peer, peer.delayed ? 0U : std::uint32_t{EPOLLIN});
        return peer.closing ? Lost::Yes : Lost::No;
    case Io::WaitRead:
        want(peer, EPOLLIN);
        return Lost::No;
    case Io::WaitWrite:
        want(peer, EPOLLIN | EPOLLOUT);
        return Lost::No;
    case Io::Closed:
    case Io::Failed:
        break;
    }
    return Lost::Yes;
}

void SinkWorker::close(Peer& peer)
{
    if (peer.closed()) {
        return;
    }
    peer.transport.close();
    if (peer.delayed) {
        std::erase_if(delayed_, [&](const Delayed& each) { return each.peer == &peer; });
    }
    const auto found = peers_.find(&peer);
    dead_.push_back(std::move(found->second));
    peers_.erase(found);
}

void SinkWorker::want(Peer& peer, std::uint32_t events)
{
    if (peer.events != events) {
        peer.events = events;
        poller_.change(peer.transport.descriptor(), &peer, events);
    }
}

}  // namespace hermetic::load
