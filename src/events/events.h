// What has happened on this node, as values: ids and facts, no words.
//
// Pure. One struct for each kind of event; who publishes one names none of its subscribers
// (events/publisher.h). The words of the log are made where it is written (ledger/lines.h). What
// the outside world said was made printable and bounded when it came in (core/text.h), and is not
// escaped again by whoever shows it (core/quote.h). What a peer replied (facts::Outcome, of remote
// origin) stands unchanged: that is escaped where it is shown.
#pragma once

#include "core/ids.h"
#include "core/ip.h"
#include "core/time.h"
#include "facts/attempt.h"
#include "facts/reason.h"
#include "facts/tls.h"
#include "policy/ratchet.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace hermetic::events {

// Who asked for it. Nobody (an empty name): the server itself.
struct Actor {
    std::optional<std::uint32_t> uid;  // of the peer of the control socket, as the kernel says
    std::string name;                  // of that account; "?": not known
    bool operator==(const Actor&) const = default;
};

// ---- Receiving

// One transaction as one inbound connector judged it, for a guided test (specification §7). Texts
// are printable.
struct Judgement {
    std::string connector;
    std::string organization;
    std::string sender;
    // By which the session is one of the connector's; empty: by nothing.
    std::string matched;
    bool on_premises = false;
    bool granted = false;  // on_premises only
    std::string why;  // granted or not, and why; of a partner: why its restrictions do not count
    bool restricts = true;  // a partner's, enforced
    struct Fault {
        facts::Reason reason{};
        std::string presented;
        std::string wanted;
    };
    std::optional<Fault> fault;  // what the connector asks for and did not get
    std::vector<std::string>
        recipients;  // "x@y: recipient.accepted-domain"; at most kMaxRecipients
    static constexpr std::size_t kMaxRecipients = 10;
};

// Who is at the other end of an inbound session, and how the way to it is protected.
struct Client {
    std::string listener;
    Endpoint address;
    bool known = true;  // false: behind a proxy that names none, whose address that is
    std::string helo;
    std::string login;  // as a proxy says it (XCLIENT LOGIN); empty: none
    // Null: in clear. Shared by all events of its session.
    std::shared_ptr<const facts::TlsEvidence> tls;
    bool tls_is_its_own = true;    // false: a proxy's
    bool legacy_listener = false;  // one that takes old versions of TLS
};

// The end of an inbound session.
struct SessionEnded {
    SessionId id;
    Client client;
    std::unique_ptr<const facts::TlsFailure> tls_failure;
    std::uint32_t messages = 0;
    std::uint32_t refused = 0;  // commands answered 4xx or 5xx
    struct Refusals {
        facts::Reason reason{};
        std::uint32_t count = 0;
    };
    std::vector<Refusals> refusals;  // those, by reason
    // Of the last transaction: the inbound connector that admitted the client, with whose it is,
    // and why it or none.
    std::string connector;
    std::string organization;
    std::string because;
    std::string ended;  // "quit", "closed", "timed-out", "limit.errors" …
    Duration took{};
    // Of the last transaction, by each connector that a guided test waits for.
    std::vector<Judgement> judgements;
};

// A client that got no session, or one only to be told so. `session` stands in its reply.
struct ClientTurnedAway {
    SessionId session;
    std::string listener;
    Endpoint client;
    facts::Reason reason{};  // the limit, or why else
};

// A message accepted or refused at the end of DATA or BDAT.
struct MessageReceived {
    MessageId id;  // nil where refused
    SessionId session;
    Client client;
    std::string sender;
    std::vector<std::string> recipients;
    std::uint64_t size = 0;
    Duration storing{};  // from its last octet until it was durable; 0 where refused
    std::string message_id;
    std::string subject;      // unfolded; encoded words stand as they came (RFC 2047)
    facts::Reason refused{};  // None: accepted
    std::string connector;    // as in SessionEnded, like organization
    std::string organization;
    std::string because;
    int code = 250;
    std::string_view text;  // of a refusal; lasts as long as the process
    struct Part {
        MessageId id;
        std::string organization;  // whose mail it is
        std::string route;         // label and reason
    };
    std::vector<Part> parts;  // of what was accepted: one for each route
};

// What an inbound connector or an organization asks of a client and did not get. Once for each
// finding of a session.
struct ClientFault {
    SessionId session;
    IpAddress client;  // unspecified: unknown
    std::string sender;
    std::optional<std::string> recipient;
    bool audited = false;  // nothing was refused for it
    struct Connector {
        std::string name;
        std::string organization;
    };
    std::optional<Connector> connector;  // nullopt: the organization asks for it
    facts::Reason reason{};
    std::string presented;
    std::string wanted;
};

