#include "cli/exported_message.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

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

TEST(ExportedMessage, DoesNotClaimWhoWaitsWhereItsStateCannotBeRead)
{
    auto envelope = std::make_shared<mail::Envelope>();
    envelope->recipients.push_back(
        {mail::Mailbox{"user", *mail::Domain::parse("example.org")}, 0, {}});
    envelope->ret = mail::Ret::Headers;
    envelope->tls.tls_required_no = true;
    spool::SalvagedMessage message;
    message.envelope = envelope;
    message.state_error = "written by a newer version";

    const auto value = boost::json::parse(format_exported(message));
    EXPECT_TRUE(value.at("recipients").at(0).at("waits").is_null());
    EXPECT_EQ(value.at("state_error"), "written by a newer version");
    EXPECT_EQ(value.at("ret"), "HDRS");
    EXPECT_EQ(value.at("tls_required_no"), true);
}

// Its messages have the one body.
class OneBody final : public spool::StoppedSpool {
public:
    explicit OneBody(std::string text) : text_{std::move(text)} {}

    spool::SalvageReport read(
        const std::function<void(const spool::SalvagedMessage&)>& /*use*/) override
    {
        return {};
    }
    std::string read_body(const spool::Body& /*body*/,
                          const std::function<void(std::string_view)>& use) override
    {
        use(text_);
        return {};
    }

private:
    std::string text_;
};

// While it lives no file can have more octets: as on a full disk, a write fails that is late.
class FileLimit {
public:
    explicit FileLimit(rlim_t octets) : ignored_{std::signal(SIGXFSZ, SIG_IGN)}
    {
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{octets, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileLimit()
    {
        setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, ignored_);
    }
    FileLimit(const FileLimit&) = delete;
    FileLimit& operator=(const FileLimit&) = delete;

private:
    rlimit before_{};
    void (*ignored_)(int);
};

TEST(ExportedMessage, IsOnTheDiskOrTheExportHasFailed)
{
    std::string name = (std::filesystem::temp_directory_path() / "hermetic-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    auto envelope = std::make_shared<mail::Envelope>();
    spool::SalvagedMessage message;
    message.envelope = envelope;
    OneBody spool{std::string(4'000, 'x')};
    const std::string eml = name + "/" + format_id(message.id) + ".eml";
    std::string error;
    {
        // Less than a stream keeps to itself before it writes.
        const FileLimit limit{2'000};
        error = write_exported(spool, message, name);
    }
    EXPECT_NE(error, "");
    EXPECT_FALSE(std::filesystem::exists(eml)) << "no part of it";

    EXPECT_EQ(write_exported(spool, message, name), "");
    EXPECT_EQ(std::filesystem::file_size(eml), 4'000U);
    EXPECT_TRUE(std::filesystem::exists(name + "/" + format_id(message.id) + ".json"));
    std::filesystem::remove_all(name);
}

}  // namespace
}  // namespace hermetic::cli
