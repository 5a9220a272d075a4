// The line of each kind of event that lines_test.cc does not show.
#include "facts/reasons.h"
#include "ledger/lines.h"

#include <gtest/gtest.h>

#include <set>

namespace hermetic::ledger {
namespace {

constexpr WallTime kNow{std::chrono::milliseconds{1'000'000'000'123}};
constexpr std::string_view kMidnight = "1970-01-01T00:00:00.000Z";

MessageId message_id(std::uint8_t number)
{
    MessageId id;
    id.bytes[15] = number;
    return id;
}

facts::CertificateFacts certificate()
{
    facts::CertificateFacts facts;
    facts.subject = "CN=mx";
    facts.sha256 = "ab";
    return facts;
}

policy::Fall held_fall()
{
    policy::Fall fall;
    fall.was.tls = true;
    fall.was.min = facts::TlsVersion::Tls13;
    fall.is.starttls_offered = false;
    fall.held = true;
    return fall;
}

struct Row {
    events::What what;
    std::string line;  // behind the time
};

std::vector<Row> rows()
{
    using namespace events;
    const Actor alice{1000, "alice"};
    const Endpoint client = *Endpoint::parse("192.0.2.1:4711");
    const MessageId one = message_id(1);
    std::vector<Row> all;
    const auto row = [&](What what, std::string line) {
        all.push_back({std::move(what), std::move(line)});
    };
    row(ClientTurnedAway{SessionId{31}, "mx", client, facts::Reason::LimitSessions},
        "level=warning event=client.turned-away session=000000000000001F listener=mx "
        "client=192.0.2.1:4711 reason=limit.sessions");
    ClientFault fault;
    fault.sender = "<a@x.example>";
    fault.recipient = "b@example.org";
    fault.connector = {"gw", "Example"};
    fault.reason = facts::Reason::ConnectorTlsRequired;
    fault.presented = "in clear";
    fault.wanted = "TLS";
    row(ClientFault{fault},
        "level=warning event=connector.refused session=0000000000000000 client=unknown "
        "from=<a@x.example> to=b@example.org connector=gw organization=Example "
        "reason=connector.tls-required presented=\"in clear\" wanted=TLS");
    events::ClientFault foreign = fault;
    foreign.sender = "<\\xE9@x.example>";
    foreign.presented = "a certificate for \\x00.example";
    row(std::move(foreign),
        "level=warning event=connector.refused session=0000000000000000 client=unknown "
        "from=<\\xE9@x.example> to=b@example.org connector=gw organization=Example "
        "reason=connector.tls-required presented=\"a certificate for \\\\x00.example\" wanted=TLS");
    fault.audited = true;
    fault.recipient.reset();
    fault.connector.reset();
    fault.client = client.address;
    row(ClientFault{fault},
        "level=warning event=connector.audited session=0000000000000000 client=192.0.2.1 "
        "from=<a@x.example> reason=connector.tls-required presented=\"in clear\" wanted=TLS");
    row(BodyNotStored{SessionId{31}, "disk full"},
        "level=error event=store.failed session=000000000000001F what=\"disk full\"");
    row(Escaped{Escaped::From::Session, "x"}, "level=error event=session.escaped what=x");
    row(Escaped{Escaped::From::Delivery, "x"}, "level=error event=delivery.escaped what=x");
    row(Escaped{Escaped::From::Queue, "x"}, "level=error event=queue.escaped what=x");
    row(RatchetMoved{RatchetMoved::Kind::Fell, "Example", "x.example", "mx", held_fall()},
        "level=warning event=ratchet.fell organization=Example destination=x.example host=mx "
        "was=\"TLS, at least TLSv1.3\" is=\"in clear text: STARTTLS is not offered\" held_until=" +
            std::string{kMidnight});
    row(RatchetMoved{RatchetMoved::Kind::GaveWay, "Example", "x.example", "mx", held_fall()},
        "level=warning event=ratchet.gave-way organization=Example destination=x.example host=mx "
        "was=\"TLS, at least TLSv1.3\" is=\"in clear text: STARTTLS is not offered\" what=\"the "
        "hold is over, and mail was sent with less TLS than the destination had always had; from "
        "now on what it has is expected\" fix=\"ask the destination's administrators whether that "
        "is meant; if it is not, require TLS with an outbound connector until it is repaired\"");
    row(RatchetMoved{RatchetMoved::Kind::Recovered, "Example", "x.example", "mx", {}},
        "level=info event=ratchet.recovered organization=Example destination=x.example host=mx");
    row(MassStripping{5, "mx"},
        "level=error event=ratchet.mass-stripping sites=5 host=mx what=\"many unrelated servers "
        "stopped offering STARTTLS at once: something in the network removes it\"");
    row(ClientContextFault{"min_tls", "less"},
        "level=error event=tls.client-context what=min_tls expected=less");
    const auto operation = [&](QueueOperation::Kind kind, Actor by, std::string why = {}) {
        QueueOperation made;
        made.kind = kind;
        made.by = std::move(by);
        made.id = one;
        made.accepted_as = message_id(2);
        made.why = std::move(why);
        return made;
    };
    const std::string ids = " id=00000000000000000000000001 accepted_as=00000000000000000000000002";
    using Kind = QueueOperation::Kind;
    row(operation(Kind::Hold, alice), "level=info event=queue.hold" + ids + " by=alice");
    row(operation(Kind::Release, alice), "level=info event=queue.release" + ids + " by=alice");
    row(operation(Kind::Approve, alice, "urgent"),
        "level=info event=queue.approved" + ids + " by=alice why=urgent");
    row(operation(Kind::Remove, alice), "level=info event=queue.remove" + ids + " by=alice");
    row(operation(Kind::Split, {}), "level=info event=queue.split" + ids);
    row(operation(Kind::Retry, alice), "level=info event=queue.retry" + ids + " by=alice");
    QueueOperation many;
    many.kind = Kind::Retry;
    many.by = alice;
    many.destination = "mx:x.example";
    many.count = 7;
    row(std::move(many),
        "level=info event=queue.retry messages=7 destination=mx:x.example by=alice");
    QueueOperation few = operation(Kind::Remove, alice);
    few.id = {};
    few.accepted_as = {};
    few.domain = "x.example";
    few.sender = "<>";
    few.recipient = "b@x.example";
    few.older_than = "5d";
    few.states = "deferred";
    few.count = 2;
    row(std::move(few),
        "level=info event=queue.remove messages=2 domain=x.example sender=<> "
        "recipient=b@x.example older_than=5d states=deferred by=alice");
    QueueOperation viewed = operation(Kind::View, alice);
    viewed.part = "message";
    row(std::move(viewed), "level=info event=queue.view" + ids + " part=message by=alice");
    QueueOperation paused;
    paused.kind = Kind::Pause;
    paused.by = alice;
    paused.destination = "mx:x.example";
    paused.why = "moving house";
    row(paused,
        "level=info event=queue.pause destination=mx:x.example by=alice "
        "why=\"moving house\"");
    paused.kind = Kind::Resume;
    paused.why.clear();
    row(std::move(paused), "level=info event=queue.resume destination=mx:x.example by=alice");
    row(MailRetried{3},
        "level=info event=queue.retried messages=3 cause=\"its policy has changed\"");
    row(MessageGone{one, "mx:x.example"},
        "level=warning event=queue.message-gone id=00000000000000000000000001 "
        "destination=mx:x.example");
    row(HostsForgotten{"", 2, alice}, "level=info event=hosts.forgotten host=all count=2 by=alice");
    row(RatchetAccepted{"x.example", {std::nullopt, "?"}},
        "level=info event=ratchet.accepted destination=x.example by=?");
    row(ObjectsChanged{4, "alice", {{"changed", "outbound_connector", "Example", "bank"}}},
        "level=info event=objects.changed revision=4 by=alice "
        "changes=\"changed outbound_connector \\\"bank\\\" of Example\"");
    row(DirectoryEmpty{},
        "level=warning event=directory.empty what=\"there is no organization yet, so no mail is "
        "accepted; `hermetic apply FILE` creates one\"");
    row(ObjectOldForm{"key", "org.toml", 7, "old", "new"},
        "level=warning event=objects.old-form object=key file=org.toml line=7 what=old "
        "expected=new");
    row(ConfigurationWarning{"hermetic.toml", 7, "limits.sessions", "many", "fewer"},
        "level=warning event=configuration.warning file=hermetic.toml line=7 key=limits.sessions "
        "what=many expected=fewer");
    ExceptionEnding ending{"outbound_connector", "bank", "Example", "tls", {}, 7, "why"};
    row(ExceptionEnding{ending},
        "level=warning event=exception.ending object=outbound_connector name=bank "
        "organization=Example weaker=tls valid_until=" +
            std::string{kMidnight} + " days=7 reason=why");
    ending.days = 0;
    row(ExceptionEnding{ending},
        "level=warning event=exception.ended object=outbound_connector name=bank "
        "organization=Example weaker=tls valid_until=" +
            std::string{kMidnight} + " days=0 reason=why");
    row(CertificateInUse{"mx", certificate(), false},
        "level=info event=certificate.loaded certificate=mx subject=\"CN=mx\" not_after=" +
            std::string{kMidnight} + " sha256=ab");
    row(CertificateInUse{"mx", certificate(), true},
        "level=warning event=certificate.expiring certificate=mx subject=\"CN=mx\" not_after=" +
            std::string{kMidnight} + " sha256=ab");
    row(SystemCasUnreadable{"x"}, "level=warning event=tls.no-cas what=x");
    row(ConnectorCasUnreadable{"ca.pem", "x"},
        "level=error event=connector.cas-unreadable file=ca.pem what=x");
    row(CredentialFault{"bank", "Example", "x", "y"},
        "level=error event=credentials.unusable object=bank organization=Example what=x "
        "expected=y");
    row(CrlOverdue{"x"}, "level=warning event=credentials.crl-overdue what=x");
    CertificateOrder order;
    order.certificate = "mx";
    order.directory = "https://ca.example";
    row(CertificateOrder{order},
        "level=info event=acme.ordering certificate=mx directory=https://ca.example");
    order.state = CertificateOrder::State::Issued;
    order.not_after = WallTime{};
    row(CertificateOrder{order},
        "level=info event=acme.issued certificate=mx not_after=" + std::string{kMidnight});
    order.state = CertificateOrder::State::Failed;
    order.what = "x";
    row(CertificateOrder{order},
        "level=error event=acme.failed certificate=mx what=x retry=" + std::string{kMidnight});
    row(CertificateOrderNotKept{"x"}, "level=error event=acme.not-kept what=x");
    row(CertificateStandIn{"mx", "x"},
        "level=warning event=certificate.stand-in certificate=mx what=x");
    row(ConnectorValidated{"bank", "Example", "ok", {}},
        "level=info event=validation.done connector=bank organization=Example result=ok");
    row(ConnectorValidated{"bank", "Example", "failed",
                           ConnectorValidated::Failure{"x", "mx", "mx.x", "dns.bogus", "y"}},
        "level=warning event=validation.failed connector=bank organization=Example what=x step=mx "
        "host=mx.x "
        "reason=dns.bogus seen=y");
    row(ConnectorNotTested{"bank", "Example", "x"},
        "level=warning event=validation.not-tested connector=bank organization=Example what=x");
    row(ValidationNotKept{"x"}, "level=warning event=validation.not-kept what=x");
    row(ValidationResultsLost{"x"}, "level=warning event=validation.results-lost what=x");
    row(ServerStarted{"1.0", "mx.example", 7},
        "level=info event=server.started version=1.0 hostname=mx.example pid=7");
    row(ServerCannotStart{"x"}, "level=error event=server.cannot-start what=x");
    row(ServerStopping{}, "level=info event=server.stopping");
    row(ServerStopped{}, "level=info event=server.stopped");
    row(ListenerReady{"mx", client},
        "level=info event=listener.ready listener=mx address=192.0.2.1:4711");
    row(ListenerTrouble{"mx", "x"}, "level=error event=listener.trouble listener=mx what=x");
    row(ListenerWithoutIpv6{"mx", client, "x"},
        "level=warning event=listener.no-ipv6 listener=mx address=192.0.2.1:4711 what=x");
    row(ListenerLegacy{"mx",
                       facts::TlsVersion::Tls10,
                       {*Network::parse("192.0.2.0/24"), *Network::parse("10.0.0.0/8")}},
        "level=warning event=listener.legacy listener=mx min_tls=TLSv1.0 "
        "networks=\"192.0.2.0/24, 10.0.0.0/8\"");
    row(ResolverTested{true, "works", ".", "x"},
        "level=info event=dane.resolver state=works zone=. what=x");
    row(ResolverTested{false, "bogus", ".", "x"},
        "level=warning event=dane.resolver state=bogus zone=. what=x");
    row(Reloaded{"SIGHUP"}, "level=info event=reload.done cause=SIGHUP");
    row(ReloadFailed{"SIGHUP", "x"}, "level=error event=reload.failed cause=SIGHUP what=x");
    row(ReloadNeedsRestart{{"log.file", "hostname"}},
        "level=warning event=reload.needs-restart keys=\"log.file, hostname\"");
    row(SpoolReport{SpoolReport::Severity::Error, "spool.disk-full", "x"},
        "level=error event=spool.disk-full what=x");
    row(ObservationsNotKept{"x"}, "level=warning event=observations.not-kept what=x");
    row(EventsLost{"log", 5}, "level=warning event=events.lost subscriber=log events=5");
    row(EventsLost{{}, 5}, "level=warning event=events.lost subscriber=all events=5");
    return all;
}

TEST(NodeLines, EachKindOfEventHasItsLine)
{
    std::set<std::size_t> shown;
    for (Row& row : rows()) {
        shown.insert(row.what.index());
        Lines lines{LineFormat::Text, Level::Debug};
        lines.add(events::Event{kNow, 1, std::move(row.what)});
        EXPECT_EQ(lines.text(), "time=2001-09-09T01:46:40.123Z " + row.line + "\n");
    }
    // Those of lines_test.cc, and TestReturned, which has none.
    EXPECT_EQ(shown.size() + 5, std::variant_size_v<events::Happened>);
}

TEST(NodeLines, AJsonLineHasItsEmptyFieldsToo)
{
    Lines lines{LineFormat::Json, Level::Debug};
    lines.add(events::Event{kNow, 1, events::ResolverTested{true, "works", "", "\"x\""}});
    EXPECT_EQ(lines.text(),
              R"({"time":"2001-09-09T01:46:40.123Z","level":"info","event":"dane.resolver",)"
              R"("state":"works","zone":"","what":"\"x\""})"
              "\n");
}

// What a waiting test is told is mail: it does not stand in the log.
TEST(NodeLines, AReturnedTestHasNone)
{
    Lines lines{LineFormat::Text, Level::Debug};
    lines.add(events::Event{kNow, 1, events::TestReturned{"token", "Subject: secret"}});
    EXPECT_EQ(lines.text(), "");
}

TEST(NodeLines, ManyChangesAreShortened)
{
    events::ObjectsChanged changed{4, "alice", {}};
    for (int i = 0; i < 23; ++i) changed.changes.push_back({"added", "connector", "", "c"});
    Lines lines{LineFormat::Text, Level::Debug};
    lines.add(events::Event{kNow, 1, std::move(changed)});
    EXPECT_NE(lines.text().find(", 3 more\""), std::string::npos) << lines.text();
}

}  // namespace
}  // namespace hermetic::ledger
