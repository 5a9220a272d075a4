#include "observations/retirement_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::observations {
namespace {

using facts::TlsVersion;
using objects::Direction;
using std::chrono::days;
using std::chrono::hours;

const WallTime kNow = *parse_rfc3339("2026-12-01T00:00:00Z");

objects::Retirement plan(std::string name, Direction direction)
{
    objects::Retirement plan;
    plan.name = std::move(name);
    plan.organization = "Example";
    plan.direction = direction;
    plan.versions = {TlsVersion::Tls10, TlsVersion::Tls11};
    plan.start = kNow + days{10};
    plan.end = kNow + days{20};
    return plan;
}

class RetirementReport : public testing::Test {
protected:
    RetirementReport()
    {
        objects::Organization organization;
        organization.name = "Example";
        contents.organizations = {organization};
        contents.retirements = {plan("out", Direction::Outbound), plan("in", Direction::Inbound)};
        const objects::RatchetSettings settings;
        const auto see = [&](const char* domain, TlsVersion version) {
            const std::string host = std::string{"mx."} + domain;
            observations.note_session({"Example", domain}, {host, {version, false, true}}, settings,
                                      kNow);
        };
        see("old.test", TlsVersion::Tls10);
        see("old.test", TlsVersion::Tls10);
        see("renewed.test", TlsVersion::Tls11);
        see("renewed.test", TlsVersion::Tls13);
        see("modern.test", TlsVersion::Tls13);
        see("partner.test", TlsVersion::Tls10);
        observations.note_client(*IpAddress::parse("192.0.2.1"), TlsVersion::Tls11, "=cmd()", "a,b",
                                 kNow);
        observations.note_client(*IpAddress::parse("198.51.100.1"), TlsVersion::Tls10, "mfp", "",
                                 kNow);
    }
    [[nodiscard]] std::vector<PlanReport> report(const std::string& name = {}) const
    {
        return report_retirements(objects::Snapshot{contents}, observations.destinations(kNow),
                                  observations.clients(kNow), name, kNow);
    }
    objects::Snapshot::Contents contents;
    Observations observations;
};

TEST_F(RetirementReport, NamesWhoWasSeenWithAVersionThatGoes)
{
    const auto reports = report();
    ASSERT_EQ(reports.size(), 2U);
    ASSERT_EQ(reports[0].concerned.size(), 3U);
    EXPECT_EQ(reports[0].concerned[0].peer, "old.test") << "the most sessions first";
    EXPECT_EQ(reports[0].concerned[0].sessions, 2U);
    EXPECT_FALSE(reports[0].concerned[0].newer_since);
    EXPECT_EQ(reports[0].concerned[2].peer, "renewed.test");
    EXPECT_TRUE(reports[0].concerned[2].newer_since);
    ASSERT_EQ(reports[1].concerned.size(), 2U);
    EXPECT_EQ(reports[0].phase, policy::RetirementPhase::Before);
    EXPECT_FALSE(reports[0].concerned[0].deferred_now);
    EXPECT_EQ(report("in").size(), 1U);
    EXPECT_TRUE(report("none").empty());
}

TEST_F(RetirementReport, ListsExceptionsThatHaveNotExpired)
{
    objects::OutboundConnector connector;
    connector.name = "partner";
    connector.organization = "Example";
    connector.recipient_domains = {*objects::DomainPattern::parse("partner.test")};
    auto& exception = connector.tls.exception.emplace();
    exception.min = TlsVersion::Tls10;
    exception.valid_until = kNow + hours{1};
    contents.outbound_connectors = {connector};
    objects::InboundConnector inbound;
    inbound.name = "printers";
    inbound.organization = "Example";
    inbound.networks = {*Network::parse("198.51.100.0/24")};
    inbound.exception = objects::InboundException{TlsVersion::Tls10, kNow + hours{1}, "old"};
    contents.inbound_connectors = {inbound};
    auto reports = report();
    ASSERT_EQ(reports[0].exceptions.size(), 1U);
    EXPECT_EQ(reports[0].exceptions[0].connector, "partner");
    EXPECT_EQ(reports[0].concerned[1].exempt_by, "partner");
    ASSERT_EQ(reports[1].exceptions.size(), 1U);
    EXPECT_EQ(reports[1].concerned[1].exempt_by, "printers");
    EXPECT_EQ(reports[1].concerned[0].exempt_by, "");
    contents.outbound_connectors[0].tls.exception->valid_until = kNow;
    EXPECT_TRUE(report()[0].exceptions.empty());
}

// Specification §4.6: who is concerned is known before there is a plan.
TEST_F(RetirementReport, NamesWhoWasSeenBeforeThereIsAPlan)
{
    const auto without = [this] {
        return find_without_plan(objects::Snapshot{contents}, observations.destinations(kNow),
                                 observations.clients(kNow));
    };
    EXPECT_TRUE(without().empty()) << "each is in a plan";
    contents.retirements[0].versions = {TlsVersion::Tls10};
    auto found = without();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].who.peer, "renewed.test");
    EXPECT_EQ(found[0].organization, "Example");
    EXPECT_TRUE(found[0].who.newer_since);
    contents.retirements.clear();
    found = without();
    ASSERT_EQ(found.size(), 5U);
    EXPECT_EQ(found[0].who.peer, "old.test") << "the most sessions first";
    EXPECT_EQ(found[0].direction, Direction::Outbound);
    EXPECT_EQ(found[4].direction, Direction::Inbound);
    EXPECT_THAT(format_csv({}, found),
                testing::HasSubstr("\r\n,outbound,Example,old.test,mx.old.test,,TLSv1.0,2,"));
    contents.retirements = {plan("in", Direction::Inbound)};
    contents.retirements[0].enabled = false;
    EXPECT_EQ(without().size(), 5U) << "a plan that does not count retires nothing";
    contents.organizations.emplace_back().name = "Other";
    contents.retirements[0].enabled = true;
    EXPECT_EQ(without().size(), 5U) << "clients may still write to the other organization";
}

TEST_F(RetirementReport, CsvIsWhatASpreadsheetTakesAndRunsNothing)
{
    const std::string csv = format_csv(report("in"));
    EXPECT_THAT(csv, testing::HasSubstr("in,inbound,Example,192.0.2.1,'=cmd(),\"a,b\",TLSv1.1,1,"
                                        "2026-12-01T00:00:00.000Z,no,no,\r\n"));
}

}  // namespace
}  // namespace hermetic::observations
