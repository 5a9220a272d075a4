#include "load/sender.h"

#include "load/process.h"

#include <algorithm>

namespace hermetic::load {
namespace {

constexpr std::size_t kBuffer = 64 * 1024;
constexpr unsigned kMostOpening = 64;  // by one thread at once: no listener's backlog is that short
constexpr std::int64_t kBackOff = 50'000'000;  // ns, after a connection that failed
constexpr std::size_t kMostQuitting = 1000;

}  // namespace

SendRun::SendRun(const SendOptions& asked)
    : options(asked),
      settings{.helo = asked.helo,
               .starttls = asked.tls == TlsMode::StartTls ? UseStartTls::Yes : UseStartTls::No,
               .pipeline_next = asked.pipeline_next ? PipelineNext::Yes : PipelineNext::No},
      source(asked.shape),
      sources(parse_addresses(asked.from_addresses)),
      begun(now_ns())
{
    for (const std::string& each : asked.to) {
        destinations.push_back(parse_endpoint(each));
    }
}

struct Sender::Connection {
    Transport transport;
    ClientSession session;
    Output output;
    std::size_t slot;
    std::size_t destination = 0;
    std::uint64_t messages = 0;  // begun on this connection
    std::int64_t opened_at = 0;
    std::uint32_t events = 0;  // that the poller was asked for
    bool ready = false;        // was ready for mail once
    bool waiting = false;      // in waiting_
    bool overlapped = false;   // its slot has another connection by now

