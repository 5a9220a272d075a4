#include "dispatch/pause_check.h"

#include "objects/next_hop.h"
#include "routing/route.h"

#include <gtest/gtest.h>

#include <utility>

namespace hermetic::dispatch {
namespace {

objects::NextHop hosts(std::string_view text)
{
    objects::NextHop next_hop;
    next_hop.mx = false;
    next_hop.hosts.push_back(*objects::parse_next_hop_host(text));
    return next_hop;
}

// "Example" has a connector with hosts, one by MX and an accepted domain; "Other" has nothing.
objects::Snapshot snapshot()
{
    objects::Snapshot::Contents contents;
    contents.organizations.emplace_back().name = "Example";
    contents.organizations.emplace_back().name = "Other";
    const auto connector = [&](std::string name, std::string_view domain,
                               objects::NextHop next_hop) {
        objects::OutboundConnector one;
        one.name = std::move(name);
        one.organization = "Example";
        one.recipient_domains = {*objects::DomainPattern::parse(domain)};
        one.next_hop = std::move(next_hop);
        contents.outbound_connectors.push_back(std::move(one));
    };
    connector("Bank", "bank.example", hosts("smtp://relay.bank.example"));
    connector("by-mx", "direct.example", {});
    objects::AcceptedDomain accepted;
    accepted.name = *objects::DomainPattern::parse("own.example");
    accepted.organization = "Example";
    accepted.next_hop = hosts("lmtp://store.example");
    contents.accepted_domains.push_back(std::move(accepted));
    return objects::Snapshot{std::move(contents)};
}

constexpr const char* kBank = "hosts:smtp://relay.bank.example:25;connector=Bank";

PauseCheck check(std::string_view label)
{
    return check_pause(snapshot(), routing::key_of_label(label, "Example"));
}

TEST(PauseCheck, WhatMailCanHaveIsPaused)
{
    for (const char* named :
         {kBank, "mx:direct.example;connector=by-mx", "hosts:lmtp://store.example:24"}) {
        EXPECT_EQ(check(named).refusal, "") << named;
        EXPECT_TRUE(check(named).named) << named;
    }
    // Other's mail to a domain that only Example has a connector for goes by MX.
    for (const char* possible :
         {"mx:far.example", "mx:far.example;organization=Other", "mx:[192.0.2.1]",
          "mx:bank.example;organization=Other", "hosts:smtp://nowhere.example:25"}) {
        EXPECT_EQ(check(possible).refusal, "") << possible;
        EXPECT_FALSE(check(possible).named) << possible;
    }
}

struct Row {
    const char* label;
    const char* words;
};

constexpr Row kRefused[]{
    {"hosts:smtp://relay.bank.example:25",
     "mail to these hosts goes to \"hosts:smtp://relay.bank.example:25;connector=Bank\": pause"},
    {"mx:bank",
     "mail by connector \"bank\" goes to "
     "\"hosts:smtp://relay.bank.example:25;connector=Bank\": pause that."},
    {"mx:bank.example",
     "mail for bank.example goes to "
     "\"hosts:smtp://relay.bank.example:25;connector=Bank\" or "
     "\"mx:bank.example;organization=Other\": pause that."},
    {"mx:direct.example", "\"mx:direct.example;connector=by-mx\""},
    {"mx:own.example",
     "mail for own.example goes to \"hosts:lmtp://store.example:24\": pause that."},
    {"mx:far.example;organization=Gone", "mail for far.example goes to \"mx:far.example\""},
};

TEST(PauseCheck, WhatNoMailCanHaveIsRefusedWithWhatIsMeant)
{
    for (const Row& row : kRefused) {
        const PauseCheck checked = check(row.label);
        EXPECT_NE(checked.refusal.find(row.words), std::string::npos)
            << row.label << ": " << checked.refusal;
        EXPECT_FALSE(checked.named);
    }
}

}  // namespace
}  // namespace hermetic::dispatch
