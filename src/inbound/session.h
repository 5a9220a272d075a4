// Session: one client's connection from its first octet to its last.
//
// Introduces the machine (smtp/server_machine.h), the stream (net/stream.h), the policy and the
// spool to each other; every SMTP rule is the machine's. Lives on its core.
#pragma once

#include "core/ids.h"
#include "core/time.h"
#include "facts/tls.h"
#include "inbound/admission.h"
#include "inbound/listener.h"
#include "inbound/message_assembly.h"
#include "net/stream.h"
#include "net/task.h"
#include "objects/snapshot.h"
#include "policy/inbound_evidence.h"
#include "smtp/server_machine.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::ledger {
struct SessionFacts;
}

namespace hermetic::inbound {

class ClientStanding;
class Service;

class Session {
public:
    Session(Service& service, std::unique_ptr<net::Stream> stream, ListenerPointer listener,
            Admission::Ticket ticket);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    [[nodiscard]] net::Task<> run();

    // The service is stopping: an idle session ends, another after its transaction.
    void on_stopping();
    // Ends it now, whatever it waits for.
    void cut();

private:
    // session.cc: the conversation.
    [[nodiscard]] net::Task<> converse();
    [[nodiscard]] net::Task<smtp::Next> read_command();
    [[nodiscard]] net::Task<smtp::Next> start_tls();
    [[nodiscard]] net::Task<bool> flush();
    [[nodiscard]] net::Task<bool> flush_unless_pipelined();
    [[nodiscard]] net::Task<bool> flush_and_pause(Duration pause);
    [[nodiscard]] smtp::Next check_sender();
    [[nodiscard]] smtp::Next check_recipient();
    [[nodiscard]] smtp::Next on_client_changed(smtp::Next next);
    [[nodiscard]] smtp::Next end(const smtp::RefusalKind& why);
    [[nodiscard]] smtp::Next on_error(const net::StreamError& error);
    void allow(Duration duration);
    void finish();
    void tell_watch(const ledger::SessionFacts& facts) const;

    // session_start.cc: before the first command.
    [[nodiscard]] net::Task<bool> prepare();
    [[nodiscard]] net::Task<bool> read_proxy_header();
    [[nodiscard]] net::Task<bool> count_client();
    [[nodiscard]] bool may_use_listener() const;
    [[nodiscard]] net::Task<> turn_away(const smtp::RefusalKind& why);
    [[nodiscard]] net::Task<bool> shake_hands(std::shared_ptr<const tls::ServerContext> context);

    // session_message.cc: the message.
    [[nodiscard]] net::Task<smtp::Next> receive_message();
    [[nodiscard]] net::Task<smtp::Next> store_message();
    void begin_message();
    void note_returned(std::string_view local);
    void keep_returned(std::string_view run);
    void tell_returned();
    [[nodiscard]] std::size_t gather(std::string_view input, smtp::MessageIntake::Piece& last);
    [[nodiscard]] smtp::Next on_message_read();
    void fail_message(const net::BodyError& error);
    [[nodiscard]] IpAddress evident_client() const;
    [[nodiscard]] policy::ClientEvidence evidence() const;
    void note_old_version();
    [[nodiscard]] std::string make_received(WallTime now) const;
    [[nodiscard]] mail::Arrival make_arrival() const;
    void log_message(std::string_view verdict, const smtp::RefusalKind* refusal, std::uint64_t size,
                     std::vector<std::string> routes);
    void log_message(const smtp::Transaction& transaction, std::string_view verdict,
                     const smtp::RefusalKind* refusal, std::uint64_t size,
                     std::vector<std::string> routes);
    void log_refused_message();

    [[nodiscard]] Instant now() const;
    [[nodiscard]] WallTime wall() const;

    Service& service_;
    std::unique_ptr<net::Stream> stream_;
    ListenerPointer listener_;
    Admission::Ticket ticket_;
    SessionId id_;
    Endpoint client_;  // after PROXY; the machine's is after XCLIENT
    IpAddress own_address_;
    Instant started_;
    std::optional<smtp::ServerMachine> machine_;
    std::unique_ptr<MessageAssembly> assembly_;
    struct Returned {
        std::string token;
        std::string text;  // its beginning
    };
    std::unique_ptr<Returned> returned_;  // of a message that comes back to a test that waits
    MessageId message_id_;                // of the message that arrives
    objects::SnapshotPointer snapshot_;   // of the transaction, as standing_ has it
    std::unique_ptr<facts::TlsEvidence> tls_;
    std::unique_ptr<ClientStanding> standing_;  // from the first MAIL on; refers to tls_
    std::unique_ptr<facts::TlsFailure> tls_failure_;
    std::string_view ended_;       // where not the machine ended it
    bool proxied_ = false;         // a PROXY header came: TLS is the proxy's
    bool client_unknown_ = false;  // the proxy named none: `client_` is the proxy
    bool waiting_for_command_ = false;
    bool cut_ = false;
};

}  // namespace hermetic::inbound
