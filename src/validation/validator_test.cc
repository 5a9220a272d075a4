#include "validation/validator.h"

#include "ledger/log_fixture.h"
#include "net/task_group.h"
#include "validation/partner_fixture.h"
#include "validation/results_folder.h"

#include <filesystem>
#include <unistd.h>

namespace hermetic::validation {
namespace {

class ValidatorTest : public ValidateTest {
protected:
    ValidatorTest()
        : directory_{std::filesystem::temp_directory_path() /
                     ("hermetic-validator-" + std::to_string(::getpid()))}
    {
        std::filesystem::create_directories(directory_);
    }
    ~ValidatorTest() override { std::filesystem::remove_all(directory_); }

    std::unique_ptr<Validator> make_validator()
    {
        auto validator = std::make_unique<Validator>(
            fixture_.core, resolver_, log_, Validator::Watches{observations_, bounces_, sessions_},
            directory_ / "validations");
        validator->set(settings(), std::make_shared<const objects::Snapshot>(contents_));
        return validator;
    }

    std::filesystem::path directory_;
    ledger::MemoryLog log_;
};

TEST_F(ValidatorTest, EveryEnabledConnectorIsValidatedOnceADay)
{
    auto& peer = peer_for("bank.test", {});
    connector(TlsLevel::Encrypt);
    auto validator = make_validator();
    fixture_.run(validator->validate_due());
    EXPECT_EQ(peer.connections, 0);  // its turn has not come since the server knows it
    fixture_.clock.shift = std::chrono::hours{24};
    fixture_.run(validator->validate_due());
    const int after_first = peer.connections;
    EXPECT_GT(after_first, 0);
    ASSERT_NE(validator->last({"Example", "bank"}), nullptr);
    EXPECT_EQ(validator->last({"Example", "bank"})->state, State::Failed);
    ASSERT_EQ(log_.events.size(), 1U);
    EXPECT_TRUE(
        log_.events[0].starts_with("validation.failed connector=bank organization=Example "))
        << log_.events[0];
    fixture_.run(validator->validate_due());
    EXPECT_EQ(peer.connections, after_first);
    fixture_.clock.shift = std::chrono::hours{48};
    fixture_.run(validator->validate_due());
    EXPECT_GT(peer.connections, after_first);
    fixture_.run(validator->stop());
}

TEST_F(ValidatorTest, AClockThatJumpedAndCameBackDoesNotEndTheDailyTests)
{
    auto& peer = peer_for("bank.test", {});
    connector(TlsLevel::Encrypt);
    auto validator = make_validator();
    fixture_.clock.shift = std::chrono::hours{24} * 400;
    fixture_.run(validator->validate_due());
    const int in_the_future = peer.connections;
    EXPECT_GT(in_the_future, 0);
    fixture_.clock.shift = std::chrono::hours{24};
    fixture_.run(validator->validate_due());
    EXPECT_EQ(peer.connections, in_the_future) << "that was just now";
    fixture_.clock.shift = std::chrono::hours{48};
    fixture_.run(validator->validate_due());
    EXPECT_GT(peer.connections, in_the_future);
    fixture_.run(validator->stop());
}

// Answers nothing before its time.
class SilentResolver final : public dns::Resolver {
public:
    net::Task<facts::MxAnswer> mx(net::Core& core, std::string, Instant deadline) override
    {
        ++asked;
        (void)co_await net::sleep_until(core, deadline);
        co_return facts::MxAnswer{};
    }
    net::Task<facts::AddressAnswer> addresses(net::Core&, std::string, Instant) override
    {
        co_return facts::AddressAnswer{};
    }
    net::Task<facts::TlsaAnswer> tlsa(net::Core&, std::string, Instant) override
    {
        co_return facts::TlsaAnswer{};
    }
    net::Task<facts::DnsFacts> alias(net::Core&, std::string, Instant) override
    {
        co_return facts::DnsFacts{};
    }
    net::Task<facts::TextAnswer> texts(net::Core&, std::string, Instant) override
    {
        co_return facts::TextAnswer{};
    }
    net::Task<facts::PointerAnswer> names(net::Core&, IpAddress, Instant) override
    {
        co_return facts::PointerAnswer{};
    }
    void close() override {}

