// Who is believed when a session is refused: one row for each level and kind of connection.
#include "policy/refusal.h"

#include <gtest/gtest.h>

namespace hermetic::policy {
namespace {

std::optional<facts::TlsEvidence> in_tls(facts::ChainVerdict::State state)
{
    facts::TlsEvidence evidence;
    evidence.version = facts::TlsVersion::Tls13;
    evidence.verdict.state = state;
    return evidence;
}

TEST(SpeaksForItself, OnlyAPeerThatIsProvedToTheLevelAskedFor)
{
    using State = facts::ChainVerdict::State;
    TlsPolicy none;
    none.level = TlsLevel::None;
    TlsPolicy encrypt;
    encrypt.level = TlsLevel::Encrypt;
    TlsPolicy verify;
    verify.level = TlsLevel::VerifyCa;
    verify.chain = true;
    EXPECT_TRUE(speaks_for_itself(none, std::nullopt));
    EXPECT_TRUE(speaks_for_itself(TlsPolicy{}, std::nullopt)) << "opportunistic asks for no proof";
    EXPECT_FALSE(speaks_for_itself(encrypt, std::nullopt));
    EXPECT_FALSE(speaks_for_itself(verify, std::nullopt));
    EXPECT_TRUE(speaks_for_itself(encrypt, in_tls(State::Failed)));
    EXPECT_FALSE(speaks_for_itself(verify, in_tls(State::Failed)));
    EXPECT_TRUE(speaks_for_itself(verify, in_tls(State::Verified)));
}

}  // namespace
}  // namespace hermetic::policy
