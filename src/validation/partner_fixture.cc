#include "validation/partner_fixture.h"

namespace hermetic::validation {

PartnerTest::PartnerTest()
{
    settings_.hostname = "us.test";
    settings_.own_names = {"us.test"};
    settings_.options.allow_loopback = true;
    settings_.cas = *tls::load_cas(pki_.root_file());
}

PartnerTest::~PartnerTest()
{
    for (auto& peer : peers_) {
        peer->close();
        fixture_.run(peer->join());
    }
}

outbound::PeerScript PartnerTest::in_tls(std::vector<std::string> names)
{
    outbound::PeerScript script;
    tls::ServerProfile profile;
    tls::PkiFixture::Leaf leaf;
    leaf.name = "leaf" + std::to_string(peers_.size());
    leaf.dns_names = std::move(names);
    leaf.valid_days = 90;
    profile.certificates = {pki_.make(leaf)};
    script.tls = *tls::make_server_context(profile);
    return script;
}

outbound::ScriptedPeer& PartnerTest::peer_for(const std::string& domain,
                                              outbound::PeerScript script)
{
    peers_.push_back(std::make_unique<outbound::ScriptedPeer>(fixture_.core, std::move(script)));
    resolver_.add_mx(domain, 10, "mx." + domain);
    resolver_.hosts["mx." + domain] = {*IpAddress::parse("127.0.0.1")};
    settings_.options.port = peers_.back()->port();
    return *peers_.back();
}

outbound::SettingsPointer PartnerTest::settings() const
{
    return std::make_shared<const outbound::DeliverySettings>(settings_);
}

Environment PartnerTest::environment()
{
    Patience patience;
    patience.connect = patience.reply = patience.handshake = std::chrono::seconds{5};
    return {fixture_.core, resolver_, settings(), patience, fixture_.in(std::chrono::minutes{1}),
            nullptr};
}

std::vector<std::string> PartnerTest::told(const std::vector<Step>& steps)
{
    std::vector<std::string> words;
    for (const Step& step : steps) {
        if (step.state == State::Running) continue;
        std::string text = std::string{name(step.id)} + " " + std::string{name(step.state)};
        if (!step.reason.empty()) text.append(" ").append(step.reason.text());
        words.push_back(text);
    }
    return words;
}

ValidateTest::ValidateTest() : sink_{[](const Step& /*step*/) {}}
{
    contents_.organizations.resize(1);
    contents_.organizations[0].name = "Example";
    contents_.organizations[0].postmaster = *mail::parse_mailbox("postmaster@example.org");
}

ValidateTest::~ValidateTest() = default;

objects::OutboundConnector& ValidateTest::connector(TlsLevel level)
{
    objects::OutboundConnector made;
    made.name = "bank";
    made.organization = "Example";
    made.recipient_domains = {*objects::DomainPattern::parse("bank.test")};
    made.tls.level = level;
    contents_.outbound_connectors = {made};
    return contents_.outbound_connectors.front();
}

Report ValidateTest::validated(std::optional<mail::Mailbox> recipient)
{
    const objects::Snapshot snapshot{contents_};
    auto subject =
        make_subject(snapshot, contents_.outbound_connectors.front(), std::move(recipient));
    EXPECT_TRUE(subject) << (subject ? "" : subject.error());
    Report report;
    Environment env = environment();
    env.observations = &observations_;
    env.bounces = &bounces_;
    subject->bounce_wait = bounce_wait_;
    fixture_.run(run(env, settings_.cas, *std::move(subject), report, sink_));
    return report;
}

net::Task<> ValidateTest::run(Environment env, std::shared_ptr<const tls::CaSet> cas,
                              Subject subject, Report& report, Sink sink)
{
    report = co_await validate(env, std::move(cas), std::move(subject), std::move(sink));
}

void ValidateTest::accept_own_domain()
{
    objects::AcceptedDomain own;
    own.name = *objects::DomainPattern::parse("example.org");
    own.organization = "Example";
    contents_.accepted_domains = {own};
}

std::string ValidateTest::token_at(const outbound::ScriptedPeer& peer)
{
    for (const auto& command : peer.commands) {
        const auto begin = command.find('<');
        if (!command.starts_with("MAIL") || begin == std::string::npos) continue;
        const auto local = command.substr(begin + 1, command.find('@') - begin - 1);
        return inbound::token_of(local).value_or("");
    }
    return {};
}

}  // namespace hermetic::validation
