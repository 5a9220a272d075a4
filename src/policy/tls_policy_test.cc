#include "policy/tls_policy.h"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>

namespace hermetic::policy {
namespace {

using facts::TlsVersion;
using objects::ConnectorMode;
using objects::TlsSettings;
using Reasons = std::vector<std::string_view>;

const WallTime kNow = *parse_rfc3339("2026-11-21T12:00:00Z");

TlsName tls_name(std::string_view text)
{
    return *TlsName::parse(text);
}

HopFacts by_mx(facts::DnsSecurity security)
{
    HopFacts hop;
    hop.host = "mx.example.net";
    hop.domain = "example.org";
    hop.mx_security = security;
    return hop;
}

HopFacts smart_host()
{
    HopFacts hop;
    hop.configured = true;
    hop.host = "relay.example.net";
    return hop;
}

HopFacts local_socket()
{
    HopFacts hop;
    hop.kind = HopKind::LocalSocket;
    hop.configured = true;
    return hop;
}

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

TlsPolicy policy(TlsLevel level, TlsVersion min = TlsVersion::Tls12,
                 std::vector<TlsName> names = {}, std::vector<std::string> pins = {})
{
    TlsPolicy result;
    result.level = level;
    result.min = min;
    result.chain = level == TlsLevel::VerifyCa || level == TlsLevel::VerifyName;
    result.names = std::move(names);
    result.pins = std::move(pins);
    return result;
}

// The host's own name, which is known.
TlsPolicy named_by_host(const char* host)
{
    auto result = policy(TlsLevel::VerifyName, TlsVersion::Tls12, {tls_name(host)});
    result.own_name = true;
    return result;
}

TlsPolicy named_by_domain()
{
    auto result = policy(TlsLevel::VerifyName);
    result.domain = mail::Domain::parse("example.org");
    return result;
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

// What is published, wished or seen adds to the base. A row states only what matters to it.
struct AddedRow {
    const char* name;
    std::function<void(TlsInputs&, objects::OutboundConnector&)> change;
    TlsLevel level;
    std::string_view reason;  // among the reasons
    std::string_view skip{};
    friend void PrintTo(const AddedRow& row, std::ostream* out) { *out << row.name; }
};

std::shared_ptr<const TlsaSet> tlsa()
{
    return std::make_shared<const TlsaSet>(TlsaSet{"mx.example.net", {{3, 1, 1, "digest"}}});
}

void publish_tlsa(TlsInputs& inputs)
{
    inputs.hop = by_mx(facts::DnsSecurity::Secure);
    inputs.hop.tlsa_status = TlsaStatus::Usable;
    inputs.hop.tlsa = tlsa();
}

void publish_sts(TlsInputs& inputs, StsMode mode, bool listed)
{
    inputs.hop.sts = mode;
    inputs.hop.sts_lists_host = listed;
}

std::vector<AddedRow> added_rows()
{
    using C = objects::OutboundConnector;
    using I = TlsInputs;
    using objects::Publication;
    constexpr auto kOpp = TlsLevel::Opportunistic;
    static constexpr auto kName = TlsLevel::VerifyName;
    constexpr auto kSecure = facts::DnsSecurity::Secure;
    return {
        {"UsableTlsa", [](I& i, C&) { publish_tlsa(i); }, TlsLevel::Dane, "dane.usable"},
        {"UsableTlsaOfAnUnprovedMx",
         [](I& i, C&) {
             publish_tlsa(i);
             i.hop.mx_security = facts::DnsSecurity::Insecure;
         },
         TlsLevel::Dane, "dane.usable-insecure-mx"},
        {"UnusableTlsa", [](I& i, C&) { i.hop.tlsa_status = TlsaStatus::Unusable; },
         TlsLevel::Encrypt, "dane.unusable"},
        {"FailedTlsa", [](I& i, C&) { i.hop.tlsa_status = TlsaStatus::Failed; }, kOpp,
         "dane.lookup-failed", "dane.lookup-failed"},
        {"AbsentTlsa", [](I& i, C&) { i.hop.tlsa_status = TlsaStatus::Absent; }, kOpp,
         "tls.organization-level"},
        {"DaneOff",
         [](I& i, C& c) {
             publish_tlsa(i);
             c.tls.dane = Publication::None;
             c.tls.valid_until = kNow + std::chrono::hours{1};
         },
         kOpp, "dane.not-asked"},
        {"DaneOffHasEnded",
         [](I& i, C& c) {
             publish_tlsa(i);
             c.tls.dane = Publication::None;
             c.tls.valid_until = kNow;
         },
         TlsLevel::Dane, "dane.usable"},
        {"DaneMandatoryAndMissing",
         [](I& i, C& c) {
             i.hop = by_mx(kSecure);
             c.tls.dane = Publication::Mandatory;
         },
         kOpp, "dane.mandatory-missing", "dane.mandatory-missing"},
        {"DaneLevelAndMissing",
         [](I& i, C& c) {
             i.hop = by_mx(kSecure);
             c.tls.level = TlsLevel::Dane;
         },
         TlsLevel::Dane, "dane.mandatory-missing", "dane.mandatory-missing"},
        {"DaneMandatoryByAnUnprovedMx",
         [](I& i, C& c) {
             publish_tlsa(i);
             i.hop.mx_security = facts::DnsSecurity::Insecure;
             c.tls.dane = Publication::Mandatory;
         },
         kOpp, "dane.mandatory-insecure-mx", "dane.mandatory-insecure-mx"},
        {"StsEnforces", [](I& i, C&) { publish_sts(i, StsMode::Enforce, true); }, kName,
         "sts.enforced"},
        {"StsTests", [](I& i, C&) { publish_sts(i, StsMode::Testing, true); }, kOpp,
         "tls.organization-level"},
        {"StsListsOthers", [](I& i, C&) { publish_sts(i, StsMode::Enforce, false); }, kOpp,
         "sts.host-not-listed", "sts.host-not-listed"},
        {"StsMandatoryAndMissing", [](I&, C& c) { c.tls.mta_sts = Publication::Mandatory; }, kOpp,
         "sts.mandatory-missing", "sts.mandatory-missing"},
        {"StsOff",
         [](I& i, C& c) {
             publish_sts(i, StsMode::Enforce, false);
             c.tls.mta_sts = Publication::None;
             c.tls.valid_until = kNow + std::chrono::hours{1};
         },
         kOpp, "sts.not-asked"},
        {"DaneTakesThePlaceOfSts",
         [](I& i, C&) {
             publish_tlsa(i);
             publish_sts(i, StsMode::Enforce, false);
         },
         TlsLevel::Dane, "sts.replaced-by-dane"},
        {"ListedMxHasItsOwnName",
         [](I& i, C& c) {
             publish_sts(i, StsMode::Enforce, true);
             c.tls.level = kName;
         },
         kName, "tls.name-of-listed-mx"},
        {"RequireTls",
         [](I& i, C&) {
             i.hop = by_mx(kSecure);
             i.wishes.requiretls = true;
         },
         kName, "requiretls.asked"},
        {"RequireTlsToAnUnprovedHost", [](I& i, C&) { i.wishes.requiretls = true; }, kOpp,
         "requiretls.unproved-host", "requiretls.unproved-host"},
        {"TlsRequiredNoLiftsDane",
         [](I& i, C&) {
             publish_tlsa(i);
             i.wishes.tls_required_no = true;
         },
         kOpp, "tls.organization-level"},
        {"TlsRequiredNoLiftsSts",
         [](I& i, C&) {
             publish_sts(i, StsMode::Enforce, false);
             i.wishes.tls_required_no = true;
         },
         kOpp, "tls.organization-level"},
        {"TlsRequiredNoLiftsTheRatchet",
         [](I& i, C&) {
             i.ratchet = Expectation{true, false, TlsVersion::None};
             i.wishes.tls_required_no = true;
         },
         kOpp, "tls.organization-level"},
        {"TlsRequiredNoLiftsNoConnector",
         [](I& i, C& c) {
             c.tls.level = TlsLevel::Encrypt;
             i.wishes.tls_required_no = true;
         },
         TlsLevel::Encrypt, "tls.connector-level"},
        {"TlsRequiredNoLiftsNoMandatoryDane",
         [](I& i, C& c) {
             publish_tlsa(i);
             c.tls.dane = Publication::Mandatory;
             i.wishes.tls_required_no = true;
         },
         TlsLevel::Dane, "dane.usable"},
        {"TlsRequiredNoCountsNotBesideRequireTls",
         [](I& i, C&) {
             publish_tlsa(i);
             i.wishes = {true, true};
         },
         TlsLevel::Dane, "dane.usable"},
        {"Rule",
         [](I& i, C&) {
             i.rule = RuleTls{TlsLevel::VerifyCa, {}, TlsVersion::Tls13};
         },
         TlsLevel::VerifyCa, "tls.rule-level"},
        {"RatchetOfTls",
         [](I& i, C&) {
             i.ratchet = Expectation{true, false, TlsVersion::Tls13};
         },
         TlsLevel::Encrypt, "ratchet.holds"},
        {"RatchetOfAName",
         [](I& i, C&) {
             i.ratchet = Expectation{true, true, TlsVersion::None};
         },
         kName, "ratchet.holds"},
        {"RatchetLeavesAConnectorsLevel",
         [](I& i, C& c) {
             c.tls.level = TlsLevel::Encrypt;
             i.ratchet = Expectation{true, true, TlsVersion::None};
         },
         TlsLevel::Encrypt, "tls.connector-level"},
    };
}

class DecideTlsAdds : public testing::TestWithParam<AddedRow> {};

TEST_P(DecideTlsAdds, WhatASourceAsksFor)
{
    const AddedRow& row = GetParam();
    const objects::Organization organization;
    objects::OutboundConnector connector;
    TlsInputs inputs;
    inputs.organization = &organization;
    inputs.connector = &connector;
    inputs.hop = by_mx(facts::DnsSecurity::Insecure);
    inputs.now = kNow;
    row.change(inputs, connector);
    const auto decision = decide_tls(inputs);
    EXPECT_EQ(name(decision.policy.level), name(row.level)) << decision.policy.digest();
    EXPECT_EQ(decision.skip, row.skip);
    EXPECT_EQ(std::ranges::count(decision.reasons, row.reason), 1)
        << testing::PrintToString(decision.reasons);
}

INSTANTIATE_TEST_SUITE_P(Rows, DecideTlsAdds, testing::ValuesIn(added_rows()),
                         [](const auto& row) { return row.param.name; });

// Every combination of what bears on a decision.
void for_each_input(const std::function<void(const TlsInputs&)>& look)
{
    const objects::Organization organization;
    objects::OutboundConnector connector;
    connector.tls.names = {tls_name("*.example.org")};
    connector.tls.pins = {"ab"};
    for (const auto level : {TlsLevel::Opportunistic, TlsLevel::Encrypt, TlsLevel::VerifyCa,
                             TlsLevel::VerifyName, TlsLevel::Dane}) {
        for (unsigned bits = 0; bits < (1U << 6); ++bits) {
            for (const auto status : {TlsaStatus::NotAsked, TlsaStatus::Absent, TlsaStatus::Usable,
                                      TlsaStatus::Unusable, TlsaStatus::Failed}) {
                for (const auto sts :
                     {StsMode::NoPolicy, StsMode::None, StsMode::Testing, StsMode::Enforce}) {
                    connector.tls.level = level;
                    TlsInputs inputs;
                    inputs.organization = &organization;
                    inputs.connector = &connector;
                    inputs.hop = by_mx((bits & 1U) != 0 ? facts::DnsSecurity::Secure
                                                        : facts::DnsSecurity::Insecure);
                    inputs.hop.tlsa_status = status;
                    if (status == TlsaStatus::Usable) inputs.hop.tlsa = tlsa();
                    inputs.hop.sts = sts;
                    inputs.hop.sts_lists_host = (bits & 2U) != 0;
                    inputs.wishes = {(bits & 4U) != 0, (bits & 8U) != 0};
                    if ((bits & 16U) != 0)
                        inputs.ratchet = Expectation{true, true, TlsVersion::Tls13};
                    if ((bits & 32U) != 0) inputs.retired_below = TlsVersion::Tls13;
                    inputs.now = kNow;
                    look(inputs);
                }
            }
        }
    }
}

TEST(TlsPolicy, SourcesOnlyAdd)
{
    for_each_input([](const TlsInputs& inputs) {
        TlsInputs base = inputs;
        base.hop = by_mx(inputs.hop.mx_security);
        base.wishes = {};
        base.ratchet.reset();
        base.retired_below.reset();
        const auto before = decide_tls(base).policy;
        const auto decision = decide_tls(inputs);
        const auto& after = decision.policy;
        const auto shown = before.digest() + " -> " + after.digest();
        ASSERT_FALSE(decision.reasons.empty());
        ASSERT_GE(after.level, before.level) << shown;
        ASSERT_GE(after.min, before.min) << shown;
        ASSERT_LE(after.min, after.max) << shown;
        ASSERT_EQ(after.pins, before.pins) << shown;
        ASSERT_TRUE(after.chain || !before.chain) << shown;
        if (!before.names.empty()) {
            ASSERT_EQ(after.names, before.names) << shown;
        }
        ASSERT_FALSE(after.allows_clear() && !before.allows_clear()) << shown;
    });
}

TEST(TlsPolicy, AFailedLookupIsNeverANo)
{
    for_each_input([](const TlsInputs& inputs) {
        if (inputs.hop.tlsa_status != TlsaStatus::Failed) return;
        const bool lifted = inputs.wishes.tls_required_no && !inputs.wishes.requiretls &&
                            *inputs.connector->tls.level != TlsLevel::Dane;
        ASSERT_EQ(decide_tls(inputs).skip.empty(), lifted);
    });
}

TEST(TlsPolicy, RequireTlsProvesTheHostOrLeavesIt)
{
    for_each_input([](const TlsInputs& inputs) {
        if (!inputs.wishes.requiretls) return;
        const auto decision = decide_tls(inputs);
        if (!decision.skip.empty()) return;
        const auto& policy = decision.policy;
        ASSERT_TRUE(policy.requiretls);
        ASSERT_TRUE(policy.tlsa != nullptr || policy.sts_name ||
                    (policy.chain && (!policy.names.empty() || policy.domain)))
            << policy.digest();
        ASSERT_FALSE(policy.allows_clear());
    });
}

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

struct NameRow {
    std::string_view asked;
    std::string_view in_certificate;
    bool matches;
};

TEST(TlsNames, AWildcardStandsForOneLabel)
{
    const NameRow table[] = {
        {"mx.example.org", "mx.example.org", true},
        {"mx.example.org", "*.example.org", true},
        {"a.mx.example.org", "*.example.org", false},
        {"example.org", "*.example.org", false},
        {"mx.example.org", "example.org", false},
        {"mx.example.org", "amx.example.org", false},
        {"*.example.org", "mx.example.org", true},
        {"*.example.org", "*.example.org", true},
        {"*.example.org", "a.mx.example.org", false},
        {"*.example.org", "example.org", false},
        {"*.example.org", ".example.org", false},
        {"mx.example.org", "*.org", false},
        {"example.org", "*.org", false},
        {"mx.example.org", "m*.example.org", false},
        {"mx.example.org", "mx.*.org", false},
        {"mx.example.org", "*", false},
        {"mx.example.org", "", false},
        {"mx.example.org", "mx.example.org\\x00.test", false},
    };
    for (const auto& row : table) {
        EXPECT_EQ(matches(tls_name(row.asked), row.in_certificate), row.matches)
            << row.asked << " and " << row.in_certificate;
    }
}

constexpr auto kVerified = facts::ChainVerdict::State::Verified;
constexpr auto kFailed = facts::ChainVerdict::State::Failed;
constexpr auto k13 = TlsVersion::Tls13;

struct EvidenceRow {
    const char* name;
    TlsPolicy policy;
    TlsVersion version;
    facts::ChainVerdict::State chain;
    const char* dns_name;
    bool passes;
    std::string_view reason;
    friend void PrintTo(const EvidenceRow& row, std::ostream* out) { *out << row.name; }
};

facts::TlsEvidence evidence_of(const EvidenceRow& row)
{
    facts::TlsEvidence evidence;
    evidence.version = row.version;
    evidence.verdict.state = row.chain;
    evidence.name_matches = std::string_view{row.dns_name} == "mx.example.net";
    facts::CertificateFacts leaf;
    leaf.dns_names = {"unrelated.test", row.dns_name};
    leaf.spki_sha256 = "ab";
    evidence.chain = {leaf};
    return evidence;
}

class JudgeEvidence : public testing::TestWithParam<EvidenceRow> {};

TEST_P(JudgeEvidence, ByLevel)
{
    const auto verdict = judge_evidence(GetParam().policy, evidence_of(GetParam()));
    EXPECT_EQ(verdict.passes, GetParam().passes);
    EXPECT_EQ(verdict.reason, GetParam().reason);
}

std::vector<EvidenceRow> evidence_rows()
{
    const auto opportunistic = policy(TlsLevel::Opportunistic);
    const auto encrypt = policy(TlsLevel::Encrypt);
    const auto ca = policy(TlsLevel::VerifyCa);
    const auto named =
        policy(TlsLevel::VerifyName, TlsVersion::Tls12, {tls_name("mx.example.net")});
    const auto domain = named_by_domain();
    const auto pinned = policy(TlsLevel::Encrypt, TlsVersion::Tls12, {}, {"cd", "ab"});
    const auto other_pin = policy(TlsLevel::Encrypt, TlsVersion::Tls12, {}, {"cd"});
    const char* const host = "mx.example.net";
    const char* const other = "mx.example.com";
    const auto clean = std::string_view{"tls.verified"};
    const auto unverified = std::string_view{"tls.chain-not-verified"};
    const auto mismatch = std::string_view{"tls.name-mismatch"};
    return {
        {"AnyCertificate", opportunistic, k13, kFailed, other, true, unverified},
        {"OtherName", opportunistic, k13, kVerified, other, true, mismatch},
        {"Verified", opportunistic, k13, kVerified, host, true, clean},
        {"BelowFloor", opportunistic, TlsVersion::Tls11, kVerified, host, false,
         "tls.version-below-floor"},
        {"EncryptTakesAny", encrypt, k13, kFailed, other, true, unverified},
        {"Pinned", pinned, k13, kFailed, other, true, unverified},
        {"NotPinned", other_pin, k13, kVerified, host, false, "tls.pin-mismatch"},
        {"CaWithoutChain", ca, k13, kFailed, host, false, unverified},
        {"CaWithoutName", ca, k13, kVerified, other, true, mismatch},
        {"NameMissing", named, k13, kVerified, other, false, mismatch},
        {"NameButNoChain", named, k13, kFailed, host, false, unverified},
        {"NameAndChain", named, k13, kVerified, host, true, clean},
        {"WildcardOfTheHost", named, k13, kVerified, "*.example.net", true, clean},
        {"TheDomainItself", domain, k13, kVerified, "example.org", true, clean},
        {"BelowTheDomain", domain, k13, kVerified, "a.b.example.org", true, clean},
        {"HostThatNothingProves", domain, k13, kVerified, host, false, mismatch},
        {"EndsLikeTheDomain", domain, k13, kVerified, "anexample.org", false, mismatch},
    };
}

INSTANTIATE_TEST_SUITE_P(Rows, JudgeEvidence, testing::ValuesIn(evidence_rows()),
                         [](const auto& row) { return row.param.name; });

TEST(JudgeConnection, InClearOnlyWhereThePolicyAllowsIt)
{
    EXPECT_TRUE(judge_connection(policy(TlsLevel::Opportunistic), std::nullopt).passes);
    const auto verdict = judge_connection(policy(TlsLevel::Encrypt), std::nullopt);
    EXPECT_FALSE(verdict.passes);
    EXPECT_EQ(verdict.reason, "tls.required");
}

TEST(JudgeEvidence, WithoutACertificateNothingIsProved)
{
    facts::TlsEvidence evidence;
    evidence.version = k13;
    EXPECT_TRUE(judge_evidence(policy(TlsLevel::Encrypt), evidence).passes);
    EXPECT_FALSE(judge_evidence(named_by_domain(), evidence).passes);
    EXPECT_FALSE(
        judge_evidence(policy(TlsLevel::Encrypt, TlsVersion::Tls12, {}, {"ab"}), evidence).passes);
}

}  // namespace
}  // namespace hermetic::policy
