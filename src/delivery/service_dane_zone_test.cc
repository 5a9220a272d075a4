// DANE from end to end: real zones signed by Knot DNS, the validating resolver, servers on
// loopback.
#include "delivery/dane_fixture.h"
#include "delivery/service.h"
#include "dns/knot_fixture.h"
#include "facts/reasons.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace hermetic::delivery {
namespace {

using facts::Reason;
using testing::HasSubstr;
using testing::IsEmpty;

// What becomes of a message to one domain.
struct ZoneRow {
    const char* domain;
    Reason reason;       // delivered: the last of the policy's; else the outcome's
    const char* code;    // empty: delivered
    const char* policy;  // delivered: the level
    bool in_tls = true;  // delivered: how
};

// Hosts of one port on addresses of their own.
class DaneZoneTest : public DaneTest {
protected:
    void SetUp() override
    {
        if (!dns::KnotFixture::is_installed()) GTEST_SKIP() << "needs Debian's package knot";
        make_peers();
        const std::string port = std::to_string(settings.options.port);
        knot_ = std::make_unique<dns::KnotFixture>(std::vector<dns::KnotFixture::Zone>{
            {"signed.test", signed_records(port), true},
            {"plain.test", plain_records(port), false},
            {"bogus.test", "tlsa TLSA 3 1 1 " + std::string(64, 'a') + "\n", true}});
        dns::ResolverOptions options;
        options.forward = {knot_->address()};
        options.timeout = std::chrono::seconds{5};
        std::string wrong = knot_->trust_anchor("bogus.test");
        wrong.back() = wrong.back() == '0' ? '1' : '0';
        options.trust_anchors = {knot_->trust_anchor("signed.test"), wrong};
        real_resolver_ = dns::make_resolver(options).value();
        service = std::make_unique<DeliveryService>(
            outbound::Adapters{fixture.core, &spool, *real_resolver_, log, metrics}, reports,
            std::make_shared<const outbound::DeliverySettings>(settings),
            std::make_shared<const objects::Snapshot>(contents));
    }
    void TearDown() override
    {
        if (service) finish();
        if (real_resolver_) real_resolver_->close();
    }

    // 127.0.0.1: a good host; .2: another certificate; .3: expired; .4: another name; .5: no TLS.
    void make_peers()
    {
        add_peer(with_certificate({.name = "good", .dns_names = {"mx.signed.test"}}));
        add_peer(with_certificate({.name = "other", .dns_names = {"mx.signed.test"}}));
        add_peer(with_certificate({.name = "expired",
                                   .dns_names = {"mx.ta-expired.signed.test"},
                                   .issuer = tls::PkiFixture::Issuer::Intermediate,
                                   .valid_days = -1}));
        add_peer(with_certificate({.name = "named", .dns_names = {"elsewhere.test"}}));
        add_peer({});
    }
    void add_peer(PeerScript script)
    {
        const auto port = peers.empty() ? std::uint16_t{0} : peers[0]->port();
        const auto address = fmt::format("127.0.0.{}", peers.size() + 1);
        peers.push_back(
            std::make_unique<ScriptedPeer>(fixture.core, std::move(script), address, port));
        settings.options.port = peers[0]->port();
    }

    // A domain of its own for each row: its MX, the host's address, and the records of it.
    static std::string host(const std::string& name, int address, const std::string& port,
                            const std::vector<std::string>& records)
    {
        auto text = fmt::format("{0} MX 10 mx.{0}\nmx.{0} A 127.0.0.{1}\n", name, address);
        for (const auto& each : records) {
            text += fmt::format("_{}._tcp.mx.{} {}\n", port, name, each);
        }
        return text;
    }
    std::string tlsa(tls::TlsaKind kind, const std::string& leaf)
    {
        return "TLSA " + tls::format_tlsa(record(kind, leaf));
    }
    std::string signed_records(const std::string& port)
    {
        const std::string unusable = "TLSA 1 1 1 " + std::string(64, 'a');
        std::string text;
        const auto add = [&](const char* name, int address, std::vector<std::string> records) {
            text += host(name, address, port, records);
        };
        add("ee", 1, {tlsa({3, 1, 1}, "good")});
        add("ee-cert", 1, {tlsa({3, 0, 1}, "good")});
        add("ee-512", 1, {tlsa({3, 1, 2}, "good")});
        add("mismatch", 2, {tlsa({3, 1, 1}, "good")});
        add("ee-expired", 3, {tlsa({3, 1, 1}, "expired")});
        add("ta-expired", 3, {tlsa({2, 0, 1}, "good")});
        add("ta-name", 4, {tlsa({2, 1, 1}, "good")});
        add("ee-name", 4, {tlsa({3, 1, 1}, "named")});
        add("unusable", 1, {unusable, "TLSA 3 9 1 " + std::string(64, 'a')});
        add("unusable-clear", 5, {unusable});
        add("no-starttls", 5, {tlsa({3, 1, 1}, "good")});
        add("no-records", 5, {});
        add("rollover", 1, {tlsa({3, 1, 1}, "other"), tlsa({3, 1, 1}, "good")});
        add("tlsa-bogus", 1, {"CNAME tlsa.bogus.test."});
        add("tlsa-servfail", 1, {"CNAME tlsa.nowhere.test."});
        add("tlsa-insecure", 5, {"CNAME tlsa.plain.test."});
        text += fmt::format("ta MX 10 mx\nmx A 127.0.0.1\n_{}._tcp.mx {}\n", port,
                            tlsa({2, 0, 1}, "good"));
        text += fmt::format("ta-spki MX 10 mx\nalias MX 10 mx.alias\nmx.alias CNAME mx\n");
        text += "outside MX 10 mx.outside\nmx.outside CNAME mx.plain.test.\n";
        text += fmt::format("_{}._tcp.mx.outside {}\n", port, tlsa({3, 1, 1}, "good"));
        text += host("two", 2, port, {tlsa({3, 1, 1}, "good")});
        text += "two MX 20 mx.ee\n";
        text += host("two-bogus", 2, port, {"CNAME tlsa.bogus.test."});
        text += "two-bogus MX 20 mx.ee\n";
        return text;
    }
    std::string plain_records(const std::string& port)
    {
        return "mx A 127.0.0.1\ntlsa TLSA 3 1 1 " + std::string(64, 'a') + "\n" +
               host("clear", 5, port, {tlsa({3, 1, 1}, "good")}) +
               host("mismatch", 2, port, {tlsa({3, 1, 1}, "good")}) +
               "via MX 10 mx.ee.signed.test.\n";
    }

