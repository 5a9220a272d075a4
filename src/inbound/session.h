// Session: one client's connection from its first octet to its last.
//
// Introduces the machine (smtp/server_machine.h), the stream (net/stream.h), the policy and the
// spool to each other; every SMTP rule is the machine's. Lives on its core.
#pragma once

#include "core/ids.h"
#include "core/time.h"
#include "events/events.h"
#include "facts/tls.h"
#include "inbound/admission.h"
#include "inbound/listener.h"
#include "inbound/message_assembly.h"
#include "net/stream.h"
#include "net/task.h"
#include "objects/snapshot.h"
#include "policy/inbound_evidence.h"
#include "smtp/server_machine.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::inbound {

class ClientStanding;
class Service;

// What became durable of a message, and how long that took.
struct Stored {
    std::vector<events::MessageReceived::Part> parts;
    Duration took{};
};

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
    // Others need its place: it ends with 421 at its next wait for the client, which is this one
    // unless a command has come in this very moment.
    void give_way();
    [[nodiscard]] SessionId id() const { return id_; }

private:
    // A client is slow that sends less than kProgress octets, and no recipient, in kPatience: what
    // its session holds of the memory for messages is let go of where others need it.
    static constexpr Duration kPatience = std::chrono::seconds{5};
    static constexpr std::size_t kProgress = 512;
    // Octets of recipients that count for nothing: every session has some.
    static constexpr std::size_t kFreeRecipients = 4096;

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
    void end_wait_at(Instant end);
    void finish();

    // session_memory.cc: what it holds of the memory for messages. Waits for the client end now and
    // then where it holds some, so that it can let go of it.
    [[nodiscard]] net::Task<Result<net::Line, net::StreamError>> wait_for_command(Instant end);
    [[nodiscard]] net::Task<Result<std::string_view, net::StreamError>> wait_for_octets(
        Instant end);
    // Whether such a wait, which ended with `error` and may last until `end`, goes on.
    [[nodiscard]] bool waits_on(const net::StreamError& error, Instant end) const;
    [[nodiscard]] bool holds_memory() const;
    void note_progress(std::size_t octets);
    // False: the session ends.
    [[nodiscard]] net::Task<bool> yield_memory();
    // False: there is no memory for one more.
    [[nodiscard]] bool hold_recipient(const smtp::command::Rcpt& rcpt);
    void forget_recipients();

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
    void publish_returned();
    [[nodiscard]] std::size_t gather(std::string_view input, smtp::MessageIntake::Piece& last);
    [[nodiscard]] smtp::Next on_message_read();
    void fail_message(const net::BodyError& error);
    [[nodiscard]] IpAddress evident_client() const;
    [[nodiscard]] policy::ClientEvidence evidence() const;
    void note_old_version();
    [[nodiscard]] std::string make_received(WallTime now) const;
    [[nodiscard]] mail::Arrival make_arrival() const;
    // `refusal` may be null: it is accepted.
    [[nodiscard]] events::Client describe_client() const;
    void publish_message(const smtp::Transaction& transaction, const smtp::RefusalKind* refusal,
                         std::uint64_t size, Stored stored = {});
    void publish_refused_message();

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
    MessageMemory::Share recipients_share_;
    std::size_t recipients_octets_ = 0;
    Instant progress_;  // when the client was last found not to be slow
    std::size_t octets_since_ = 0;
    struct Returned {
        std::string token;
        std::string text;  // its beginning
    };
    std::unique_ptr<Returned> returned_;  // of a message that comes back to a test that waits
    MessageId message_id_;                // of the message that arrives
    objects::SnapshotPointer snapshot_;   // of the transaction, as standing_ has it
    std::shared_ptr<const facts::TlsEvidence> tls_;
    std::unique_ptr<ClientStanding> standing_;  // from the first MAIL on; refers to tls_
    std::unique_ptr<facts::TlsFailure> tls_failure_;
    std::string_view ended_;       // where not the machine ended it
    bool proxied_ = false;         // a PROXY header came: TLS is the proxy's
    bool client_unknown_ = false;  // the proxy named none: `client_` is the proxy
    bool waiting_for_command_ = false;
    bool cut_ = false;
    const smtp::RefusalKind* gave_way_ = nullptr;  // others need what it holds: why it ends
    bool admitted_ = false;                        // of the transaction, as what follows
    Rates rates_ = Rates::Limited;
};

}  // namespace hermetic::inbound
