// The resolver against a real Knot DNS on loopback.
#include "dns/resolver.h"

#include "dns/asker.h"
#include "dns/knot_fixture.h"
#include "dns/lookups.h"
#include "net/core_fixture.h"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <fcntl.h>
#include <unistd.h>

namespace hermetic::dns {
namespace {

using namespace std::chrono_literals;
using facts::DnsSecurity;
using facts::DnsStatus;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kRecords = R"(
@       MX 10 mx1
@       MX 20 mx2.plain.test.
mx1     A 192.0.2.1
mx1     AAAA 2001:db8::1
a-only  A 192.0.2.2
null    MX 0 .
alias   CNAME target
target  MX 5 mx1
target  A 192.0.2.3
out     CNAME a-only.plain.test.
text    TXT "no MX here"
_25._tcp.mx1 TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
)";

class ResolverTest : public ::testing::Test {
protected:
    static void SetUpTestSuite()
    {
        if (!KnotFixture::is_installed()) return;
        knot_ = new KnotFixture{{{"signed.test", kRecords, true},
                                 {"plain.test", kRecords, false},
                                 {"bogus.test", kRecords, true}}};
        ResolverOptions options;
        options.forward = {knot_->address()};
        // Not the key of that zone: what a forger's signatures look like.
        std::string wrong = knot_->trust_anchor("bogus.test");
        wrong.back() = wrong.back() == '0' ? '1' : '0';
        options.trust_anchors = {knot_->trust_anchor("signed.test"), wrong};
        resolver_ = make_resolver(options).value().release();
    }
    static void TearDownTestSuite()
    {
        delete resolver_;
        delete knot_;
        resolver_ = nullptr;
        knot_ = nullptr;
    }
    void SetUp() override
    {
        if (!KnotFixture::is_installed()) GTEST_SKIP() << "needs Debian's package knot";
    }

    static net::Task<> ask_mx(Resolver& resolver, net::Core& core, std::string name,
                              Instant deadline, facts::MxAnswer& answer)
    {
        answer = co_await resolver.mx(core, name, deadline);
    }
    static net::Task<> ask_addresses(Resolver& resolver, net::Core& core, std::string name,
                                     Instant deadline, facts::AddressAnswer& answer)
    {
        answer = co_await resolver.addresses(core, name, deadline);
    }
    static net::Task<> ask_tlsa(Resolver& resolver, net::Core& core, std::string name,
                                Instant deadline, facts::TlsaAnswer& answer)
    {
        answer = co_await resolver.tlsa(core, name, deadline);
    }
    facts::MxAnswer mx(const std::string& name)
    {
        facts::MxAnswer answer;
        loop_.run(ask_mx(*resolver_, loop_.core, name, loop_.in(10s), answer));
        return answer;
    }
    facts::AddressAnswer addresses(const std::string& name)
    {
        facts::AddressAnswer answer;
        loop_.run(ask_addresses(*resolver_, loop_.core, name, loop_.in(10s), answer));
        return answer;
    }

