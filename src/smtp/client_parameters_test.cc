#include "smtp/client_parameters.h"

#include <gtest/gtest.h>

namespace hermetic::smtp {
namespace {

TEST(ClientParameters, NotifyListsWhatWasAsked)
{
    mail::Recipient recipient{.address = {"b", *mail::Domain::parse("example.org")}, .orcpt = ""};
    const auto format = [&](std::uint8_t notify) {
        recipient.notify = notify;
        std::string out;
        append_recipient_dsn(recipient, out);
        return out;
    };
    EXPECT_EQ(format(mail::kNotifyUnset), "");
    EXPECT_EQ(format(mail::kNotifyNever), " NOTIFY=NEVER");
    EXPECT_EQ(format(mail::kNotifyFailure), " NOTIFY=FAILURE");
    EXPECT_EQ(format(mail::kNotifySuccess | mail::kNotifyFailure | mail::kNotifyDelay),
              " NOTIFY=SUCCESS,FAILURE,DELAY");
}

TEST(ClientParameters, OrcptIsWrittenInSevenBits)
{
    mail::Recipient recipient{.address = {"b", *mail::Domain::parse("example.org")}, .orcpt = ""};
    const auto format = [&](std::string orcpt) {
        recipient.orcpt = std::move(orcpt);
        std::string out;
        append_recipient_dsn(recipient, out);
        return out;
    };
    EXPECT_EQ(format("rfc822;a+b@example.org"), " ORCPT=rfc822;a+2Bb@example.org");
    EXPECT_EQ(format("utf-8;j\xc3\xb6rg@example.org"), " ORCPT=utf-8;j\\x{F6}rg@example.org");
}

TEST(ClientParameters, RetAndEnvid)
{
    mail::Envelope envelope;
    const auto format = [&](mail::Ret ret, std::string envid) {
        envelope.ret = ret;
        envelope.envid = std::move(envid);
        std::string out;
        append_sender_dsn(envelope, out);
        return out;
    };
    EXPECT_EQ(format(mail::Ret::Unset, ""), "");
    EXPECT_EQ(format(mail::Ret::Full, "a b"), " RET=FULL ENVID=a+20b");
    EXPECT_EQ(format(mail::Ret::Headers, ""), " RET=HDRS");
}

}  // namespace
}  // namespace hermetic::smtp
