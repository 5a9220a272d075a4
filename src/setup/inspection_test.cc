#include "setup/inspection.h"

#include "dns/resolver_fixture.h"
#include "net/core_fixture.h"

#include <gtest/gtest.h>

#include <map>

namespace hermetic::setup {
namespace {

class FakeSurroundings final : public Surroundings {
public:
    std::vector<IpAddress> local_addresses() override { return {*IpAddress::parse("192.0.2.7")}; }
    ClockState clock() override { return ClockState::Alone; }
    net::Task<Greeting> greet(Endpoint endpoint, Instant deadline) override
    {
        deadlines.push_back(deadline);
        greeted.push_back(endpoint.format());
        const auto found = greetings.find(endpoint.format());
        Greeting silence;
        co_return found == greetings.end() ? silence : found->second;
    }
    net::Task<dns::ValidationReport> test_resolver(Instant) override
    {
        dns::ValidationReport report;
        report.state = validation;
        co_return report;
    }
    net::Task<FetchedPolicy> fetch(std::string url, Instant) override
    {
        fetched.push_back(url);
        FetchedPolicy policy;
        policy.fetched = true;
        co_return policy;
    }

    std::map<std::string, Greeting> greetings;
    dns::Validation validation = dns::Validation::Works;
    std::vector<std::string> greeted;
    std::vector<std::string> fetched;
    std::vector<Instant> deadlines;
};

class SetupInspection : public testing::Test {
protected:
    SetupInspection()
    {
        questions_.hostname = "mx.example.test";
        questions_.domains = {"example.test"};
    }

    NetworkFacts run()
    {
        NetworkFacts facts;
        fixture_.run(run_into(facts));
        return facts;
    }

    net::CoreFixture fixture_;
    dns::MemoryResolver resolver_;
    FakeSurroundings surroundings_;
    Questions questions_;

private:
    net::Task<> run_into(NetworkFacts& facts)
    {
        facts = co_await inspect(fixture_.core, resolver_, surroundings_, questions_);
    }
};

TEST_F(SetupInspection, AsksForEachRecordOfTheHostAndItsDomains)
{
    const IpAddress address = *IpAddress::parse("192.0.2.7");
    resolver_.hosts["mx.example.test"] = {address};
    resolver_.add_pointer(address, "mx.example.test");
    resolver_.add_mx("example.test", 10, "mx.example.test");
    resolver_.add_text("example.test", "v=spf1 mx");
    resolver_.add_text("_mta-sts.example.test", "v=STSv1; id=1");
    resolver_.add_text("_smtp._tls.example.test", "v=TLSRPTv1");
    surroundings_.greetings["192.0.2.7:25"] = {Greeting::State::Greeted, "220 mx.example.test"};
    const NetworkFacts facts = run();
    EXPECT_EQ(facts.clock, ClockState::Alone);
    ASSERT_EQ(facts.addresses.size(), 1U);
    EXPECT_EQ(facts.addresses[0].names.names[0], "mx.example.test");
    EXPECT_EQ(facts.addresses[0].greeting.words, "220 mx.example.test");
    ASSERT_EQ(facts.domains.size(), 1U);
    EXPECT_EQ(facts.domains[0].mx.records[0].exchange, "mx.example.test");
    EXPECT_EQ(facts.domains[0].texts.texts[0], "v=spf1 mx");
    EXPECT_EQ(facts.domains[0].reports.texts[0], "v=TLSRPTv1");
    EXPECT_EQ(surroundings_.fetched[0], "https://mta-sts.example.test/.well-known/mta-sts.txt");
    EXPECT_EQ(resolver_.tlsa_questions[0], "_25._tcp.mx.example.test");
    EXPECT_FALSE(facts.outbound) << "nobody asked";
    for (const Instant each : surroundings_.deadlines)
        EXPECT_LE(each, fixture_.in(questions_.each));
}

TEST_F(SetupInspection, AHostThatGreetsIsEnoughToSeeThatPort25LeadsOut)
{
    questions_.reach = "other.test";
    resolver_.add_mx("other.test", 20, "b.other.test");
    resolver_.add_mx("other.test", 10, "a.other.test");
    resolver_.hosts["a.other.test"] = {*IpAddress::parse("198.51.100.1")};
    resolver_.hosts["b.other.test"] = {*IpAddress::parse("198.51.100.2")};
    surroundings_.greetings["198.51.100.2:25"] = {Greeting::State::Greeted, "220 b"};
    NetworkFacts facts = run();
    ASSERT_TRUE(facts.outbound);
    EXPECT_EQ(facts.outbound->host, "b.other.test");
    EXPECT_EQ(surroundings_.greeted,
              (std::vector<std::string>{"198.51.100.1:25", "198.51.100.2:25"}));
    surroundings_.greetings.clear();
    facts = run();
    EXPECT_EQ(facts.outbound->greeting.state, Greeting::State::Silent);
    questions_.reach = "nowhere.test";
    facts = run();
    EXPECT_TRUE(facts.outbound->host.empty());
}

TEST_F(SetupInspection, AllOfItEndsInTime)
{
    questions_.all = Duration{0};
    resolver_.hosts["mx.example.test"] = {*IpAddress::parse("192.0.2.7")};
    (void)run();
    ASSERT_EQ(surroundings_.deadlines.size(), 1U);
    EXPECT_LE(surroundings_.deadlines[0], fixture_.in(Duration{0}));
}

}  // namespace
}  // namespace hermetic::setup