    static inline KnotFixture* knot_ = nullptr;
    static inline Resolver* resolver_ = nullptr;
    net::CoreFixture loop_;
};

struct StatusRow {
    const char* name;
    DnsStatus status;
    DnsSecurity security;
    std::size_t records;
};

TEST_F(ResolverTest, TellsEveryStatusAndSecurityApart)
{
    const StatusRow rows[] = {
        {"signed.test", DnsStatus::Found, DnsSecurity::Secure, 2},
        {"plain.test", DnsStatus::Found, DnsSecurity::Insecure, 2},
        {"bogus.test", DnsStatus::Failed, DnsSecurity::Bogus, 0},
        {"PLAIN.TEST.", DnsStatus::Found, DnsSecurity::Insecure, 2},
        {"text.signed.test", DnsStatus::NoData, DnsSecurity::Secure, 0},
        {"text.plain.test", DnsStatus::NoData, DnsSecurity::Insecure, 0},
        {"nothing.signed.test", DnsStatus::NxDomain, DnsSecurity::Secure, 0},
        {"nothing.plain.test", DnsStatus::NxDomain, DnsSecurity::Insecure, 0},
        {"null.signed.test", DnsStatus::Found, DnsSecurity::Secure, 1},
        {"elsewhere.invalid-zone.test", DnsStatus::Failed, DnsSecurity::Insecure, 0},
    };
    for (const StatusRow& row : rows) {
        SCOPED_TRACE(row.name);
        const auto answer = mx(row.name);
        EXPECT_EQ(answer.status, row.status) << answer.why;
        EXPECT_EQ(answer.security, row.security);
        EXPECT_EQ(answer.records.size(), row.records);
        EXPECT_EQ(answer.why.empty(), row.status != DnsStatus::Failed) << answer.why;
    }
    EXPECT_THAT(mx("bogus.test").why, StartsWith("MX: bogus (DNSSEC: "));
    EXPECT_THAT(addresses("mx1.bogus.test").why, HasSubstr("AAAA: bogus (DNSSEC: "));
}

TEST_F(ResolverTest, ReadsMxRecords)
{
    auto answer = mx("signed.test");
    ASSERT_EQ(answer.records.size(), 2U);
    std::sort(answer.records.begin(), answer.records.end(),
              [](const auto& a, const auto& b) { return a.preference < b.preference; });
    EXPECT_EQ(answer.records[0].preference, 10);
    EXPECT_EQ(answer.records[0].exchange, "mx1.signed.test");
    EXPECT_EQ(answer.records[1].exchange, "mx2.plain.test");
    EXPECT_EQ(answer.canonical_name, "signed.test");
    EXPECT_GT(answer.time_to_live, 0s);
    EXPECT_EQ(mx("null.plain.test").records.at(0).exchange, "");
}

TEST_F(ResolverTest, FollowsAliases)
{
    const auto within = mx("alias.signed.test");
    EXPECT_EQ(within.canonical_name, "target.signed.test");
    EXPECT_EQ(within.security, DnsSecurity::Secure);
    ASSERT_EQ(within.records.size(), 1U);
    const auto out = addresses("out.signed.test");
    EXPECT_EQ(out.canonical_name, "a-only.plain.test");
    EXPECT_EQ(out.security, DnsSecurity::Insecure) << "its end is not signed";
    EXPECT_EQ(out.addresses.at(0).format(), "192.0.2.2");
}

// RFC 7672 §2.2.3.
TEST_F(ResolverTest, TellsOfAnAliasWhereverItLeads)
{
    struct Steps {
        static net::Task<> ask(Resolver& resolver, net::Core& core, std::string name,
                               Instant deadline, facts::DnsFacts& answer)
        {
            answer = co_await resolver.alias(core, std::move(name), deadline);
        }
    };
    const struct {
        const char* name;
        DnsStatus status;
        DnsSecurity security;
    } rows[] = {
        {"alias.signed.test", DnsStatus::Found, DnsSecurity::Secure},
        {"out.signed.test", DnsStatus::Found, DnsSecurity::Secure},
        {"out.plain.test", DnsStatus::Found, DnsSecurity::Insecure},
        {"mx1.signed.test", DnsStatus::NoData, DnsSecurity::Secure},
        {"out.bogus.test", DnsStatus::Failed, DnsSecurity::Bogus},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        facts::DnsFacts answer;
        loop_.run(Steps::ask(*resolver_, loop_.core, row.name, loop_.in(10s), answer));
        EXPECT_EQ(answer.status, row.status) << answer.why;
        EXPECT_EQ(answer.security, row.security);
    }
}

TEST_F(ResolverTest, AsksForBothFamilies)
{
    const auto both = addresses("mx1.signed.test");
    EXPECT_EQ(both.security, DnsSecurity::Secure);
    ASSERT_EQ(both.addresses.size(), 2U);
    EXPECT_EQ(both.addresses[0].format(), "192.0.2.1");
    EXPECT_EQ(both.addresses[1].format(), "2001:db8::1");
    const auto one = addresses("a-only.signed.test");
    EXPECT_EQ(one.security, DnsSecurity::Secure) << "that there is no AAAA is proved, too";
    EXPECT_EQ(one.addresses.size(), 1U);
    EXPECT_EQ(addresses("text.plain.test").status, DnsStatus::NoData);
    EXPECT_EQ(addresses("nothing.plain.test").status, DnsStatus::NxDomain);
    EXPECT_EQ(addresses("mx1.bogus.test").security, DnsSecurity::Bogus);
}

TEST_F(ResolverTest, ReadsTlsaRecords)
{
    facts::TlsaAnswer answer;
    loop_.run(ask_tlsa(*resolver_, loop_.core, "_25._tcp.mx1.signed.test", loop_.in(10s), answer));
    EXPECT_EQ(answer.security, DnsSecurity::Secure);
    ASSERT_EQ(answer.records.size(), 1U);
    EXPECT_EQ(answer.records[0].usage, 3);
    EXPECT_EQ(answer.records[0].data.size(), 32U);
}

// A server that never answers, on a port of its own.
class SilentServer {
public:
    SilentServer() : socket_{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)}
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* any = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(socket_, any, length), 0);
        EXPECT_EQ(::getsockname(socket_, any, &length), 0);
        port_ = ntohs(address.sin_port);
    }
    ~SilentServer() { ::close(socket_); }
    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

private:
    int socket_;
    std::uint16_t port_ = 0;
};

class SilentResolver : public ::testing::Test {
protected:
    ResolverOptions options()
    {
        ResolverOptions options;
        options.forward = {silent_.address()};
        return options;
    }
    static net::Task<> ask(Resolver& resolver, net::Core& core, std::string name, Instant deadline,
                           facts::AddressAnswer& answer)
    {
        answer = co_await resolver.addresses(core, name, deadline);
    }
    SilentServer silent_;
    net::CoreFixture loop_;
};

