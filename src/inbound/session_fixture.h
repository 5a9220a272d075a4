// A service on loopback and clients that talk to it, on one core. For tests only.
#pragma once

#include "inbound/bounce_watch.h"
#include "inbound/fake_spool.h"
#include "inbound/service.h"
#include "inbound/session_watch.h"
#include "ledger/log.h"
#include "metrics/metrics.h"
#include "net/core_fixture.h"

#include <string>
#include <vector>

namespace hermetic::inbound {

class RecordingLog final : public ledger::Log {
public:
    void session(ledger::SessionFacts facts) override { sessions.push_back(std::move(facts)); }
    void message(ledger::MessageFacts facts) override { messages.push_back(std::move(facts)); }
    void attempt(facts::Attempt /*attempt*/) override {}
    void notice(ledger::NoticeFacts /*notice*/) override {}
    void event(ledger::Level /*level*/, std::string_view event, std::vector<Field> fields) override
    {
        events.emplace_back(event);
        std::string line{event};
        for (const auto& [key, value] : fields) line.append(" ").append(key) += "=" + value;
        lines.push_back(std::move(line));
    }
    void reopen() override {}
    void flush() override {}

    std::vector<ledger::SessionFacts> sessions;
    std::vector<ledger::MessageFacts> messages;
    std::vector<std::string> events;
    std::vector<std::string> lines;  // "event key=value ..."
};

// Talks and reads replies; a broken connection reads as "(closed)".
class TestClient {
public:
    explicit TestClient(std::unique_ptr<net::Stream> stream) : stream_{std::move(stream)} {}

    net::Stream& stream() { return *stream_; }

    net::Task<> send(std::string bytes) { (void)co_await stream_->write(bytes); }

    // The lines of one reply, joined by '|'.
    net::Task<std::string> reply()
    {
        std::string all;
        for (;;) {
            const auto line = co_await stream_->read_line(1000);
            if (!line) co_return all + "(closed)";
            all += line->text;
            if (line->text.size() < 4 || line->text[3] != '-') co_return all;
            all += '|';
        }
    }
    net::Task<std::string> say(std::string line)
    {
        line += "\r\n";
        co_await send(std::move(line));
        co_return co_await reply();
    }

private:
    std::unique_ptr<net::Stream> stream_;
};

class SessionFixture {
public:
    SessionFixture()
    {
        options.name = "mx";
        options.tls = config::ListenerTls::Off;
        objects::Snapshot::Contents contents;
        contents.organizations.resize(1);
        contents.organizations[0].name = "Example";
        contents.organizations[0].postmaster = *mail::parse_mailbox("postmaster@example.org");
        for (const char* name : {"example.org", "example.net"}) {
            objects::AcceptedDomain domain;
            domain.name = *objects::DomainPattern::parse(name);
            domain.next_hop.mx = false;
            domain.next_hop.hosts.push_back(
                {objects::HostProtocol::Lmtp, name, std::nullopt, "", 24});
            contents.accepted_domains.push_back(domain);
        }
        snapshot = std::make_shared<const objects::Snapshot>(contents);
    }

    using Conversation = net::Task<> (*)(SessionFixture& fixture, TestClient& client);

    // Serves until `conversation` has ended, then stops.
    void run(Conversation conversation) { loop.run(serve(*this, conversation)); }

    [[nodiscard]] Environment environment()
    {
        return {loop.core, spool, log, metrics, admission, memory, nullptr, &bounces, &watched};
    }

    net::CoreFixture loop;
    FakeSpool spool;
    RecordingLog log;
    metrics::Metrics metrics;
    config::ListenerOptions options;
    config::LimitOptions limits;
    Admission admission{limits};
    MessageMemory memory{metrics, limits.memory};
    BounceWatch bounces;
    SessionWatch watched;
    objects::SnapshotPointer snapshot;
    std::shared_ptr<const tls::ServerContext> tls;
    ClientTrustPointer trust;
    std::unique_ptr<Service> service;
    ListenerPointer listener;
    Endpoint address;

private:
    static net::Task<> serve(SessionFixture& self, Conversation conversation)
    {
        self.service = std::make_unique<Service>(self.environment(), self.snapshot);
        if (self.tls) self.service->set_tls("mx", self.tls);
        self.service->set_client_trust(self.trust);
        self.listener = make_listener(self.options, "mx.example.org", self.limits);
        self.admission.set_limits(self.limits);
        self.memory.set_limit(self.limits.memory);
        auto acceptor = *net::Acceptor::listen(self.loop.core, {*IpAddress::parse("127.0.0.1"), 0});
        self.address = acceptor->local();
        net::TaskGroup group{self.loop.core};
        const auto on_accepted = [&self](net::Accepted accepted) {
            self.on_accepted(std::move(accepted));
        };
        group.spawn(acceptor->run(on_accepted, [](const std::string& /*trouble*/) {}));
        const Instant deadline = self.loop.in(std::chrono::seconds{60});
        auto stream =
            co_await net::Stream::connect(self.loop.core, self.address, std::nullopt, deadline);
        if (!stream) throw std::runtime_error{"cannot connect"};
        (*stream)->until(deadline);
        TestClient client{std::move(*stream)};
        co_await conversation(self, client);
        client.stream().close();
        acceptor->close();
        group.close();
        co_await group.join();
        co_await self.service->stop(std::chrono::seconds{5});
    }

    void on_accepted(net::Accepted accepted)
    {
        const IpAddress peer = accepted.remote.address;
        auto ticket = admission.admit(peer, count_for(*listener, peer), loop.clock.now());
        if (!ticket) {
            return turn_away(std::move(accepted), *listener, *ticket.error(), metrics,
                             loop.clock.wall());
        }
        service->accept(std::move(accepted), listener, std::move(*ticket));
    }
};

}  // namespace hermetic::inbound
