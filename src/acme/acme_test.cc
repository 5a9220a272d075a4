// Everything around uacme without it: a script stands in for it and calls this hook as it would.
// The real one against Pebble: tests/interop/acme_test.py.
#include "acme/challenges.h"
#include "acme/hook.h"
#include "acme/http_request.h"
#include "acme/keeper.h"
#include "acme/renewal.h"
#include "acme/responder.h"
#include "ledger/log_fixture.h"
#include "net/core_fixture.h"
#include "net/stream.h"
#include "tls/pki_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace hermetic::acme {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Folder {
public:
    Folder()
    {
        std::string pattern = std::filesystem::temp_directory_path() / "hermetic-acme-XXXXXX";
        path_ = ::mkdtemp(pattern.data());
    }
    ~Folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

TEST(Challenges, WhatTheHookPutsIsFoundUntilItIsRemoved)
{
    const Folder folder;
    const Challenges challenges{folder.path("challenges")};
    ASSERT_TRUE(challenges.prepare(Challenge::Http01));
    const std::string where = folder.path("challenges");
    const std::vector<std::string> begin{"begin", "http-01", "mx.test", "to-k_en", "to-k_en.thumb"};
    EXPECT_EQ(run_hook(where, begin), 0);
    EXPECT_EQ(challenges.find(Challenge::Http01, "to-k_en"), "to-k_en.thumb");
    auto done = begin;
    done[0] = "done";
    EXPECT_EQ(run_hook(where, done), 0);
    EXPECT_EQ(challenges.find(Challenge::Http01, "to-k_en"), std::nullopt);
}

TEST(Challenges, OfAnotherKindThanTheOrdersAreDeclined)
{
    const Folder folder;
    const std::string where = folder.path("challenges");
    ASSERT_TRUE(Challenges{where}.prepare(Challenge::TlsAlpn01));
    for (const std::string kind : {"http-01", "dns-01", "something"}) {
        const std::vector<std::string> begin{"begin", kind, "mx.test", "token", "proof"};
        EXPECT_NE(run_hook(where, begin), 0) << kind;
    }
    const std::vector<std::string> begin{"begin", "tls-alpn-01", "mx.test", "token", "proof"};
    EXPECT_EQ(run_hook(where, begin), 0);
    EXPECT_THAT(Challenges{where}.all(Challenge::TlsAlpn01),
                ElementsAre(std::pair<std::string, std::string>{"mx.test", "proof"}));
    EXPECT_NE(run_hook(where, std::vector<std::string>{"begin"}), 0);
}

TEST(Challenges, NamesThatLeaveTheFolderNameNothing)
{
    const Folder folder;
    std::ofstream{folder.path("secret")} << "secret";
    const Challenges challenges{folder.path("challenges")};
    ASSERT_TRUE(challenges.prepare(Challenge::Http01));
    for (const std::string name :
         {"../secret", "../../secret", "..", ".", "", "a/b", "/etc/passwd", "%2e%2e%2fsecret"}) {
        EXPECT_EQ(challenges.find(Challenge::Http01, name), std::nullopt) << name;
        EXPECT_FALSE(challenges.put(Challenge::Http01, name, "x")) << name;
    }
}

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

class Due : public testing::Test {
protected:
    static facts::CertificateFacts certificate()
    {
        facts::CertificateFacts facts;
        facts.dns_names = {"a.test", "b.test"};
        facts.not_before = WallTime{} + hours{1000};
        facts.not_after = WallTime{} + hours{1090};
        return facts;
    }
    WallTime now_ = WallTime{} + hours{1001};
};

TEST_F(Due, IsAThirdOfTheLifetimeBeforeTheEnd)
{
    EXPECT_EQ(due_at(certificate(), {"b.test", "A.test"}, now_), WallTime{} + hours{1060});
}

TEST_F(Due, IsNowWhereThereIsNoneOrForOthers)
{
    EXPECT_EQ(due_at(std::nullopt, {"a.test"}, now_), now_);
    EXPECT_EQ(due_at(certificate(), {"a.test"}, now_), now_);
    EXPECT_EQ(due_at(certificate(), {"a.test", "b.test", "c.test"}, now_), now_);
}

