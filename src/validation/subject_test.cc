#include "validation/subject.h"

#include "validation/flow.h"
#include "validation/message.h"
#include "validation/probe.h"
#include "validation/tlsa.h"

#include <gtest/gtest.h>

namespace hermetic::validation {
namespace {

mail::Mailbox mailbox(std::string_view text)
{
    return *mail::parse_mailbox(text);
}

objects::OutboundConnector connector_for(std::vector<std::string> patterns)
{
    objects::OutboundConnector connector;
    connector.name = "bank";
    connector.tls.level = objects::TlsLevel::VerifyName;
    connector.tls.mode = objects::ConnectorMode::Audit;
    connector.enabled = false;
    for (const auto& each : patterns)
        connector.recipient_domains.push_back(*objects::DomainPattern::parse(each));
    return connector;
}

objects::Snapshot snapshot()
{
    objects::Snapshot::Contents contents;
    contents.organizations.resize(1);
    contents.organizations[0].name = "Example";
    return objects::Snapshot{std::move(contents)};
}

std::vector<std::string> domains_of(const Subject& subject)
{
    std::vector<std::string> domains;
    for (const auto& route : subject.routes) domains.push_back(route.domain);
    return domains;
}

TEST(Subject, TheCopyEnforcesWhateverTheLiveOneDoes)
{
    const auto subject = make_subject(snapshot(), connector_for({"bank.example"}), std::nullopt);
    ASSERT_TRUE(subject);
    EXPECT_EQ(subject->connector->tls.mode, objects::ConnectorMode::Enforce);
    EXPECT_TRUE(subject->audited);
    policy::HopFacts hop;
    hop.host = "mx.bank.example";
    hop.domain = "bank.example";
    EXPECT_EQ(policy::decide_tls(demand_of(*subject), hop, hop.host, {}).policy.level,
              objects::TlsLevel::VerifyName);
}

TEST(Subject, ProbesExactDomainsTestRecipientsAndTheGivenAddress)
{
    auto connector = connector_for({"bank.example", "*.bank.example", "bank.test"});
    connector.test_recipients = {mailbox("x@branch.bank.example"), mailbox("y@bank.test")};
    const auto subject = make_subject(snapshot(), connector, mailbox("z@deep.bank.example"));
    ASSERT_TRUE(subject);
    EXPECT_EQ(domains_of(*subject), (std::vector<std::string>{"deep.bank.example", "bank.example",
                                                              "bank.test", "branch.bank.example"}));
}

TEST(Subject, WhatTheMailItselfAsksForIsDemandedToo)
{
    auto subject = make_subject(snapshot(), connector_for({"bank.example"}), std::nullopt);
    ASSERT_TRUE(subject);
    EXPECT_EQ(demand_of(*subject).message, policy::MessageDemand{});
    subject->message.requests.requiretls = true;
    EXPECT_TRUE(demand_of(*subject).message.requests.requiretls);
}

TEST(Subject, SmartHostsAreProbedThemselves)
{
    auto connector = connector_for({"*"});
    connector.next_hop.mx = false;
    connector.next_hop.hosts.resize(1);
    connector.next_hop.hosts[0].host = "relay.example.net";
    const auto subject = make_subject(snapshot(), connector, mailbox("z@example.org"));
    ASSERT_TRUE(subject);
    ASSERT_EQ(subject->routes.size(), 1U);
    EXPECT_FALSE(subject->routes[0].is_mx());
}

TEST(Subject, WithoutADomainItSaysWhatWouldBeRight)
{
    const auto refused = make_subject(snapshot(), connector_for({"*"}), std::nullopt);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().find("test_recipients"), std::string::npos);
    EXPECT_FALSE(make_subject(snapshot(), connector_for({"*"}), mailbox("ü@example.org")));
}

TEST(ProbeTarget, DomainsHostsAndAddresses)
{
    const auto domain = parse_probe_target("Example.ORG");
    ASSERT_TRUE(domain);
    EXPECT_EQ(domain->domain, "example.org");
    EXPECT_FALSE(domain->port);
    const auto host = parse_probe_target("mx.example.org:2525");
    ASSERT_TRUE(host);
    EXPECT_EQ(host->domain, "mx.example.org");
    EXPECT_EQ(host->port, 2525);
    for (const auto* text : {"192.0.2.1", "[192.0.2.1]", "2001:db8::1", "[2001:db8::1]"}) {
        const auto address = parse_probe_target(text);
        ASSERT_TRUE(address) << text;
        EXPECT_TRUE(address->address) << text;
        EXPECT_FALSE(address->port) << text;
    }
    EXPECT_EQ(parse_probe_target("[2001:db8::1]:2525")->port, 2525);
    for (const auto* text : {"", ":25", "a b", "example.org:0", "example.org:99999", "x@y.test"}) {
        EXPECT_FALSE(parse_probe_target(text)) << text;
    }
}

TEST(TestMessage, IsPlainAndSaysWhatItIs)
{
    const TestMessage message{"bank\r\nX-Evil: 1",
                              "us.test",
                              mailbox("postmaster@example.org"),
                              mailbox("connector-test-01abc@example.org"),
                              mailbox("x@bank.example"),
                              *parse_rfc3339("2026-11-21T12:00:00Z"),
                              "01ABC"};
    const auto text = format_test_message(message);
    EXPECT_NE(text.find("From: <postmaster@example.org>\r\n"), std::string::npos);
    EXPECT_NE(text.find("Auto-Submitted: auto-generated\r\n"), std::string::npos);
    EXPECT_NE(text.find("Message-ID: <01ABC.test@us.test>\r\n"), std::string::npos);
    EXPECT_EQ(text.find("\r\nX-Evil"), std::string::npos);
    EXPECT_EQ(text.find("\r\n."), std::string::npos);
    EXPECT_TRUE(text.ends_with("\r\n"));
}

TEST(Tlsa, WhatIsFoundIsToldAsItIs)
{
    using policy::TlsaStatus;
    HostFindings host;
    outbound::TlsaFinding finding;
    take_tlsa(finding, host);
    EXPECT_NE(host.tlsa_words.find("not looked up"), std::string::npos);
    finding.status = TlsaStatus::Failed;
    finding.why = "bogus";
    take_tlsa(finding, host);
    EXPECT_EQ(host.tlsa_status, TlsaStatus::Failed);
    EXPECT_EQ(host.tlsa_words, "could not be looked up: bogus");
    finding.status = TlsaStatus::Unusable;
    finding.records = {{1, 1, 1, std::string(32, 'x')}};
    take_tlsa(finding, host);
    EXPECT_EQ(host.tlsa_words, "1 1 1 7878787878787878...\nnone of them is usable");
    finding.status = TlsaStatus::Usable;
    finding.records.push_back({3, 1, 1, std::string(32, 'x')});
    finding.set = std::make_shared<const facts::TlsaSet>();
    take_tlsa(finding, host);
    EXPECT_NE(host.tlsa, nullptr);
    EXPECT_EQ(host.tlsa_words, "1 1 1 7878787878787878...\n3 1 1 7878787878787878...");
}

}  // namespace
}  // namespace hermetic::validation