TEST_F(SilentResolver, EndsAtTheDeadline)
{
    const auto resolver = make_resolver(options()).value();
    facts::AddressAnswer answer;
    loop_.run(ask(*resolver, loop_.core, "a.test", loop_.in(50ms), answer));
    EXPECT_EQ(answer.status, DnsStatus::Failed);
    EXPECT_EQ(answer.why, "A: timeout; AAAA: timeout");
    loop_.run(ask(*resolver, loop_.core, "b.test", loop_.in(-1s), answer));
    EXPECT_EQ(answer.why, "A: timeout; AAAA: timeout");
}

TEST_F(SilentResolver, HasATimeoutOfItsOwn)
{
    auto with_timeout = options();
    with_timeout.timeout = 50ms;
    const auto resolver = make_resolver(with_timeout).value();
    facts::AddressAnswer answer;
    loop_.run(ask(*resolver, loop_.core, "a.test", loop_.in(1h), answer));
    EXPECT_EQ(answer.why, "A: timeout; AAAA: timeout");
}

TEST_F(SilentResolver, AnswersAllWhoWaitWhenItIsClosed)
{
    struct Steps {
        static net::Task<> close(Resolver& resolver, net::Core& core)
        {
            const Instant soon = core.clock().now() + 5ms;
            co_await net::sleep_until(core, soon);
            resolver.close();
        }
    };
    const auto resolver = make_resolver(options()).value();
    facts::AddressAnswer answer;
    loop_.run(ask(*resolver, loop_.core, "a.test", loop_.in(1h), answer),
              Steps::close(*resolver, loop_.core));
    EXPECT_EQ(answer.status, DnsStatus::Failed);
    EXPECT_EQ(answer.why, "A: the server is stopping; AAAA: the server is stopping");
    loop_.run(ask(*resolver, loop_.core, "a.test", loop_.in(1h), answer));
    EXPECT_EQ(answer.why, "A: the server is stopping; AAAA: the server is stopping");
}

TEST_F(SilentResolver, EndsWithItsCore)
{
    struct Steps {
        static net::Task<> cancel(net::Core& core)
        {
            core.cancel_all();
            co_return;
        }
    };
    const auto resolver = make_resolver(options()).value();
    facts::AddressAnswer answer;
    loop_.run(ask(*resolver, loop_.core, "a.test", loop_.in(1h), answer),
              Steps::cancel(loop_.core));
    EXPECT_EQ(answer.why, "A: the server is stopping; AAAA: the server is stopping");
}

TEST_F(SilentResolver, EqualQuestionsAtOneTimeAreAskedOnce)
{
    struct Steps {
        static net::Task<> ask(Lookups& lookups, net::Core& core, const Question& question,
                               std::vector<facts::MxAnswer>& answers)
        {
            std::vector<std::shared_ptr<Asker>> askers;
            for (int i = 0; i < 10; ++i) {
                askers.push_back(std::make_shared<Asker>(core, core.clock().now() + 1h));
                lookups.ask(question, askers.back());
            }
            lookups.forget(question, *askers.back());
            askers.back()->leave_wheel();
            askers.pop_back();
            lookups.close();
            for (const auto& asker : askers) {
                co_await asker->wait();
                answers.push_back(mx_answer(question.name, asker->result()));
            }
        }
    };
    const auto lookups = Lookups::make(options()).value();
    std::vector<facts::MxAnswer> answers;
    const Question question{"a.test", kTypeMx};
    loop_.run(Steps::ask(*lookups, loop_.core, question, answers));
    EXPECT_EQ(answers.size(), 9U);
    for (const auto& answer : answers) EXPECT_EQ(answer.why, "MX: the server is stopping");
    EXPECT_EQ(lookups->asked(), 1U);
}

// A library that waits by select() would break a server with thousands of sessions.
TEST_F(ResolverTest, WorksWithMoreDescriptorsThanSelectKnows)
{
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit raised{before.rlim_max, before.rlim_max};
    if (before.rlim_max < 4096 || ::setrlimit(RLIMIT_NOFILE, &raised) != 0) {
        GTEST_SKIP() << "may not open so many";
    }
    std::vector<int> many;
    for (int i = 0; i < 2000; ++i) many.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ResolverOptions options;
    options.forward = {knot_->address()};
    facts::AddressAnswer answer;
    {
        const auto resolver = make_resolver(options).value();
        loop_.run(ask_addresses(*resolver, loop_.core, "mx1.plain.test", loop_.in(10s), answer));
    }
    for (const int descriptor : many) ::close(descriptor);
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(answer.addresses.size(), 2U) << answer.why;
}

TEST(ResolverOptions, ThatAreWrongAreNamed)
{
    ResolverOptions options;
    options.forward = {"not an address"};
    EXPECT_THAT(make_resolver(options).error(), HasSubstr("not an address"));
    options = {};
    options.trust_anchors = {"example. IN DS garbage"};
    EXPECT_THAT(make_resolver(options).error(), HasSubstr("trust_anchors"));
    options = {};
    options.root_anchor_file = "/nonexistent/root.key";
    EXPECT_TRUE(make_resolver(options).has_value()) << "nothing is secure then";
    options.root_anchor_file = "/dev/zero";
    EXPECT_THAT(make_resolver(options).error(), HasSubstr("/dev/zero: it is a device; expected: "));
}

}  // namespace
}  // namespace hermetic::dns
