// Streams over loopback, in clear.
#include "net/stream.h"

#include "net/acceptor.h"
#include "net/core_fixture.h"
#include "net/deadline_wheel.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <unistd.h>

namespace hermetic::net {
namespace {

using namespace std::chrono_literals;
using Kind = StreamError::Kind;

// A stream on one end of a socket pair, the bare descriptor on the other.
struct Ends {
    explicit Ends(Core& core)
    {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        peer = FileDescriptor{ends[1]};
        Socket socket{core.executor()};
        // The type says TCP; the system calls are the same.
        socket.assign(boost::asio::ip::tcp::v4(), ends[0]);
        stream = std::make_unique<Stream>(core, std::move(socket));
        stream->until(core.clock().now() + 60s);
    }
    void send(std::string_view text) const
    {
        ASSERT_EQ(::send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }
    std::string received() const
    {
        std::string text(1024 * 1024, '\0');
        const ssize_t got = ::recv(peer.get(), text.data(), text.size(), MSG_DONTWAIT);
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }
    FileDescriptor peer;
    std::unique_ptr<Stream> stream;
};

class StreamTest : public ::testing::Test {
protected:
    CoreFixture loop_;
    Ends ends_{loop_.core};
    Stream& stream_ = *ends_.stream;

    static Task<> read_into(Stream& stream, std::size_t max, Result<Line, StreamError>& line)
    {
        line = co_await stream.read_line(max);
    }
    Result<Line, StreamError> read_line(std::size_t max = 1000)
    {
        Result<Line, StreamError> line;
        loop_.run(read_into(stream_, max, line));
        return line;
    }
};

TEST_F(StreamTest, ReadsLinesAndTellsOfBareCrAndLf)
{
    ends_.send("EHLO a\r\nb\nc\r\nd\re\r\n\r\n");
    EXPECT_EQ(read_line()->text, "EHLO a");
    auto line = read_line();
    EXPECT_EQ(line->text, "b\n") << "a peer that ends lines with LF alone must not wait";
    EXPECT_TRUE(line->has_bare_lf);
    EXPECT_FALSE(line->has_bare_cr);
    EXPECT_EQ(read_line()->text, "c");
    line = read_line();
    EXPECT_EQ(line->text, "d\re");
    EXPECT_FALSE(line->has_bare_lf);
    EXPECT_TRUE(line->has_bare_cr);
    EXPECT_EQ(read_line()->text, "");
}

TEST_F(StreamTest, WaitsForTheRestOfALine)
{
    struct Steps {
        static Task<> feed(Core& core, Ends& ends)
        {
            for (const char& c : std::string_view{"QUIT\r\n"}) {
                ends.send({&c, 1});
                const Instant soon = core.clock().now() + 1ms;
                co_await sleep_until(core, soon);
            }
        }
    };
    Result<Line, StreamError> line;
    loop_.run(read_into(stream_, 100, line), Steps::feed(loop_.core, ends_));
    EXPECT_EQ(line->text, "QUIT");
}

TEST_F(StreamTest, AReaderThatTakesAFewKibMakesProgress)
{
    static constexpr std::size_t kMuch = 2 * 1024 * 1024;
    struct Steps {
        static Task<> write(Stream& stream)
        {
            const std::string much(kMuch, 'x');
            const auto written = co_await stream.write(much);
            EXPECT_TRUE(written);
        }
        static Task<> take(CoreFixture& loop, Ends& ends,
                           std::vector<std::optional<Instant>>& waiting)
        {
            for (std::size_t taken = 0; taken < kMuch; taken += ends.received().size()) {
                const Instant soon = loop.core.clock().now() + 1ms;
                co_await sleep_until(loop.core, soon);
                waiting.push_back(ends.stream->waiting_since());
                loop.clock.shift += 1s;
            }
        }
    };
    std::vector<std::optional<Instant>> waiting;
    loop_.run(Steps::write(stream_), Steps::take(loop_, ends_, waiting));
    ASSERT_GE(waiting.size(), 3U);
    ASSERT_TRUE(waiting[0]);
    ASSERT_TRUE(waiting[1]);
    EXPECT_GE(*waiting[1] - *waiting[0], 1s);
}

TEST_F(StreamTest, ALineTooLongIsToldOnceAndTheNextOneIsRead)
{
    ends_.send(std::string(1001, 'x') + "\r\n" + std::string(1000, 'y') + "\r\nRSET\r\n");
    EXPECT_EQ(read_line(1000).error().kind, Kind::LineTooLong);
    EXPECT_EQ(read_line(1000)->text, std::string(1000, 'y'));
    EXPECT_EQ(read_line(1000)->text, "RSET");
}

TEST_F(StreamTest, ALineTooLongThatEndsInABareLfIsABareLf)
{
    for (const std::size_t octets : {999U, 1000U, 1001U, 5000U}) {
        ends_.send(std::string(octets, 'x') + "\nMAIL FROM:<>\r\n");
        const auto line = read_line(1000);
        ASSERT_TRUE(line) << octets;
        EXPECT_TRUE(line->has_bare_lf) << octets;
        EXPECT_EQ(read_line(1000)->text, "MAIL FROM:<>");
    }
}

TEST_F(StreamTest, ALineWithoutEndIsReadUpToABoundAndEndsTheStream)
{
    struct Steps {
        static Task<> flood(Core& core, Ends& ends)
        {
            const std::string block(16 * 1024, 'x');
            int waits = 0;
            for (int sent = 0; sent < 2 * 1024 * 1024;) {
                const ssize_t put =
                    ::send(ends.peer.get(), block.data(), block.size(), MSG_NOSIGNAL);
                if (put > 0) {
                    sent += static_cast<int>(put);
                    continue;
                }
                if (!ends.stream) co_return;
                const Instant soon = core.clock().now() + 1ms;
                co_await sleep_until(core, soon);
                if (++waits > 200) co_return;  // nobody reads any more
            }
        }
    };
    Result<Line, StreamError> line;
    loop_.run(read_into(stream_, 1000, line), Steps::flood(loop_.core, ends_));
    EXPECT_EQ(line.error().kind, Kind::LineTooLong);
    EXPECT_EQ(read_line(1000).error().kind, Kind::LineTooLong);
}

TEST_F(StreamTest, EndOfFileAfterPartOfALineIsClosed)
{
    ends_.send("HELO\r\nunfinished");
    ::shutdown(ends_.peer.get(), SHUT_WR);
    EXPECT_EQ(read_line()->text, "HELO");
    EXPECT_EQ(read_line().error().kind, Kind::Closed);
    EXPECT_EQ(read_line().error().kind, Kind::Closed);
}

TEST_F(StreamTest, AResetIsToldApart)
{
    ends_.peer.reset();
    const auto error = read_line().error();
    EXPECT_THAT(error.kind, ::testing::AnyOf(Kind::Closed, Kind::Reset));
}

TEST_F(StreamTest, EndsAtItsDeadline)
{
    stream_.until(loop_.in(10ms));
    EXPECT_EQ(read_line().error().kind, Kind::TimedOut);
    EXPECT_EQ(read_line().error().kind, Kind::TimedOut) << "until it is set again";
    stream_.until(loop_.in(60s));
    ends_.send("again\r\n");
    EXPECT_EQ(read_line()->text, "again");
    stream_.until(loop_.in(-1s));
    EXPECT_EQ(read_line().error().kind, Kind::TimedOut) << "one that has passed ends at once";
}

TEST_F(StreamTest, EndsWhenTheCoreIsStopping)
{
    struct Steps {
        static Task<> cancel(Core& core)
        {
            const Instant soon = core.clock().now() + 1ms;
            co_await sleep_until(core, soon);
            core.cancel_all();
        }
    };
    Result<Line, StreamError> line;
    loop_.run(read_into(stream_, 100, line), Steps::cancel(loop_.core));
    EXPECT_EQ(line.error().kind, Kind::Cancelled);
    Ends late{loop_.core};
    loop_.run(read_into(*late.stream, 100, line));
    EXPECT_EQ(line.error().kind, Kind::Cancelled);
}

TEST_F(StreamTest, LastWordsAreSaidAlsoWhenTheTimeIsUp)
{
    stream_.until(loop_.in(-1s));
    EXPECT_EQ(read_line().error().kind, Kind::TimedOut);
    stream_.write_last_words("421 too slow\r\n");
    loop_.core.wheel().cancel_all();
    stream_.write_last_words("421 stopping\r\n");
    stream_.close();
    stream_.write_last_words("never\r\n");
    EXPECT_EQ(ends_.received(), "421 too slow\r\n421 stopping\r\n");
}

TEST_F(StreamTest, PeeksAndConsumes)
{
    struct Steps {
        static Task<> run(Ends& ends)
        {
            ends.send("abcdef\r\nnext\r\n");
            auto seen = co_await ends.stream->peek();
            EXPECT_EQ(*seen, "abcdef\r\nnext\r\n");
            ends.stream->consume(3);
            seen = co_await ends.stream->peek();
            EXPECT_EQ(*seen, "def\r\nnext\r\n");
            const auto line = co_await ends.stream->read_line(100);
            EXPECT_EQ(line->text, "def");
            EXPECT_EQ(ends.stream->buffered(), 6U);
        }
    };
    loop_.run(Steps::run(ends_));
}

TEST_F(StreamTest, SeesUnreadInputInItsBufferAndInTheSocket)
{
    EXPECT_FALSE(stream_.has_unread_input());
    EXPECT_FALSE(stream_.is_stale());
    ends_.send("out of turn\r\nmore\r\n");
    EXPECT_EQ(stream_.buffered(), 0U);
    EXPECT_TRUE(stream_.has_octets_in_socket());
    EXPECT_EQ(stream_.buffered(), 0U) << "it has only looked";
    EXPECT_TRUE(stream_.has_unread_input());
    EXPECT_FALSE(stream_.has_octets_in_socket());
    EXPECT_EQ(read_line()->text, "out of turn");
    EXPECT_TRUE(stream_.has_unread_input());
    EXPECT_EQ(read_line()->text, "more");
    EXPECT_FALSE(stream_.has_unread_input());
}

TEST_F(StreamTest, AConnectionThatThePeerClosedIsStale)
{
    ::shutdown(ends_.peer.get(), SHUT_WR);
    EXPECT_FALSE(stream_.has_unread_input());
    EXPECT_TRUE(stream_.is_stale());
    EXPECT_EQ(read_line().error().kind, Kind::Closed);
}

TEST_F(StreamTest, WritesMoreThanTheSocketTakesAtOnce)
{
    struct Steps {
        static Task<> write(Stream& stream, const std::string& text)
        {
            const auto written = co_await stream.write(text);
            EXPECT_TRUE(written.has_value());
            stream.close();
        }
        static Task<> drain(Core& core, Ends& ends, std::string& got)
        {
            for (int quiet = 0; quiet < 100;) {
                const std::string part = ends.received();
                quiet = part.empty() ? quiet + 1 : 0;
                got += part;
                const Instant soon = core.clock().now() + (part.empty() ? 1ms : 0ms);
                co_await sleep_until(core, soon);
            }
        }
    };
    std::string text;
    for (int i = 0; i < 400'000; ++i) text += std::to_string(i);
    std::string got;
    loop_.run(Steps::write(stream_, text), Steps::drain(loop_.core, ends_, got));
    EXPECT_EQ(got.size(), text.size());
    EXPECT_EQ(got, text);
}

TEST_F(StreamTest, WritingToAClosedConnectionIsAnErrorButItsLastWordsAreRead)
{
    struct Steps {
        static Task<> run(Ends& ends)
        {
            ends.send("421 bye\r\n");
            ends.peer.reset();
            const auto written = co_await ends.stream->write("DATA\r\n");
            EXPECT_EQ(written.error().kind, Kind::Reset);
            const auto line = co_await ends.stream->read_line(100);
            EXPECT_EQ(line.value().text, "421 bye");
        }
    };
    loop_.run(Steps::run(ends_));
}

TEST_F(StreamTest, ClosesOnceAndThenRefusesEverything)
{
    ends_.send("unread\r\n");
    stream_.close();
    stream_.close();
    EXPECT_EQ(read_line().error().kind, Kind::Cancelled);
    EXPECT_TRUE(stream_.is_stale());
    EXPECT_FALSE(stream_.has_unread_input());
    stream_.until(loop_.in(1s));
}

// However much one peer sends, the core serves the others.
TEST_F(StreamTest, AStreamThatAlwaysHasInputLetsOthersRun)
{
    struct Steps {
        static Task<> hog(Ends& ends, int& turns, bool& other_ran, int& turns_before)
        {
            const std::string block(8 * 1024, 'x');
            for (; turns < 1000; ++turns) {
                ends.send(block);
                const auto seen = co_await ends.stream->peek();
                if (!seen) co_return;
                ends.stream->consume(seen->size());
                if (!other_ran) turns_before = turns;
            }
        }
        static Task<> other(bool& ran)
        {
            ran = true;
            co_return;
        }
    };
    int turns = 0;
    int turns_before = 0;
    bool ran = false;
    loop_.run(Steps::hog(ends_, turns, ran, turns_before), Steps::other(ran));
    EXPECT_EQ(turns, 1000);
    EXPECT_LT(turns_before, 100);
}

struct Listening {
    explicit Listening(Core& core, const char* address = "127.0.0.1:0")
        : acceptor{Acceptor::listen(core, *Endpoint::parse(address)).value()}
    {
    }
    static Task<> run(Listening& self)
    {
        auto take = [&self](Accepted accepted) {
            self.accepted.push_back(std::make_shared<Accepted>(std::move(accepted)));
        };
        Acceptor::OnAccepted on_accepted = take;
        co_await self.acceptor->run(on_accepted, self.on_trouble);
    }
    std::unique_ptr<Acceptor> acceptor;
    std::vector<std::shared_ptr<Accepted>> accepted;
    Acceptor::OnTrouble on_trouble;
};

TEST_F(StreamTest, ConnectsAndIsAdopted)
{
    struct Steps {
        static Task<> run(Core& core, Listening& listening)
        {
            const Endpoint target = listening.acceptor->local();
            const Instant deadline = core.clock().now() + 10s;
            const std::optional<IpAddress> local = IpAddress::parse("127.0.0.7");
            auto client = co_await Stream::connect(core, target, local, deadline);
            EXPECT_TRUE(client.has_value());
            while (listening.accepted.empty()) {
                const Instant soon = core.clock().now() + 1ms;
                co_await sleep_until(core, soon);
            }
            auto server = adopt(core, std::move(*listening.accepted.front()));
            EXPECT_EQ((*server)->remote(), (*client)->local());
            EXPECT_EQ((*server)->local(), (*client)->remote());
            EXPECT_EQ((*server)->remote().address.format(), "127.0.0.7");
            (*server)->until(deadline);
            const auto written = co_await (*client)->write("hello\r\n");
            EXPECT_TRUE(written);
            const auto line = co_await (*server)->read_line(10);
            EXPECT_EQ(line->text, "hello");
            listening.acceptor->close();
        }
    };
    Listening listening{loop_.core};
    loop_.run(Steps::run(loop_.core, listening), Listening::run(listening));
}

Task<> try_connect(Core& core, Endpoint target, Duration time, Kind& kind)
{
    const Instant deadline = core.clock().now() + time;
    const std::optional<IpAddress> local;
    const auto connected = co_await Stream::connect(core, target, local, deadline);
    if (!connected) kind = connected.error().kind;
}

TEST_F(StreamTest, ARefusedConnectionIsToldApartFromOneThatHangs)
{
    Listening listening{loop_.core};
    const Endpoint target = listening.acceptor->local();
    listening.acceptor->close();
    Kind kind = Kind::Closed;
    loop_.run(try_connect(loop_.core, target, 10s, kind));
    EXPECT_EQ(kind, Kind::Refused);

    // A backlog of one that nobody takes from: further connections get no answer.
    const FileDescriptor full{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(::bind(full.get(), any, length), 0);
    ASSERT_EQ(::listen(full.get(), 0), 0);
    ASSERT_EQ(::getsockname(full.get(), any, &length), 0);
    const Endpoint hanging{*IpAddress::parse("127.0.0.1"), ntohs(address.sin_port)};
    for (int i = 0; i < 4 && kind != Kind::TimedOut; ++i) {
        const FileDescriptor taken{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)};
        ::connect(taken.get(), any, length);
        loop_.run(try_connect(loop_.core, hanging, 100ms, kind));
    }
    EXPECT_EQ(kind, Kind::TimedOut);

    loop_.run(try_connect(loop_.core, hanging, -1s, kind));
    EXPECT_EQ(kind, Kind::TimedOut);
}

TEST_F(StreamTest, ConnectsToAUnixDomainSocket)
{
    struct Steps {
        static Task<> run(Core& core, std::string path, Kind& kind, bool& is_unix)
        {
            const Instant deadline = core.clock().now() + 10s;
            const auto connected = co_await Stream::connect_unix(core, path, deadline);
            if (connected) is_unix = (*connected)->is_unix();
            if (!connected) kind = connected.error().kind;
        }
    };
    char directory[] = "/tmp/hermetic-net-XXXXXX";
    ASSERT_NE(::mkdtemp(directory), nullptr);
    const std::string path = std::string{directory} + "/lmtp";
    Kind kind = Kind::Closed;
    bool is_unix = false;
    loop_.run(Steps::run(loop_.core, path, kind, is_unix));
    EXPECT_EQ(kind, Kind::Refused);

    const FileDescriptor listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener.get(), 4), 0);
    loop_.run(Steps::run(loop_.core, path, kind, is_unix));
    EXPECT_TRUE(is_unix);
    ::unlink(path.c_str());
    ::rmdir(directory);

    loop_.run(Steps::run(loop_.core, std::string(200, 'x'), kind, is_unix));
    EXPECT_EQ(kind, Kind::Local);
}

TEST(StreamError, IsDescribedForPeople)
{
    const StreamError refused{Kind::Refused, ECONNREFUSED, {}};
    EXPECT_EQ(describe(refused), "the connection was refused: Connection refused");
    EXPECT_EQ(name(Kind::TimedOut), "timed-out");
}

}  // namespace
}  // namespace hermetic::net
