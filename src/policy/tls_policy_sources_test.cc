#include "facts/reasons.h"
#include "policy/tls_policy_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <ostream>

namespace hermetic::policy {
namespace {

// What is published, requested or seen adds to the base. A row states only what matters to it.
struct AddedRow {
    const char* name;
    std::function<void(TlsInputs&, objects::OutboundConnector&)> change;
    TlsLevel level;
    Reason reason;  // among the reasons
    Reason skip{};
    friend void PrintTo(const AddedRow& row, std::ostream* out) { *out << row.name; }
};

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

objects::TlsException& except(objects::OutboundConnector& connector, WallTime until)
{
    auto& exception = connector.tls.exception.emplace();
    exception.valid_until = until;
    return exception;
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
        {"UsableTlsa", [](I& i, C&) { publish_tlsa(i); }, TlsLevel::Dane, Reason::DaneUsable},
        {"UsableTlsaOfAnUnprovedMx",
         [](I& i, C&) {
             publish_tlsa(i);
             i.hop.mx_security = facts::DnsSecurity::Insecure;
         },
         TlsLevel::Dane, Reason::DaneUsableInsecureMx},
        {"UnusableTlsa", [](I& i, C&) { i.hop.tlsa_status = TlsaStatus::Unusable; },
         TlsLevel::Encrypt, Reason::DaneUnusable},
        {"FailedTlsa", [](I& i, C&) { i.hop.tlsa_status = TlsaStatus::Failed; }, kOpp,
         Reason::DaneLookupFailed, Reason::DaneLookupFailed},
        {"AbsentTlsa", [](I& i, C&) { i.hop.tlsa_status = TlsaStatus::Absent; }, kOpp,
         Reason::TlsOrganizationLevel},
        {"DaneOff",
         [](I& i, C& c) {
             publish_tlsa(i);
             except(c, kNow + std::chrono::hours{1}).dane = Publication::None;
         },
         kOpp, Reason::DaneNotAsked},
        {"DaneOffHasEnded",
         [](I& i, C& c) {
             publish_tlsa(i);
             except(c, kNow).dane = Publication::None;
         },
         TlsLevel::Dane, Reason::DaneUsable},
        {"DaneMandatoryAndMissing",
         [](I& i, C& c) {
             i.hop = by_mx(kSecure);
             c.tls.dane = Publication::Mandatory;
         },
         kOpp, Reason::DaneMandatoryMissing, Reason::DaneMandatoryMissing},
        {"DaneLevelAndMissing",
         [](I& i, C& c) {
             i.hop = by_mx(kSecure);
             c.tls.level = TlsLevel::Dane;
         },
         TlsLevel::Dane, Reason::DaneMandatoryMissing, Reason::DaneMandatoryMissing},
        {"DaneMandatoryByAnUnprovedMx",
         [](I& i, C& c) {
             publish_tlsa(i);
             i.hop.mx_security = facts::DnsSecurity::Insecure;
             c.tls.dane = Publication::Mandatory;
         },
         kOpp, Reason::DaneMandatoryInsecureMx, Reason::DaneMandatoryInsecureMx},
        {"StsEnforces", [](I& i, C&) { publish_sts(i, StsMode::Enforce, true); }, kName,
         Reason::StsEnforced},
        {"StsTests", [](I& i, C&) { publish_sts(i, StsMode::Testing, true); }, kOpp,
         Reason::TlsOrganizationLevel},
        {"StsListsOthers", [](I& i, C&) { publish_sts(i, StsMode::Enforce, false); }, kOpp,
         Reason::StsHostNotListed, Reason::StsHostNotListed},
        {"StsMandatoryAndMissing", [](I&, C& c) { c.tls.mta_sts = Publication::Mandatory; }, kOpp,
         Reason::StsMandatoryMissing, Reason::StsMandatoryMissing},
        {"StsOff",
         [](I& i, C& c) {
             publish_sts(i, StsMode::Enforce, false);
             except(c, kNow + std::chrono::hours{1}).mta_sts = Publication::None;
         },
         kOpp, Reason::StsNotAsked},
        {"DaneTakesThePlaceOfSts",
         [](I& i, C&) {
             publish_tlsa(i);
             publish_sts(i, StsMode::Enforce, false);
         },
         TlsLevel::Dane, Reason::StsReplacedByDane},
        {"ListedMxHasItsOwnName",
         [](I& i, C& c) {
             publish_sts(i, StsMode::Enforce, true);
             c.tls.level = kName;
         },
         kName, Reason::TlsNameOfListedMx},
        {"RequireTls",
         [](I& i, C&) {
             i.hop = by_mx(kSecure);
             i.requests.requiretls = true;
         },
         kName, Reason::RequiretlsAsked},
        {"RequireTlsToAnUnprovedHost", [](I& i, C&) { i.requests.requiretls = true; }, kOpp,
         Reason::RequiretlsUnprovedHost, Reason::RequiretlsUnprovedHost},
        {"TlsRequiredNoLiftsDane",
         [](I& i, C&) {
             publish_tlsa(i);
             i.requests.tls_required_no = true;
         },
         kOpp, Reason::TlsRequiredNo},
        {"TlsRequiredNoLiftsSts",
         [](I& i, C&) {
             publish_sts(i, StsMode::Enforce, false);
             i.requests.tls_required_no = true;
         },
         kOpp, Reason::TlsRequiredNo},
        {"TlsRequiredNoLiftsTheRatchet",
         [](I& i, C&) {
             i.ratchet = Expectation{true, false, TlsVersion::None};
             i.requests.tls_required_no = true;
         },
         kOpp, Reason::TlsRequiredNo},
        {"TlsRequiredNoLiftsNoConnector",
         [](I& i, C& c) {
             c.tls.level = TlsLevel::Encrypt;
             i.requests.tls_required_no = true;
         },
         TlsLevel::Encrypt, Reason::TlsConnectorLevel},
        {"TlsRequiredNoLiftsNoMandatoryDane",
         [](I& i, C& c) {
             publish_tlsa(i);
             c.tls.dane = Publication::Mandatory;
             i.requests.tls_required_no = true;
         },
         TlsLevel::Dane, Reason::DaneUsable},
        {"TlsRequiredNoCountsNotBesideRequireTls",
         [](I& i, C&) {
             publish_tlsa(i);
             i.requests = {true, true, TlsLevel::None};
         },
         TlsLevel::Dane, Reason::DaneUsable},
        {"Rule",
         [](I& i, C&) {
             i.rule = RuleTls{TlsLevel::VerifyCa, {}, TlsVersion::Tls13};
         },
         TlsLevel::VerifyCa, Reason::TlsRuleLevel},
        {"RatchetOfTls",
         [](I& i, C&) {
             i.ratchet = Expectation{true, false, TlsVersion::Tls13};
         },
         TlsLevel::Encrypt, Reason::RatchetHolds},
        {"RatchetOfAName",
         [](I& i, C&) {
             i.ratchet = Expectation{true, true, TlsVersion::None};
         },
         kName, Reason::RatchetHolds},
        {"RatchetLeavesAConnectorsLevel",
         [](I& i, C& c) {
             c.tls.level = TlsLevel::Encrypt;
             i.ratchet = Expectation{true, true, TlsVersion::None};
         },
         TlsLevel::Encrypt, Reason::TlsConnectorLevel},
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

TEST(TlsPolicy, AnStsPolicyInTestingIsRecordedAndAsksForNothing)
{
    const objects::Organization organization;
    TlsInputs inputs;
    inputs.organization = &organization;
    inputs.hop = by_mx(facts::DnsSecurity::Insecure);
    inputs.now = kNow;
    publish_sts(inputs, StsMode::Testing, false);
    const auto decision = decide_tls(inputs);
    EXPECT_EQ(decision.policy.level, TlsLevel::Opportunistic);
    EXPECT_EQ(decision.skip, Reason::None);
    ASSERT_EQ(decision.sources.size(), 2U);
    EXPECT_EQ(decision.sources[1].id, Reason::StsTesting);
    EXPECT_FALSE(decision.sources[1].counted);
    EXPECT_EQ(std::ranges::count(decision.reasons, Reason::StsTesting), 0);
}

// Every combination of what bears on a decision.
void for_each_input(const std::function<void(const TlsInputs&)>& check)
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
                    inputs.requests = {(bits & 4U) != 0, (bits & 8U) != 0, TlsLevel::None};
                    if ((bits & 16U) != 0)
                        inputs.ratchet = Expectation{true, true, TlsVersion::Tls13};
                    if ((bits & 32U) != 0) inputs.retired_below = TlsVersion::Tls13;
                    inputs.now = kNow;
                    check(inputs);
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
        base.requests = {};
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
        const bool lifted =
            inputs.requests.lifts() && *inputs.connector->tls.level != TlsLevel::Dane;
        ASSERT_EQ(decide_tls(inputs).skip == Reason::None, lifted);
    });
}

