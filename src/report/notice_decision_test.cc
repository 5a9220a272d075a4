#include "facts/reasons.h"
#include "report/fixture_for_tests.h"

namespace hermetic::report {
namespace {

using facts::Reason;

class NoticeDecisionTest : public NoticeFixture {};

TEST_F(NoticeDecisionTest, FollowsNotify)
{
    using namespace mail;
    const struct {
        const char* name;
        Action action;
        int notify;
        Reason reason;
    } rows[] = {
        {"failure by default", Action::Failed, kNotifyUnset, Reason::NoticeFailure},
        {"delay by default", Action::Delayed, kNotifyUnset, Reason::NoticeDelay},
        {"no success by default", Action::Delivered, kNotifyUnset, Reason::NoticeNotAsked},
        {"no relay by default", Action::Relayed, kNotifyUnset, Reason::NoticeNotAsked},
        {"never", Action::Failed, kNotifyNever, Reason::NoticeNotAsked},
        {"never, delayed", Action::Delayed, kNotifyNever, Reason::NoticeNotAsked},
        {"failure asked", Action::Failed, kNotifyFailure, Reason::NoticeFailure},
        {"failure asked, delayed", Action::Delayed, kNotifyFailure, Reason::NoticeNotAsked},
        {"delay asked", Action::Delayed, kNotifyDelay, Reason::NoticeDelay},
        {"delay asked, failed", Action::Failed, kNotifyDelay, Reason::NoticeNotAsked},
        {"success asked, delivered", Action::Delivered, kNotifySuccess, Reason::NoticeDelivered},
        {"success asked, relayed", Action::Relayed, kNotifySuccess, Reason::NoticeRelayed},
        {"success asked, failed", Action::Failed, kNotifySuccess, Reason::NoticeNotAsked},
        {"all asked", Action::Failed, kNotifySuccess | kNotifyFailure, Reason::NoticeFailure},
    };
    for (const auto& row : rows) {
        const auto in = input({report("b@far.example", row.action, remote(250, {2, 0, 0}, "ok"),
                                      static_cast<std::uint8_t>(row.notify))});
        const NoticeDecision decision = decide_notice(in);
        EXPECT_EQ(decision.reason, row.reason) << row.name;
        EXPECT_EQ(decision.to.has_value(), row.reason != Reason::NoticeNotAsked) << row.name;
    }
}

TEST_F(NoticeDecisionTest, GravestActionNamesTheNotice)
{
    const auto ok = report("c@far.example", Action::Relayed, remote(250, {2, 0, 0}, "ok"),
                           mail::kNotifySuccess);
    const NoticeDecision decision =
        decide_notice(input({ok, refused(), refused(mail::kNotifyNever)}));
    EXPECT_EQ(decision.kind, Action::Failed);
    EXPECT_EQ(decision.reported, (std::vector<std::size_t>{0, 1}));
}

TEST_F(NoticeDecisionTest, KnowsItsOwnSenders)
{
    EXPECT_TRUE(decide_notice(input({refused()})).own_sender);
    about_.sender = mailbox("x@elsewhere.example");
    EXPECT_FALSE(decide_notice(input({refused()})).own_sender);
    about_.sender = mailbox("x@[192.0.2.1]");
    EXPECT_FALSE(decide_notice(input({refused()})).own_sender);
}

// Next hops, ports and policies of one organization are no other's to see (specification §1, §6.2).
TEST_F(NoticeDecisionTest, AnotherOrganizationsSendersAreForeign)
{
    auto contents = snapshot_.contents();
    contents.organizations.emplace_back().name = "Other";
    contents.accepted_domains[0].organization = "Example";
    objects::AcceptedDomain theirs;
    theirs.name = *objects::DomainPattern::parse("other.example");
    theirs.organization = "Other";
    contents.accepted_domains.push_back(theirs);
    snapshot_ = objects::Snapshot{contents};

    about_.sender = mailbox("x@other.example");
    EXPECT_FALSE(decide_notice(input({refused()})).own_sender);
    const auto notice = make_notice(input({refused()}));
    EXPECT_EQ(notice->bytes.find("Details for administrators"), std::string::npos);
    EXPECT_EQ(notice->bytes.find("Hello"), std::string::npos) << "header fields alone";
    about_.organization = "Other";
    EXPECT_TRUE(decide_notice(input({refused()})).own_sender);
    about_.sender = mailbox("a@own.example");
    EXPECT_FALSE(decide_notice(input({refused()})).own_sender);
}

TEST_F(NoticeDecisionTest, WhatCannotBeReturnedGoesToThePostmaster)
{
    about_.sender.reset();
    NoticeDecision decision = decide_notice(input({refused()}));
    EXPECT_EQ(decision.to, mailbox("postmaster@own.example"));
    EXPECT_TRUE(decision.to_postmaster);
    EXPECT_EQ(decision.reason, Reason::NoticePostmaster);

    decision = decide_notice(input({report("b@far.example", Action::Delayed, {})}));
    EXPECT_FALSE(decision.to);
    EXPECT_EQ(decision.reason, Reason::NoticeNullSender);
}

TEST_F(NoticeDecisionTest, OwnNoticesGoToThePostmasterInSpiteOfNever)
{
    about_.sender.reset();
    about_.is_notice = true;
    EXPECT_EQ(decide_notice(input({refused(mail::kNotifyNever)})).reason, Reason::NoticePostmaster);
}

TEST_F(NoticeDecisionTest, ThePostmastersOwnMailEndsThere)
{
    about_.sender.reset();
    const auto in =
        input({report("Postmaster@own.example", Action::Failed, remote(550, {5, 1, 1}, "no"))});
    const NoticeDecision decision = decide_notice(in);
    EXPECT_FALSE(decision.to);
    EXPECT_EQ(decision.reason, Reason::NoticePostmasterUnreachable);
    EXPECT_FALSE(make_notice(in));
}

TEST_F(NoticeDecisionTest, APostmasterWhoHasTheMessageHearsOfThoseWhoDoNot)
{
    about_.sender.reset();
    const auto has_it = report("postmaster@own.example", Action::Relayed,
                               remote(250, {2, 0, 0}, "ok"), mail::kNotifySuccess);
    const NoticeDecision decision = decide_notice(input({has_it, refused()}));
    EXPECT_EQ(decision.to, mailbox("postmaster@own.example"));
    EXPECT_EQ(decision.reported, (std::vector<std::size_t>{1}));
}

TEST_F(NoticeDecisionTest, WithoutOrganizationsPostmasterTheHostsIsTold)
{
    snapshot_ = objects::Snapshot{{}};
    about_.sender.reset();
    EXPECT_EQ(decide_notice(input({refused()})).to, mailbox("postmaster@mx.own.example"));
}

}  // namespace
}  // namespace hermetic::report
