// One TLS connection on a non-blocking socket: what OpenSSL says, as values.
//
// For net/, which waits where this says so; free of Asio and of OpenSSL's headers. Not thread-safe.
// Each call first empties OpenSSL's error queue, which all connections of a thread share.
#pragma once

#include "facts/tls.h"
#include "tls/context.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

struct ssl_session_st;

namespace hermetic::tls {

enum class Progress : std::uint8_t {
    Done,
    WantRead,
    WantWrite,
    Closed,  // the peer has ended its side
    Broken,  // the socket failed: `system_error`
    Failed,  // TLS failed: Connection::failure(); the connection is dead
};

struct Io {
    Progress progress = Progress::Done;
    std::size_t octets = 0;
    int system_error = 0;
};

class Connection {
public:
    // The descriptor stays the caller's, and open while this lives.
    [[nodiscard]] static std::unique_ptr<Connection> server(
        std::shared_ptr<const ServerContext> context, int descriptor);
    // Resumes a session of the handshake's cache where it has one.
    [[nodiscard]] static std::unique_ptr<Connection> client(ClientHandshake handshake,
                                                            int descriptor);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Done, WantRead, WantWrite or Failed (also where the peer closed).
    [[nodiscard]] Progress handshake();
    [[nodiscard]] Io read(std::span<char> into);
    // May take only a part. Once it is Broken nothing more can be written, and reading goes on: the
    // peer may have said why before it closed.
    [[nodiscard]] Io write(std::string_view bytes);
    // Octets that OpenSSL holds already: they wake nobody who waits for the socket.
    [[nodiscard]] bool has_pending() const;
    // Sends close_notify if it can at once.
    void close_notify();

    // After the handshake. Computes the verdict on the peer's chain: once per connection.
    [[nodiscard]] facts::TlsEvidence evidence() const;
    // A server's, after the handshake: the client's chain against `cas`. CRLs may be null. At the
    // present time, anew at each call.
    [[nodiscard]] facts::ChainVerdict judge_client(const CaSet& cas, const CrlSet* crls,
                                                   ClientPurpose purpose) const;
    // After Failed.
    [[nodiscard]] const facts::TlsFailure& failure() const { return *failure_; }

    // From OpenSSL's callbacks.
    enum class Direction : std::uint8_t { Sent, Received };
    void on_alert(Direction direction, int level, int alert);
    // A message of the handshake protocol came: KeyUpdate, NewSessionTicket … once it is over.
    void on_handshake_message();
    // True if the reference was taken over.
    [[nodiscard]] bool on_session(ssl_session_st* session);

private:
    struct Parts;
    explicit Connection(std::unique_ptr<Parts> parts);

    [[nodiscard]] Io outcome(int result, std::size_t octets);
    [[nodiscard]] Io fail(int system_error, bool end_of_file);
    void after_handshake();

    std::unique_ptr<Parts> parts_;
    std::optional<facts::TlsFailure> failure_;
    bool unwritable_ = false;
    int received_alert_ = -1;
    int sent_alert_ = -1;
    bool shaken_ = false;
    bool renegotiation_ = false;
    int control_messages_ = 0;  // since the last octet of data
};

}  // namespace hermetic::tls
