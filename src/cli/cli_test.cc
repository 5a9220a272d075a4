// The command line as a whole: how it says what it could not do, and what it prints without a
// server.
#include "cli/cli.h"

#include "cli/complaint.h"
#include "tls/pki_fixture.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace hermetic::cli {
namespace {

using testing::HasSubstr;

struct Ran {
    int code = kDone;
    std::string out;
    std::string err;
};

Ran run_words(const std::vector<std::string>& words)
{
    std::vector<const char*> argv{"hermetic"};
    for (const std::string& each : words) argv.push_back(each.c_str());
    Programs programs;
    programs.serve = [](const ServeArguments&) { return kDone; };
    programs.check = [](const std::string&, Output) { return kDone; };
    programs.find_faults = [](const std::string&) { return config::Diagnostics{}; };
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Ran ran;
    ran.code = run(static_cast<int>(argv.size()), argv.data(), programs);
    ran.out = testing::internal::GetCapturedStdout();
    ran.err = testing::internal::GetCapturedStderr();
    complain_in(Output::Table);
    return ran;
}

// What standard error has where all of it is one JSON object; null where it is anything else.
boost::json::value object_in(const std::string& text)
{
    if (std::ranges::count(text, '\n') != 1 || !text.ends_with('\n')) return nullptr;
    boost::system::error_code error;
    auto value = boost::json::parse(text.substr(0, text.size() - 1), error);
    return error || !value.is_object() ? boost::json::value(nullptr) : value;
}

void expect_complaint(const std::vector<std::string>& words, int code)
{
    std::string line;
    for (const std::string& each : words) line += " " + each;
    SCOPED_TRACE(line);
    const Ran ran = run_words(words);
    EXPECT_EQ(ran.code, code);
    EXPECT_EQ(ran.out, "");
    const auto complaint = object_in(ran.err);
    ASSERT_TRUE(complaint.is_object()) << ran.err;
    ASSERT_TRUE(complaint.as_object().contains("error")) << ran.err;
    EXPECT_FALSE(complaint.at("error").as_string().empty());
}

std::string error_of(const std::vector<std::string>& words)
{
    const auto complaint = object_in(run_words(words).err);
    return complaint.is_object() ? complaint.at("error").as_string().c_str() : "";
}

TEST(JsonComplaints, OfCommandsWhoseServerIsNotThere)
{
    const std::vector<std::vector<std::string>> commands{
        {"status"},
        {"metrics"},
        {"queue", "list"},
        {"queue", "summary"},
        {"queue", "destinations"},
        {"queue", "show", "01JABCDEFGHJKMNPQRSTVWXYZ0"},
        {"queue", "view", "01JABCDEFGHJKMNPQRSTVWXYZ0"},
        {"queue", "retry", "01JABCDEFGHJKMNPQRSTVWXYZ0"},
        {"queue", "hold", "--all", "--yes"},
        {"queue", "release", "--state", "held"},
        {"queue", "approve", "--all", "--yes", "--reason", "known"},
        {"queue", "remove", "--sender", "a@example.org"},
        {"queue", "pause", "mx:example.org"},
        {"queue", "resume", "mx:example.org"},
        {"hosts", "list"},
        {"hosts", "forget", "--all"},
        {"certificate", "list"},
        {"certificate", "tlsa"},
        {"certificate", "renew", "mx"},
        {"connector", "list"},
        {"connector", "show", "bank"},
        {"connector", "add", "bank", "tls=encrypt"},
        {"connector", "set", "bank", "tls=encrypt"},
        {"connector", "remove", "bank"},
        {"connector", "test", "bank"},
        {"changes"},
        {"rollback", "1"},
        {"export"},
        {"ratchet", "list"},
        {"ratchet", "accept", "example.org"},
        {"retire", "status"},
        {"exceptions"},
    };
    for (auto words : commands) {
        words.insert(words.end(), {"--json", "--socket", "/nonexistent/admin.sock"});
        expect_complaint(words, kUnreachable);
    }
}

TEST(Usage, AMisspelledCommandIsNamedWithTheNearest)
{
    const Ran top = run_words({"statsu"});
    EXPECT_EQ(top.code, kUsage);
    EXPECT_THAT(top.err, HasSubstr("there is no command \"statsu\""));
    EXPECT_THAT(top.err, HasSubstr("perhaps \"status\""));
    const Ran below = run_words({"queue", "lst", "--json"});
    EXPECT_EQ(below.code, kUsage);
    const auto complaint = object_in(below.err);
    ASSERT_TRUE(complaint.is_object()) << below.err;
    EXPECT_EQ(complaint.at("error").as_string(), "there is no command \"queue lst\"");
    EXPECT_EQ(complaint.at("expected").as_string(), "perhaps \"list\"");
    EXPECT_THAT(run_words({"queue"}).err, HasSubstr("subcommand is required"));
}

TEST(JsonComplaints, OfCommandsThatReadFiles)
{
    const tls::PkiFixture files;
    const std::string none = files.path("none.toml");
    const std::string config = files.path("hermetic.toml");
    expect_complaint({"status", "--json", "--config", none}, kUsage);
    expect_complaint({"apply", none, "--json"}, kFailed);
    EXPECT_THAT(run_words({"apply", none}).err, HasSubstr("No such file or directory"));
    expect_complaint({"explain", "--to", "a@example.org", "--config", none, "--json"}, kFailed);
    expect_complaint({"probe", "no domain!", "--json"}, kUsage);
    expect_complaint({"probe", "example.org", "--config", none, "--json"}, kFailed);
    expect_complaint({"spool", "check", "--config", none, "--json"}, kFailed);
    expect_complaint({"spool", "repair", "--config", none, "--json"}, kFailed);
    expect_complaint({"spool", "export", "--to", files.path("out"), "--config", none, "--json"},
                     kFailed);
    expect_complaint({"spool", "check", "--directory", none, "--json"}, kFailed);
    expect_complaint({"lab", "--dir", "/proc/nothing", "--json"}, kFailed);
    expect_complaint({"setup", "--json", "--config", config}, kUsage);
    expect_complaint({"setup", "--json", "--config", config, "--address", "here"}, kUsage);
    expect_complaint({"setup", "--json", "--config", config, "--test-to", "nobody"}, kUsage);
    expect_complaint({"setup", "--json", "--config", config, "--hostname", "not a name", "--domain",
                      "example.org", "--next-hop", "lmtp://127.0.0.1:24", "--offline"},
                     kFailed);
    files.write("hermetic.toml", "hostname = [\n");
    expect_complaint({"setup", "--json", "--config", config}, kFailed);
}

TEST(JsonComplaints, OfWrongUsage)
{
    expect_complaint({"--json"}, kUsage);
    expect_complaint({"nonsense", "--json"}, kUsage);
    expect_complaint({"queue", "--json"}, kUsage);
    expect_complaint({"queue", "hold", "--json"}, kUsage);
    expect_complaint({"queue", "show", "--json"}, kUsage);
    for (const std::string option : {"--sender", "--recipient", "--reason", "--older-than"}) {
        expect_complaint(
            {"queue", "remove", "--destination", "a.test", option, "", "--yes", "--json"}, kUsage);
    }
    expect_complaint({"queue", "remove", "", "--all", "--yes", "--json"}, kUsage);
    expect_complaint({"queue", "list", "--sender", "", "--json"}, kUsage);
    expect_complaint({"hosts", "forget", "--json"}, kUsage);
    expect_complaint({"reference", "nothing", "--json"}, kUsage);
    expect_complaint({"retire", "status", "--csv", "--json"}, kUsage);
    expect_complaint({"setup", "--certificate", "free", "--json"}, kUsage);
}

TEST(RetirePlan, ADryRunPrintsThePlanOrWhatIsWrongWithIt)
{
    std::vector<std::string> words{"retire",   "plan",
                                   "old",      "--direction",
                                   "outbound", "--versions",
                                   "1.0,1.1",  "--dry-run",
                                   "--start",  "2027-01-11T00:00:00Z",
                                   "--end",    "2027-03-01T00:00:00Z"};
    const Ran right = run_words(words);
    EXPECT_EQ(right.code, kDone) << right.err;
    EXPECT_THAT(right.out, HasSubstr("versions = [\"1.0\", \"1.1\"]\n"));
    words.back() = "2027-01-01T00:00:00Z";
    const Ran wrong = run_words(words);
    EXPECT_EQ(wrong.code, kFailed);
    EXPECT_EQ(wrong.out, "");
    EXPECT_THAT(wrong.err, HasSubstr("end: it is before the start"));
}

// Never ignored: who asked for JSON would read something else.
TEST(JsonComplaints, OfCommandsThatHaveNoJson)
{
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"serve"}, {"lab", "tour"}}) {
        auto with_json = words;
        with_json.emplace_back("--json");
        expect_complaint(with_json, kUsage);
        EXPECT_THAT(error_of(with_json), HasSubstr(words.back() + "` has no --json"));
    }
    EXPECT_THAT(error_of({"lab", "--json", "tour"}), HasSubstr("lab tour` has no --json"));
    for (const std::string what : {"man", "completion"}) {
        expect_complaint({"reference", what, "--json"}, kUsage);
        EXPECT_THAT(error_of({"reference", what, "--json"}), HasSubstr("it is never JSON"));
    }
}

TEST(Reference, AsJsonHasWhatTheDocumentHas)
{
    const struct {
        std::string what;
        std::string list;
        std::string_view part;  // of its text
    } rows[] = {
        {"node", "sections", R"({"key":"acme_eab_key_id","type":"a key id")"},
        {"org", "sections", R"("section":"[[outbound_connector]]")"},
        {"reasons", "reasons", R"({"id":"starttls.not-offered","stage":)"},
        {"metrics", "metrics",
         R"({"name":"hermetic_messages_total","labels":"verdict=\"accepted\"","kind":"counter")"},
        {"setup", "findings", R"({"id":"setup.mx-missing","severity":"error")"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.what);
        const Ran ran = run_words({"reference", row.what, "--json"});
        EXPECT_EQ(ran.code, kDone);
        EXPECT_EQ(ran.err, "");
        const auto body = object_in(ran.out);
        ASSERT_TRUE(body.is_object()) << ran.out.substr(0, 200);
        EXPECT_FALSE(body.at(row.list).as_array().empty());
        EXPECT_THAT(ran.out, HasSubstr(std::string{row.part}));
    }
}

}  // namespace
}  // namespace hermetic::cli
