// The lab as a whole: start, stop, files, bounds; and the table it is made from.
#include "lab/lab.h"

#include "core/text.h"
#include "lab/partners.h"
#include "lab/run_lab.h"
#include "lab/smtp_client.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace hermetic::lab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Directory {
public:
    Directory()
    {
        std::string pattern = std::filesystem::temp_directory_path() / "lab-test-XXXXXX";
        path_ = mkdtemp(pattern.data());
    }
    ~Directory() { std::filesystem::remove_all(path_); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

TEST(PartnerTable, NamesAreUniqueLabels)
{
    std::set<std::string_view> names;
    for (const auto& behaviour : all_partners()) {
        EXPECT_TRUE(names.insert(behaviour.name).second) << behaviour.name;
        EXPECT_EQ(behaviour.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"),
                  std::string_view::npos)
            << behaviour.name;
        EXPECT_LE(behaviour.name.size(), 30U);
        EXPECT_FALSE(behaviour.summary.empty());
        EXPECT_FALSE(behaviour.summary.ends_with('.'));
        EXPECT_TRUE(behaviour.expected.outcome == Outcome::Delivered ||
                    behaviour.expected.protection == Protection::Nothing)
            << behaviour.name;
    }
    EXPECT_GE(names.size(), 60U);
}

TEST(PartnerTable, FindsByName)
{
    ASSERT_NE(find_partner("tls12"), nullptr);
    EXPECT_EQ(domain_of(*find_partner("tls12")), "tls12.lab.test");
    EXPECT_EQ(find_partner("no-such-partner"), nullptr);
}

TEST(Lab, RefusesAPartnerThatItDoesNotKnow)
{
    Lab lab{{.only = {"tls12", "tsl13"}}};
    const auto started = lab.start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().kind, LabError::Kind::UnknownPartner);
    EXPECT_EQ(started.error().detail, "tsl13");
}

TEST(Lab, AsJsonSaysWhereItsPartnersAre)
{
    Lab lab{{.only = {"tls12", "null-mx"}}};
    ASSERT_TRUE(lab.start());
    const auto said = boost::json::parse(format_lab_json(lab, "/somewhere"));
    EXPECT_EQ(said.at("port").to_number<int>(), lab.port());
    EXPECT_EQ(said.at("dns").as_string(), lab.dns_endpoint().format());
    EXPECT_EQ(said.at("configuration").as_string(), "/somewhere/hermetic.toml");
    ASSERT_EQ(said.at("partners").as_array().size(), 2U);
    for (const auto& each : said.at("partners").as_array()) {
        const bool serves = each.at("name").as_string() == "tls12";
        EXPECT_EQ(each.at("address").is_string(), serves);
        EXPECT_EQ(each.at("address").is_null(), !serves);
        EXPECT_FALSE(each.at("summary").as_string().empty());
    }
}

TEST(Lab, RefusesAPortThatIsTaken)
{
    Lab first{{.only = {"modern"}}};
    ASSERT_TRUE(first.start());
    Lab second{{.port = first.port(), .only = {"modern"}}};
    const auto started = second.start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().kind, LabError::Kind::NoPort);
}

TEST(Lab, RunsOnlyWhatWasChosenAndTwoLabsDoNotMeet)
{
    Lab one{{.only = {"modern", "nowhere"}}};
    Lab two{{.only = {"modern"}}};
    ASSERT_TRUE(one.start());
    ASSERT_TRUE(two.start());
    EXPECT_EQ(one.partners().size(), 2U);
    EXPECT_TRUE(one.find("modern")->is_running);
    EXPECT_FALSE(one.find("nowhere")->is_running);
    EXPECT_EQ(one.find("tls12"), nullptr);
    EXPECT_EQ(one.find("modern")->address.address, two.find("modern")->address.address);
    EXPECT_NE(one.port(), two.port());
    EXPECT_NE(one.dns_endpoint(), two.dns_endpoint());

    SmtpClient client;
    ASSERT_TRUE(client.connect(one.find("modern")->address, seconds{10}));
    EXPECT_EQ(client.read_reply().code, 220);
    EXPECT_EQ(one.book().connections_begun("modern"), 1U);
    EXPECT_EQ(two.book().connections_begun("modern"), 0U);
}

TEST(Lab, StopEndsLiveConnectionsAndRecordsThem)
{
    Lab lab{{.only = {"modern", "silent", "slow"}}};
    ASSERT_TRUE(lab.start());
    SmtpClient waiting;
    SmtpClient silent;
    SmtpClient slow;
    ASSERT_TRUE(waiting.connect(lab.find("modern")->address, seconds{10}));
    ASSERT_TRUE(silent.connect(lab.find("silent")->address, seconds{10}));
    ASSERT_TRUE(slow.connect(lab.find("slow")->address, seconds{10}));
    EXPECT_EQ(waiting.read_reply().code, 220);
    EXPECT_EQ(slow.read_reply().code, 220);
    slow.send("EHLO a.example.org\r\n");
    lab.stop();
    EXPECT_TRUE(waiting.is_closed_by_server());
    ASSERT_EQ(lab.book().connections("modern").size(), 1U);
    EXPECT_EQ(lab.book().connections("modern")[0].ended, "lab stopped");
    lab.stop();
}

