#include "report/explanation.h"

#include "report/fixture_for_tests.h"

namespace hermetic::report {
namespace {

using facts::Stage;

TEST(Explanation, SaysWhoCanHelp)
{
    const struct {
        const char* name;
        facts::Outcome outcome;
        Helper helper;
        std::string_view words;
    } rows[] = {
        {"unknown user", remote(550, {5, 1, 1}, ""), Helper::Sender, "does not know this address"},
        {"full", remote(452, {4, 2, 2}, ""), Helper::RecipientSide, "full"},
        {"too large", remote(552, {5, 3, 4}, ""), Helper::Sender, "too large"},
        {"too large, old style", remote(552, {}, ""), Helper::Sender, "too large"},
        {"policy", remote(550, {5, 7, 1}, ""), Helper::RecipientSide, "its own rules"},
        {"bare refusal", remote(550, {}, ""), Helper::RecipientSide, "refused the message"},
        {"bare deferral", remote(450, {}, ""), Helper::RecipientSide, "did not take"},
        {"no domain", local(Stage::Dns, {5, 1, 2}, "dns.no-domain"), Helper::Sender,
         "does not exist"},
        {"null mx", local(Stage::Dns, {5, 1, 10}, "dns.null-mx"), Helper::Sender, "no mail at all"},
        {"dns failed", local(Stage::Dns, {4, 4, 312}, "dns.failed"), Helper::RecipientSide,
         "could not be found"},
        {"tlsa failed", local(Stage::Dns, {4, 7, 324}, "dane.lookup-failed"), Helper::RecipientSide,
         "could not be verified"},
        {"refused connection", local(Stage::Connect, {4, 4, 316}, "connect.refused"),
         Helper::RecipientSide, "could not be reached"},
        {"handshake", local(Stage::Handshake, {4, 4, 317}, "handshake.failed"),
         Helper::RecipientSide, "protected connection"},
        {"no starttls", local(Stage::StartTls, {4, 4, 317}, "starttls.not-offered"),
         Helper::RecipientSide, "not sent unprotected"},
        {"loop", local(Stage::Dns, {5, 4, 6}, "dns.only-ourselves"), Helper::Us, "our own server"},
        {"conversion", local(Stage::Mail, {5, 6, 7}, "mail.needs-smtputf8"), Helper::Sender,
         "form"},
        {"broken off", local(Stage::Data, {4, 4, 318}, "data.closed"), Helper::RecipientSide,
         "broke"},
        {"removed", local(Stage::Local, {5, 7, 0}, "queue.removed"), Helper::Us, "removed"},
    };
    for (const auto& row : rows) {
        const Explanation explanation = explain(Action::Failed, row.outcome);
        EXPECT_EQ(explanation.helper, row.helper) << row.name;
        EXPECT_NE(explanation.what.find(row.words), std::string_view::npos)
            << row.name << ": " << explanation.what;
        EXPECT_FALSE(explanation.how.empty()) << row.name;
    }
}

TEST(Explanation, WhatThePeerSaysToStartTlsIsNotAboutTheMessage)
{
    auto outcome = remote(454, {4, 7, 0}, "");
    outcome.stage = Stage::StartTls;
    EXPECT_NE(explain(Action::Failed, outcome).what.find("not sent unprotected"),
              std::string_view::npos);
}

TEST(Explanation, EveryStageAndStatusHasOne)
{
    for (int stage = 0; stage <= static_cast<int>(Stage::Done); ++stage) {
        for (std::uint16_t subject = 0; subject < 8; ++subject) {
            for (const Action action :
                 {Action::Failed, Action::Delayed, Action::Relayed, Action::Delivered}) {
                auto outcome = local(static_cast<Stage>(stage), {4, subject, 1}, "x.y");
                EXPECT_FALSE(explain(action, outcome).what.empty());
                outcome.origin = facts::Origin::Remote;
                EXPECT_FALSE(explain(action, outcome).what.empty());
            }
        }
    }
}

}  // namespace
}  // namespace hermetic::report