TEST_F(Due, AfterFailuresTheWaitGrowsToABound)
{
    EXPECT_EQ(wait_after(1), std::chrono::minutes{5});
    EXPECT_EQ(wait_after(2), std::chrono::minutes{10});
    EXPECT_EQ(wait_after(5), std::chrono::minutes{80});
    EXPECT_EQ(wait_after(4'000'000'000U), hours{8});
}

class AcmeKeeper : public testing::Test {
protected:
    AcmeKeeper()
    {
        const auto source =
            pki_.make_files({.name = "issued", .dns_names = {"mx.test"}, .valid_days = 300});
        kept_.name = "mx";
        kept_.chain_file = folder_.path("mx/chain.pem");
        kept_.key_file = folder_.path("mx/key.pem");
        kept_.order.program = folder_.path("uacme");
        kept_.order.hook = "/bin/true";
        kept_.order.directory = "https://acme.test/directory";
        kept_.order.contact = "hostmaster@mx.test";
        kept_.order.domains = {"mx.test"};
        kept_.order.at = {*Endpoint::parse("127.0.0.1:0")};
        kept_.order.state = folder_.path("mx/uacme");
        issues(source.chain_file, source.key_file);
    }
    // The stand-in: notes its arguments, and "issues" these files.
    void issues(const std::string& chain, const std::string& key)
    {
        script("echo \"$@\" >> " + folder_.path("calls") +
               "\nfor word; do last=$word; done\ncase \"$*\" in *\" issue \"*)\nmkdir -p " +
               kept_.order.state + "/$last " + kept_.order.state + "/private/$last\ncp " + chain +
               " " + kept_.order.state + "/$last/cert.pem\ncp " + key + " " + kept_.order.state +
               "/private/$last/key.pem;;\nesac\nexit 0\n");
    }
    void script(const std::string& text)
    {
        std::ofstream{kept_.order.program, std::ios::trunc} << "#!/bin/sh\n" << text;
        ::chmod(kept_.order.program.c_str(), 0700);
    }
    static std::string read(const std::string& file)
    {
        std::ifstream in{file};
        return {std::istreambuf_iterator<char>{in}, {}};
    }
    // Until so many events have been logged.
    void run(std::size_t events)
    {
        Keeper keeper{fixture_.core, log_};
        keeper.keep({kept_});
        net::TaskGroup tasks{fixture_.core};
        tasks.spawn(keeper.run());
        fixture_.core.loop().restart();
        while (log_.events.size() < events) fixture_.core.loop().run_one();
        issued_ = keeper.counts().issued;
        fixture_.core.cancel_all();
        fixture_.run(tasks.join());
    }

    net::CoreFixture fixture_;
    ledger::MemoryLog log_;
    Folder folder_;
    tls::PkiFixture pki_;
    Kept kept_;
    std::uint64_t issued_ = 0;
};

TEST_F(AcmeKeeper, OrdersWhatIsMissingAndInstallsIt)
{
    run(2);
    EXPECT_EQ(issued_, 1U);
    EXPECT_THAT(log_.events[1], testing::StartsWith("acme.issued certificate=mx not_after="));
    EXPECT_EQ(read(kept_.chain_file), pki_.read("issued.pem"));
    EXPECT_EQ(read(kept_.key_file), pki_.read("issued.key"));
    struct stat status {};
    ASSERT_EQ(::stat(kept_.key_file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    const std::string calls = read(folder_.path("calls"));
    EXPECT_THAT(calls, HasSubstr("-y new hostmaster@mx.test\n"));
    EXPECT_THAT(calls, HasSubstr("-y issue mx.test\n"));
}

TEST_F(AcmeKeeper, AFailedOrderKeepsTheOldPairAndSaysWhatTheProgramSaid)
{
    std::filesystem::create_directories(folder_.path("mx"));
    std::ofstream{kept_.chain_file} << "old";
    script("echo 'uacme: the server is on fire' >&2\nexit 2\n");
    run(2);
    EXPECT_EQ(issued_, 0U);
    EXPECT_THAT(log_.events[1], HasSubstr("acme.failed certificate=mx"));
    EXPECT_THAT(log_.events[1], HasSubstr("the server is on fire"));
    EXPECT_THAT(log_.events[1], HasSubstr("retry="));
    EXPECT_EQ(read(kept_.chain_file), "old");
}

TEST_F(AcmeKeeper, WhatIsIssuedForOthersIsNotInstalled)
{
    const auto other = pki_.make_files({.name = "other", .dns_names = {"other.test"}});
    issues(other.chain_file, other.key_file);
    run(2);
    EXPECT_THAT(log_.events[1], HasSubstr("acme.failed"));
    EXPECT_FALSE(std::filesystem::exists(kept_.chain_file));
}

TEST_F(AcmeKeeper, AMissingProgramIsAFailureLikeOthers)
{
    kept_.order.program = folder_.path("no-such-program");
    run(2);
    EXPECT_THAT(log_.events[1], HasSubstr("No such file"));
}

class AcmeResponder : public testing::Test {
protected:
    AcmeResponder()
    {
        EXPECT_TRUE(challenges_.prepare(Challenge::Http01));
        EXPECT_TRUE(challenges_.put(Challenge::Http01, "token", "token.thumb"));
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
    Folder folder_;
    Challenges challenges_{folder_.path("challenges")};
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