TEST(Lab, ConnectionsEndAtTheirDeadline)
{
    Lab lab{{.only = {"silent"}, .connection_time = milliseconds{50}}};
    ASSERT_TRUE(lab.start());
    SmtpClient client;
    ASSERT_TRUE(client.connect(lab.find("silent")->address, seconds{10}));
    EXPECT_TRUE(client.is_closed_by_server());
    ASSERT_TRUE(lab.book().wait_for_connections("silent", 1, seconds{10}));
    EXPECT_EQ(lab.book().connections("silent")[0].ended, "timed out");
}

TEST(Lab, WritesItsAuthorityAndWhatItSawAsJsonLines)
{
    const Directory directory;
    {
        Lab lab{{.only = {"clear"}, .directory = directory.path()}};
        ASSERT_TRUE(lab.start());
        SmtpClient client;
        ASSERT_TRUE(client.connect(lab.find("clear")->address, seconds{10}));
        EXPECT_EQ(client.read_reply().code, 220);
        EXPECT_EQ(client.command("HELO \x01\xff").code, 250);
        EXPECT_EQ(client.send_message("", "b@clear.lab.test", "x\r\n").code, 250);
        EXPECT_EQ(client.command("QUIT").code, 221);
        ASSERT_TRUE(lab.book().wait_for_connections("clear", 1, seconds{10}));
    }
    for (const auto* const name :
         {"ca.pem", "issuing.pem", "crl.pem", "client.pem", "client.key"}) {
        EXPECT_GT(std::filesystem::file_size(directory.path() / name), 100U) << name;
    }
    const auto mode = std::filesystem::status(directory.path() / "client.key").permissions();
    EXPECT_EQ(mode, std::filesystem::perms{0600});

    std::ifstream file{directory.path() / "records.jsonl"};
    std::string line;
    ASSERT_TRUE(std::getline(file, line));
    const auto message = boost::json::parse(line).as_object();
    EXPECT_EQ(message.at("record"), "message");
    EXPECT_EQ(message.at("partner"), "clear");
    EXPECT_EQ(message.at("from"), "<>");
    EXPECT_EQ(message.at("data_in_clear"), true);
    EXPECT_EQ(message.at("ehlo"), "\\x01\\xFF") << "foreign octets are escaped";
    EXPECT_TRUE(message.at("tls").is_null());
    ASSERT_TRUE(std::getline(file, line));
    const auto connection = boost::json::parse(line).as_object();
    EXPECT_EQ(connection.at("record"), "connection");
    EXPECT_EQ(connection.at("ended"), "quit");
    EXPECT_EQ(connection.at("transcript").as_array().at(0), " S: 220 mx.clear.lab.test ESMTP lab");
}

TEST(RecordBook, ForgetsTheOldestAndDropsBodiesAboveItsLimit)
{
    RecordBook book{{.records = 3, .body_octets = 10}, {}};
    for (int i = 0; i < 4; ++i) {
        MessageRecord record;
        record.partner = "a";
        record.body = "123456";
        record.body_kept = true;
        record.size = 6;
        record.connection = static_cast<std::uint64_t>(i);
        book.add(std::move(record));
    }
    const auto messages = book.messages("a");
    ASSERT_EQ(messages.size(), 3U);
    EXPECT_EQ(messages[0].connection, 1U);
    EXPECT_FALSE(messages[0].body_kept);
    EXPECT_EQ(messages[0].size, 6U);
    EXPECT_TRUE(book.messages("b").empty());
    EXPECT_FALSE(book.wait_for_messages("b", 1, milliseconds{1}));
}

TEST(LabLogins, AreTakenWhateverTheyAreAndStandInTheTranscript)
{
    Lab lab{{.only = {"modern"}, .offers_auth = true}};
    ASSERT_TRUE(lab.start());
    {
        SmtpClient client;
        ASSERT_TRUE(client.connect(lab.find("modern")->address, seconds{20}));
        EXPECT_EQ(client.read_reply().code, 220);
        EXPECT_THAT(client.command("EHLO client.test").text(),
                    testing::HasSubstr("AUTH PLAIN LOGIN"));
        EXPECT_EQ(client.command("AUTH PLAIN AGFubgBzZWNyZXQ=").code, 235);
        EXPECT_EQ(client.command("AUTH PLAIN").code, 334);
        EXPECT_EQ(client.command("AGFubgBzZWNyZXQ=").code, 235);
        EXPECT_EQ(client.command("AUTH LOGIN").code, 334);
        EXPECT_EQ(client.command("YW5u").code, 334);
        EXPECT_EQ(client.command("c2VjcmV0").code, 235);
    }
    ASSERT_TRUE(lab.book().wait_for_connections("modern", 1, seconds{20}));
    const auto connection = lab.book().connections("modern").at(0);
    EXPECT_THAT(format_transcript(connection), testing::HasSubstr("c2VjcmV0"));
    EXPECT_THAT(connection.violations, testing::IsEmpty());
}

}  // namespace
}  // namespace hermetic::lab
