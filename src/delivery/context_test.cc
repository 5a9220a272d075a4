// What the job runners of a core share, where it cannot be had.
#include "outbound/context.h"

#include "delivery/service_fixture.h"
#include "delivery/transmit.h"
#include "facts/reasons.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::delivery {
namespace {

using facts::Reason;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class ContextTest : public DeliveryTest {
protected:
    ContextTest()
        : context{outbound::Adapters{fixture.core, &spool, resolver, log, metrics},
                  std::make_shared<const outbound::DeliverySettings>(settings),
                  std::make_shared<const objects::Snapshot>(contents),
                  [](outbound::ConnectionPointer) {}}
    {
    }
    using Made = std::optional<Result<smtp::TransactionInput, facts::Outcome>>;
    // For a peer that offers nothing.
    static net::Task<> make(outbound::Context& context, const spool::StoredMessage& message,
                            Made& made)
    {
        const smtp::Capabilities peer;
        made.emplace(co_await make_transaction_input(context, message, peer));
    }
    Made prepare(const spool::StoredMessage& message)
    {
        Made made;
        fixture.run(make(context, message, made));
        return made;
    }

    outbound::Context context;
};

TEST_F(ContextTest, AContextThatCannotBeMadeIsToldOnceAndThereIsNone)
{
    policy::StepPlan plan;
    plan.min = facts::TlsVersion::Tls13;
    plan.max = facts::TlsVersion::Tls12;
    EXPECT_EQ(context.tls_context_for(plan, nullptr), nullptr);
    EXPECT_EQ(context.tls_context_for(plan, nullptr), nullptr);
    EXPECT_THAT(log.events, ElementsAre(HasSubstr("tls.client-context what=min_tls")));
    plan.max = facts::TlsVersion::Tls13;
    EXPECT_NE(context.tls_context_for(plan, nullptr), nullptr);
    EXPECT_THAT(log.events, SizeIs(1));
}

// Each conversion has its message in memory twice: together they are bounded.
TEST_F(ContextTest, AConversionWaitsWhileOthersTakeTheMemory)
{
    const auto message = make_message(
        {"b@other.test"}, "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n\xe4\r\n");
    auto envelope = std::make_shared<mail::Envelope>(*message->envelope);
    envelope->body_type = mail::BodyType::EightBitMime;
    message->envelope = envelope;

    std::vector<std::shared_ptr<void>> others;
    while (auto room = context.room_to_convert(std::uint64_t{16} << 20)) {
        others.push_back(std::move(room));
    }
    EXPECT_THAT(others, SizeIs(2));
    const auto waits = prepare(*message);
    ASSERT_TRUE(waits && !*waits);
    EXPECT_EQ(waits->error().reason, Reason::ContentConversionWaits);
    EXPECT_EQ(waits->error().enhanced.format(), "4.3.2");
    EXPECT_EQ(waits->error().result, facts::OutcomeClass::Deferred);

    others.pop_back();
    const auto goes = prepare(*message);
    ASSERT_TRUE(goes && *goes);
    EXPECT_THAT((*goes)->body.view(), HasSubstr("=E4"));
}

}  // namespace
}  // namespace hermetic::delivery
