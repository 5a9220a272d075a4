#include "mail/tls_level.h"

#include <gtest/gtest.h>

namespace hermetic::mail {
namespace {

TEST(RequiredTls, TheStrongerOneStaysAndOfEqualsTheFirst)
{
    const RequiredTls encrypt{TlsLevel::Encrypt, "a"};
    const RequiredTls name{TlsLevel::VerifyName, "b"};
    const RequiredTls other{TlsLevel::Encrypt, "c"};
    EXPECT_EQ(strongest(std::nullopt, std::nullopt), std::nullopt);
    EXPECT_EQ(strongest(encrypt, std::nullopt), encrypt);
    EXPECT_EQ(strongest(std::nullopt, encrypt), encrypt);
    EXPECT_EQ(strongest(encrypt, name), name);
    EXPECT_EQ(strongest(name, encrypt), name);
    EXPECT_EQ(strongest(encrypt, other), encrypt);
}

}  // namespace
}  // namespace hermetic::mail