    std::size_t asked = 0;
};

TEST_F(ValidatorTest, SeveralConnectorsAreValidatedAtATimeAndNoMore)
{
    const objects::OutboundConnector one = connector(TlsLevel::Encrypt);
    contents_.outbound_connectors.clear();
    for (std::size_t i = 0; i < Validator::kMaxDaily + 10; ++i) {
        contents_.outbound_connectors.push_back(one);
        contents_.outbound_connectors.back().name = "bank" + std::to_string(i);
    }
    SilentResolver resolver;
    Validator validator{fixture_.core, resolver, log_,
                        Validator::Watches{observations_, bounces_, sessions_},
                        directory_ / "validations"};
    validator.set(settings(), std::make_shared<const objects::Snapshot>(contents_));
    fixture_.clock.shift = std::chrono::hours{24};
    net::TaskGroup group{fixture_.core};
    group.spawn(validator.validate_due());
    fixture_.core.loop().restart();
    while (resolver.asked < Validator::kMaxDaily) fixture_.core.loop().run_one();
    while (fixture_.core.loop().poll() != 0) {
    }
    EXPECT_EQ(resolver.asked, Validator::kMaxDaily);
    fixture_.run(validator.stop(), group.join());
}

TEST_F(ValidatorTest, AConnectorThatNamesNoDomainIsSaidOnceToBeLeftOut)
{
    auto& bank = connector(TlsLevel::Encrypt);
    bank.recipient_domains = {*objects::DomainPattern::parse("*.bank.test")};
    auto validator = make_validator();
    fixture_.run(validator->validate_due());
    fixture_.run(validator->validate_due());
    ASSERT_EQ(log_.events.size(), 1U);
    EXPECT_TRUE(log_.events[0].starts_with(
        "validation.not-tested connector=bank organization=Example what=the connector names no "
        "domain"))
        << log_.events[0];
    EXPECT_NE(Validator::why_left_out(bank).find("test_recipients"), std::string::npos);
    bank.test_recipients = {mail::parse_mailbox("x@a.bank.test").value()};
    EXPECT_EQ(Validator::why_left_out(bank), "");
    bank.enabled = false;
    EXPECT_EQ(Validator::why_left_out(bank), "the connector is disabled");
    fixture_.run(validator->stop());
}

TEST_F(ValidatorTest, ADisabledConnectorIsLeftAlone)
{
    auto& peer = peer_for("bank.test", {});
    connector(TlsLevel::Encrypt).enabled = false;
    auto validator = make_validator();
    fixture_.clock.shift = std::chrono::hours{24};
    fixture_.run(validator->validate_due());
    EXPECT_EQ(peer.connections, 0);
    fixture_.run(validator->stop());
}

TEST_F(ValidatorTest, ResultsSurviveARestartAndGoWithTheConnector)
{
    peer_for("bank.test", in_tls({"mx.bank.test"}));
    connector(TlsLevel::Encrypt);
    auto validator = make_validator();
    fixture_.clock.shift = std::chrono::hours{24};
    fixture_.run(validator->validate_due());
    const Report kept = *validator->last({"Example", "bank"});
    EXPECT_EQ(kept.state, State::Ok);
    validator = make_validator();
    ASSERT_NE(validator->last({"Example", "bank"}), nullptr);
    EXPECT_EQ(validator->last({"Example", "bank"})->words, kept.words);
    contents_.outbound_connectors.clear();
    validator->set(settings(), std::make_shared<const objects::Snapshot>(contents_));
    EXPECT_EQ(validator->last({"Example", "bank"}), nullptr);
    fixture_.run(validator->stop());
}

TEST_F(ValidatorTest, ACopySavedAsItWasTestedHasBeenValidated)
{
    peer_for("bank.test", {});
    objects::OutboundConnector copy = connector(TlsLevel::Encrypt);
    contents_.outbound_connectors.clear();  // nothing of it is in force yet
    auto validator = make_validator();
    const auto started = validator->start(
        copy, std::nullopt, [](const Step&) {}, [&](const Report&) { fixture_.core.stop(); });
    ASSERT_TRUE(started);
    fixture_.core.run();
    EXPECT_EQ(validator->last({"Example", "bank"}), nullptr);
    auto other = copy;
    other.tls.level = TlsLevel::Opportunistic;
    contents_.outbound_connectors = {other};
    validator->set(settings(), std::make_shared<const objects::Snapshot>(contents_));
    EXPECT_EQ(validator->last({"Example", "bank"}), nullptr);  // something else was saved
    contents_.outbound_connectors = {copy};
    validator->set(settings(), std::make_shared<const objects::Snapshot>(contents_));
    ASSERT_NE(validator->last({"Example", "bank"}), nullptr);
    EXPECT_EQ(validator->last({"Example", "bank"})->state, State::Failed);
    EXPECT_TRUE(validator->last({"Example", "bank"})->saved);
    fixture_.run(validator->stop());
}

// Before names were unique within an organization only, reports named none.
TEST_F(ValidatorTest, AReportOfBeforeIsThatOfTheOnlyConnectorOfItsName)
{
    connector(TlsLevel::Encrypt);
    Report before;
    before.connector = "bank";
    before.state = State::Ok;
    before.started = fixture_.clock.wall();
    ASSERT_TRUE(ResultsFolder{directory_ / "validations"}.store(before));
    for (int starts = 0; starts < 2; ++starts) {
        auto validator = make_validator();
        ASSERT_NE(validator->last({"Example", "bank"}), nullptr) << starts;
        EXPECT_EQ(validator->last({"Example", "bank"})->state, State::Ok);
        fixture_.run(validator->stop());
    }
    const auto kept = ResultsFolder{directory_ / "validations"}.load();
    EXPECT_EQ(kept.reports.size(), 1U) << "the file of before is gone";
}

TEST_F(ValidatorTest, ReportsOfTwoOrganizationsConnectorsAreKeptApart)
{
    peer_for("bank.test", {});
    connector(TlsLevel::Encrypt);
    contents_.organizations.resize(2);
    contents_.organizations[1].name = "Other";
    contents_.outbound_connectors.push_back(contents_.outbound_connectors[0]);
    contents_.outbound_connectors[1].organization = "Other";
    auto validator = make_validator();
    const auto started = validator->start(
        objects::OwnedName{"Other", "bank"}, std::nullopt, [](const Step&) {},
        [&](const Report&) { fixture_.core.stop(); });
    ASSERT_TRUE(started);
    fixture_.core.run();
    EXPECT_EQ(validator->last({"Example", "bank"}), nullptr);
    EXPECT_NE(validator->last({"Other", "bank"}), nullptr);
    fixture_.run(validator->stop());
}

TEST_F(ValidatorTest, RefusesWhatItDoesNotKnowAndTooMuchAtOnce)
{
    connector(TlsLevel::Encrypt);
    auto validator = make_validator();
    const auto start = [&](const std::string& name) {
        return validator->start(
            objects::OwnedName{"Example", name}, std::nullopt, [](const Step&) {},
            [](const Report&) {});
    };
    EXPECT_EQ(start("nobody").error().kind, Validator::Refusal::Kind::Unknown);
    for (std::size_t i = 0; i < Validator::kMaxOnDemand; ++i) EXPECT_TRUE(start("bank"));
    EXPECT_EQ(start("bank").error().kind, Validator::Refusal::Kind::Busy);
    fixture_.run(validator->stop());
}

}  // namespace
}  // namespace hermetic::validation
