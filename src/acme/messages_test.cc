// What an ACME server may say, and signed requests. What it says is foreign: anything may stand
// there.
#include "acme/messages.h"

#include "acme/jws.h"
#include "core/text.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::acme {
namespace {

using testing::HasSubstr;

TEST(Messages, AnAuthorizationHasWhateverIsOffered)
{
    const auto read = parse_authorization(R"({
        "identifier": {"type": "dns", "value": "mx.test"}, "status": "pending", "wildcard": false,
        "challenges": [
          {"type": "dns-persist-01", "url": "https://a/1", "issuer-domain-names": ["a.test"]},
          {"type": "http-01", "url": "https://a/2", "token": "t", "status": "invalid",
           "error": {"type": "urn:ietf:params:acme:error:dns", "detail": "no address"}},
          "nonsense", {"type": 7}]})");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->domain, "mx.test");
    EXPECT_EQ(read->status, Status::Pending);
    ASSERT_EQ(read->challenges.size(), 3U);
    EXPECT_EQ(read->challenges[0].type, "dns-persist-01");
    EXPECT_EQ(read->challenges[0].token, "");
    EXPECT_EQ(read->challenges[1].token, "t");
    EXPECT_EQ(read->challenges[1].problem->type, "dns");
}

TEST(Messages, AStateThatIsNotKnownIsUnknown)
{
    EXPECT_EQ(parse_account(R"({"status":"valid"})"), Status::Valid);
    EXPECT_EQ(parse_account(R"({"status":"deactivated"})"), Status::Invalid);
    EXPECT_EQ(parse_account(R"({"status":"asleep"})"), Status::Unknown);
    EXPECT_EQ(parse_account("{}"), Status::Unknown);
}

TEST(Messages, WhatIsNoneIsAnError)
{
    for (const std::string text :
         {"", "x", "[]", "{}", "null", R"({"authorizations":{}})", R"({"authorizations":[1]})",
          R"({"newNonce":"https://a","newAccount":"","newOrder":"https://a"})",
          R"({"identifier":[],"challenges":[]})", R"({"identifier":{},"challenges":{}})"}) {
        EXPECT_FALSE(parse_directory(text)) << text;
        EXPECT_FALSE(parse_order(text)) << text;
        EXPECT_FALSE(parse_authorization(text)) << text;
    }
    EXPECT_FALSE(parse_order(std::string(100'000, '[')));
}

TEST(Messages, AProblemIsSaidWithItsParts)
{
    const Problem problem = parse_problem(
        R"({"type":"urn:ietf:params:acme:error:caa","detail":"no\n","subproblems":[{"detail":"mx"}]})");
    EXPECT_EQ(problem.type, "caa");
    EXPECT_EQ(problem.detail, "no\\x0A; mx");
    EXPECT_EQ(parse_problem("<html>\r\n").detail, "<html>\\x0D\\x0A");
}

TEST(Messages, RetryAfterIsASmallNumberOfSeconds)
{
    EXPECT_EQ(parse_retry_after("120"), 120U);
    EXPECT_EQ(parse_retry_after(" 99999999999 "), 86'400U);
    EXPECT_EQ(parse_retry_after("Wed, 21 Oct 2026 07:28:00 GMT"), std::nullopt);
    EXPECT_EQ(parse_retry_after("-1"), std::nullopt);
}

TEST(Jws, NamesTheKeyOfANewAccountAndTheAccountAfterwards)
{
    const auto key = tls::SigningKey::make();
    const auto header_of = [&](const std::string& account) {
        const auto body = boost::json::parse(sign_request(key, {"n", "https://a", account}, "{}"));
        std::string text{body.at("protected").as_string().c_str()};
        for (char& each : text) each = each == '-' ? '+' : each == '_' ? '/' : each;
        while (text.size() % 4 != 0) text += '=';
        return *from_base64(text);
    };
    EXPECT_THAT(header_of(""), HasSubstr(R"("jwk":{"crv":"P-256","kty":"EC","x":")"));
    EXPECT_THAT(header_of("https://a/1"), HasSubstr(R"("kid":"https://a/1")"));
    EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
    EXPECT_THAT(key_authorization(key, "token"),
                testing::MatchesRegex("token\\.[-_A-Za-z0-9]{43}"));
}

}  // namespace
}  // namespace hermetic::acme
