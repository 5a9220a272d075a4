#include "facts/reason.h"

#include "facts/reasons.h"

#include <gtest/gtest.h>

#include <cctype>
#include <functional>
#include <set>

namespace hermetic::facts {
namespace {

void for_each_reason(const std::function<void(Reason, const ReasonRow&)>& test)
{
    for (std::uint16_t i = 1; i <= kReasonCount; ++i) {
        const auto reason = Reason{i};
        SCOPED_TRACE(name(reason));
        test(reason, describe(reason));
    }
}

// "dane.lookup-failed" -> "DaneLookupFailed".
std::string enumerator(std::string_view id)
{
    std::string made;
    bool upper = true;
    for (const char c : id) {
        if (c == '.' || c == '-') {
            upper = true;
            continue;
        }
        made += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
        upper = false;
    }
    return made;
}

TEST(Reason, IsFoundByItsId)
{
    EXPECT_EQ(name(Reason::DaneLookupFailed), "dane.lookup-failed");
    for_each_reason(
        [](Reason reason, const ReasonRow& row) { EXPECT_EQ(parse_reason(row.id), reason); });
    EXPECT_EQ(parse_reason("dane.lookup"), std::nullopt);
    EXPECT_EQ(parse_reason("zz.zz"), std::nullopt);
    EXPECT_EQ(parse_reason(""), std::nullopt) << "None is not written down";
}

TEST(Reason, NamesInCodeAreTheIds)
{
#define HERMETIC_FINDING(Name, id, ...) EXPECT_EQ(enumerator(id), #Name);
#define HERMETIC_REPLY(Name, id, ...) EXPECT_EQ(enumerator(id), #Name);
#define HERMETIC_REFUSAL(Name, id, ...) EXPECT_EQ(enumerator(id), #Name);
#define HERMETIC_WARNING(Name, id, ...) EXPECT_EQ(enumerator(id), #Name);
#define HERMETIC_EXPLANATION(Name, id, ...) EXPECT_EQ(enumerator(id), #Name);
#include "facts/reasons.def"
}

TEST(Reason, IdsAreUnique)
{
    std::set<std::string_view> seen;
    for_each_reason([&](Reason, const ReasonRow& row) { EXPECT_TRUE(seen.insert(row.id).second); });
}

TEST(Reason, EveryRowSaysWhatItIs)
{
    for_each_reason([](Reason, const ReasonRow& row) {
        ASSERT_FALSE(row.words.empty());
        EXPECT_TRUE(std::islower(static_cast<unsigned char>(row.words.front())) ||
                    std::isupper(static_cast<unsigned char>(row.words[1])))
            << "a clause, not a sentence: " << row.words;
        EXPECT_NE(row.words.back(), '.');
        EXPECT_NE(row.document.find('#'), std::string_view::npos);
    });
}

TEST(Reason, WhatMayEndAnAttemptHasStatusFixAndWordsForSenders)
{
    for_each_reason([](Reason, const ReasonRow& row) {
        const bool finding = row.kind == ReasonKind::Finding;
        EXPECT_EQ(row.status != EnhancedStatus{}, finding || row.kind == ReasonKind::Refusal);
        if (!finding) return;
        EXPECT_TRUE(row.status.status_class == 4 || row.status.status_class == 5);
        for (const auto sentence : {row.fix, row.sender_words, row.sender_advice}) {
            ASSERT_FALSE(sentence.empty());
            EXPECT_EQ(sentence.back(), '.') << sentence;
        }
    });
}

TEST(Reason, WhatShouldBeMendedSaysByWhom)
{
    for_each_reason([](Reason, const ReasonRow& row) {
        if (row.kind == ReasonKind::Explanation) {
            EXPECT_TRUE(row.fix.empty());
        }
        if (row.kind != ReasonKind::Warning) return;
        EXPECT_FALSE(row.fix.empty());
        EXPECT_NE(row.fixer, Fixer::Nobody);
    });
}

// Senders need not know what TLS is to understand what happened.
TEST(Reason, SendersAreToldInPlainWords)
{
    for_each_reason([](Reason, const ReasonRow& row) {
        for (const char* word : {"TLS", "DANE", "SMTP", "andshake", "MX", "DNS", "CA "})
            EXPECT_EQ(row.sender_words.find(word), std::string_view::npos) << row.sender_words;
    });
}

TEST(Reason, EachCauseOfAnUnprovedServerHasWordsAndAFixOfItsOwn)
{
    std::set<std::string_view> words;
    std::set<std::string_view> fixes;
    const Reason causes[] = {Reason::TlsNoCertificate,
                             Reason::TlsCertificateExpired,
                             Reason::TlsCertificateNotYetValid,
                             Reason::TlsUnknownCa,
                             Reason::TlsSelfSigned,
                             Reason::TlsIncompleteChain,
                             Reason::TlsRevoked,
                             Reason::TlsStapleMissing,
                             Reason::TlsWeakKey,
                             Reason::TlsWeakCertificateSignature,
                             Reason::TlsWrongPurpose,
                             Reason::TlsChainNotVerified,
                             Reason::TlsNameMismatch,
                             Reason::TlsPinMismatch,
                             Reason::TlsVersionBelowFloor,
                             Reason::RequiretlsNotOffered};
    for (const Reason reason : causes) {
        EXPECT_TRUE(words.insert(describe(reason).words).second) << reason;
        EXPECT_TRUE(fixes.insert(describe(reason).fix).second) << reason;
    }
}

TEST(Reason, RowsThatAreNotTheirNeighbours)
{
    const ReasonRow& expired = describe(Reason::TlsCertificateExpired);
    EXPECT_EQ(expired.stage, Stage::Verify);
    EXPECT_EQ(expired.status.format(), "4.7.320");
    EXPECT_EQ(expired.fixer, Fixer::RecipientSide);
    EXPECT_NE(expired.fix.find("renew"), std::string_view::npos);
    EXPECT_EQ(describe(Reason::DnsNoSuchDomain).status.format(), "5.1.2");
    EXPECT_EQ(describe(Reason::ConnectionClosed).stage, std::nullopt);
    EXPECT_EQ(describe(Reason::None).id, "");
}

TEST(LocalOutcome, IsWhatTheRowSays)
{
    const Outcome outcome = local_outcome(Reason::ConnectRefused, "mx: refused");
    EXPECT_EQ(outcome.stage, Stage::Connect);
    EXPECT_EQ(outcome.origin, Origin::Local);
    EXPECT_EQ(outcome.result, OutcomeClass::Deferred);
    EXPECT_EQ(outcome.code, 450);
    EXPECT_EQ(outcome.enhanced.format(), "4.4.316");
    EXPECT_EQ(outcome.text, "mx: refused");
    const Outcome silent = local_outcome(Reason::ConnectionTimedOut, Stage::Rcpt);
    EXPECT_EQ(silent.stage, Stage::Rcpt);
    EXPECT_EQ(silent.text, describe(Reason::ConnectionTimedOut).words);
    Outcome gone = local_outcome(Reason::DnsNoSuchDomain);
    EXPECT_EQ(gone.result, OutcomeClass::Failed);
    EXPECT_EQ(gone.code, 550);
    set_status(gone, {4, 4, 312});
    EXPECT_EQ(gone.result, OutcomeClass::Deferred);
    EXPECT_EQ(gone.code, 450);
}

TEST(SuggestFix, IsTheRowsOrWhatThePeersStatusSays)
{
    Outcome outcome = local_outcome(Reason::TlsRevoked);
    EXPECT_EQ(suggest_fix(outcome), describe(Reason::TlsRevoked).fix);
    outcome.fix = "Ask us.";
    EXPECT_EQ(suggest_fix(outcome), "Ask us.");
    Outcome full;
    full.result = OutcomeClass::Failed;
    full.origin = Origin::Remote;
    full.reason = Reason::RcptRefused;
    full.enhanced = {5, 2, 2};
    EXPECT_NE(suggest_fix(full).find("full"), std::string_view::npos);
    full.reason = Reason::AuthRefused;
    EXPECT_NE(suggest_fix(full).find("auth_user"), std::string_view::npos);
    full.result = OutcomeClass::Delivered;
    EXPECT_EQ(suggest_fix(full), "");
}

TEST(RecordedReason, KeepsWhatAnotherVersionWrote)
{
    EXPECT_EQ(RecordedReason::parse("connect.refused"), Reason::ConnectRefused);
    EXPECT_EQ(RecordedReason{Reason::ConnectRefused}.text(), "connect.refused");
    const auto foreign = RecordedReason::parse("next.version-knows");
    EXPECT_EQ(foreign.known(), Reason::None);
    EXPECT_EQ(foreign.text(), "next.version-knows");
    EXPECT_EQ(RecordedReason::parse(foreign.text()), foreign);
    EXPECT_EQ(RecordedReason::parse("a\nb").text(), "a\\x0Ab");
    EXPECT_TRUE(RecordedReason{}.empty());
    EXPECT_TRUE(RecordedReason::parse("").empty());
}

}  // namespace
}  // namespace hermetic::facts
