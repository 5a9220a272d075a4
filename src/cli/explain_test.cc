#include "cli/explain.h"

#include "cli/explain_live.h"
#include "facts/reasons.h"
#include "objects/org_file.h"

#include <gtest/gtest.h>

namespace hermetic::cli {
namespace {

constexpr std::string_view kOrganization = R"([organization]
name = "Example"
postmaster = "postmaster@example.org"
min_tls = "1.2"

[[accepted_domain]]
name = "example.org"
next_hop = ["lmtp+unix:/run/lmtp", "lmtp://store.example.org"]
recipients = ["a@example.org"]

[[inbound_connector]]
name = "gateways"
kind = "on_premises"
networks = ["192.0.2.0/24"]
may_relay = true

[[outbound_connector]]
name = "bank"
recipient_domains = ["bank.example"]
tls = "verify_name"

[[outbound_connector]]
name = "old"
recipient_domains = ["old.example"]
smart_hosts = ["relay.example.net:25"]
tls = "verify_name"
exception = { min_tls = "1.0", valid_until = "2027-01-01T00:00:00Z", reason = "old" }
)";

Explanation explained(std::string_view recipient, std::string_view client = "192.0.2.7",
                      facts::DnsSecurity mx = facts::DnsSecurity::Insecure)
{
    const auto document = config::parse_document(kOrganization, "org.toml");
    auto contents = objects::read_org_document(*document, "org.toml");
    EXPECT_TRUE(contents.has_value()) << config::format_diagnostic(contents.error().front());
    const objects::Snapshot snapshot{*std::move(contents)};
    return explain(snapshot, {*mail::parse_mailbox(recipient), *IpAddress::parse(client), mx,
                              *parse_rfc3339("2026-11-21T12:00:00Z")});
}

TEST(Explain, SaysThatTheRouteIsPaused)
{
    const auto document = config::parse_document(kOrganization, "org.toml");
    const objects::Snapshot snapshot{*objects::read_org_document(*document, "org.toml")};
    ExplainRequest request{*mail::parse_mailbox("b@bank.example"), *IpAddress::parse("192.0.2.7"),
                           facts::DnsSecurity::Insecure, *parse_rfc3339("2026-11-21T12:00:00Z")};
    request.pauses["mx:bank.example;connector=bank"] = {"alice", "moving", request.now};
    const std::string text = format_explanation(explain(snapshot, request));
    EXPECT_NE(text.find("queue.paused: paused by alice since 2026-11-21T12:00:00.000Z: moving"),
              std::string::npos)
        << text;
    request.recipient = *mail::parse_mailbox("b@other.example");
    EXPECT_TRUE(explain(snapshot, request).paused.empty());
}

// As delivery would decide: the default policy may end in clear, the ratchet's may not.
TEST(Explain, SaysToWhatTheRatchetHoldsTheDestination)
{
    const auto document = config::parse_document(kOrganization, "org.toml");
    auto contents = *objects::read_org_document(*document, "org.toml");
    auto& ratchet = contents.organizations[0].ratchet;
    ratchet.mode = objects::RatchetMode::Enforce;
    ExplainRequest request{*mail::parse_mailbox("x@elsewhere.example"),
                           *IpAddress::parse("192.0.2.7"), facts::DnsSecurity::Insecure,
                           *parse_rfc3339("2026-11-21T12:00:00Z")};
    request.observations = std::make_shared<observations::Observations>();
    EXPECT_TRUE(explain(objects::Snapshot{contents}, request).hops.at(0).clear);
    for (int day = 15; day > 0; --day) {
        request.observations->note_session(
            {"Example", "elsewhere.example"},
            {"mx.elsewhere.example", {facts::TlsVersion::Tls13, false, true}}, ratchet,
            request.now - std::chrono::hours{24} * day);
    }
    const auto found = explain(objects::Snapshot{contents}, request);
    EXPECT_FALSE(found.hops.at(0).clear);
    EXPECT_EQ(found.hops.at(0).level, "encrypt");
    EXPECT_EQ(found.hops.at(0).reasons.back(), facts::Reason::RatchetHolds);
    const std::string words = format_explanation(found);
    EXPECT_NE(words.find("ratchet      elsewhere.example: TLS, at least TLSv1.3, in every session "
                         "since 2026-11-06T12:00:00.000Z; mail that would go with less waits until "
                         "2026-11-21T16:00:00.000Z\n"),
              std::string::npos)
        << words;
    EXPECT_NE(format_explanation_json(found).find(
                  R"("seen_since":"2026-11-06T12:00:00.000Z","held_since":"")"),
              std::string::npos);
    EXPECT_FALSE(request.observations->destinations(request.now)[0].history.fall);

    request.message = MessageFacts{100, 1, true};
    EXPECT_FALSE(explain(objects::Snapshot{contents}, request).ratchet) << "TLS-Required: No";
    request.message.reset();
    ratchet.mode = objects::RatchetMode::Observe;
    EXPECT_TRUE(explain(objects::Snapshot{contents}, request).hops.at(0).clear);
}

TEST(Explain, WhoIsLetInAndWhy)
{
    const auto own = explained("b@example.org", "198.51.100.1");
    EXPECT_FALSE(own.accepted);
    EXPECT_EQ(own.recipient_reason, facts::Reason::RecipientUnknown);
    const auto foreign = explained("x@elsewhere.example", "198.51.100.1");
    EXPECT_EQ(foreign.recipient_reason, facts::Reason::RecipientRelayDenied);
    EXPECT_TRUE(foreign.refusal.starts_with("550 5.7.")) << foreign.refusal;
    EXPECT_EQ(foreign.client_connector, "");
    const auto relayed = explained("x@elsewhere.example");
    EXPECT_TRUE(relayed.accepted);
    EXPECT_EQ(relayed.client_connector, "gateways");
}

TEST(Explain, TheDefaultMayEndInClear)
{
    const auto found = explained("x@elsewhere.example");
    EXPECT_EQ(found.route, "mx:elsewhere.example");
    ASSERT_EQ(found.hops.size(), 1U);
    EXPECT_EQ(found.hops[0].level, "opportunistic");
    EXPECT_TRUE(found.hops[0].clear);
    EXPECT_EQ(found.hops[0].ladder.back(), "clear");
}

TEST(Explain, AConnectorByMxSaysWhichNames)
{
    const auto found = explained("x@bank.example");
    EXPECT_EQ(found.route, "mx:bank.example;connector=bank");
    ASSERT_EQ(found.hops.size(), 1U);
    EXPECT_FALSE(found.hops[0].clear);
    EXPECT_EQ(found.hops[0].names,
              (std::vector<std::string>{"bank.example", "a name below bank.example"}));
    EXPECT_EQ(found.hops[0].reasons.back(), facts::Reason::TlsNameOfDomain);
    const auto proved = explained("x@bank.example", "192.0.2.7", facts::DnsSecurity::Secure);
    EXPECT_EQ(proved.hops[0].names, std::vector<std::string>{"the host's own name"});
}

TEST(Explain, EachStepThatTheFloorAllows)
{
    const auto found = explained("x@old.example");
    ASSERT_EQ(found.hops.size(), 1U);
    EXPECT_EQ(found.hops[0].hop, "smtp://relay.example.net:25");
    EXPECT_EQ(found.hops[0].names, std::vector<std::string>{"relay.example.net"});
    EXPECT_EQ(found.hops[0].ladder,
              (std::vector<std::string>{"everything (TLSv1.2 to TLSv1.3)",
                                        "compatible (TLSv1.2 to TLSv1.3)",
                                        "lower-version (TLSv1.2 to TLSv1.2, TLS_FALLBACK_SCSV)",
                                        "legacy (TLSv1.0 to TLSv1.1, TLS_FALLBACK_SCSV)"}));
}

TEST(Explain, EveryHostOfOurOwn)
{
    const auto found = explained("a@example.org");
    EXPECT_TRUE(found.accepted);
    ASSERT_EQ(found.hops.size(), 2U);
    EXPECT_EQ(found.hops[0].level, "none");
    EXPECT_EQ(found.hops[0].reasons.back(), facts::Reason::TlsLocalSocket);
    EXPECT_EQ(found.hops[1].level, "encrypt");
    EXPECT_EQ(found.hops[1].reasons.back(), facts::Reason::TlsNextHopLevel);
    EXPECT_FALSE(found.hops[1].clear);
}

TEST(Explain, EverySourceSaysWhatItAskedAndWhetherItCounted)
{
    const auto found = explained("x@bank.example");
    ASSERT_EQ(found.hops.size(), 1U);
    const auto& sources = found.hops[0].sources;
    ASSERT_EQ(sources.size(), 3U);
    EXPECT_EQ(sources[0].id, facts::Reason::TlsOrganizationLevel);
    EXPECT_EQ(sources[0].min, facts::TlsVersion::Tls12);
    EXPECT_EQ(sources[1].level, policy::TlsLevel::VerifyName);
    EXPECT_TRUE(sources[1].counted);
    EXPECT_EQ(sources[2].id, facts::Reason::TlsNameOfDomain);
    const auto old = explained("x@old.example");
    const std::string words = format_explanation(old);
    for (const auto& source : old.hops.at(0).sources) {
        EXPECT_NE(words.find(facts::describe(source.id).words), std::string::npos) << source.id;
    }
}

TEST(Explain, AMessageMayBeRefusedForWhatItIs)
{
    const auto document = config::parse_document(kOrganization, "org.toml");
    const objects::Snapshot snapshot{*objects::read_org_document(*document, "org.toml")};
    ExplainRequest request{*mail::parse_mailbox("x@bank.example"),
                           *IpAddress::parse("192.0.2.7"),
                           {},
                           *parse_rfc3339("2026-11-21T12:00:00Z")};
    EXPECT_EQ(explain(snapshot, request).message_refusal, "");
    request.message = MessageFacts{2000, 3, true};
    auto found = explain(snapshot, request);
    EXPECT_EQ(found.message_refusal, "");
    EXPECT_NE(format_explanation(found).find("2000 octets, 3 Received fields, TLS-Required: No\n"),
              std::string::npos);
    request.limits.message_size = 1000;
    EXPECT_TRUE(explain(snapshot, request).message_refusal.starts_with("552 5.3.4"));
    request.limits.message_size = 10'000;
    request.limits.received_fields = 2;
    EXPECT_TRUE(explain(snapshot, request).message_refusal.starts_with("554 5.4.6"));
}

// Specification §4.7: the host must be proved the domain's, prove its name and offer REQUIRETLS.
TEST(Explain, RequiretlsIsAskedAsDeliveryWouldAskForIt)
{
    const auto document = config::parse_document(kOrganization, "org.toml");
    const objects::Snapshot snapshot{*objects::read_org_document(*document, "org.toml")};
    ExplainRequest request{*mail::parse_mailbox("x@elsewhere.example"),
                           *IpAddress::parse("192.0.2.7"), facts::DnsSecurity::Secure,
                           *parse_rfc3339("2026-11-21T12:00:00Z")};
    request.requiretls = true;
    EXPECT_TRUE(message_demand_of(request).requests.requiretls);
    auto found = explain(snapshot, request);
    ASSERT_EQ(found.hops.size(), 1U);
    EXPECT_TRUE(found.hops[0].requiretls);
    EXPECT_EQ(found.hops[0].reasons.back(), facts::Reason::RequiretlsAsked);
    EXPECT_EQ(found.hops[0].level, "verify_name");
    EXPECT_FALSE(found.hops[0].clear);
    std::string words = format_explanation(found);
    EXPECT_NE(words.find("message      REQUIRETLS\n"), std::string::npos) << words;
    EXPECT_NE(words.find("offers       REQUIRETLS, in TLS\n"), std::string::npos) << words;
    EXPECT_NE(format_explanation_json(found).find(R"("requiretls":true)"), std::string::npos);

    request.mx_security = facts::DnsSecurity::Insecure;
    found = explain(snapshot, request);
    EXPECT_EQ(found.hops[0].skip, facts::Reason::RequiretlsUnprovedHost);
    EXPECT_TRUE(found.hops[0].ladder.empty()) << "such a host is never used";
    EXPECT_FALSE(found.hops[0].clear);
    words = format_explanation(found);
    EXPECT_NE(words.find("skipped      requiretls.unproved-host"), std::string::npos) << words;
    EXPECT_EQ(words.find("clear text"), std::string::npos) << words;
    EXPECT_FALSE(explained("x@elsewhere.example").hops[0].requiretls);
}

TEST(Explain, TlsRequiredNoIsHeededUnlessTheMessageHasRequiretls)
{
    const auto document = config::parse_document(kOrganization, "org.toml");
    const objects::Snapshot snapshot{*objects::read_org_document(*document, "org.toml")};
    ExplainRequest request{*mail::parse_mailbox("x@elsewhere.example"),
                           *IpAddress::parse("192.0.2.7"), facts::DnsSecurity::Secure,
                           *parse_rfc3339("2026-11-21T12:00:00Z")};
    request.message = MessageFacts{100, 1, true};
    auto found = explain(snapshot, request);
    EXPECT_EQ(found.hops.at(0).reasons.back(), facts::Reason::TlsRequiredNo);
    request.requiretls = true;
    found = explain(snapshot, request);
    EXPECT_EQ(found.hops.at(0).reasons.back(), facts::Reason::RequiretlsAsked);
    const std::string words = format_explanation(found);
    EXPECT_NE(words.find("TLS-Required: No (ignored beside REQUIRETLS), REQUIRETLS\n"),
              std::string::npos)
        << words;
}

TEST(Explain, TheLiveCheckJudgesWhatTheMessageNeedsOfItsNextHop)
{
    ExplainRequest request{*mail::parse_mailbox("x@elsewhere.example"), {}, {}, {}};
    EXPECT_EQ(offered_message_of(request).needs.size, 0U) << "no message, no size";
    EXPECT_FALSE(offered_message_of(request).needs.smtputf8);
    request.sender = *mail::parse_mailbox("j\xc3\xb6rg@sender.example");
    EXPECT_TRUE(offered_message_of(request).needs.smtputf8);
    request.message = MessageFacts{2000, 1, false, {2001, true, 3000, false}};
    const auto offered = offered_message_of(request);
    EXPECT_EQ(offered.needs.size, 2001U);
    EXPECT_TRUE(offered.needs.eight_bit);
    EXPECT_EQ(offered.needs.seven_bit_size, 3000U);
    EXPECT_TRUE(offered.needs.smtputf8);
    EXPECT_EQ(offered.recipient, request.recipient);
}

TEST(Explain, TheLiveCheckIsAddedToTheData)
{
    validation::RouteCheck check;
    check.flow.fate = validation::Fate::Goes;
    check.host = "mx.bank.example";
    check.flow.reason = facts::Reason::TlsVerified;
    const auto text = add_route_check(format_explanation_json(explained("x@bank.example")), check);
    EXPECT_NE(text.find(R"("live":{"mail":"goes","flows":true)"), std::string::npos) << text;
    EXPECT_NE(text.find(R"("reason":"tls.verified")"), std::string::npos) << text;
}

TEST(Explain, WordsAndDataSayTheSame)
{
    const auto found = explained("x@bank.example");
    const std::string words = format_explanation(found);
    EXPECT_NE(words.find("never: the message is deferred"), std::string::npos) << words;
    EXPECT_NE(words.find("tls.connector-level"), std::string::npos) << words;
    const std::string data = format_explanation_json(found);
    EXPECT_NE(data.find(R"("level":"verify_name")"), std::string::npos) << data;
}

}  // namespace
}  // namespace hermetic::cli
