#include "acme/responder.h"

#include "acme/http_request.h"
#include "net/core_fixture.h"
#include "net/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hermetic::acme {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(HttpRequest, OnlyTheOnePathIsAsked)
{
    EXPECT_EQ(requested_token("GET /.well-known/acme-challenge/abc HTTP/1.1"), "abc");
    for (const auto* line :
         {"POST /.well-known/acme-challenge/abc HTTP/1.1", "GET / HTTP/1.1",
          "GET /.well-known/acme-challenge/ HTTP/1.1", "GET /.well-known/acme-challenge/abc", ""}) {
        EXPECT_EQ(requested_token(line), std::nullopt) << line;
    }
    EXPECT_THAT(http_answer("proof"), HasSubstr("Content-Length: 5\r\n"));
    EXPECT_THAT(http_answer(std::nullopt), testing::StartsWith("HTTP/1.1 404"));
}

class AcmeResponder : public testing::Test {
protected:
    AcmeResponder()
    {
        challenges_.put("token", "token.thumb");
        responder_ = *Responder::start(fixture_.core, Challenge::Http01,
                                       {*Endpoint::parse("127.0.0.1:0")}, challenges_);
    }
    ~AcmeResponder() override { fixture_.run(responder_->stop()); }

    net::Task<> ask(std::string request, std::string& answer)
    {
        auto stream =
            co_await net::Stream::connect(fixture_.core, responder_->bound().front(), std::nullopt,
                                          fixture_.in(std::chrono::seconds{5}));
        (*stream)->until(fixture_.in(std::chrono::seconds{5}));
        const auto written = co_await (*stream)->write(request);
        static_cast<void>(written);
        for (;;) {
            const auto piece = co_await (*stream)->peek();
            if (!piece) break;
            answer += *piece;
            (*stream)->consume(piece->size());
        }
    }
    std::string ask(const std::string& request)
    {
        std::string answer;
        fixture_.run(ask(request, answer));
        return answer;
    }

    net::CoreFixture fixture_;
    Challenges challenges_;
    std::unique_ptr<Responder> responder_;
};

TEST_F(AcmeResponder, AnswersATokenThatItHasAndNoOther)
{
    EXPECT_THAT(ask("GET /.well-known/acme-challenge/token HTTP/1.1\r\nHost: mx.test\r\n\r\n"),
                testing::EndsWith("\r\n\r\ntoken.thumb"));
    EXPECT_THAT(ask("GET /.well-known/acme-challenge/other HTTP/1.1\r\n\r\n"), HasSubstr("404"));
    EXPECT_THAT(ask("GET /../../secret HTTP/1.1\r\n\r\n"), HasSubstr("404"));
    EXPECT_THAT(ask("\x16\x03\x01 nonsense\n"), IsEmpty());
}

}  // namespace
}  // namespace hermetic::acme
