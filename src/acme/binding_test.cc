// The binding of an account to a customer, by keys of RFC 7515 (A.1 and A.3).
#include "acme/binding.h"

#include "tls/pki_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace hermetic::acme {
namespace {

using testing::HasSubstr;

constexpr const char* kHmacKey =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
constexpr const char* kAccountKey =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff\n"
    "H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp\n"
    "7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt\n"
    "-----END PRIVATE KEY-----\n";

class AcmeBinding : public testing::Test {
protected:
    Result<Binding, tls::ConfigError> load(const std::string& text)
    {
        files_.write("eab.key", text);
        std::filesystem::permissions(
            file_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
        return load_binding("kid-1", file_);
    }
    std::string why_not(const std::string& text)
    {
        const auto loaded = load(text);
        return loaded ? "loaded" : loaded.error().what;
    }

    tls::PkiFixture files_;
    std::string file_ = files_.path("eab.key");
};

TEST_F(AcmeBinding, IsTheAccountsKeySignedWithTheCustomers)
{
    files_.write("account.key", kAccountKey);
    const auto account = tls::SigningKey::load(files_.path("account.key"));
    ASSERT_TRUE(account) << account.error().what;
    const auto binding = load(kHmacKey);
    ASSERT_TRUE(binding) << binding.error().what;
    EXPECT_EQ(format_binding(*binding, *account, "https://acme.test/new-account"),
              R"({"protected":"eyJhbGciOiJIUzI1NiIsImtpZCI6ImtpZC0xIiwidXJsIjoiaHR0cHM6Ly9hY21l)"
              R"(LnRlc3QvbmV3LWFjY291bnQifQ",)"
              R"("payload":"eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwieCI6ImY4M09KM0QyeEYxQmc4dnViOXRM)"
              R"(ZTFnSE16Vjc2ZThUdXM5dVBIdlJWRVUiLCJ5IjoieF9GRXpSdTltMzZITE5fdHVlNjU5TE5wWFc2cEN5)"
              R"(U3Rpa1lqS0lXSTVhMCJ9",)"
              R"("signature":"iRlg--GzILZynW_zugALIGXxpPQ7NM0cWrI_LTEiEWc"})");
}

TEST_F(AcmeBinding, TakesTheKeyInAnyFormThatServersGive)
{
    const std::string octets = "\xfb\xff\xfe?";
    for (const std::string text : {"-__-Pw", "-__-Pw==", "+//+Pw==\n", "  -__-Pw\r\nmore\n"}) {
        SCOPED_TRACE(text);
        const auto binding = load(text);
        ASSERT_TRUE(binding) << binding.error().what;
        EXPECT_EQ(binding->key, octets);
        EXPECT_EQ(binding->key_id, "kid-1");
    }
}

TEST_F(AcmeBinding, SaysWhatIsWrongWithTheFileAndNothingOfTheKey)
{
    for (const std::string text : {"", "\n", "==", "secret!", "a"}) {
        EXPECT_EQ(why_not(text), file_ + ": its first line is no key in base64url");
    }
    EXPECT_THAT(why_not(std::string(5000, 'a')), HasSubstr(file_));
    ASSERT_TRUE(load("a2V5"));
    std::filesystem::permissions(file_, std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::add);
    EXPECT_THAT(load_binding("kid-1", file_).error().what, HasSubstr("everybody may read"));
    EXPECT_THAT(load_binding("kid-1", files_.path("none")).error().what, HasSubstr("none: "));
}

}  // namespace
}  // namespace hermetic::acme
