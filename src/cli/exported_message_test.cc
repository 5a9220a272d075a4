#include "cli/exported_message.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::cli {
namespace {

TEST(ExportedMessage, SaysWhoStillWaitsForIt)
{
    auto envelope = std::make_shared<mail::Envelope>();
    envelope->sender = mail::Mailbox{"sender", *mail::Domain::parse("sender.test")};
    envelope->recipients.push_back(
        {mail::Mailbox{"has", *mail::Domain::parse("example.org")}, 0, {}});
    envelope->recipients.push_back({mail::Mailbox{"waits", *mail::Domain::parse("example.org")},
                                    mail::kNotifySuccess | mail::kNotifyFailure,
                                    "rfc822;waits@example.org"});
    spool::SalvagedMessage message;
    message.envelope = envelope;
    message.state.finished = {0};
    message.body_error = "gone";

    const auto value = boost::json::parse(format_exported(message));
    EXPECT_EQ(value.at("sender"), "sender@sender.test");
    EXPECT_EQ(value.at("body_error"), "gone");
    const auto& recipients = value.at("recipients").as_array();
    ASSERT_EQ(recipients.size(), 2U);
    EXPECT_EQ(recipients[0].at("waits"), false);
    EXPECT_EQ(recipients[1].at("waits"), true);
    EXPECT_EQ(recipients[1].at("address"), "waits@example.org");
    EXPECT_EQ(recipients[1].at("notify"), (boost::json::array{"SUCCESS", "FAILURE"}));
    EXPECT_EQ(recipients[1].at("orcpt"), "rfc822;waits@example.org");
}

}  // namespace
}  // namespace hermetic::cli