// A message came back to a test that waits for it (inbound/bounce_watch.h): its beginning.
struct TestReturned {
    std::string token;
    std::string text;
};

// A message could not be written while it came.
struct BodyNotStored {
    SessionId session;
    std::string what;
};

// An exception that nobody expected ended a session, an attempt, or a task of the queue.
struct Escaped {
    enum class From : std::uint8_t { Session, Delivery, Queue };
    From from = From::Session;
    std::string what;
};

// ---- Sending

struct NoticeMade {
    MessageId id;              // the notice's; nil where it was dropped
    MessageId about;           // accepted_as of its cause
    std::string organization;  // whose mail that is, by name
    std::string_view kind;     // report::notice_kind(): "failure", "delay", "relayed", "delivered"
    std::string to;
    facts::Reason reason{};  // why it was made or dropped
    // What it has of a message that required TLS, and why; None: it required none.
    facts::Reason content{};
};

struct RatchetMoved {
    enum class Kind : std::uint8_t { Fell, GaveWay, Recovered };
    Kind kind = Kind::Fell;
    std::string organization;
    std::string destination;
    std::string host;
    std::optional<policy::Fall> fall;  // of Fell and GaveWay
};

// STARTTLS is gone from many unrelated servers at once.
struct MassStripping {
    std::size_t sites = 0;
    std::string host;  // the last one
};

// The configuration allows no TLS client for a step.
struct ClientContextFault {
    std::string what;
    std::string expected;
};

// ---- The queue, and what operators did

struct QueueOperation {
    enum class Kind : std::uint8_t {
        Hold,
        Release,
        Approve,
        Remove,
        Split,
        Retry,
        View,   // somebody has read its text
        Pause,  // of a destination
        Resume,
    };
    Kind kind = Kind::Hold;
    Actor by;      // nobody: the server itself split it
    MessageId id;  // nil: of a selection, or of a destination
    MessageId accepted_as;
    std::string why;   // of an approval or a pause
    std::string part;  // of a message that was viewed: "header", "message"
    // Of a selection; empty: not limited by it. Of a pause the destination alone.
    std::string destination;
    std::string domain;
    std::string sender;
    std::string recipient;
    std::string reason;
    std::string older_than;
    std::string states;
    std::optional<std::uint64_t> count{};  // messages, of a selection
};

// Objects changed, and mail whose policy changed with them is tried at once.
struct MailRetried {
    std::uint64_t count = 0;
};

// A message ended behind the queue's back.
struct MessageGone {
    MessageId id;
    std::string destination;
};

struct HostsForgotten {
    std::string host;  // empty: all
    std::uint64_t count = 0;
    Actor by;
};

struct RatchetAccepted {
    std::string destination;
    Actor by;
};

// ---- Objects

struct ObjectsChanged {
    std::uint64_t revision = 0;  // in force now
    std::string by;              // an account, or the managing file
    struct Change {
        std::string_view action;  // directory::name(ChangeKind): "added", "changed", "removed"
        std::string kind;
        std::string organization;
        std::string name;
    };
    std::vector<Change> changes;
};

struct DirectoryEmpty {};

// An object stands in an earlier version's form.
struct ObjectOldForm {
    std::string object;
    std::string file;
    std::size_t line = 0;  // 0: none
    std::string what;
    std::string expected;
};

// What is possible and hardly meant, in a file or an object.
struct ConfigurationWarning {
    std::string file;      // empty: an object's
    std::size_t line = 0;  // 0: none
    std::string key;
    std::string what;
    std::string expected;
};

// An exception's end draws near, or has come.
struct ExceptionEnding {
    std::string kind;
    std::string name;
    std::string organization;
    std::string weaker;
    WallTime valid_until{};
    std::int64_t days = 0;  // 0: it has ended
    std::string reason;
};

// ---- Certificates and other secrets

struct CertificateInUse {
    std::string name;
    facts::CertificateFacts certificate;
    bool expires_soon = false;
};

struct SystemCasUnreadable {
    std::string what;
};

struct ConnectorCasUnreadable {
    std::string file;
    std::string what;
};

// A file or value of an object that cannot be used.
struct CredentialFault {
    std::string object;
    std::string organization;  // whose it is
    std::string what;
    std::string expected;
};

