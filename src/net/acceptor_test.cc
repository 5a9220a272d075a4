#include "net/acceptor.h"

#include "net/core_fixture.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/socket.h>

namespace hermetic::net {
namespace {

using namespace std::chrono_literals;

class AcceptorTest : public ::testing::Test {
protected:
    AcceptorTest()
        : acceptor_{Acceptor::listen(loop_.core, *Endpoint::parse("127.0.0.1:0")).value()}
    {
    }
    // Connected once this returns: the kernel does not wait for accept().
    FileDescriptor connect() const
    {
        FileDescriptor client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(acceptor_->local().port);
        EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address),
                  0);
        return client;
    }
    static Task<> close_soon(Core& core, Acceptor& acceptor, Duration after)
    {
        const Instant at = core.clock().now() + after;
        co_await sleep_until(core, at);
        acceptor.close();
    }
    CoreFixture loop_;
    std::unique_ptr<Acceptor> acceptor_;
};

TEST_F(AcceptorTest, HandsOnEveryConnection)
{
    std::vector<FileDescriptor> clients;
    for (int i = 0; i < 100; ++i) clients.push_back(connect());
    std::vector<Endpoint> accepted;
    auto on_accepted = [&](Accepted one) {
        accepted.push_back(one.remote);
        if (accepted.size() == clients.size()) acceptor_->close();
    };
    Acceptor::OnAccepted callback = on_accepted;
    Acceptor::OnTrouble on_trouble;
    loop_.run(acceptor_->run(callback, on_trouble));
    EXPECT_EQ(accepted.size(), 100U);
    EXPECT_TRUE(accepted[0].address.is_loopback());
}

TEST_F(AcceptorTest, ATakenAddressIsRefusedWithItsName)
{
    const auto second = Acceptor::listen(loop_.core, acceptor_->local());
    ASSERT_FALSE(second.has_value());
    EXPECT_THAT(second.error().words, ::testing::HasSubstr(acceptor_->local().format()));
}

TEST_F(AcceptorTest, EndsWithItsCore)
{
    loop_.core.cancel_all();
    Acceptor::OnAccepted on_accepted = [](const Accepted&) {};
    Acceptor::OnTrouble on_trouble;
    loop_.run(acceptor_->run(on_accepted, on_trouble));
}

// Without this a server out of descriptors spins, and its clients hang.
TEST_F(AcceptorTest, OutOfDescriptorsItShedsAndPauses)
{
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "the sanitizers look at memory through a pipe, and find no descriptors either";
#endif
    std::vector<FileDescriptor> clients;
    for (int i = 0; i < 5; ++i) clients.push_back(connect());
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{static_cast<rlim_t>(clients.back().get() + 1), before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);

    int served = 0;
    int troubles = 0;
    std::string what;
    Acceptor::OnAccepted on_accepted = [&](const Accepted&) { ++served; };
    Acceptor::OnTrouble on_trouble = [&](std::string words) {
        ++troubles;
        what = std::move(words);
    };
    loop_.run(acceptor_->run(on_accepted, on_trouble), close_soon(loop_.core, *acceptor_, 60ms));
    ::setrlimit(RLIMIT_NOFILE, &before);

    EXPECT_EQ(served, 0);
    EXPECT_EQ(troubles, 1) << "once per pause";
    EXPECT_EQ(what, "Too many open files");
    for (const FileDescriptor& client : clients) {
        char octet = 0;
        EXPECT_LE(::recv(client.get(), &octet, 1, 0), 0) << "closed, not left hanging";
    }
}

}  // namespace
}  // namespace hermetic::net
