#include "inbound/recipient_policy.h"

#include "facts/reasons.h"

#include <gtest/gtest.h>

namespace hermetic::inbound {
namespace {

struct Row {
    const char* recipient;  // empty: <postmaster>
    const char* client;
    const char* reason;
    const char* to;  // empty: refused
};

// clang-format off
const Row kRows[] = {
    {"any@example.org",           "192.0.2.1",    "recipient.accepted-domain", "any@example.org"},
    {"Known@list.example",        "192.0.2.1",    "recipient.listed",          "Known@list.example"},
    {"Postmaster@list.example",   "192.0.2.1",    "recipient.postmaster",      "Postmaster@list.example"},
    {"\"Postmaster\"@list.example", "192.0.2.1",    "recipient.postmaster",      "\"Postmaster\"@list.example"},
    {"\"post\\master\"@list.example", "192.0.2.1",  "recipient.postmaster",      "\"post\\master\"@list.example"},
    {"\"post master\"@list.example", "192.0.2.1",   "recipient.unknown",         ""},
    {"other@list.example",        "192.0.2.1",    "recipient.unknown",         ""},
    {"other@list.example",        "198.51.100.1", "recipient.unknown",         ""},
    {"a@sub.list.example",        "192.0.2.1",    "recipient.relay-denied",    ""},
    {"a@foreign.example",         "192.0.2.1",    "recipient.relay-denied",    ""},
    {"a@foreign.example",         "198.51.100.1", "recipient.connector",       "a@foreign.example"},
    {"a@foreign.example",         "203.0.113.1",  "recipient.relay-denied",    ""},
    {"a%foreign.example@example.org", "192.0.2.1", "recipient.routed",       ""},
    {"foreign.example!a@example.org", "198.51.100.1", "recipient.routed",    ""},
    {"\"a@foreign.example\"@example.org", "192.0.2.1", "recipient.routed",   ""},
    {"a%foreign.example@list.example", "192.0.2.1", "recipient.routed",      ""},
    {"\"known\"@list.example",      "192.0.2.1",    "recipient.listed",          "\"known\"@list.example"},
    {"\"kno\\wn\"@list.example",    "192.0.2.1",    "recipient.listed",          "\"kno\\wn\"@list.example"},
    {"\"a known\"@list.example",    "192.0.2.1",    "recipient.unknown",         ""},
    {"Odd!one@list.example",      "192.0.2.1",    "recipient.listed",          "Odd!one@list.example"},
    {"a%b@foreign.example",       "198.51.100.1", "recipient.connector",       "a%b@foreign.example"},
    {"",                          "192.0.2.1",    "recipient.postmaster",      "pm@example.org"},
    {"postmaster@[192.0.2.25]",   "192.0.2.1",    "recipient.postmaster",      "pm@example.org"},
    {"\"postmaster\"@[192.0.2.25]", "192.0.2.1",    "recipient.postmaster",      "pm@example.org"},
    {"user@[192.0.2.25]",         "198.51.100.1", "recipient.unknown",         ""},
    {"user@[192.0.2.26]",         "192.0.2.1",    "recipient.relay-denied",    ""},
    {"user@[192.0.2.26]",         "198.51.100.1", "recipient.connector",       "user@[192.0.2.26]"},
};
// clang-format on

objects::Snapshot snapshot()
{
    objects::Snapshot::Contents contents;
    contents.organizations.resize(1);
    contents.organizations[0].postmaster = *mail::parse_mailbox("pm@example.org");
    objects::AcceptedDomain any;
    any.name = *objects::DomainPattern::parse("example.org");
    objects::AcceptedDomain list;
    list.name = *objects::DomainPattern::parse("list.example");
    list.any_recipient = false;
    list.recipients.push_back(*mail::parse_mailbox("known@list.example"));
    list.recipients.push_back(*mail::parse_mailbox("odd!one@list.example"));
    contents.accepted_domains = {any, list};
    objects::InboundConnector relay;
    relay.kind = objects::ConnectorKind::OnPremises;
    relay.name = "gateways";
    relay.networks = {*Network::parse("198.51.100.0/24")};
    relay.may_relay = true;
    objects::InboundConnector powerless;
    powerless.kind = objects::ConnectorKind::OnPremises;
    powerless.name = "others";
    powerless.networks = {*Network::parse("203.0.113.0/24")};
    contents.inbound_connectors = {relay, powerless};
    return objects::Snapshot{contents};
}

// For a client in clear of which the address is all that is known.
RecipientDecision decide(const objects::Snapshot& objects, const mail::Mailbox* mailbox,
                         const char* client, const RecipientFacts& asked = {})
{
    policy::ClientEvidence evidence;
    evidence.address = *IpAddress::parse(client);
    const policy::Attribution attribution = policy::attribute(objects, evidence);
    const mail::ReversePath sender;
    RecipientFacts facts = asked;
    facts.mailbox = mailbox;
    facts.own_address = *IpAddress::parse("192.0.2.25");
    facts.evidence = &evidence;
    facts.attribution = &attribution;
    facts.sender = &sender;
    return decide_recipient(objects, facts);
}

TEST(RecipientPolicy, DecidesAndExplains)
{
    const objects::Snapshot objects = snapshot();
    for (const Row& row : kRows) {
        std::optional<mail::Mailbox> mailbox;
        if (*row.recipient != '\0') mailbox = *mail::parse_mailbox(row.recipient);
        const RecipientDecision decision =
            decide(objects, mailbox ? &*mailbox : nullptr, row.client);
        EXPECT_EQ(facts::name(decision.reason), row.reason)
            << row.recipient << " from " << row.client;
        EXPECT_EQ(decision.mailbox ? decision.mailbox->format() : "", row.to);
        EXPECT_NE(decision.refusal.has_value(), decision.mailbox.has_value());
        if (decision.refusal) {
            EXPECT_EQ(decision.refusal->kind->reason, decision.reason);
        }
    }
}

TEST(RecipientPolicy, AddressesToBeRoutedAreTakenWhereAnOptionSaysSo)
{
    RecipientFacts asked;
    asked.routed = config::RoutedAddresses::Accept;
    const auto mailbox = *mail::parse_mailbox("a%foreign.example@example.org");
    EXPECT_EQ(decide(snapshot(), &mailbox, "192.0.2.1", asked).reason,
              facts::Reason::RecipientAcceptedDomain);
}

// Its sender learns it at once, and not by a notice of ours.
TEST(RecipientPolicy, InternationalisedMailIsRefusedForADomainThatDoesNotTakeIt)
{
    objects::Snapshot::Contents contents = snapshot().contents();
    contents.accepted_domains[0].smtputf8 = false;
    const objects::Snapshot objects{contents};
    RecipientFacts asked;
    const auto mailbox = *mail::parse_mailbox("any@example.org");
    EXPECT_TRUE(decide(objects, &mailbox, "192.0.2.1", asked).mailbox);
    asked.smtputf8 = true;
    const auto decision = decide(objects, &mailbox, "192.0.2.1", asked);
    EXPECT_EQ(facts::name(decision.reason), "recipient.no-smtputf8");
    EXPECT_EQ(decision.refusal->kind->code, 553);
    const auto other = *mail::parse_mailbox("known@list.example");
    EXPECT_TRUE(decide(objects, &other, "192.0.2.1", asked).mailbox);
}

TEST(RecipientPolicy, FindsAPostmasterAlsoWhereNoneIsNamed)
{
    objects::Snapshot::Contents contents = snapshot().contents();
    contents.organizations.resize(1);
    contents.organizations[0].postmaster.reset();
    EXPECT_EQ(decide(objects::Snapshot{contents}, nullptr, "192.0.2.1").mailbox->format(),
              "postmaster@example.org");
    contents.accepted_domains.clear();
    EXPECT_EQ(decide(objects::Snapshot{contents}, nullptr, "192.0.2.1").reason,
              facts::Reason::RecipientNoPostmaster);
}

TEST(RecipientPolicy, WhatComesBackToATestMessageIsThePostmasters)
{
    const auto decided = [](const char* recipient, const char* sender) {
        const objects::Snapshot objects = snapshot();
        const auto mailbox = mail::parse_mailbox(recipient).value();
        const mail::ReversePath path =
            *sender == '\0' ? mail::ReversePath{} : mail::ReversePath{*mail::parse_mailbox(sender)};
        policy::ClientEvidence evidence;
        evidence.address = *IpAddress::parse("192.0.2.1");
        const auto attribution = policy::attribute(objects, evidence);
        RecipientFacts facts;
        facts.mailbox = &mailbox;
        facts.evidence = &evidence;
        facts.attribution = &attribution;
        facts.sender = &path;
        const auto decision = decide_recipient(objects, facts);
        return std::string{facts::name(decision.reason)} +
               (decision.mailbox ? " " + decision.mailbox->format() : "");
    };
    EXPECT_EQ(decided("connector-test-01abc@list.example", ""),
              "recipient.returned-test pm@example.org");
    EXPECT_EQ(decided("Connector-Test-01ABC@example.org", ""),
              "recipient.returned-test pm@example.org");
    // Nobody but a bounce comes in by that address, and it is no way to anywhere else.
    EXPECT_EQ(decided("connector-test-01abc@list.example", "x@y.example"), "recipient.unknown");
    EXPECT_EQ(decided("connector-test-01abc@foreign.example", ""), "recipient.relay-denied");
    EXPECT_EQ(decided("connector-test-@list.example", ""), "recipient.unknown");
}

}  // namespace
}  // namespace hermetic::inbound
