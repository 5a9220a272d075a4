#include "admin/http.h"

#include "admin/client.h"

#include <gtest/gtest.h>

namespace hermetic::admin {
namespace {

TEST(ParseTarget, TakesAPathAndAQuery)
{
    Request request;
    ASSERT_TRUE(parse_target("/v1//queue/?sender=a%40b.example&all=yes&x=1+2&flag", request));
    EXPECT_EQ(request.path, (std::vector<std::string>{"v1", "queue"}));
    EXPECT_EQ(request.query["sender"], "a@b.example");
    EXPECT_EQ(request.query["x"], "1 2");
    EXPECT_EQ(request.query["flag"], "");
}

TEST(ParseTarget, TakesBackWhatTheClientEncodes)
{
    const std::string text = "a/b?c=d&e%\xc3\xa9 +";
    Request request;
    ASSERT_TRUE(
        parse_target("/v1/" + percent_encode(text) + "?q=" + percent_encode(text), request));
    EXPECT_EQ(request.path[1], text);
    EXPECT_EQ(request.query["q"], text);
}

TEST(ParseTarget, RefusesWhatIsMalformed)
{
    const std::vector<std::string> malformed{
        "", "v1", "/%zz", "/%4", "/a?b=%", "/a?b=1&b=2", "/a?b=1&%62=1", std::string(9000, '/')};
    for (const std::string& bad : malformed) {
        Request request;
        EXPECT_FALSE(parse_target(bad, request)) << bad.substr(0, 20);
    }
}

TEST(Refuse, SaysWhatWouldBeRight)
{
    EXPECT_EQ(refuse(404, "nothing \"here\"", "there").body,
              R"({"error":"nothing \"here\"","expected":"there"})");
}

}  // namespace
}  // namespace hermetic::admin
