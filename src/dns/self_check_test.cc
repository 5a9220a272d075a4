// The test of the resolver, against a real Knot DNS on loopback.
#include "dns/self_check.h"

#include "dns/knot_fixture.h"
#include "net/core_fixture.h"

#include <gmock/gmock.h>

namespace hermetic::dns {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class SelfTest : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (!KnotFixture::is_installed()) GTEST_SKIP() << "needs Debian's package knot";
        knot_ = std::make_unique<KnotFixture>(std::vector<KnotFixture::Zone>{
            {"signed.test", "@ MX 10 ns\n", true}, {"plain.test", "@ MX 10 ns\n", false}});
        options_.forward = {knot_->address()};
        options_.timeout = 5s;
    }
    static net::Task<> ask(Resolver& resolver, const ResolverOptions& options, net::Core& core,
                           Instant deadline, ValidationReport& report)
    {
        report = co_await test_validation(resolver, options, core, deadline);
    }
    ValidationReport run()
    {
        const auto resolver = make_resolver(options_).value();
        ValidationReport report;
        loop_.run(ask(*resolver, options_, loop_.core, loop_.in(20s), report));
        return report;
    }
    std::unique_ptr<KnotFixture> knot_;
    ResolverOptions options_;
    net::CoreFixture loop_;
};

TEST_F(SelfTest, PassesWhereAllThreeAreToldApart)
{
    options_.trust_anchors = {knot_->trust_anchor("signed.test")};
    const auto report = run();
    EXPECT_EQ(name(report.state), "works") << report.why;
    EXPECT_EQ(report.zone, "signed.test");
    EXPECT_THAT(describe(report), HasSubstr("DNSSEC works"));
}

TEST_F(SelfTest, SaysWhatIsWrong)
{
    std::string wrong = knot_->trust_anchor("signed.test");
    wrong.back() = wrong.back() == '0' ? '1' : '0';
    options_.trust_anchors = {wrong};
    auto report = run();
    EXPECT_EQ(name(report.state), "bogus");
    EXPECT_THAT(describe(report), HasSubstr("DNSSEC"));

    // A zone that has an anchor and no signatures: somebody strips them.
    std::string stripped = knot_->trust_anchor("signed.test");
    stripped.replace(0, stripped.find(' '), "plain.test.");
    options_.trust_anchors = {stripped};
    EXPECT_EQ(name(run().state), "bogus");

    options_.trust_anchors.clear();
    report = run();
    EXPECT_EQ(name(report.state), "no-anchor");
    EXPECT_THAT(describe(report), HasSubstr("dns-root-data"));

    options_.trust_anchors = {knot_->trust_anchor("signed.test")};
    knot_.reset();
    options_.timeout = 200ms;
    EXPECT_EQ(name(run().state), "unreachable");
}

}  // namespace
}  // namespace hermetic::dns
