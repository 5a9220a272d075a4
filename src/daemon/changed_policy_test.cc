#include "daemon/changed_policy.h"

#include <gtest/gtest.h>

#include <functional>

namespace hermetic::daemon {
namespace {

using Contents = objects::Snapshot::Contents;

Contents make_contents()
{
    Contents contents;
    for (const char* name : {"First", "Second"}) {
        objects::Organization organization;
        organization.name = name;
        contents.organizations.push_back(organization);
    }
    for (const char* name : {"bank", "clinic"}) {
        objects::OutboundConnector connector;
        connector.name = name;
        connector.organization = "First";
        contents.outbound_connectors.push_back(connector);
    }
    contents.outbound_connectors[1].organization = "Second";
    contents.outbound_connectors[1].tls.client_certificate = "ours";
    objects::Certificate certificate;
    certificate.name = "ours";
    contents.certificates.push_back(certificate);
    return contents;
}

struct Row {
    const char* name;
    std::function<void(Contents&)> change;
    bool bank = false;
    bool clinic = false;
    bool first_by_mx = false;
    bool second_by_mx = false;
    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

class ChangedPolicyTest : public testing::TestWithParam<Row> {};

TEST_P(ChangedPolicyTest, ConcernsTheMailThatMayFareOtherwise)
{
    const Row& row = GetParam();
    Contents after = make_contents();
    row.change(after);
    const ChangedPolicy changed{objects::Snapshot{make_contents()}, objects::Snapshot{after}};
    EXPECT_EQ(changed.concerns("mx:a.test;connector=bank"), row.bank);
    EXPECT_EQ(changed.concerns("hosts:smtp://r.test:25;connector=clinic"), row.clinic);
    EXPECT_EQ(changed.concerns("mx:a.test"), row.first_by_mx);
    EXPECT_EQ(changed.concerns("mx:a.test;organization=Second"), row.second_by_mx);
    EXPECT_EQ(changed.any(), row.bank || row.clinic || row.first_by_mx || row.second_by_mx);
    EXPECT_FALSE(changed.concerns("no key"));
}

const Row kRows[] = {
    {"Nothing", [](Contents&) {}},
    {"Comments",
     [](Contents& c) {
         c.organizations[0].comment = "x";
         c.outbound_connectors[0].comment = "y";
     }},
    {"OneConnector",
     [](Contents& c) { c.outbound_connectors[0].tls.level = objects::TlsLevel::Encrypt; }, true},
    {"ConnectorThatGoes", [](Contents& c) { c.outbound_connectors.pop_back(); }},
    {"FirstOrganization", [](Contents& c) { c.organizations[0].tls = objects::TlsLevel::Encrypt; },
     true, false, true},
    {"SecondOrganization", [](Contents& c) { c.organizations[1].tls = objects::TlsLevel::Encrypt; },
     false, true, false, true},
    {"ClientCertificate", [](Contents& c) { c.certificates[0].chain = "new.pem"; }, false, true},
    {"RetirementPlan",
     [](Contents& c) {
         c.retirements.emplace_back();
         c.retirements[0].organization = "First";
     },
     true, false, true},
};
INSTANTIATE_TEST_SUITE_P(Changes, ChangedPolicyTest, testing::ValuesIn(kRows));

}  // namespace
}  // namespace hermetic::daemon