    Connection(const SendRun& run, std::size_t index)
        : session(run.settings, run.source), slot(index)
    {
    }
    [[nodiscard]] bool closed() const { return transport.descriptor() < 0; }
    [[nodiscard]] std::string why_lost() const
    {
        return transport.error().empty() ? "closed by the peer" : transport.error();
    }
};

Sender::Sender(SendRun& run, unsigned index)
    : run_(run), result_(run.begun), pools_(run.destinations.size()), buffer_(kBuffer)
{
    const SendOptions& options = run.options;
    rate_ = options.rate / options.threads;
    if (options.tls != TlsMode::Off) {
        tls_ = make_client_context(options.tls_version,
                                   options.idle < 0 ? KeepBuffers::Yes : KeepBuffers::No);
    }
    for (unsigned i = index; i < options.connections; i += options.threads) {
        slots_.push_back(std::make_unique<Connection>(run_, slots_.size()));
        to_open_.push_back(slots_.back().get());
    }
}

Sender::~Sender() = default;

void Sender::work()
{
    while (!run_.stop.load(std::memory_order_relaxed)) {
        const std::int64_t now = now_ns();
        open_some(now);
        release_waiting(now);
        drop_unready();
        if (finished()) {
            break;
        }
        for (const epoll_event& event : poller_.wait(next_deadline())) {
            on_event(*static_cast<Connection*>(event.data.ptr));
        }
        dead_.clear();
    }
    for (const auto& slot : slots_) {
        if (!slot->closed()) {
            lose(*slot, "no reply before the end of the run");
        }
    }
    result_.cpu_ns = thread_cpu_ns();
}

bool Sender::messages_left() const
{
    return run_.options.idle < 0 &&
           run_.next_number.load(std::memory_order_relaxed) < run_.options.messages;
}

bool Sender::finished() const
{
    return run_.options.idle < 0 && open_ == 0 && quitting_.empty() && !messages_left();
}

std::int64_t Sender::next_send() const
{
    return run_.begun + static_cast<std::int64_t>(static_cast<double>(started_) * 1e9 / rate_);
}

std::int64_t Sender::next_deadline() const
{
    std::int64_t deadline = -1;
    if (!to_open_.empty() && opening_ < kMostOpening) {
        deadline = open_after_;
    }
    if (!waiting_.empty()) {
        deadline = deadline < 0 ? next_send() : std::min(deadline, next_send());
    }
    return deadline;
}

void Sender::open_some(std::int64_t now)
{
    while (!to_open_.empty() && opening_ < kMostOpening && now >= open_after_) {
        Connection& connection = *to_open_.front();
        to_open_.pop_front();
        if (run_.options.idle >= 0 || messages_left()) {
            open(connection);
        }
    }
}

void Sender::open(Connection& connection)
{
    const unsigned turn = run_.next_address.fetch_add(1, std::memory_order_relaxed);
    connection.destination = turn % run_.destinations.size();
    connection.opened_at = now_ns();
    ++opening_;
    ++open_;
    const Endpoint* from =
        run_.sources.empty() ? nullptr : &run_.sources[turn % run_.sources.size()];
    if (!connection.transport.connect(run_.destinations[connection.destination], from)) {
        lose(connection, connection.why_lost());
        return;
    }
    connection.events = EPOLLIN;
    poller_.add(connection.transport.descriptor(), &connection, EPOLLIN);
    if (run_.options.tls == TlsMode::Implicit && start_tls(connection) == Lost::Yes) {
        lose(connection, connection.why_lost());
    }
}

void Sender::on_event(Connection& connection)
{
    if (connection.transport.shaking_hands()) {
        if (shake_hands(connection) == Lost::Yes) {
            lose(connection, connection.why_lost());
            return;
        }
        if (connection.transport.shaking_hands() || !connection.transport.has_pending()) {
            return;
        }
    }
    if (read(connection) == Lost::Yes) {
        lose(connection, connection.why_lost());
    }
}

Sender::Lost Sender::start_tls(Connection& connection)
{
    SessionPool* pool = run_.options.resume ? &pools_[connection.destination] : nullptr;
    if (!connection.transport.start_tls(tls_.get(), pool, Side::Client)) {
        return Lost::Yes;
    }
    return shake_hands(connection);
}

Sender::Lost Sender::shake_hands(Connection& connection)
{
    switch (connection.transport.handshake()) {
    case Io::Done:
        break;
    case Io::WaitRead:
        want(connection, EPOLLIN);
        return Lost::No;
    case Io::WaitWrite:
        want(connection, EPOLLIN | EPOLLOUT);
        return Lost::No;
    case Io::Closed:
    case Io::Failed:
        return Lost::Yes;
    }
    ++result_.handshakes;
    result_.resumed += SSL_session_reused(connection.transport.tls()) == 1 ? 1 : 0;
    want(connection, EPOLLIN);
    if (connection.session.handshaking()) {
        connection.session.on_tls(connection.output.text());
    }
    return flush(connection);
}

Sender::Lost Sender::read(Connection& connection)
{
    do {
        std::size_t count = 0;
        switch (connection.transport.read(buffer_, count)) {
        case Io::Done:
            break;
        case Io::WaitRead:
        case Io::WaitWrite:
            return flush(connection);
        case Io::Closed:
        case Io::Failed:
            return Lost::Yes;
        }
        if (take(connection, {buffer_.data(), count}) == Lost::Yes) {
            return Lost::Yes;
        }
        if (connection.closed() || connection.transport.shaking_hands()) {
            return Lost::No;
        }
    } while (connection.transport.has_pending());
    if (connection.output.empty()) {
        connection.transport.acknowledge_quickly();  // otherwise what is written acknowledges
    }
    return flush(connection);
}

Sender::Lost Sender::take(Connection& connection, std::string_view input)
{
    const std::int64_t now = now_ns();
    while (true) {
        const ClientEvent event = connection.session.next(input, connection.output.text());
        if (event == ClientEvent::NeedInput) {
            return Lost::No;
        }
        if (on_session(connection, event, now) == Lost::Yes) {
            return Lost::Yes;
        }
        if (connection.closed() || connection.transport.shaking_hands()) {
            return Lost::No;  // nothing in clear is taken over into TLS
        }
    }
}

Sender::Lost Sender::on_session(Connection& connection, ClientEvent event, std::int64_t now)
{
    switch (event) {
    case ClientEvent::NeedInput:
    case ClientEvent::SendNothing:
        return Lost::No;
    case ClientEvent::StartTls:
        return start_tls(connection);
    case ClientEvent::Ready:
        return on_ready(connection, now);
    case ClientEvent::SendContent:
        send_content(connection, now);
        return Lost::No;
    case ClientEvent::Accepted:
    case ClientEvent::Refused:
    case ClientEvent::Deferred:
        record(event, connection.session.finished(), connection.session.why(), now);
        return connection.session.idle() ? on_ready(connection, now) : Lost::No;
    case ClientEvent::Bye:
        close(connection);
        return Lost::No;
    case ClientEvent::Broken:
        lose(connection, connection.session.why());
        return Lost::No;
    }
    return Lost::Yes;
}

Sender::Lost Sender::on_ready(Connection& connection, std::int64_t now)
{
    if (!connection.ready) {
        connection.ready = true;
        --opening_;
        ++result_.connections;
        result_.connect_to_ready.record(now_ns() - connection.opened_at);
        if (run_.options.idle >= 0) {
            run_.held.fetch_add(1);
            run_.settled.fetch_add(1);
        }
    }
    if (run_.options.idle >= 0) {
        return Lost::No;
    }
    if (!may_begin(connection)) {
        return quit(connection);
    }
    if (rate_ > 0 && now < next_send()) {
        connection.waiting = true;
        waiting_.push_back(&connection);
        return Lost::No;
    }
    return begin_message(connection, now) ? Lost::No : quit(connection);
}

bool Sender::may_begin(const Connection& connection) const
{
    const std::uint64_t most = run_.options.per_connection;
    return (most == 0 || connection.messages < most) && messages_left();
}

bool Sender::begin_message(Connection& connection, std::int64_t now)
{
    const std::uint64_t number = run_.next_number.fetch_add(1, std::memory_order_relaxed);
    if (number >= run_.options.messages) {
        return false;
    }
    ++started_;
    ++connection.messages;
    connection.session.start_message(run_.options.start + number, now, connection.output.text());
    return true;
}

void Sender::send_content(Connection& connection, std::int64_t now)
{
    connection.session.append_content(connection.output.text());
    connection.output.set_body(run_.source.body());
    if (rate_ == 0 && connection.session.can_pipeline_next() && may_begin(connection)) {
        static_cast<void>(begin_message(connection, now));
    }
}

Sender::Lost Sender::quit(Connection& connection)
{
    connection.session.quit(connection.output.text());
    if (!run_.options.overlap_quit || quitting_.size() >= kMostQuitting) {
        return Lost::No;
    }
    if (flush(connection) == Lost::Yes) {
        return Lost::Yes;
    }
    connection.overlapped = true;
    --open_;
    replace_slot(connection, quitting_);
    return Lost::No;
}

void Sender::release_waiting(std::int64_t now)
{
    while (!waiting_.empty() && now >= next_send()) {
        Connection& connection = *waiting_.front();
        waiting_.pop_front();
        connection.waiting = false;
        const Lost done = begin_message(connection, now_ns()) ? Lost::No : quit(connection);
        if (done == Lost::Yes || flush(connection) == Lost::Yes) {
            lose(connection, connection.why_lost());
        }
    }
}

Sender::Lost Sender::flush(Connection& connection)
{
    switch (connection.output.flush(connection.transport)) {
    case Io::Done:
    case Io::WaitRead:
        want(connection, EPOLLIN);
        return Lost::No;
    case Io::WaitWrite:
        want(connection, EPOLLIN | EPOLLOUT);
        return Lost::No;
    case Io::Closed:
    case Io::Failed:
        break;
    }
    return Lost::Yes;
}

void Sender::record(ClientEvent event, const Transaction& transaction, const std::string& why,
                    std::int64_t now)
{
    if (event == ClientEvent::Accepted) {
        ++result_.sent;
        result_.accepted.record(now);
        result_.mail_to_250.record(now - transaction.mail_at);
        if (!run_.options.accepted_ids.empty() && transaction.number < IdSet::kLimit) {
            run_.accepted_ids.insert(transaction.number);
        }
        return;
    }
    ++(event == ClientEvent::Refused    ? result_.refused
       : event == ClientEvent::Deferred ? result_.deferred
                                        : result_.failed);
    result_.note_error(why);
}

void Sender::lose(Connection& connection, const std::string& why)
{
    const bool idle = run_.options.idle >= 0;
    Transaction transaction;
    ClientEvent event = ClientEvent::Broken;
    while (connection.session.take_unfinished(transaction, event)) {
        record(event, transaction, event == ClientEvent::Broken ? why : connection.session.why(),
               0);
    }
    if (!connection.ready) {
        ++result_.connections_failed;
        result_.note_error(why);
        open_after_ = now_ns() + kBackOff;
        run_.settled.fetch_add(1);
    } else if (idle && !run_.stop.load()) {
        run_.held.fetch_sub(1);
        result_.note_error(why);
    }
    close(connection);
}

void Sender::close(Connection& connection)
{
    connection.transport.close();
    if (connection.waiting) {
        std::erase(waiting_, &connection);
    }
    if (connection.overlapped) {
        const auto at = std::find_if(quitting_.begin(), quitting_.end(),
                                     [&](const auto& each) { return each.get() == &connection; });
        dead_.push_back(std::move(*at));
        quitting_.erase(at);
        return;
    }
    --open_;
    opening_ -= connection.ready ? 0 : 1;
    replace_slot(connection, dead_);
}

// Once every message has begun, a connection that is not ready has nothing to do. It may never be:
// a listener with a short backlog forgets some that it did not accept.
void Sender::drop_unready()
{
    if (run_.options.idle >= 0 || messages_left()) {
        return;
    }
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (!slots_[i]->closed() && !slots_[i]->ready) {
            close(*slots_[i]);
        }
    }
}

// The slot gets a fresh connection, which opens when there is something to send.
void Sender::replace_slot(Connection& connection, std::vector<std::unique_ptr<Connection>>& keep)
{
    auto& slot = slots_[connection.slot];
    keep.push_back(std::move(slot));
    slot = std::make_unique<Connection>(run_, connection.slot);
    if (messages_left()) {
        to_open_.push_back(slot.get());
    }
}

void Sender::want(Connection& connection, std::uint32_t events)
{
    if (connection.events != events) {
        connection.events = events;
        poller_.change(connection.transport.descriptor(), &connection, events);
    }
}

}  // namespace hermetic::load
