#include "inbound/session_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <utility>

namespace hermetic::inbound {

TestClient::TestClient(std::unique_ptr<net::Stream> stream) : stream_{std::move(stream)}
{
}

TestClient::~TestClient() = default;

net::Task<> TestClient::send(std::string bytes)
{
    (void)co_await stream_->write(bytes);
}

net::Task<std::string> TestClient::reply()
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

net::Task<std::string> TestClient::say(std::string line)
{
    line += "\r\n";
    co_await send(std::move(line));
    co_return co_await reply();
}

void expect_refused(const std::string& reply, const smtp::RefusalKind& kind, std::string_view id)
{
    EXPECT_EQ(facts::name(kind.reason), id);
    EXPECT_THAT(reply, testing::StartsWith(std::to_string(kind.code) + " " +
                                           kind.enhanced.format() + " " + std::string{kind.text}));
}

SessionFixture::SessionFixture()
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
        domain.next_hop.hosts.push_back({objects::HostProtocol::Lmtp, name, std::nullopt, "", 24});
        contents.accepted_domains.push_back(domain);
    }
    snapshot = std::make_shared<const objects::Snapshot>(contents);
}

SessionFixture::~SessionFixture() = default;

void SessionFixture::run(Conversation conversation)
{
    loop.run(serve(*this, conversation));
}

Environment SessionFixture::environment()
{
    return {loop.core, spool, log, metrics, admission, memory, nullptr, &bounces, &watched};
}

net::Task<> SessionFixture::serve(SessionFixture& self, Conversation conversation)
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

void SessionFixture::on_accepted(net::Accepted accepted)
{
    const IpAddress peer = accepted.remote.address;
    auto ticket =
        admission.admit(peer, count_for(*listener, peer), Rates::Limited, loop.clock.now());
    if (!ticket) {
        return turn_away(std::move(accepted), *listener, *ticket.error(), log, loop.core);
    }
    service->accept(std::move(accepted), listener, std::move(*ticket));
}

}  // namespace hermetic::inbound
