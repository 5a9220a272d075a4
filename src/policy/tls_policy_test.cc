#include "policy/tls_policy_fixture.h"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>

namespace hermetic::policy {
namespace {

using objects::ConnectorMode;
using objects::TlsSettings;

// One decision: the organization's level and floor, the connector's settings, where it goes.
struct Row {
    const char* name;
    TlsLevel organization;
    TlsVersion floor;
    std::optional<TlsSettings> connector;
    HopFacts hop;
    TlsPolicy policy;
    Reasons reasons;
    bool audited = false;
    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

TlsSettings settings(const std::function<void(TlsSettings&)>& change)
{
    TlsSettings tls;
    change(tls);
    return tls;
}

std::vector<Row> rows()
{
    constexpr auto kOpp = TlsLevel::Opportunistic;
    constexpr auto k12 = TlsVersion::Tls12;
    const auto insecure = by_mx(facts::DnsSecurity::Insecure);
    const auto secure = by_mx(facts::DnsSecurity::Secure);
    const auto level = [](TlsLevel wanted) {
        return settings([&](auto& tls) { tls.level = wanted; });
    };
    const auto exception = settings([](auto& tls) {
        tls.level = TlsLevel::Opportunistic;
        tls.min = TlsVersion::Tls10;
        tls.valid_until = kNow + std::chrono::hours{1};
    });
    const auto ended = settings([](auto& tls) {
        tls.level = TlsLevel::Opportunistic;
        tls.valid_until = kNow;
    });
    const auto half_ended = settings([](auto& tls) {
        tls.level = TlsLevel::VerifyCa;
        tls.min = TlsVersion::Tls10;
        tls.valid_until = kNow - std::chrono::hours{1};
    });
    const auto named = settings([](auto& tls) {
        tls.level = TlsLevel::VerifyName;
        tls.names = {tls_name("*.example.org")};
        tls.pins = {"ab"};
    });
    const auto mode = [&](ConnectorMode wanted) {
        return settings([&](auto& tls) {
            tls.level = TlsLevel::VerifyName;
            tls.mode = wanted;
        });
    };
    const Reasons organization{"tls.organization-level"};
    const Reasons connector{"tls.organization-level", "tls.connector-level"};
    const auto with = [](Reasons reasons, std::string_view more) {
        reasons.push_back(more);
        return reasons;
    };
    return {
        {"OrganizationAlone", kOpp, k12, {}, insecure, policy(kOpp), organization},
        {"OrganizationsFloor",
         kOpp,
         TlsVersion::Tls13,
         {},
         insecure,
         policy(kOpp, TlsVersion::Tls13),
         organization},
        {"OrganizationVerifiesNames",
         TlsLevel::VerifyName,
         k12,
         {},
         insecure,
         named_by_domain(),
         with(organization, "tls.name-of-domain")},
        {"LocalSocket",
         TlsLevel::VerifyName,
         k12,
         {},
         local_socket(),
         policy(TlsLevel::None),
         with(organization, "tls.local-socket")},
        {"ConnectorThatSaysNothing", kOpp, k12, TlsSettings{}, insecure, policy(kOpp),
         organization},
        {"ConnectorAdds", kOpp, k12, level(TlsLevel::Encrypt), insecure, policy(TlsLevel::Encrypt),
         connector},
        {"NameOfASecureMx", kOpp, k12, level(TlsLevel::VerifyName), secure,
         named_by_host("mx.example.net"), with(connector, "tls.name-of-secure-mx")},
        {"NameOfTheDomain", kOpp, k12, level(TlsLevel::VerifyName), insecure, named_by_domain(),
         with(connector, "tls.name-of-domain")},
        {"NameOfASmartHost", kOpp, k12, level(TlsLevel::VerifyName), smart_host(),
         named_by_host("relay.example.net"), with(connector, "tls.name-of-next-hop")},
        {"OwnNamesAndPins", kOpp, k12, named, secure,
         policy(TlsLevel::VerifyName, k12, {tls_name("*.example.org")}, {"ab"}),
         with(connector, "tls.names-of-connector")},
        {"Exception", TlsLevel::Encrypt, k12, exception, insecure, policy(kOpp, TlsVersion::Tls10),
         connector},
        {"EndedException", TlsLevel::Encrypt, k12, ended, insecure, policy(TlsLevel::Encrypt),
         with(organization, "tls.exception-ended")},
        {"OnlyTheExceptionEnds", kOpp, k12, half_ended, insecure, policy(TlsLevel::VerifyCa),
         with(connector, "tls.exception-ended")},
        {"Audit", kOpp, k12, mode(ConnectorMode::Audit), insecure, policy(kOpp),
         with(organization, "tls.connector-audited"), true},
        {"Off", kOpp, k12, mode(ConnectorMode::Off), insecure, policy(kOpp), organization},
    };
}

class DecideTls : public testing::TestWithParam<Row> {};

TEST_P(DecideTls, GivesThePolicyAndItsReasons)
{
    const Row& row = GetParam();
    objects::Organization organization;
    organization.tls = row.organization;
    organization.min_tls = row.floor;
    objects::OutboundConnector connector;
    if (row.connector) connector.tls = *row.connector;
    TlsInputs inputs;
    inputs.organization = &organization;
    if (row.connector) inputs.connector = &connector;
    inputs.hop = row.hop;
    inputs.now = kNow;
    const auto decision = decide_tls(inputs);
    EXPECT_EQ(decision.policy, row.policy) << decision.policy.digest();
    EXPECT_EQ(decision.reasons, row.reasons);
    EXPECT_EQ(decision.audited.has_value(), row.audited);
}

INSTANTIATE_TEST_SUITE_P(Rows, DecideTls, testing::ValuesIn(rows()),
                         [](const auto& row) { return row.param.name; });

TEST(TlsPolicy, OnlyTheTwoWeakestLevelsAllowClear)
{
    EXPECT_TRUE(policy(TlsLevel::None).allows_clear());
    EXPECT_TRUE(policy(TlsLevel::Opportunistic).allows_clear());
    for (const auto level :
         {TlsLevel::Encrypt, TlsLevel::VerifyCa, TlsLevel::VerifyName, TlsLevel::Dane}) {
        EXPECT_FALSE(policy(level).allows_clear());
    }
}

TEST(TlsPolicy, DigestTellsPoliciesApart)
{
    const TlsPolicy base;
    EXPECT_EQ(base.digest(), "opportunistic TLSv1.2 TLSv1.3");
    const std::function<void(TlsPolicy&)> changes[] = {
        [](auto& changed) { changed.level = TlsLevel::Encrypt; },
        [](auto& changed) { changed.min = TlsVersion::Tls10; },
        [](auto& changed) { changed.max = TlsVersion::Tls12; },
        [](auto& changed) { changed.names = {tls_name("mx.example.org")}; },
        [](auto& changed) { changed.domain = mail::Domain::parse("mx.example.org"); },
        [](auto& changed) { changed.pins = {"mx.example.org"}; },
        [](auto& changed) { changed.chain = true; },
        [](auto& changed) { changed.ca = "mx.example.org"; },
        [](auto& changed) { changed.own_name = true; },
        [](auto& changed) { changed.sts_name = tls_name("mx.example.org"); },
        [](auto& changed) { changed.tlsa = tlsa(); },
        [](auto& changed) { changed.clear_after_failure = false; },
        [](auto& changed) { changed.requiretls = true; },
        [](auto& changed) { changed.client_certificate = "mx.example.org"; },
        [](auto& changed) { changed.check_revocation = false; },
    };
    std::vector<std::string> digests{base.digest()};
    for (const auto& change : changes) {
        TlsPolicy changed = base;
        change(changed);
        EXPECT_EQ(std::ranges::count(digests, changed.digest()), 0) << changed.digest();
        digests.push_back(changed.digest());
    }
}

}  // namespace
}  // namespace hermetic::policy
