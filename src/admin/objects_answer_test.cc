#include "admin/objects_answer.h"

#include "directory/test_support.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace hermetic::admin {
namespace {

namespace json = boost::json;

class ObjectsAnswer : public testing::Test {
protected:
    ObjectsAnswer() : directory_{*directory::Directory::open(folder_.file("directory.db"), clock_)}
    {
    }
    Response ask(const std::string& method, const std::string& target, std::string body = {},
                 const std::string& by = "alice")
    {
        Request request;
        request.method = method;
        EXPECT_TRUE(parse_target(target, request));
        request.body = std::move(body);
        return answer_from(*directory_, request, by);
    }
    json::object body_of(const Response& response, int status = 200)
    {
        EXPECT_EQ(response.status, status) << response.body;
        return json::parse(response.body).as_object();
    }
    void fill()
    {
        body_of(ask("PUT", "/v1/objects?revision=0&file=org.toml", directory::kOrganization));
    }

    directory::StandingClock clock_;
    directory::TemporaryFolder folder_;
    std::unique_ptr<directory::Directory> directory_;
};

const char* const kBank = "/v1/objects/outbound_connector/bank";

// Told at save, of the object that is saved.
TEST_F(ObjectsAnswer, WideNetworksAreWarnedOfAtSave)
{
    fill();
    const auto wide = body_of(ask(
        "POST", "/v1/objects/inbound_connector/wide",
        R"({"set": {"kind": "on_premises", "may_relay": true, "networks": ["203.0.0.0/16"]}})"));
    ASSERT_EQ(wide.at("warnings").as_array().size(), 1U);
    EXPECT_NE(wide.at("warnings").at(0).as_string().find("65536 addresses"), std::string::npos);
    const auto other = body_of(ask(
        "POST", "/v1/objects/inbound_connector/own",
        R"({"set": {"kind": "on_premises", "may_relay": true, "networks": ["192.0.2.0/24"]}})"));
    EXPECT_TRUE(other.at("warnings").as_array().empty());
}

// Neither a value of JSON nor TOML within one takes the server's stack.
TEST_F(ObjectsAnswer, DepthIsBounded)
{
    fill();
    constexpr int kMany = 14'000;
    std::string list;
    std::string dots;
    for (int i = 0; i < kMany; ++i) {
        list += '[';
        dots += "a.";
    }
    const auto deep =
        body_of(ask("PATCH", kBank, R"({"version": 1, "set": {"comment": )" + list), 400);
    EXPECT_NE(deep.at("error").as_string().find("16 levels"), std::string_view::npos);
    const auto written = R"({"version": 1, "set": {"enabled": "{)" + dots + R"(a = 1}"}})";
    body_of(ask("PATCH", kBank, written), 422);
    const auto document =
        ask("PUT", "/v1/objects?revision=1&file=org.toml", "\n" + dots + "a = 1\n");
    const auto fault = body_of(document, 422).at("diagnostics").at(0).as_object();
    EXPECT_EQ(fault.at("file"), "org.toml");
    EXPECT_EQ(fault.at("line"), 2);
}

TEST_F(ObjectsAnswer, AWholeDocumentIsAppliedAndExported)
{
    const auto dry = body_of(ask("PUT", "/v1/objects?dry-run=yes", directory::kOrganization));
    EXPECT_EQ(dry.at("revision").as_int64(), 0);
    EXPECT_EQ(dry.at("changes").as_array().size(), 3U);
    fill();
    const Response exported = ask("GET", "/v1/export");
    EXPECT_EQ(exported.content_type, "application/toml");
    const auto again = body_of(ask("PUT", "/v1/objects?revision=1", exported.body));
    EXPECT_TRUE(again.at("changes").as_array().empty());
    EXPECT_EQ(ask("GET", "/v1/export").body, exported.body);
}

// Not refused: files may come later than the objects that name them.
TEST_F(ObjectsAnswer, FilesThatCannotBeUsedAreWarnedOf)
{
    const std::string password = folder_.file("password");
    std::ofstream{password} << "secret\n";
    std::filesystem::permissions(password, std::filesystem::perms{0644});
    const std::string document =
        std::string{directory::kOrganization} +
        "\n[[outbound_connector]]\nname = \"hop\"\nrecipient_domains = [\"hop.test\"]\n"
        "smart_hosts = [\"relay.hop.test\"]\ntls = \"verify_name\"\nauth_user = \"ann\"\n"
        "auth_password_file = \"" +
        password +
        "\"\n\n[[inbound_connector]]\nname = \"in\"\nsender_domains = [\"hop.test\"]\n"
        "certificate_names = [\"mx.hop.test\"]\nca = \"/nonexistent/ca.pem\"\n";
    for (const char* const target : {"/v1/objects?dry-run=yes", "/v1/objects?revision=0"}) {
        const auto warnings = body_of(ask("PUT", target, document)).at("warnings").as_array();
        ASSERT_EQ(warnings.size(), 2U) << json::serialize(warnings);
        EXPECT_NE(warnings[0].as_string().find("outbound_connector \"hop\""), std::string::npos);
        EXPECT_NE(warnings[0].as_string().find(password), std::string::npos);
        EXPECT_NE(warnings[1].as_string().find("inbound_connector \"in\""), std::string::npos);
    }
}

TEST_F(ObjectsAnswer, OneObjectIsShownWithVersionAuthorAndFields)
{
    fill();
    const auto bank = body_of(ask("GET", kBank));
    EXPECT_EQ(bank.at("version").as_int64(), 1);
    EXPECT_EQ(bank.at("changed_by").as_string(), "alice");
    EXPECT_EQ(bank.at("fields").at("recipient_domains").at(0).as_string(), "bank.test");
    const auto list = body_of(ask("GET", "/v1/objects?kind=outbound_connector"));
    EXPECT_EQ(list.at("objects").as_array().size(), 1U);
    EXPECT_EQ(list.at("managed_by").as_string(), "directory");
}

TEST_F(ObjectsAnswer, FieldsAreSetAndUnset)
{
    fill();
    const auto done =
        body_of(ask("PATCH", kBank,
                    R"({"version":1,"set":{"enabled":false,"recipient_domains":"a.test,b.test"},)"
                    R"("unset":["comment"]})",
                    "bob"));
    EXPECT_EQ(done.at("changes").at(0).at("change").as_string(), "changed");
    EXPECT_EQ(done.at("changes").at(0).at("fields").as_array().size(), 3U);
    const auto bank = body_of(ask("GET", kBank));
    EXPECT_EQ(bank.at("changed_by").as_string(), "bob");
    EXPECT_FALSE(bank.at("fields").as_object().contains("comment"));
    const auto history = body_of(ask("GET", std::string{kBank} + "/history"));
    EXPECT_EQ(history.at("changes").as_array().size(), 2U);
    EXPECT_EQ(body_of(ask("GET", "/v1/changes?limit=2")).at("changes").as_array().size(), 2U);
}

TEST_F(ObjectsAnswer, AnOvertakenChangeIs409AndSaysWhose)
{
    fill();
    const std::string change = R"({"version":1,"set":{"comment":"x"}})";
    body_of(ask("PATCH", kBank, change, "bob"));
    const auto refused =
        body_of(ask("PATCH", kBank, R"({"version":1,"set":{"comment":"y"}})"), 409);
    EXPECT_EQ(refused.at("reason").as_string(), "conflict");
    EXPECT_NE(std::string{refused.at("error").as_string().c_str()}.find("bob"), std::string::npos);
}

TEST_F(ObjectsAnswer, FaultsAreDiagnostics)
{
    fill();
    const auto refused =
        body_of(ask("PATCH", kBank, R"({"version":1,"set":{"tls":"strong","x":1}})"), 422);
    EXPECT_EQ(refused.at("diagnostics").as_array().size(), 2U);
    EXPECT_EQ(refused.at("diagnostics").at(0).at("key").as_string(),
              "outbound_connector \"bank\".tls");
    const auto file = body_of(ask("PUT", "/v1/objects?revision=1&file=a.toml", "[x]\n"), 422);
    EXPECT_EQ(file.at("diagnostics").at(0).at("file").as_string(), "a.toml");
}

TEST_F(ObjectsAnswer, ObjectsAreAddedAndRemoved)
{
    fill();
    const std::string target = "/v1/objects/outbound_connector/new%20one";
    body_of(ask("POST", target, R"({"set":{"recipient_domains":["n.test"]}})"));
    body_of(ask("POST", target, R"({"set":{"recipient_domains":["n.test"]}})"), 409);
    body_of(ask("DELETE", target), 422);
    body_of(ask("DELETE", target + "?version=2"), 409);
    body_of(ask("DELETE", target + "?version=1"));
    const auto gone = body_of(ask("GET", target), 404);
    EXPECT_EQ(gone.at("reason").as_string(), "not-found");
    EXPECT_EQ(body_of(ask("GET", target + "/history")).at("changes").as_array().size(), 2U)
        << "what is gone has its history";
}

TEST_F(ObjectsAnswer, ADocumentThatRemovesIs409UntilItIsAskedTo)
{
    fill();
    const std::string less = "[organization]\nname = \"Example\"\npostmaster = \"p@a.test\"\n";
    body_of(ask("PUT", "/v1/objects?dry-run=yes", less));
    const auto refused = body_of(ask("PUT", "/v1/objects?revision=1", less), 409);
    EXPECT_EQ(refused.at("reason").as_string(), "removes");
    body_of(ask("PUT", "/v1/objects?revision=1&prune=no", less), 409);
    const auto done = body_of(ask("PUT", "/v1/objects?revision=1&prune=yes", less));
    EXPECT_EQ(done.at("changes").as_array().size(), 3U);
}

TEST_F(ObjectsAnswer, ARevisionIsShownAndRolledBackTo)
{
    fill();
    body_of(ask("PATCH", kBank, R"({"version":1,"set":{"comment":"new"}})", "bob"));
    const auto second = body_of(ask("GET", "/v1/changes?revision=2")).at("changes").as_array();
    ASSERT_EQ(second.size(), 1U);
    EXPECT_EQ(second[0].at("changed_by").as_string(), "bob");
    const std::string target = "/v1/changes/1/rollback";
    EXPECT_EQ(body_of(ask("POST", target + "?dry-run=yes")).at("revision").as_int64(), 2);
    body_of(ask("POST", target), 422);
    body_of(ask("POST", target + "?revision=1"), 409);
    const auto done = body_of(ask("POST", target + "?revision=2"));
    EXPECT_EQ(done.at("revision").as_int64(), 3);
    EXPECT_EQ(done.at("changes").at(0).at("fields").at(0).at("after").as_string(), "\"as agreed\"");
    body_of(ask("POST", "/v1/changes/first/rollback?revision=3"), 400);
    body_of(ask("POST", "/v1/changes/9/rollback?revision=3"), 404);
}

TEST_F(ObjectsAnswer, ARollbackThatRemovesIs409UntilItIsAskedTo)
{
    fill();
    body_of(ask("POST", "/v1/objects/certificate/late",
                R"({"set":{"chain":"/etc/ssl/late.pem","key":"/etc/ssl/late.key"}})"));
    const std::string target = "/v1/changes/1/rollback?revision=2";
    const auto refused = body_of(ask("POST", target), 409);
    EXPECT_EQ(refused.at("reason").as_string(), "removes");
    body_of(ask("POST", target + "&prune=no"), 409);
    const auto done = body_of(ask("POST", target + "&prune=yes"));
    EXPECT_EQ(done.at("changes").at(0).at("change").as_string(), "removed");
}

TEST_F(ObjectsAnswer, AKindThatIsNoneIsSaidWithThoseThatAre)
{
    const auto refused = body_of(ask("GET", "/v1/objects/connector/bank"), 404);
    EXPECT_NE(refused.at("expected").as_string().find("outbound_connector"),
              std::string_view::npos);
}

TEST_F(ObjectsAnswer, MalformedBodiesAreRefusedWithTheRightForm)
{
    fill();
    for (const char* body :
         {"", "{", "[]", R"({"set":1})", R"({"unset":[1]})", R"({"other":1})", R"({"version":-1})",
          R"({"version":"1"})", R"({"set":{"a":null}})", R"({"set":{"a":1.5}})"}) {
        EXPECT_NE(ask("PATCH", kBank, body).body.find("expected"), std::string::npos) << body;
        body_of(ask("PATCH", kBank, body), 400);
    }
}

// Of two values nobody knows which was meant.
TEST_F(ObjectsAnswer, AKeyThatIsThereTwiceIsNamed)
{
    fill();
    const std::pair<const char*, const char*> bodies[] = {
        {R"({"version":1,"set":{"tls":"encrypt"},"set":{"comment":"x"}})", "\"set\" twice"},
        {R"({"version":1,"set":{"comment":"x","c\u006fmment":"y"}})", "\"comment\" twice"},
        {R"({"version":1,"version":2,"set":{"comment":"x"}})", "\"version\" twice"},
        {R"({"version":1,"set":{"exception":{"tls":"encrypt","tls":"none"}}})", "\"tls\" twice"},
        {R"({"version":1,"set":{"comment":[{"a":1},{"b":1,"b":2}]}})", "\"b\" twice"},
    };
    for (const auto& [body, words] : bodies) {
        const auto refused = body_of(ask("PATCH", kBank, body), 400);
        EXPECT_NE(refused.at("error").as_string().find(words), std::string_view::npos) << body;
    }
    body_of(ask("PATCH", kBank, R"({"version":1,"set":{"comment":"x"}})"));
}

TEST_F(ObjectsAnswer, ANewObjectThatContradictsItsAddressIsRefused)
{
    fill();
    const std::string target = "/v1/objects/outbound_connector/one";
    const auto name = body_of(
        ask("POST", target, R"({"set":{"name":"two","recipient_domains":["n.test"]}})"), 422);
    EXPECT_NE(name.at("error").as_string().find("\"one\""), std::string_view::npos);
    EXPECT_NE(name.at("error").as_string().find("\"two\""), std::string_view::npos);
    const auto owner =
        body_of(ask("POST", target + "?organization=A",
                    R"({"set":{"organization":"B","recipient_domains":["n.test"]}})"),
                422);
    EXPECT_NE(owner.at("error").as_string().find("\"A\""), std::string_view::npos);
    EXPECT_NE(owner.at("error").as_string().find("\"B\""), std::string_view::npos);
    body_of(ask("POST", target, R"({"set":{"name":"one","recipient_domains":["n.test"]}})"));
}

TEST_F(ObjectsAnswer, AHistoryIsOfOneObjectThatIsOrWas)
{
    const char* const two =
        "[[organization]]\nname = \"A\"\npostmaster = \"p@a.test\"\n"
        "[[organization]]\nname = \"B\"\npostmaster = \"p@b.test\"\n"
        "[[outbound_connector]]\nname = \"bank\"\norganization = \"A\"\n"
        "recipient_domains = [\"x.test\"]\n"
        "[[outbound_connector]]\nname = \"bank\"\norganization = \"B\"\n"
        "recipient_domains = [\"x.test\"]\n";
    body_of(ask("PUT", "/v1/objects?revision=0", two));
    const std::string target = std::string{kBank} + "/history";
    const auto any = body_of(ask("GET", target), 422);
    EXPECT_NE(any.at("error").as_string().find("several organizations"), std::string_view::npos);
    const auto of_a = body_of(ask("GET", target + "?organization=A"));
    EXPECT_EQ(of_a.at("changes").as_array().size(), 1U);
    body_of(ask("GET", "/v1/objects/outbound_connector/none/history"), 404);
    body_of(ask("GET", "/v1/objects/outbound_connector/none/history?organization=A"), 404);
}

TEST_F(ObjectsAnswer, NobodyWithoutANameChangesAnything)
{
    EXPECT_EQ(ask("PUT", "/v1/objects?revision=0", directory::kOrganization, "").status, 403);
    EXPECT_EQ(ask("GET", "/v1/objects", "", "").status, 200);
}

TEST_F(ObjectsAnswer, OtherMethodsAreRefused)
{
    EXPECT_EQ(ask("DELETE", "/v1/objects").status, 405);
    EXPECT_EQ(ask("POST", "/v1/export").status, 405);
    EXPECT_EQ(ask("GET", "/v1/objects/a").status, 405);
    EXPECT_EQ(ask("PUT", kBank).status, 405);
}

TEST(AccountName, IsANumberWhereThereIsNoName)
{
    EXPECT_EQ(account_name(0), "root");
    EXPECT_EQ(account_name(3'999'999'999U), "user 3999999999");
}

// Asking may take as long as a directory service on the network takes; main's core waits for none.
TEST(AccountName, IsNotAskedForByWhoMustNotWait)
{
    Request request;
    EXPECT_EQ(actor_of(request).name, "?");
    request.user_id = 0;
    EXPECT_EQ(actor_of(request).name, "user 0");
    request.account = "root";
    EXPECT_EQ(actor_of(request), (events::Actor{0, "root"}));
}

}  // namespace
}  // namespace hermetic::admin
