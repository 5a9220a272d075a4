#include "objects/exceptions.h"

#include "objects/warnings.h"

#include <gtest/gtest.h>

namespace hermetic::objects {
namespace {

const WallTime kNow = *parse_rfc3339("2026-11-30T12:00:00Z");
constexpr auto kDay = std::chrono::hours{24};

TlsException until(WallTime end)
{
    TlsException exception;
    exception.level = TlsLevel::Encrypt;
    exception.min = facts::TlsVersion::Tls10;
    exception.valid_until = end;
    exception.reason = "their certificate";
    return exception;
}

Snapshot::Contents contents(WallTime end)
{
    Snapshot::Contents made;
    auto& connector = made.outbound_connectors.emplace_back();
    connector.name = "bank";
    connector.organization = "Example";
    connector.tls.exception = until(end);
    made.outbound_connectors.emplace_back().name = "other";
    auto& domain = made.accepted_domains.emplace_back();
    domain.name = *DomainPattern::parse("*.example.org");
    domain.tls.exception = until(kNow + kDay);
    auto& inbound = made.inbound_connectors.emplace_back();
    inbound.name = "old scanner";
    inbound.exception = InboundException{facts::TlsVersion::Tls10, kNow + 3 * kDay, "its maker"};
    return made;
}

TEST(Exceptions, AreListedByTheirEnds)
{
    const auto found = exceptions_of(contents(kNow + 2 * kDay));
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].kind, "accepted_domain");
    EXPECT_EQ(found[0].name, "*.example.org");
    EXPECT_EQ(found[1].name, "bank");
    EXPECT_EQ(found[1].organization, "Example");
    EXPECT_EQ(found[1].weaker, "tls = \"encrypt\", min_tls = \"1.0\"");
    EXPECT_EQ(found[1].reason, "their certificate");
    EXPECT_EQ(found[2].name, "old scanner");
    EXPECT_EQ(found[2].weaker, "min_tls = \"1.0\"");
}

TEST(Exceptions, LastAYearAtMost)
{
    const auto at_most = contents(kNow + 366 * kDay);
    EXPECT_TRUE(exception_faults({}, at_most, kNow).empty());
    const auto longer = contents(kNow + 367 * kDay);
    const auto document = config::parse_document(
        "[[outbound_connector]]\nname = \"bank\"\n\n[outbound_connector.exception]\n"
        "tls = \"encrypt\"\nvalid_until = \"2099-01-01T00:00:00Z\"\n",
        "org.toml");
    ASSERT_TRUE(document);
    const auto faults = exception_faults(at_most, longer, kNow, {&*document, "org.toml"});
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_EQ(faults[0].file, "org.toml");
    EXPECT_EQ(faults[0].line, 6U);
    EXPECT_EQ(faults[0].key, "outbound_connector \"bank\".exception.valid_until");
    // What is there already was allowed, by whatever clock.
    EXPECT_TRUE(exception_faults(longer, longer, kNow).empty());
}

TEST(Exceptions, OfOneOrganizationAllowNothingToAnother)
{
    const auto before = contents(kNow + 367 * kDay);
    auto after = before;
    after.outbound_connectors.push_back(after.outbound_connectors[0]);
    after.outbound_connectors.back().organization = "Other";
    const auto document = config::parse_document(
        "[[outbound_connector]]\nname = \"bank\"\norganization = \"Example\"\n"
        "exception = { tls = \"encrypt\" }\n"
        "[[outbound_connector]]\nname = \"bank\"\norganization = \"Other\"\n"
        "exception = { tls = \"encrypt\" }\n",
        "org.toml");
    ASSERT_TRUE(document);
    const auto faults = exception_faults(before, after, kNow, {&*document, "org.toml"});
    ASSERT_EQ(faults.size(), 1U);
    EXPECT_EQ(faults[0].line, 8U) << "the other's, not the one of the same name";
}

// Specification §3.1: weaker values for a time.
TEST(Exceptions, MakeNothingStronger)
{
    auto made = contents(kNow + kDay);
    made.organizations.emplace_back().name = "Example";
    auto& tls = made.outbound_connectors[0].tls;
    tls.level = TlsLevel::VerifyCa;
    tls.exception->level = TlsLevel::VerifyName;
    tls.exception->min = facts::TlsVersion::Tls13;
    tls.exception->dane = Publication::Mandatory;
    const std::string text =
        "[[outbound_connector]]\nname = \"other\"\n"
        "[[outbound_connector]]\nname = \"bank\"\n"
        "exception = { tls = \"verify_name\", min_tls = \"1.3\", dane = \"mandatory\" }\n";
    const auto document = config::parse_document(text, "org.toml");
    ASSERT_TRUE(document);
    const auto faults = exception_faults({}, made, kNow, {&*document, "org.toml"});
    std::vector<std::string> told;
    for (const auto& each : faults) told.push_back(config::format_diagnostic(each));
    ASSERT_EQ(told.size(), 3U);
    EXPECT_EQ(told[0],
              "org.toml:5: outbound_connector \"bank\".exception.tls: verify_name is stronger than "
              "the lasting value, verify_ca, and has no effect; expected: a value below verify_ca, "
              "or tls outside the exception, permanently");
    EXPECT_TRUE(told[1].starts_with("org.toml:5: outbound_connector \"bank\".exception.min_tls: "));
    EXPECT_TRUE(told[2].starts_with("org.toml:5: outbound_connector \"bank\".exception.dane: "));
    EXPECT_TRUE(exception_faults(made, made, kNow).empty()) << "an earlier version took it";
    tls.level = TlsLevel::Dane;
    tls.min = facts::TlsVersion::Tls13;
    tls.exception->dane = Publication::None;
    EXPECT_TRUE(exception_faults({}, made, kNow).empty());
}

TEST(Exceptions, AreRemindedOfAtFourteenSevenAndOneDays)
{
    const WallTime end = kNow;
    struct Row {
        int before_days;
        int now_days;
        std::optional<int> due;
    };
    for (const Row& row : {Row{20, 15, std::nullopt}, Row{15, 14, 14}, Row{14, 13, std::nullopt},
                           Row{8, 7, 7}, Row{7, 2, std::nullopt}, Row{2, 1, 1}, Row{1, 0, 0},
                           Row{0, -1, std::nullopt}, Row{20, 5, 7}, Row{20, 0, 0}}) {
        EXPECT_EQ(reminder_due(end, end - row.before_days * kDay, end - row.now_days * kDay),
                  row.due)
            << row.before_days << " to " << row.now_days;
    }
    EXPECT_EQ(reminder_due(end, std::nullopt, end - 3 * kDay), 7) << "after a start";
    EXPECT_EQ(reminder_due(end, std::nullopt, end - 30 * kDay), std::nullopt);
}

TEST(Exceptions, ThatAreOverAreWarnedOf)
{
    const WallTime end = kNow + 2 * kDay;
    EXPECT_TRUE(find_ended_exceptions(contents(end), kNow).empty());
    const auto warnings = find_ended_exceptions(contents(end), end);
    ASSERT_EQ(warnings.size(), 2U);  // the domain's, then the connector's; the inbound one lasts
    EXPECT_EQ(warnings[1].key, "outbound_connector \"bank\".exception.valid_until");
    EXPECT_NE(warnings[1].what.find("ended at 2026-12-02T12:00:00"), std::string::npos);
}

}  // namespace
}  // namespace hermetic::objects
