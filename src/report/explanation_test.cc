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
         "how its mail system is to be recognised"},
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

// As people read them: what happened, who can help, how.
TEST(Explanation, TheCommonestTroublesWithTlsInFull)
{
    const struct {
        facts::Outcome outcome;
        std::string_view text;
    } rows[] = {
        {local(Stage::StartTls, {4, 4, 317}, "starttls.not-offered"),
         "The recipient's mail system does not offer, or refused, the protected connection that "
         "this message is to be sent over. It was not sent unprotected.\n"
         "Those who run the recipient's mail system.\n"
         "Reach the recipient in another way. Those who run their mail system have to make it "
         "offer encryption (STARTTLS); ask the recipient to show them this notice."},
        {local(Stage::Handshake, {4, 4, 317}, "ladder.handshake-failed"),
         "A protected connection to the recipient's mail system could not be made. The message was "
         "not sent unprotected.\n"
         "Those who run the recipient's mail system.\n"
         "Reach the recipient in another way, and ask them to show this notice to those who run "
         "their mail system."},
        {local(Stage::Verify, {4, 7, 320}, "tls.chain-not-verified"),
         "The recipient's mail system could not prove that it is the right one: its certificate "
         "has expired, or nobody trusted vouches for it. The message was not handed to it.\n"
         "Those who run the recipient's mail system.\n"
         "Reach the recipient in another way. Those who run their mail system have to renew its "
         "certificate; ask the recipient to show them this notice."},
        {local(Stage::Verify, {4, 7, 320}, "tls.name-mismatch"),
         "The recipient's mail system showed the certificate of another one, so it may not be the "
         "right one. The message was not handed to it.\n"
         "Those who run the recipient's mail system.\n"
         "Reach the recipient in another way. Those who run their mail system have to give it a "
         "certificate with its own name; ask the recipient to show them this notice."},
        {local(Stage::Handshake, {4, 7, 66}, "retirement.share"),
         "The recipient's mail system uses an encryption that is too old, and that our server is "
         "giving up step by step. The message was not sent this time.\n"
         "Those who run the recipient's mail system.\n"
         "Ask the recipient to show this notice to those who run their mail system: it needs TLS "
         "1.2 or later. Until then some messages arrive late, and in the end none do."},
    };
    for (const auto& row : rows) {
        const Explanation explanation = explain(Action::Failed, row.outcome);
        const std::string text = std::string{explanation.what} + "\n" +
                                 std::string{describe(explanation.helper)} + "\n" +
                                 std::string{explanation.how};
        EXPECT_EQ(text, row.text);
    }
}

TEST(Explanation, NoneOfThemNeedsToKnowWhatTlsIs)
{
    for (const char* reason :
         {"starttls.not-offered", "starttls.refused", "starttls.vanished", "tls.required",
          "ladder.handshake-failed", "ladder.inappropriate-fallback", "tls.chain-not-verified",
          "tls.name-mismatch", "tls.pin-mismatch", "tls.version-below-floor", "retirement.share",
          "retirement.ended", "dane.tlsa-mismatch", "sts.name-mismatch"}) {
        const auto outcome = local(Stage::Verify, {4, 7, 320}, reason);
        const std::string_view what = explain(Action::Failed, outcome).what;
        for (const char* word : {"TLS", "STARTTLS", "DANE", "SMTP", "handshake", "MX"}) {
            EXPECT_EQ(what.find(word), std::string_view::npos) << reason << ": " << what;
        }
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
