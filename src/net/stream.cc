#include "net/stream.h"

#include "core/assert.h"
#include "net/address.h"
#include "net/stream_impl.h"
#include "tls/context.h"

#include <boost/asio/ip/tcp.hpp>
#include <fmt/format.h>

#include <cstring>

namespace hermetic::net {

namespace asio = boost::asio;

namespace {

// How much of a line that is too long is read to find its end.
constexpr std::size_t kMaxSkipped = 1024 * 1024;
// Of a write: who takes less in all the time that a silent peer is given is as good as silent.
constexpr std::size_t kProgress = 4096;

Line make_line(std::string_view text)
{
    Line line;
    line.text = text;
    if (text.empty()) return line;
    line.has_bare_cr = std::memchr(text.data(), '\r', text.size()) != nullptr;
    line.has_bare_lf = std::memchr(text.data(), '\n', text.size()) != nullptr;
    return line;
}

}  // namespace

std::string_view name(StreamError::Kind kind)
{
    switch (kind) {
    case StreamError::Kind::Closed:
        return "closed";
    case StreamError::Kind::Reset:
        return "reset";
    case StreamError::Kind::TimedOut:
        return "timed-out";
    case StreamError::Kind::LineTooLong:
        return "line-too-long";
    case StreamError::Kind::TlsAlert:
        return "tls-alert";
    case StreamError::Kind::TlsBroken:
        return "tls-broken";
    case StreamError::Kind::Refused:
        return "refused";
    case StreamError::Kind::Unreachable:
        return "unreachable";
    case StreamError::Kind::Cancelled:
        return "cancelled";
    case StreamError::Kind::Local:
        return "local";
    }
    unreachable("every StreamError::Kind is named above");
}

std::string describe(const StreamError& error)
{
    if (error.tls) return facts::describe(*error.tls);
    const auto words = [&]() -> std::string_view {
        switch (error.kind) {
        case StreamError::Kind::Closed:
            return "the peer closed the connection";
        case StreamError::Kind::Reset:
            return "the connection broke";
        case StreamError::Kind::TimedOut:
            return "timed out";
        case StreamError::Kind::LineTooLong:
            return "the peer sent a line that is too long";
        case StreamError::Kind::TlsAlert:
            return "the peer sent a TLS alert";
        case StreamError::Kind::TlsBroken:
            return "the TLS connection broke";
        case StreamError::Kind::Refused:
            return "the connection was refused";
        case StreamError::Kind::Unreachable:
            return "the host cannot be reached";
        case StreamError::Kind::Cancelled:
            return "the server is stopping";
        case StreamError::Kind::Local:
            return "a local error";
        }
        unreachable("every StreamError::Kind is described above");
    }();
    if (error.system_error == 0) return std::string{words};
    return fmt::format("{}: {}", words, std::strerror(error.system_error));
}

Stream::Stream(Core& core, std::unique_ptr<Impl> impl) : core_{core}, impl_{std::move(impl)}
{
}

Stream::Stream(Core& core, Socket socket)
    : core_{core}, impl_{std::make_unique<Impl>(core, Impl::AnySocket{std::move(socket)})}
{
    boost::system::error_code ignored;  // a broken socket tells at its first use
    impl_->learn_endpoints();
    impl_->socket.native_non_blocking(true, ignored);
    if (!impl_->unix_domain) impl_->socket.set_option(asio::ip::tcp::no_delay{true}, ignored);
}

Stream::~Stream() = default;

void Stream::until(Instant deadline)
{
    impl_->expired = false;
    if (!impl_->closed) core_.wheel().set(*impl_, deadline);
}

void Stream::cancel()
{
    impl_->on_cancelled();
}

std::optional<Instant> Stream::waiting_since() const
{
    return impl_->waiting ? impl_->waiting_since : std::nullopt;
}

void Stream::note_progress()
{
    impl_->waiting_since.reset();
}

Task<Result<Line, StreamError>> Stream::read_line(std::size_t max)
{
    std::size_t skipped = 0;
    for (;;) {
        if (impl_->cancelled || impl_->expired) co_return failure(*impl_->interrupted());
        if (const auto text = impl_->in.take_line()) {
            const Line line = make_line(*text);
            const bool too_long = impl_->skipping || text->size() > max;
            if (too_long && !impl_->skipping) impl_->note_long_line(*text);
            impl_->skipping = false;
            if (too_long && !line.has_bare_lf)
                co_return failure(StreamError{StreamError::Kind::LineTooLong, 0, {}});
            co_return line;
        }
        // One octet more may be the CR.
        if (impl_->skipping || impl_->in.size() > max + 1) {
            if (!impl_->skipping) impl_->note_long_line(impl_->in.data());
            impl_->skipping = true;
            skipped += impl_->in.discard_unfinished_line();
            if (skipped > kMaxSkipped) {
                impl_->dead = StreamError{StreamError::Kind::LineTooLong, 0, {}};
                co_return failure(*impl_->dead);
            }
        }
        if (auto filled = co_await impl_->fill(); !filled) co_return failure(filled.error());
    }
}

Task<Result<std::string_view, StreamError>> Stream::peek()
{
    if (impl_->in.empty()) {
        if (auto filled = co_await impl_->fill(); !filled) co_return failure(filled.error());
    }
    co_return impl_->in.data();
}

void Stream::consume(std::size_t octets)
{
    impl_->in.consume(octets);
}

bool Stream::has_unread_input()
{
    if (!impl_->in.empty()) return true;
    if (impl_->interrupted() || impl_->has_nothing_to_read()) return false;
    const tls::Io io = impl_->try_fill();
    if (io.progress == tls::Progress::Closed || io.progress == tls::Progress::Broken ||
        io.progress == tls::Progress::Failed) {
        impl_->dead = impl_->error_of(io);  // the next operation tells
    }
    return !impl_->in.empty();
}

bool Stream::has_octets_in_socket() const
{
    boost::system::error_code ignored;
    return impl_->socket.available(ignored) > 0;
}

std::size_t Stream::buffered() const
{
    return impl_->in.size();
}

Task<Result<void, StreamError>> Stream::write(std::string_view bytes)
{
    std::size_t taken = 0;
    while (!bytes.empty()) {
        if (auto why = impl_->interrupted()) co_return failure(std::move(*why));
        const tls::Io io = impl_->try_write(bytes);
        switch (io.progress) {
        case tls::Progress::Done:
            bytes.remove_prefix(io.octets);
            taken += io.octets;
            if (bytes.empty() || taken >= kProgress) {
                taken = 0;
                note_progress();
            }
            if (impl_->is_over_share(io.octets)) co_await impl_->yield();
            break;
        case tls::Progress::WantRead:
        case tls::Progress::WantWrite: {
            const auto what = io.progress == tls::Progress::WantRead ? Impl::AnySocket::wait_read
                                                                     : Impl::AnySocket::wait_write;
            if (auto waited = co_await impl_->wait(what); !waited) co_return waited;
            break;
        }
        case tls::Progress::Closed:
        case tls::Progress::Broken:
            // Reading goes on: what the peer said before it closed may still be there.
            co_return failure(impl_->error_of(io));
        case tls::Progress::Failed:
            impl_->dead = impl_->error_of(io);
            co_return failure(*impl_->dead);
        }
    }
    co_return Result<void, StreamError>{};
}

void Stream::write_last_words(std::string_view bytes)
{
    if (impl_->closed || impl_->dead || bytes.empty()) return;
    (void)impl_->try_write(bytes);
}

Task<Result<facts::TlsEvidence, facts::TlsFailure>> Stream::start_tls(
    std::shared_ptr<const tls::ServerContext> context)
{
    HERMETIC_ASSERT(impl_->tls == nullptr);
    impl_->in.clear();
    impl_->in.release();
    impl_->skipping = false;
    if (!impl_->interrupted()) {
        impl_->tls = tls::Connection::server(std::move(context), impl_->socket.native_handle());
        co_return co_await impl_->shake_hands();
    }
    co_return failure(facts::TlsFailure{
        facts::TlsFailure::Kind::Closed, -1, describe(*impl_->interrupted()), {}});
}

Task<Result<facts::TlsEvidence, facts::TlsFailure>> Stream::start_tls(
    tls::ClientHandshake handshake)
{
    HERMETIC_ASSERT(impl_->tls == nullptr);
    impl_->in.clear();
    impl_->in.release();
    impl_->skipping = false;
    if (!impl_->interrupted()) {
        impl_->tls = tls::Connection::client(std::move(handshake), impl_->socket.native_handle());
        co_return co_await impl_->shake_hands();
    }
    co_return failure(facts::TlsFailure{
        facts::TlsFailure::Kind::Closed, -1, describe(*impl_->interrupted()), {}});
}

void Stream::close()
{
    impl_->close();
}

facts::ChainVerdict Stream::judge_client(const tls::CaSet& cas, const tls::CrlSet* crls,
                                         tls::ClientPurpose purpose) const
{
    if (!impl_->tls) return {facts::ChainVerdict::State::NoCertificate, {}};
    return impl_->tls->judge_client(cas, crls, purpose);
}

std::string_view Stream::long_line_start() const
{
    return impl_->long_line_start;
}

bool Stream::is_tls() const
{
    return impl_->tls != nullptr;
}

Endpoint Stream::remote() const
{
    return impl_->remote;
}

Endpoint Stream::local() const
{
    return impl_->local;
}

bool Stream::is_unix() const
{
    return impl_->unix_domain;
}

bool Stream::is_stale()
{
    return has_unread_input() || impl_->dead.has_value() || impl_->cancelled || impl_->closed;
}

void Stream::release_buffers()
{
    impl_->in.release();
}

}  // namespace hermetic::net
