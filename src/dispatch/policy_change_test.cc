#include "dispatch/policy_change.h"

#include "routing/route.h"

#include <gtest/gtest.h>

#include <functional>

namespace hermetic::dispatch {
namespace {

using Contents = objects::Snapshot::Contents;

Contents contents()
{
    Contents contents;
    contents.organizations.resize(1);
    contents.organizations[0].name = "Example";
    objects::OutboundConnector connector;
    connector.name = "bank";
    connector.organization = "Example";
    connector.recipient_domains = {*objects::DomainPattern::parse("bank.test")};
    connector.tls.level = objects::TlsLevel::VerifyName;
    connector.tls.client_certificate = "ours";
    contents.outbound_connectors = {connector};
    objects::Certificate certificate;
    certificate.name = "ours";
    certificate.organization = "Example";
    certificate.chain = "old.pem";
    contents.certificates = {certificate};
    return contents;
}

std::string key_of(const char* recipient)
{
    const objects::Snapshot snapshot{contents()};
    return routing::decide_route(snapshot, {}, *mail::parse_mailbox(recipient)).key;
}

struct Row {
    const char* name;
    std::function<void(Contents&)> change;
    bool bank;
    bool others;
};

TEST(PolicyChange, ConcernsTheMailWhosePolicyItChanges)
{
    const Row rows[] = {
        {"nothing", [](Contents&) {}, false, false},
        {"the connector's level",
         [](Contents& c) { c.outbound_connectors[0].tls.level = objects::TlsLevel::Encrypt; }, true,
         false},
        {"its certificate", [](Contents& c) { c.certificates[0].chain = "new.pem"; }, true, false},
        {"the organization", [](Contents& c) { c.organizations[0].ratchet.days = 30; }, true, true},
        {"an outbound plan",
         [](Contents& c) {
             c.retirements.resize(1);
             c.retirements[0].organization = "Example";
             c.retirements[0].direction = objects::Direction::Outbound;
         },
         true, true},
        {"an inbound plan",
         [](Contents& c) {
             c.retirements.resize(1);
             c.retirements[0].organization = "Example";
         },
         false, false},
        {"another domain",
         [](Contents& c) {
             c.accepted_domains.resize(1);
             c.accepted_domains[0].name = *objects::DomainPattern::parse("own.test");
         },
         false, false},
    };
    for (const Row& row : rows) {
        Contents changed = contents();
        row.change(changed);
        const objects::Snapshot before{contents()};
        const objects::Snapshot after{changed};
        EXPECT_EQ(policy_changed(before, after, key_of("b@bank.test")), row.bank) << row.name;
        EXPECT_EQ(policy_changed(before, after, key_of("b@other.test")), row.others) << row.name;
    }
    const objects::Snapshot same{contents()};
    EXPECT_FALSE(policy_changed(same, same, "no key of ours"));
}

}  // namespace
}  // namespace hermetic::dispatch