    void check(const ZoneRow& row)
    {
        SCOPED_TRACE(row.domain);
        for (auto& peer : peers) {
            peer->messages.clear();
            peer->in_tls.clear();
            peer->commands.clear();
        }
        const bool delivered = std::string_view{row.code}.empty();
        const auto report = deliver(make_message({fmt::format("b@{}.test", row.domain)}));
        EXPECT_EQ(report.delivered, delivered ? 1U : 0U);
        EXPECT_EQ(report.deferred, delivered ? 0U : 1U);
        const auto& attempt = log.attempts.back();
        if (delivered) {
            EXPECT_EQ(attempt.policy_reasons.back(), row.reason);
            EXPECT_EQ(attempt.policy, row.policy);
        } else {
            EXPECT_EQ(outcome().reason, row.reason) << outcome().text;
            EXPECT_EQ(outcome().enhanced.format(), row.code);
        }
        std::size_t messages = 0;
        for (const auto& peer : peers) {
            messages += peer->messages.size();
            for (const bool in_tls : peer->in_tls) EXPECT_EQ(in_tls, row.in_tls);
            if (!delivered || row.in_tls) expect_nothing_in_clear(*peer);
        }
        EXPECT_EQ(messages, delivered ? 1U : 0U);
    }

    std::unique_ptr<dns::KnotFixture> knot_;
    std::unique_ptr<dns::Resolver> real_resolver_;
};

TEST_F(DaneZoneTest, EveryBehaviourHasItsOutcome)
{
    const ZoneRow rows[] = {
        {"ee.signed", Reason::DaneMatched, "", "dane"},
        {"ee-cert.signed", Reason::DaneMatched, "", "dane"},
        {"ee-512.signed", Reason::DaneMatched, "", "dane"},
        {"ta.signed", Reason::DaneMatched, "", "dane"},
        {"ta-spki.signed", Reason::DaneMatched, "", "dane"},
        {"mismatch.signed", Reason::DaneTlsaMismatch, "4.7.323", ""},
        {"ee-expired.signed", Reason::DaneMatched, "", "dane"},
        {"ta-expired.signed", Reason::DaneCertificateExpired, "4.7.322", ""},
        {"ta-name.signed", Reason::DaneCertificateHostMismatch, "4.7.325", ""},
        {"ee-name.signed", Reason::DaneMatched, "", "dane"},
        {"unusable.signed", Reason::TlsNameMismatch, "", "encrypt"},
        {"unusable-clear.signed", Reason::StarttlsNotOffered, "4.4.317", ""},
        {"no-starttls.signed", Reason::StarttlsNotOffered, "4.7.321", ""},
        {"no-records.signed", Reason::TlsOrganizationLevel, "", "opportunistic", false},
        {"rollover.signed", Reason::DaneMatched, "", "dane"},
        {"tlsa-bogus.signed", Reason::DaneLookupFailed, "4.7.324", ""},
        {"tlsa-servfail.signed", Reason::DaneLookupFailed, "4.7.324", ""},
        {"tlsa-insecure.signed", Reason::TlsOrganizationLevel, "", "opportunistic", false},
        {"alias.signed", Reason::DaneMatched, "", "dane"},
        {"outside.signed", Reason::DaneMatched, "", "dane"},
        {"two.signed", Reason::DaneMatched, "", "dane"},
        {"two-bogus.signed", Reason::DaneMatched, "", "dane"},
        {"clear.plain", Reason::TlsOrganizationLevel, "", "opportunistic", false},
        {"mismatch.plain", Reason::TlsNameMismatch, "", "opportunistic"},
        {"via.plain", Reason::DaneMatched, "", "dane"},
    };
    for (const auto& row : rows) check(row);
}

}  // namespace
}  // namespace hermetic::delivery