struct CrlOverdue {
    std::string what;
};

// An order of a certificate by ACME.
struct CertificateOrder {
    enum class State : std::uint8_t { Placed, Issued, Failed };
    State state = State::Placed;
    std::string certificate;
    std::string directory;              // of Placed
    std::optional<WallTime> not_after;  // of Issued
    std::string what;                   // of Failed
    WallTime retry{};                   // of Failed
};

// That an order began could not be written down.
struct CertificateOrderNotKept {
    std::string what;
};

// A certificate by ACME cannot be used: another one serves until it can.
struct CertificateStandIn {
    std::string certificate;
    std::string what;
};

// ---- Validations

struct ConnectorValidated {
    std::string connector;
    std::string organization;
    std::string_view result;  // validation::name(State)
    struct Failure {
        std::string what;
        std::string_view step;
        std::string host;
        std::string reason;
        std::string seen;
    };
    std::optional<Failure> failure;  // mail under it would wait
};

// An enabled connector names no domain whose hosts could be looked at.
struct ConnectorNotTested {
    std::string connector;
    std::string organization;
    std::string what;
};

struct ValidationNotKept {
    std::string what;
};

struct ValidationResultsLost {
    std::string what;
};

// ---- The node

struct ServerStarted {
    std::string version;
    std::string hostname;
    std::int64_t pid = 0;
};

struct ServerCannotStart {
    std::string what;
};

struct ServerStopping {};
struct ServerStopped {};

struct ListenerReady {
    std::string listener;
    Endpoint address;
};

struct ListenerTrouble {
    std::string listener;
    std::string what;
};

// This machine has none: the listener's other addresses serve.
struct ListenerWithoutIpv6 {
    std::string listener;
    Endpoint address;
    std::string what;
};

// Weak TLS is nobody's secret (specification §2.1).
struct ListenerLegacy {
    std::string listener;
    facts::TlsVersion min_tls = facts::TlsVersion::None;
    std::vector<Network> networks;
};

// Whether DNSSEC works here.
struct ResolverTested {
    bool works = false;
    std::string_view state;  // dns::name(Validation)
    std::string zone;
    std::string what;
};

struct Reloaded {
    std::string cause;  // a file, or "SIGHUP"
};

struct ReloadFailed {
    std::string cause;
    std::string what;
};

struct ReloadNeedsRestart {
    std::vector<std::string> keys;
};

// The store works, works badly or not: `id` says what ("spool.disk-full").
struct SpoolReport {
    enum class Severity : std::uint8_t { Info, Warning, Error };
    Severity severity = Severity::Info;
    std::string_view id;  // lasts as long as the process
    std::string what;
};

struct ObservationsNotKept {
    std::string what;
};

// A subscriber could not keep up, and works again. Said in the first batch that it takes.
struct EventsLost {
    std::string_view subscriber;  // lasts as long as the process; empty: nobody got them
    std::uint64_t count = 0;
};

using Happened =
    std::variant<SessionEnded, ClientTurnedAway, MessageReceived, ClientFault, TestReturned,
                 BodyNotStored, Escaped, facts::Attempt, NoticeMade, RatchetMoved, MassStripping,
                 ClientContextFault, QueueOperation, MailRetried, MessageGone, HostsForgotten,
                 RatchetAccepted, ObjectsChanged, DirectoryEmpty, ObjectOldForm,
                 ConfigurationWarning, ExceptionEnding, CertificateInUse, SystemCasUnreadable,
                 ConnectorCasUnreadable, CredentialFault, CrlOverdue, CertificateOrder,
                 CertificateOrderNotKept, CertificateStandIn, ConnectorValidated,
                 ConnectorNotTested, ValidationNotKept, ValidationResultsLost, ServerStarted,
                 ServerCannotStart, ServerStopping, ServerStopped, ListenerReady, ListenerTrouble,
                 ListenerWithoutIpv6, ListenerLegacy, ResolverTested, Reloaded, ReloadFailed,
                 ReloadNeedsRestart, SpoolReport, ObservationsNotKept, EventsLost>;

// One of them. What many files pass on is compiled once, in events.cc.
class What : public Happened {
public:
    template <typename One>
    requires(!std::is_same_v<One, What>)
        What(One happened);  // of each kind: NOLINT(google-explicit-constructor)
    What(What&& other) noexcept;
    What& operator=(What&& other) noexcept;
    ~What();
};

}  // namespace hermetic::events
