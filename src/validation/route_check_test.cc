// `hermetic explain --live`: a host that does not offer what the message needs is judged as
// delivery judges it before MAIL (service_unfit_test.cc has delivery's side of each row).
#include "validation/route_check.h"

#include "facts/reasons.h"
#include "routing/route.h"
#include "validation/partner_fixture.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hermetic::validation {
namespace {

using facts::Reason;

class RouteCheckTest : public PartnerTest {
protected:
    RouteCheckTest()
    {
        contents_.organizations.resize(1);
        contents_.organizations[0].name = "Example";
    }

    static outbound::PeerScript with(std::vector<std::string> extensions)
    {
        outbound::PeerScript script;
        script.extensions = std::move(extensions);
        return script;
    }
    static outbound::PeerScript small() { return with({"SIZE 10"}); }

    // One more host of bank.test, at the same port; nobody is there without a script.
    void add_host(const std::string& address, std::optional<outbound::PeerScript> script)
    {
        resolver_.add_mx("bank.test", 20, "mx2.bank.test");
        resolver_.hosts["mx2.bank.test"] = {*IpAddress::parse(address)};
        if (script) listen_at(address, *std::move(script));
    }
    void listen_at(const std::string& address, outbound::PeerScript script)
    {
        peers_.push_back(std::make_unique<outbound::ScriptedPeer>(fixture_.core, std::move(script),
                                                                  address, peers_.at(0)->port()));
    }
    RouteCheck checked(smtp::MessageNeeds needs, std::string_view recipient = "b@bank.test")
    {
        steps_.clear();
        const objects::Snapshot snapshot{contents_};
        const auto mailbox = *mail::parse_mailbox(recipient);
        auto subject = make_subject(snapshot, routing::decide_route(snapshot, {}, mailbox).route);
        subject.offered = OfferedMessage{needs, mailbox};
        RouteCheck check;
        fixture_.run(run(environment(), settings_.cas, std::move(subject), steps_, check));
        for (const auto& peer : peers_) {
            for (const auto& command : peer->commands)
                EXPECT_FALSE(command.starts_with("MAIL")) << "nothing is sent";
        }
        return check;
    }
    static net::Task<> run(Environment env, std::shared_ptr<const tls::CaSet> cas, Subject subject,
                           std::vector<Step>& steps, RouteCheck& check)
    {
        const Sink sink = [&steps](const Step& step) { steps.push_back(step); };
        check = co_await check_route(env, std::move(cas), std::move(subject), sink);
    }
    // "mx.bank.test 127.0.0.1 size.exceeds-peer, …": who did not get the message, and why.
    std::string passed() const
    {
        std::string text;
        for (const Step& step : steps_) {
            if (step.id != StepId::Message) continue;
            EXPECT_EQ(step.state, State::Warning);
            text += (text.empty() ? "" : ", ") + step.host + " " +
                    step.address.substr(0, step.address.find(':')) + " " +
                    std::string{step.reason.text()};
        }
        return text;
    }

    objects::Snapshot::Contents contents_;
    std::vector<Step> steps_;
};

const smtp::MessageNeeds kLarge{1000, false, {}, false};

TEST_F(RouteCheckTest, AnotherHostTakesWhatIsTooLargeForTheFirst)
{
    peer_for("bank.test", small());
    add_host("127.0.0.2", with({}));
    const auto check = checked(kLarge);
    EXPECT_TRUE(check.flow.goes());
    EXPECT_EQ(check.host, "mx2.bank.test");
    EXPECT_EQ(passed(), "mx.bank.test 127.0.0.1 size.exceeds-peer");
    EXPECT_EQ(steps_.back().state, State::Warning) << "it goes, in clear";
}

TEST_F(RouteCheckTest, AnotherAddressOfTheHostComesFirst)
{
    peer_for("bank.test", small());
    resolver_.hosts["mx.bank.test"].push_back(*IpAddress::parse("127.0.0.2"));
    listen_at("127.0.0.2", with({}));
    const auto check = checked(kLarge);
    EXPECT_TRUE(check.flow.goes());
    EXPECT_EQ(check.host, "mx.bank.test");
    EXPECT_TRUE(check.address.starts_with("127.0.0.2:")) << check.address;
}

TEST_F(RouteCheckTest, MailWouldBeReturnedWhereNoHostCanTakeIt)
{
    peer_for("bank.test", small());
    add_host("127.0.0.2", small());
    const auto check = checked(kLarge);
    EXPECT_EQ(check.flow.fate, Fate::Returns);
    EXPECT_EQ(check.flow.reason, Reason::SizeExceedsPeer);
    EXPECT_EQ(check.flow.words, "the message has 1000 octets, the server accepts at most 10");
    EXPECT_EQ(check.host, "mx2.bank.test");
    EXPECT_EQ(passed(),
              "mx.bank.test 127.0.0.1 size.exceeds-peer, "
              "mx2.bank.test 127.0.0.2 size.exceeds-peer");
    EXPECT_EQ(steps_.back().reason.text(), "size.exceeds-peer");
}

TEST_F(RouteCheckTest, ItWouldWaitWhileAHostThatMayTakeItCannotBeReached)
{
    peer_for("bank.test", small());
    add_host("127.0.0.2", std::nullopt);
    const auto check = checked(kLarge);
    EXPECT_EQ(check.flow.fate, Fate::Waits);
    EXPECT_EQ(check.flow.reason, Reason::SizeExceedsPeer);
    EXPECT_EQ(check.host, "mx.bank.test") << "whose lack it is";
    EXPECT_NE(check.flow.words.find("may accept it"), std::string::npos) << check.flow.words;
}

TEST_F(RouteCheckTest, EachNeedIsJudgedAsInDelivery)
{
    peer_for("bank.test", with({"SIZE 5000"}));
    const struct {
        const char* name;
        smtp::MessageNeeds needs;
        std::string_view recipient;
        Reason reason;  // None: it goes
    } rows[] = {
        {"plain", {1000, false, {}, false}, "b@bank.test", Reason::None},
        {"8-bit", {1000, true, {}, false}, "b@bank.test", Reason::ContentNeeds8bitmime},
        {"made 7-bit", {1000, true, 2000, false}, "b@bank.test", Reason::None},
        {"then too large", {1000, true, 6000, false}, "b@bank.test", Reason::SizeExceedsPeer},
        {"header", {1000, false, {}, true}, "b@bank.test", Reason::ContentNeedsSmtputf8},
        {"recipient", {}, "j\xc3\xb6rg@bank.test", Reason::ContentNeedsSmtputf8},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto check = checked(row.needs, row.recipient);
        EXPECT_EQ(check.flow.goes(), row.reason == Reason::None);
        if (!check.flow.goes()) {
            EXPECT_EQ(check.flow.reason, row.reason);
            EXPECT_EQ(check.flow.fate, Fate::Returns);
        }
    }
}

}  // namespace
}  // namespace hermetic::validation
