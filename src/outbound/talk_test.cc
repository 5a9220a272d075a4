#include "outbound/talk.h"

#include "facts/reasons.h"
#include "net/core_fixture.h"
#include "net/deadline_wheel.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace hermetic::outbound {
namespace {

using namespace std::chrono_literals;

// We have one end of a socket pair as a stream, the peer the bare descriptor.
class TalkTest : public testing::Test {
protected:
    TalkTest()
    {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        peer_ = ends[1];
        net::Socket socket{loop_.core.executor()};
        // The type says TCP; the system calls are the same.
        socket.assign(boost::asio::ip::tcp::v4(), ends[0]);
        stream_ = std::make_unique<net::Stream>(loop_.core, std::move(socket));
        deadline_ = loop_.in(5min);
    }
    ~TalkTest() override { ::close(peer_); }

    static net::Task<> hear(TalkTest& self)
    {
        auto reply = co_await read_reply(*self.stream_, self.deadline_);
        self.heard_ = true;
        self.reply_ = std::move(reply);
    }
    static net::Task<> ask(TalkTest& self, std::size_t due)
    {
        auto reply = co_await exchange(*self.stream_, "NOOP\r\n", self.deadline_, due);
        self.reply_ = std::move(reply);
    }
    // A line a second, by a clock that is moved by hand.
    static net::Task<> drip(TalkTest& self, std::string_view line, int lines)
    {
        for (int i = 0; i < lines && !self.heard_; ++i) {
            const bool sent = ::send(self.peer_, line.data(), line.size(), MSG_NOSIGNAL) > 0;
            EXPECT_TRUE(sent);
            const Instant soon = self.loop_.core.clock().now() + 1ms;
            co_await net::sleep_until(self.loop_.core, soon);
            self.waiting_.push_back(self.stream_->waiting_since());
            self.loop_.clock.shift += 1s;
        }
    }

    net::CoreFixture loop_;
    std::unique_ptr<net::Stream> stream_;
    int peer_ = -1;
    Instant deadline_;
    bool heard_ = false;
    Result<smtp::PeerReply, TalkError> reply_;
    std::vector<std::optional<Instant>> waiting_;
};

TEST_F(TalkTest, APeerIsHeardWhenItsReplyIsWhole)
{
    struct Steps {
        static net::Task<> speak(TalkTest& self)
        {
            co_await drip(self, "220-wait\r\n", 20);
            co_await drip(self, "220 go on\r\n", 1);
        }
    };
    loop_.run(hear(*this), Steps::speak(*this));
    ASSERT_TRUE(reply_);
    ASSERT_EQ(waiting_.size(), 21U);
    for (std::size_t i = 0; i < 20; ++i) {
        ASSERT_TRUE(waiting_[i]);
        EXPECT_EQ(*waiting_[i], *waiting_[0]) << "after line " << i + 1;
    }
    EXPECT_FALSE(waiting_[20]);
}

// RFC 5321 §4.5.3.2 is about a reply, not about a line of it.
TEST_F(TalkTest, AReplyHasOneDeadlineHoweverManyLinesItHas)
{
    deadline_ = loop_.in(10s);
    loop_.run(hear(*this), drip(*this, "250-more\r\n", 100));
    ASSERT_FALSE(reply_);
    EXPECT_EQ(reply_.error().stream.kind, net::StreamError::Kind::TimedOut);
    EXPECT_LT(waiting_.size(), 20U);
}

TEST_F(TalkTest, AReplyThatNeverEndsIsNone)
{
    loop_.run(hear(*this), drip(*this, "250-more\r\n", 200));
    ASSERT_FALSE(reply_);
    EXPECT_EQ(reply_.error().malformed, smtp::ReplyError::TooManyLines);
    EXPECT_LE(waiting_.size(), smtp::ReplyReader::kMaxLines + 2);
}

TEST_F(TalkTest, NothingIsWrittenToAPeerThatSpokeBeforeItWasAsked)
{
    const struct {
        std::string_view said;
        std::size_t due;
        bool written;
    } rows[] = {
        {"250 early\r\n", 0, false},
        {"250 early\r\n", 1, true},
        {"421 4.3.2 shutting down\r\n", 0, true},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.said);
        ASSERT_EQ(::send(peer_, row.said.data(), row.said.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(row.said.size()));
        loop_.run(ask(*this, row.due));
        char heard[64];
        EXPECT_EQ(::recv(peer_, heard, sizeof heard, MSG_DONTWAIT) > 0, row.written);
        const bool unasked = !reply_ && reply_.error().unasked;
        EXPECT_EQ(unasked, !row.written);
        if (unasked) {
            EXPECT_EQ(talk_outcome(facts::Stage::Mail, reply_.error()).reason,
                      facts::Reason::ReplyUnexpected);
            EXPECT_TRUE(reply_.error().unwritten);
        }
        stream_->consume(stream_->buffered());
    }
}

}  // namespace
}  // namespace hermetic::outbound
