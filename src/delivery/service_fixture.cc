#include "delivery/service_fixture.h"

#include <algorithm>
#include <utility>

namespace hermetic::delivery {

class MemorySpool::Reader final : public spool::BodyReader {
public:
    explicit Reader(std::string text) : text_{std::move(text)} {}
    void read(std::uint64_t offset, std::size_t limit, spool::BodyOperation& done) override
    {
        done.bytes = text_.substr(std::min<std::size_t>(offset, text_.size()), limit);
        done.port.post({&done});
    }

private:
    std::string text_;
};

MemorySpool::MemorySpool() = default;

MemorySpool::~MemorySpool() = default;

void MemorySpool::commit(std::vector<std::shared_ptr<const spool::StoredMessage>>,
                         spool::CommitOperation& done)
{
    done.result = spool::Durability::Refused;
    done.port.post({&done});
}

void MemorySpool::record(spool::Change change, spool::CommitOperation*)
{
    changes.push_back(std::move(change));
}

std::vector<spool::Claimed> MemorySpool::claim(std::size_t, std::optional<MessageId>)
{
    return {};
}

void MemorySpool::load(MessageId id, spool::LoadOperation& done)
{
    const auto found = stored.find(id);
    if (found != stored.end()) done.message = found->second;
    done.port.post({&done});
}

std::unique_ptr<spool::BodyReader> MemorySpool::open_body(const spool::Body& body)
{
    const auto found = files.find(body.id);
    if (found == files.end()) return nullptr;
    return std::make_unique<Reader>(found->second);
}

MemoryReports::MemoryReports() = default;

MemoryReports::~MemoryReports() = default;

void MemoryReports::ended(std::vector<dispatch::GrantReport> batch)
{
    for (auto& each : batch) reports.push_back(std::move(each));
}

void MemoryReports::peers_changed(std::vector<queue::PeerChanged> batch)
{
    peers.insert(peers.end(), batch.begin(), batch.end());
}

mail::Mailbox test_mailbox(std::string_view text)
{
    return *mail::parse_mailbox(text);
}

DeliveryTest::DeliveryTest()
{
    settings.hostname = "us.test";
    settings.own_names = {"us.test"};
    settings.options.allow_loopback = true;
    settings.options.connect_timeout = std::chrono::seconds{5};
    settings.options.command_timeout = std::chrono::seconds{5};
    settings.options.greeting_timeout = std::chrono::seconds{5};
    contents.organizations.resize(1);
    contents.organizations[0].name = "Example";
    contents.organizations[0].postmaster = test_mailbox("postmaster@sender.test");
    objects::AcceptedDomain own;
    own.name = *objects::DomainPattern::parse("sender.test");
    contents.accepted_domains.push_back(std::move(own));
}

DeliveryTest::~DeliveryTest()
{
    if (service) finish();
}

ScriptedPeer& DeliveryTest::peer_for(const std::string& domain, PeerScript script)
{
    peers.push_back(std::make_unique<ScriptedPeer>(fixture.core, std::move(script)));
    resolver.add_mx(domain, 10, "mx." + domain);
    resolver.hosts["mx." + domain] = {*IpAddress::parse("127.0.0.1")};
    settings.options.port = peers.back()->port();
    return *peers.back();
}

void DeliveryTest::next_hop_for(const std::string& domain, std::vector<objects::NextHopHost> hosts)
{
    objects::OutboundConnector connector;
    connector.name = domain;
    connector.recipient_domains = {*objects::DomainPattern::parse(domain)};
    connector.next_hop.mx = false;
    connector.next_hop.hosts = std::move(hosts);
    contents.outbound_connectors.push_back(std::move(connector));
}

objects::NextHopHost DeliveryTest::host_of(const ScriptedPeer& peer)
{
    objects::NextHopHost host;
    host.address = IpAddress::parse("127.0.0.1");
    host.port = peer.port();
    return host;
}

std::uint16_t DeliveryTest::closed_port()
{
    ScriptedPeer gone{fixture.core, {}};
    const std::uint16_t port = gone.port();
    gone.close();
    fixture.run(gone.join());
    return port;
}

std::shared_ptr<spool::StoredMessage> DeliveryTest::make_message(
    std::vector<std::string> recipients, std::string body)
{
    auto envelope = std::make_shared<mail::Envelope>();
    auto message = std::make_shared<spool::StoredMessage>();
    const auto now = fixture.clock.wall();
    message->id = ids.next<MessageId>(now);
    envelope->accepted_as = message->id;
    envelope->sender = test_mailbox("a@sender.test");
    for (const auto& each : recipients) {
        envelope->recipients.push_back({.address = test_mailbox(each), .orcpt = ""});
    }
    envelope->accepted_at = now;
    envelope->size = body.size();
    envelope->organization = "Example";
    message->envelope = envelope;
    message->body.id = ids.next<BodyId>(now);
    message->body.size = body.size();
    message->body.bytes = Bytes{std::move(body)};
    return message;
}

std::shared_ptr<spool::StoredMessage> DeliveryTest::wishing(
    std::shared_ptr<spool::StoredMessage> message, mail::TlsRequests requests)
{
    auto envelope = std::make_shared<mail::Envelope>(*message->envelope);
    envelope->tls = requests;
    message->envelope = std::move(envelope);
    return message;
}

dispatch::Grant DeliveryTest::grant_for(std::vector<std::shared_ptr<spool::StoredMessage>> messages)
{
    dispatch::Grant grant;
    grant.id = ++grants;
    const objects::Snapshot snapshot{contents};
    grant.route = std::make_shared<const routing::Route>(
        routing::decide_route(snapshot, {}, messages[0]->envelope->recipients[0].address).route);
    for (auto& message : messages) {
        grant.messages.push_back(
            {{message->id, 1, WallTime::max()}, message, std::nullopt, message->state.approval});
    }
    return grant;
}

void DeliveryTest::begin()
{
    settings.options.idle_connection = std::chrono::seconds{10};
    service = std::make_unique<DeliveryService>(
        outbound::Adapters{fixture.core, &spool, resolver, log, metrics, nullptr, host_memory},
        reports, std::make_shared<const outbound::DeliverySettings>(settings),
        std::make_shared<const objects::Snapshot>(contents));
}

dispatch::GrantReport DeliveryTest::deliver(dispatch::Grant grant)
{
    if (!service) begin();
    const auto before = reports.reports.size();
    give(std::move(grant));
    turn_until([&] { return reports.reports.size() != before; });
    EXPECT_TRUE(log.events.empty()) << log.events.front();
    return reports.reports.back();
}

void DeliveryTest::turn_until(const std::function<bool()>& condition)
{
    fixture.core.loop().restart();
    while (!condition()) fixture.core.loop().run_one();
}

void DeliveryTest::give(dispatch::Grant grant)
{
    std::vector<dispatch::Grant> batch;
    batch.push_back(std::move(grant));
    service->grant(std::move(batch));
}

dispatch::GrantReport DeliveryTest::deliver(std::shared_ptr<spool::StoredMessage> message)
{
    return deliver(grant_for({std::move(message)}));
}

void DeliveryTest::finish()
{
    fixture.run(service->stop(fixture.in(std::chrono::seconds{1})));
    for (auto& peer : peers) {
        peer->close();
        fixture.run(peer->join());
    }
    service.reset();
}

const facts::Outcome& DeliveryTest::outcome(std::size_t part)
{
    return log.attempts.back().parts.at(part).outcome;
}

}  // namespace hermetic::delivery
