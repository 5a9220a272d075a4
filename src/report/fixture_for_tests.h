// What the notices' tests share. Included by tests only.
#pragma once

#include "facts/reasons.h"
#include "report/notice.h"

#include <gtest/gtest.h>

#include <string>

namespace hermetic::report {

inline mail::Mailbox mailbox(std::string_view text)
{
    return mail::parse_mailbox(text).value();
}

inline facts::Outcome remote(int code, facts::EnhancedStatus status, std::string text)
{
    facts::Outcome outcome;
    outcome.result = code >= 500 ? facts::OutcomeClass::Failed : facts::OutcomeClass::Deferred;
    outcome.stage = facts::Stage::Rcpt;
    outcome.origin = facts::Origin::Remote;
    outcome.code = code;
    outcome.enhanced = status;
    outcome.text = std::move(text);
    outcome.reason = facts::Reason::RcptRefused;
    return outcome;
}

inline facts::Outcome local(facts::Stage stage, facts::EnhancedStatus status, facts::Reason reason)
{
    facts::Outcome outcome;
    outcome.result =
        status.status_class == 5 ? facts::OutcomeClass::Failed : facts::OutcomeClass::Deferred;
    outcome.stage = stage;
    outcome.code = status.status_class == 5 ? 550 : 450;
    outcome.enhanced = status;
    outcome.text = "our own words";
    outcome.reason = reason;
    return outcome;
}

// A message from a@own.example to b@far.example, refused there.
class NoticeFixture : public testing::Test {
protected:
    static constexpr WallTime kAccepted{std::chrono::hours{24 * 365 * 50}};

    NoticeFixture()
    {
        about_.accepted_as.bytes[15] = 1;
        about_.sender = mailbox("a@own.example");
        about_.accepted_at = kAccepted;
        about_.size = 1234;
        about_.organization = "Example";
        about_.message_id = "<original@own.example>";
    }

    objects::Snapshot make_snapshot() const
    {
        objects::Snapshot::Contents contents;
        contents.organizations.resize(1);
        contents.organizations[0].name = "Example";
        contents.organizations[0].postmaster = mailbox("postmaster@own.example");
        objects::AcceptedDomain own;
        own.name = *objects::DomainPattern::parse("own.example");
        contents.accepted_domains.push_back(own);
        return objects::Snapshot{contents};
    }

    RecipientReport report(std::string_view address, Action action, facts::Outcome outcome,
                           std::uint8_t notify = mail::kNotifyUnset) const
    {
        RecipientReport one{{mailbox(address), notify, {}}};
        one.action = action;
        one.outcome = std::move(outcome);
        one.host = "mx.far.example";
        one.attempted_at = kAccepted + std::chrono::minutes{1};
        return one;
    }
    RecipientReport refused(std::uint8_t notify = mail::kNotifyUnset) const
    {
        return report("b@far.example", Action::Failed, remote(550, {5, 1, 1}, "5.1.1 No such user"),
                      notify);
    }

    NoticeInput input(std::vector<RecipientReport> recipients) const
    {
        NoticeInput in;
        in.id.bytes[15] = 2;
        in.now = kAccepted + std::chrono::hours{1};
        in.hostname = "mx.own.example";
        in.snapshot = &snapshot_;
        in.about = &about_;
        in.recipients = std::move(recipients);
        in.expires_at = kAccepted + std::chrono::hours{120};
        in.headers = header_of(message_);
        in.message = Bytes{message_};
        return in;
    }

    std::string message_ =
        "From: a@own.example\r\nSubject: Report\r\nMessage-ID: "
        "<original@own.example>\r\n\r\nHello\r\n";
    mail::Envelope about_;
    objects::Snapshot snapshot_ = make_snapshot();
};

}  // namespace hermetic::report