// Every decision returns its reason: also why something did not count.
TEST(TlsPolicy, WhatIsLiftedIsSaidAndBesideRequireTlsNothingIs)
{
    for_each_input([](const TlsInputs& inputs) {
        const auto reasons = decide_tls(inputs).reasons;
        ASSERT_EQ(std::ranges::count(reasons, Reason::TlsRequiredNo),
                  inputs.requests.lifts() ? 1 : 0);
        if (!inputs.requests.lifts()) return;
        ASSERT_EQ(std::ranges::count(reasons, Reason::RatchetHolds), 0);
        ASSERT_EQ(std::ranges::count(reasons, Reason::StsEnforced), 0);
    });
}

TEST(TlsPolicy, RequireTlsProvesTheHostOrLeavesIt)
{
    for_each_input([](const TlsInputs& inputs) {
        if (!inputs.requests.requiretls) return;
        const auto decision = decide_tls(inputs);
        if (decision.skip != Reason::None) return;
        const auto& policy = decision.policy;
        ASSERT_TRUE(policy.requiretls);
        ASSERT_TRUE(policy.tlsa != nullptr || policy.sts_name ||
                    (policy.chain && (!policy.names.empty() || policy.domain)))
            << policy.digest();
        ASSERT_FALSE(policy.allows_clear());
    });
}

