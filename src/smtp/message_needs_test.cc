#include "smtp/message_needs.h"

#include "facts/reasons.h"

#include <gtest/gtest.h>

namespace hermetic::smtp {
namespace {

using facts::Reason;

const Offer kEverything{0, true, true};
const Offer kNothing{};
const Offer kSmall{100, false, false};

Reason judged(const Offer& offer, const MessageNeeds& needs)
{
    const auto outcome = judge_offer(offer, needs);
    if (!outcome) return Reason::None;
    EXPECT_EQ(outcome->result, facts::OutcomeClass::Failed);
    EXPECT_EQ(outcome->origin, facts::Origin::Local);
    return outcome->reason;
}

TEST(JudgeOffer, OfAMessage)
{
    const struct {
        const char* name;
        Offer offer;
        MessageNeeds needs;
        Reason reason;
    } rows[] = {
        {"plain", kNothing, {1000, false, {}, false}, Reason::None},
        {"all of it", kEverything, {1000, true, {}, true}, Reason::None},
        {"as large as it may be", kSmall, {100, false, {}, false}, Reason::None},
        {"too large", kSmall, {101, false, {}, false}, Reason::SizeExceedsPeer},
        {"8-bit", kNothing, {10, true, {}, false}, Reason::ContentNeeds8bitmime},
        {"made 7-bit", kNothing, {10, true, 30, false}, Reason::None},
        {"too large when made 7-bit", kSmall, {90, true, 101, false}, Reason::SizeExceedsPeer},
        {"not made 7-bit in vain", {100, true, false}, {90, true, 101, false}, Reason::None},
        {"internationalised", kNothing, {10, false, {}, true}, Reason::ContentNeedsSmtputf8},
        {"both", kNothing, {10, true, 30, true}, Reason::ContentNeedsSmtputf8},
    };
    for (const auto& row : rows) EXPECT_EQ(judged(row.offer, row.needs), row.reason) << row.name;
}

TEST(JudgeOffer, OfARecipient)
{
    const auto plain = mail::parse_mailbox("b@example.org").value();
    const auto international = mail::parse_mailbox("j\xc3\xb6rg@example.org").value();
    EXPECT_FALSE(judge_offer(kNothing, plain));
    EXPECT_FALSE(judge_offer(kEverything, international));
    const auto refused = judge_offer(kNothing, international);
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->reason, Reason::ContentNeedsSmtputf8);
}

TEST(MostOf, IsEnoughForWhatOneOfThemTakes)
{
    EXPECT_EQ(most_of({100, true, false}, {300, false, false}), (Offer{300, true, false}));
    EXPECT_EQ(most_of({100, false, true}, {0, false, false}), (Offer{0, false, true}))
        << "no limit is the most";
}

TEST(NeedsOf, AreOfWhatIsThereAndDeclared)
{
    mail::Envelope envelope;
    envelope.smtputf8 = true;
    EXPECT_FALSE(needs_of(envelope, 10, {}).smtputf8) << "the flag alone binds nobody";
    EXPECT_FALSE(needs_of(envelope, 10, {true, false}).eight_bit) << "not declared";
    envelope.body_type = mail::BodyType::EightBitMime;
    EXPECT_TRUE(needs_of(envelope, 10, {true, false}).eight_bit);
    EXPECT_TRUE(needs_of(envelope, 10, {false, true}).smtputf8);
    envelope.sender = mail::parse_mailbox("j\xc3\xb6rg@example.org").value();
    EXPECT_TRUE(needs_of(envelope, 10, {}).smtputf8);
}

}  // namespace
}  // namespace hermetic::smtp
