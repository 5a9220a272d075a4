// One connection, plain or TLS: OpenSSL works directly on the non-blocking socket.
//
// Lives on one core. One read and one write at a time. Every operation ends at the deadline set by
// until(): the core's wheel watches it, there is no timer per read.
#pragma once

#include "core/ip.h"
#include "core/result.h"
#include "core/time.h"
#include "facts/tls.h"
#include "net/task.h"

#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::tls {
class CaSet;
enum class ClientPurpose : std::uint8_t;
class CrlSet;
class ServerContext;
class ClientContext;
struct ClientHandshake;
}  // namespace hermetic::tls

namespace hermetic::net {

class Core;

using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

struct StreamError {
    enum class Kind {
        Closed,    // orderly end of file from the peer
        Reset,     // the peer or the network broke it
        TimedOut,  // the deadline passed
        LineTooLong,
        TlsAlert,     // `tls` says which; on the first read after a TLS 1.3 handshake this is a
                      // failure of the handshake (specification §4.3)
        TlsBroken,    // record or protocol error; also an attempt to renegotiate
        Refused,      // connect
        Unreachable,  // connect
        Cancelled,    // the server is stopping
        Local,        // our own: no descriptors, no route …
    };
    Kind kind = Kind::Closed;
    int system_error = 0;  // errno, where there is one
    std::optional<facts::TlsFailure> tls;
};
[[nodiscard]] std::string_view name(StreamError::Kind kind);   // "timed-out"
[[nodiscard]] std::string describe(const StreamError& error);  // for people

// How a line ended. Only CRLF may end one. A peer that sends a bare LF is not kept waiting for the
// CRLF that it does not know: it gets its line, and the caller ends the session (SMTP smuggling: no
// two layers may disagree about where a line ends, so nothing behind it is read).
struct Line {
    std::string_view text;  // without CRLF; valid until the next operation on the stream
    bool has_bare_cr = false;
    bool has_bare_lf = false;  // the line ended in it; it is the text's last octet
};

class Deadline;

// A connect under way, for whoever may have to end it before its time. Belongs to the core;
// outlives the connect.
class Connecting {
public:
    // It ends as Cancelled; one that has not begun does so at once.
    void cut();

private:
    friend class ConnectScope;
    Deadline* under_way_ = nullptr;
    bool is_cut_ = false;
};

class Stream {
public:
    // Takes over a connected socket.
    Stream(Core& core, Socket socket);
    ~Stream();  // closes hard; close() first for an orderly end
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    [[nodiscard]] static Task<Result<std::unique_ptr<Stream>, StreamError>> connect(
        Core& core, Endpoint remote, std::optional<IpAddress> local, Instant deadline,
        Connecting* connecting = nullptr);
    // A Unix-domain stream socket, for lmtp+unix.
    [[nodiscard]] static Task<Result<std::unique_ptr<Stream>, StreamError>> connect_unix(
        Core& core, std::string path, Instant deadline, Connecting* connecting = nullptr);

    // Absolute; holds for every operation until it is set again. Extending is cheap.
    void until(Instant deadline);

    // The next line, at most `max` octets without CRLF. A longer one: LineTooLong once, after its
    // end has been read and thrown away (bounded by 1 MiB, then the same error with the stream
    // dead). One that ends in a bare LF is a line however long, of which only the end may be left.
    // What precedes an end of file is no line.
    [[nodiscard]] Task<Result<Line, StreamError>> read_line(std::size_t max);

    // This many octets and not one more, so that what follows is still the socket's: a PROXY header
    // before a TLS hello. In clear, while nothing is buffered.
    [[nodiscard]] Task<Result<std::string, StreamError>> read_exactly(std::size_t octets);

    // Waits until at least one octet is there; returns all that is buffered, without taking it.
    // Valid until the next operation; take it with consume().
    [[nodiscard]] Task<Result<std::string_view, StreamError>> peek();
    void consume(std::size_t octets);

    // Octets that have come and have not been read: input before its turn (pipelining across a
    // synchronisation point, RFC 2920 §3.1). Looks at the socket too, without waiting.
    // Not before start_tls() on a stream that begins with TLS: it would take the hello for input.
    [[nodiscard]] bool has_unread_input();
    // Octets (of TLS: of records) that the kernel holds and nobody has read. Reads nothing, so that
    // it may be asked while an operation waits.
    [[nodiscard]] bool has_octets_in_socket() const;
    // Octets already buffered, without looking at the socket: pipelined commands.
    [[nodiscard]] std::size_t buffered() const;

    // Returns when the kernel has taken all of it. `bytes` outlives the await.
    [[nodiscard]] Task<Result<void, StreamError>> write(std::string_view bytes);

    // Every operation ends as Cancelled, the one under way and those to come.
    void cancel();
    // Since when the operation under way, where it waits now, has waited for the peer to make
    // progress; nullopt: none waits. Progress is what is whole: a handshake, a write (a few KiB of
    // it, too), and whatever the reader says by note_progress(). An octet now and then is none.
    [[nodiscard]] std::optional<Instant> waiting_since() const;
    // What was read is whole, or nobody cares any more: waiting for more begins anew.
    void note_progress();

    // What fits into the socket at once, also after the deadline and while the server is stopping:
    // a 421 before close(). Tells nobody whether it went.
    void write_last_words(std::string_view bytes);

    // Discards all that is buffered in clear (CVE-2011-0411), then shakes hands. After a failure
    // only close() is left.
    [[nodiscard]] Task<Result<facts::TlsEvidence, facts::TlsFailure>> start_tls(
        std::shared_ptr<const tls::ServerContext> context);
    [[nodiscard]] Task<Result<facts::TlsEvidence, facts::TlsFailure>> start_tls(
        tls::ClientHandshake handshake);

    // How the last line that was too long began: at most eight octets.
    [[nodiscard]] std::string_view long_line_start() const;

    // After start_tls() as a server: see tls::Connection::judge_client(). In clear: NoCertificate.
    [[nodiscard]] facts::ChainVerdict judge_client(const tls::CaSet& cas, const tls::CrlSet* crls,
                                                   tls::ClientPurpose purpose) const;

    // close_notify where TLS, then FIN; waits for nobody. Idempotent.
    void close();

    [[nodiscard]] bool is_tls() const;
    [[nodiscard]] Endpoint remote() const;
    [[nodiscard]] Endpoint local() const;
    // The remote end is a Unix-domain socket: remote() and local() are 0.0.0.0:0.
    [[nodiscard]] bool is_unix() const;
    // True if the peer has closed or sent something while nobody was reading: a pooled connection
    // that must not be used again.
    [[nodiscard]] bool is_stale();
    // Frees buffers while nothing is under way (idle sessions cost memory).
    void release_buffers();
    [[nodiscard]] Core& core() { return core_; }

private:
    struct Impl;
    Stream(Core& core, std::unique_ptr<Impl> impl);

    Core& core_;
    std::unique_ptr<Impl> impl_;
};

}  // namespace hermetic::net