// What audit records is the decision that enforcing would make, with all that adds to it.
TEST(TlsPolicy, AuditIsTheWholeDecisionOfEnforcing)
{
    objects::Organization organization;
    objects::OutboundConnector connector;
    connector.tls.level = TlsLevel::VerifyName;
    connector.tls.mta_sts = objects::Publication::Mandatory;
    TlsInputs inputs;
    inputs.organization = &organization;
    inputs.connector = &connector;
    inputs.now = kNow;
    const auto both = [&] {
        connector.tls.mode = objects::ConnectorMode::Enforce;
        auto enforced = decide_tls(inputs);
        connector.tls.mode = objects::ConnectorMode::Audit;
        return std::pair{std::move(enforced), decide_tls(inputs)};
    };
    inputs.hop = by_mx(facts::DnsSecurity::Secure);
    for (const auto sts : {StsMode::NoPolicy, StsMode::Enforce}) {
        for (const bool listed : {false, true}) {
            for (const bool tlsa : {false, true}) {
                if (tlsa) publish_tlsa(inputs);
                publish_sts(inputs, sts, listed);
                const auto [enforced, audit] = both();
                ASSERT_TRUE(audit.audited);
                EXPECT_EQ(*audit.audited, enforced.policy);
                EXPECT_EQ(audit.audited_skip, enforced.skip);
                inputs.hop = by_mx(facts::DnsSecurity::Secure);
            }
        }
    }
}

// Specification §6.2: who asked for `encrypt` or more, for what may be quoted of the message.
struct RequiredRow {
    const char* name;
    std::function<void(TlsInputs&, objects::Organization&, objects::OutboundConnector&)> change;
    TlsLevel level;
    std::string_view because;
    friend void PrintTo(const RequiredRow& row, std::ostream* out) { *out << row.name; }
};

