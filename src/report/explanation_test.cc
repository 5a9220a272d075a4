#include "report/explanation.h"

#include "facts/reasons.h"
#include "report/fixture_for_tests.h"

namespace hermetic::report {
namespace {

using facts::Reason;
using facts::Stage;

TEST(Explanation, SaysWhoCanHelp)
{
    const struct {
        const char* name;
        facts::Outcome outcome;
        facts::Fixer helper;
        std::string_view words;
    } rows[] = {
        {"unknown user", remote(550, {5, 1, 1}, ""), facts::Fixer::Sender,
         "does not know this address"},
        {"full", remote(452, {4, 2, 2}, ""), facts::Fixer::RecipientSide, "full"},
        {"too large", remote(552, {5, 3, 4}, ""), facts::Fixer::Sender, "too large"},
        {"too large, old style", remote(552, {}, ""), facts::Fixer::Sender, "too large"},
        {"policy", remote(550, {5, 7, 1}, ""), facts::Fixer::RecipientSide, "its own rules"},
        {"bare refusal", remote(550, {}, ""), facts::Fixer::RecipientSide, "refused the message"},
        {"bare deferral", remote(450, {}, ""), facts::Fixer::RecipientSide, "has not accepted"},
        {"no domain", local(Stage::Dns, {5, 1, 2}, Reason::DnsNoSuchDomain), facts::Fixer::Sender,
         "does not exist"},
        {"null mx", local(Stage::Dns, {5, 1, 10}, Reason::DnsNullMx), facts::Fixer::Sender,
         "no mail at all"},
        {"dns failed", local(Stage::Dns, {4, 4, 312}, Reason::DnsFailed),
         facts::Fixer::RecipientSide, "could not be found"},
        {"tlsa failed", local(Stage::Dns, {4, 7, 324}, Reason::DaneLookupFailed),
         facts::Fixer::RecipientSide, "how its mail system is to be recognised"},
        {"refused connection", local(Stage::Connect, {4, 4, 316}, Reason::ConnectRefused),
         facts::Fixer::RecipientSide, "could not be reached"},
        {"handshake", local(Stage::Handshake, {4, 4, 317}, Reason::LadderHandshakeFailed),
         facts::Fixer::RecipientSide, "protected connection"},
        {"no starttls", local(Stage::StartTls, {4, 4, 317}, Reason::StarttlsNotOffered),
         facts::Fixer::RecipientSide, "not sent unprotected"},
        {"loop", local(Stage::Dns, {5, 4, 6}, Reason::RouteLoopsBack), facts::Fixer::Us,
         "our own server"},
        {"conversion", local(Stage::Local, {5, 6, 7}, Reason::ContentNeedsSmtputf8),
         facts::Fixer::Sender, "form"},
        {"broken off", local(Stage::Data, {4, 4, 318}, Reason::ConnectionClosed),
         facts::Fixer::RecipientSide, "broke"},
        {"removed", local(Stage::Local, {5, 7, 0}, Reason::QueueRemoved), facts::Fixer::Us,
         "removed"},
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
        {local(Stage::StartTls, {4, 4, 317}, Reason::StarttlsNotOffered),
         "The recipient's mail system does not offer, or refused, the protected connection that "
         "this message is to be sent over. It was not sent unprotected.\n"
         "Those who run the recipient's mail system.\n"
         "Reach the recipient in another way. Those who run their mail system have to make it "
         "offer encryption (STARTTLS); ask the recipient to show them this notice."},
        {local(Stage::Handshake, {4, 4, 317}, Reason::LadderHandshakeFailed),
         "A protected connection to the recipient's mail system could not be made. The message was "
         "not sent unprotected.\n"
         "Those who run the recipient's mail system.\n"
         "Reach the recipient in another way, and ask them to show this notice to those who run "
         "their mail system."},
        {local(Stage::Verify, {4, 7, 320}, Reason::TlsCertificateExpired),
         "The recipient's mail system could not prove that it is the right one: its certificate "
         "has expired. The message was not handed to it.\n"
         "Those who run the recipient's mail system.\n"
         "Reach the recipient in another way. Those who run their mail system have to renew its "
         "certificate; ask the recipient to show them this notice."},
        {local(Stage::Verify, {4, 7, 320}, Reason::TlsNameMismatch),
         "The recipient's mail system showed the certificate of another one, so it may not be the "
         "right one. The message was not handed to it.\n"
         "Those who run the recipient's mail system.\n"
         "Reach the recipient in another way. Those who run their mail system have to give it a "
         "certificate with its own name; ask the recipient to show them this notice."},
        {local(Stage::Handshake, {4, 7, 66}, Reason::RetirementShare),
         "The recipient's mail system uses an encryption that is too old, and that our server is "
         "retiring gradually. The message was not sent this time.\n"
         "Those who run the recipient's mail system.\n"
         "Ask the recipient to show this notice to those who run their mail system: it needs TLS "
         "1.2 or later. Until then some messages arrive late, and finally none will."},
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
    for (const Reason reason :
         {Reason::StarttlsNotOffered, Reason::StarttlsRefused, Reason::StarttlsVanished,
          Reason::TlsRequired, Reason::LadderHandshakeFailed, Reason::LadderInappropriateFallback,
          Reason::TlsChainNotVerified, Reason::TlsNameMismatch, Reason::TlsPinMismatch,
          Reason::TlsVersionBelowFloor, Reason::RetirementShare, Reason::RetirementEnded,
          Reason::DaneTlsaMismatch, Reason::StsNameMismatch}) {
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
    outcome.reason = Reason::StarttlsRefused;
    EXPECT_NE(explain(Action::Failed, outcome).what.find("not sent unprotected"),
              std::string_view::npos);
}

TEST(Explanation, EveryReasonAndStatusHasOne)
{
    for (std::uint16_t reason = 0; reason <= facts::kReasonCount; ++reason) {
        for (std::uint16_t subject = 0; subject < 8; ++subject) {
            for (const Action action :
                 {Action::Failed, Action::Delayed, Action::Relayed, Action::Delivered}) {
                auto outcome = local(Stage::Local, {4, subject, 1}, Reason{reason});
                EXPECT_FALSE(explain(action, outcome).what.empty());
                outcome.origin = facts::Origin::Remote;
                EXPECT_FALSE(explain(action, outcome).what.empty());
            }
        }
    }
}

}  // namespace
}  // namespace hermetic::report