std::vector<RequiredRow> required_rows()
{
    using C = objects::OutboundConnector;
    using I = TlsInputs;
    using O = objects::Organization;
    using objects::ConnectorMode;
    constexpr auto kNothing = TlsLevel::None;
    return {
        {"Nobody", [](I&, O&, C&) {}, kNothing, ""},
        {"Organization", [](I&, O& o, C&) { o.tls = TlsLevel::Encrypt; }, TlsLevel::Encrypt,
         "tls.organization-level"},
        {"Connector", [](I&, O&, C& c) { c.tls.level = TlsLevel::VerifyName; },
         TlsLevel::VerifyName, "tls.connector-level"},
        {"ConnectorBelowAnotherDemand",
         [](I& i, O&, C& c) {
             c.tls.level = TlsLevel::Encrypt;
             publish_tlsa(i);
         },
         TlsLevel::Dane, "dane.usable"},
        {"AnExceptionLiftsWhatTheOrganizationAsks",
         [](I&, O& o, C& c) {
             o.tls = TlsLevel::Encrypt;
             except(c, kNow + std::chrono::hours{1}).level = TlsLevel::Opportunistic;
         },
         kNothing, ""},
        {"AnEndedOneDoesNot",
         [](I&, O& o, C& c) {
             o.tls = TlsLevel::Encrypt;
             except(c, kNow - std::chrono::hours{1}).level = TlsLevel::Opportunistic;
         },
         TlsLevel::Encrypt, "tls.organization-level"},
        {"AuditAsksForNothing",
         [](I&, O&, C& c) {
             c.tls.level = TlsLevel::VerifyName;
             c.tls.mode = ConnectorMode::Audit;
         },
         kNothing, ""},
        {"Rule", [](I& i, O&, C&) { i.rule.emplace(); }, TlsLevel::Encrypt, "tls.rule-level"},
        {"Message", [](I& i, O&, C&) { i.requests.level = TlsLevel::VerifyCa; }, TlsLevel::VerifyCa,
         "tls.message-level"},
        {"UsableTlsa", [](I& i, O&, C&) { publish_tlsa(i); }, TlsLevel::Dane, "dane.usable"},
        {"UnusableTlsa", [](I& i, O&, C&) { i.hop.tlsa_status = TlsaStatus::Unusable; },
         TlsLevel::Encrypt, "dane.unusable"},
        {"UnknownTlsa", [](I& i, O&, C&) { i.hop.tlsa_status = TlsaStatus::Failed; },
         TlsLevel::Encrypt, "dane.lookup-failed"},
        {"Sts", [](I& i, O&, C&) { publish_sts(i, StsMode::Enforce, true); }, TlsLevel::VerifyName,
         "sts.enforced"},
        {"StsOfAnotherHost", [](I& i, O&, C&) { publish_sts(i, StsMode::Enforce, false); },
         TlsLevel::Encrypt, "sts.host-not-listed"},
        {"StsInTesting", [](I& i, O&, C&) { publish_sts(i, StsMode::Testing, true); }, kNothing,
         ""},
        {"Requiretls",
         [](I& i, O&, C&) {
             i.requests.requiretls = true;
             i.hop = by_mx(facts::DnsSecurity::Secure);
         },
         TlsLevel::VerifyName, "requiretls.asked"},
        {"TheRatchetIsOurOwnDoing",
         [](I& i, O&, C&) {
             i.ratchet.emplace();
             i.ratchet->tls = true;
         },
         kNothing, ""},
        {"OurOwnNextHopsAreNotThePartners",
         [](I& i, O&, C&) {
             i.connector = nullptr;
             i.hop = smart_host();
         },
         kNothing, ""},
        {"AnOrganizationThatAsksForItCountsThereToo",
         [](I& i, O& o, C&) {
             o.tls = TlsLevel::VerifyCa;
             i.connector = nullptr;
             i.hop = smart_host();
         },
         TlsLevel::Encrypt, "tls.organization-level"},
        {"LocalHopsMeetEverything",
         [](I& i, O& o, C&) {
             o.tls = TlsLevel::VerifyName;
             i.connector = nullptr;
             i.hop = loopback();
         },
         kNothing, ""},
    };
}

class RequiredTlsTest : public testing::TestWithParam<RequiredRow> {};

TEST_P(RequiredTlsTest, IsWhatWasAskedFor)
{
    const RequiredRow& row = GetParam();
    objects::Organization organization;
    objects::OutboundConnector connector;
    TlsInputs inputs;
    inputs.organization = &organization;
    inputs.connector = &connector;
    inputs.hop = by_mx(facts::DnsSecurity::Insecure);
    inputs.now = kNow;
    row.change(inputs, organization, connector);
    const auto required = required_tls(decide_tls(inputs));
    ASSERT_EQ(required.has_value(), row.level != TlsLevel::None);
    if (!required) return;
    EXPECT_EQ(required->level, row.level);
    EXPECT_EQ(required->because, row.because);
}

INSTANTIATE_TEST_SUITE_P(Rows, RequiredTlsTest, testing::ValuesIn(required_rows()),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(MessageLevel, RaisesEveryOtherAndLowersNone)
{
    objects::Organization organization;
    for (const auto base : {TlsLevel::Opportunistic, TlsLevel::Encrypt, TlsLevel::VerifyName}) {
        for (const auto asked : {TlsLevel::None, TlsLevel::Encrypt, TlsLevel::VerifyName}) {
            organization.tls = base;
            TlsInputs inputs;
            inputs.organization = &organization;
            inputs.hop = by_mx(facts::DnsSecurity::Secure);
            inputs.requests.level = asked;
            inputs.now = kNow;
            const auto decision = decide_tls(inputs);
            EXPECT_EQ(decision.policy.level, std::max(base, asked));
            EXPECT_EQ(decision.policy.names.empty(), decision.policy.level != TlsLevel::VerifyName);
        }
    }
}

TEST(MessageLevel, OfDaneIsMetByNothingLess)
{
    objects::Organization organization;
    TlsInputs inputs;
    inputs.organization = &organization;
    inputs.hop = by_mx(facts::DnsSecurity::Secure);
    inputs.requests.level = TlsLevel::Dane;
    EXPECT_EQ(decide_tls(inputs).skip, Reason::DaneMandatoryMissing);
}

TEST(MessageLevel, IsMetByWhatNeverLeavesTheMachine)
{
    objects::Organization organization;
    TlsInputs inputs;
    inputs.organization = &organization;
    inputs.requests.level = TlsLevel::VerifyName;
    for (const auto& hop : {loopback(), local_socket()}) {
        inputs.hop = hop;
        EXPECT_TRUE(decide_tls(inputs).policy.allows_clear());
    }
}

}  // namespace
}  // namespace hermetic::policy
