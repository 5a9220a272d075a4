#include "admin/line_stream.h"

#include "admin/client.h"
#include "admin/server.h"
#include "net/core_fixture.h"
#include "net/event.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>
#include <unistd.h>

namespace hermetic::admin {
namespace {

using Lines = std::vector<std::string>;

net::Task<> read_all(LineStream& stream, Lines& read)
{
    for (;;) {
        auto line = co_await stream.next();
        if (!line) co_return;
        read.push_back(*std::move(line));
    }
}

TEST(LineStream, WhatIsPushedIsReadInOrderAlsoAfterItsEnd)
{
    net::CoreFixture fixture;
    LineStream stream{fixture.core};
    stream.push("one");
    fixture.core.post([&stream] { stream.push("two"); });
    fixture.core.post([&stream] {
        stream.push("three");
        stream.close();
        stream.push("dropped");
    });
    Lines read;
    fixture.run(read_all(stream, read));
    EXPECT_EQ(read, (Lines{"one\n", "two\n", "three\n"}));
}

// A server whose one resource is a stream of lines, and a client on a thread of its own.
class Served {
public:
    Served()
        : path_{std::filesystem::temp_directory_path() /
                ("hermetic-lines-" + std::to_string(::getpid()))}
    {
    }
    ~Served() { ::unlink(path_.c_str()); }

    void run(std::function<void(LineStream&)> fill, int status = 200)
    {
        fixture_.run(serve(*this, std::move(fill), status));
        client_.join();
    }

    Lines lines;
    Result<Response, std::string> response;

private:
    static net::Task<Response> answer(std::shared_ptr<LineStream> lines, int status)
    {
        if (status != 200) co_return refuse(status, "not this one");
        Response response;
        response.content_type = "application/x-ndjson";
        response.lines = std::move(lines);
        co_return response;
    }

    static net::Task<> serve(Served& self, std::function<void(LineStream&)> fill, int status)
    {
        const auto stream = std::make_shared<LineStream>(self.fixture_.core);
        Server server{self.fixture_.core, [stream, fill, status](Request) {
                          if (fill) fill(*stream);
                          return answer(stream, status);
                      }};
        EXPECT_TRUE(server.listen(self.path_));
        net::Event ended{self.fixture_.core};
        self.client_ = std::thread{[&self, &ended] {
            self.response =
                call_for_lines(self.path_, "POST", "/v1/x",
                               [&self](std::string_view line) { self.lines.emplace_back(line); });
            self.fixture_.core.post([&ended] { ended.set(); });
        }};
        co_await ended.wait();
        co_await server.stop();
    }

    net::CoreFixture fixture_;
    std::string path_;
    std::thread client_;
};

TEST(LineStream, TheClientHearsOfEachLine)
{
    Served served;
    served.run([](LineStream& stream) {
        stream.push("{\"n\":1}");
        stream.push("{\"n\":2}");
        stream.push(std::string(100'000, 'x'));
        stream.close();
    });
    ASSERT_TRUE(served.response);
    EXPECT_EQ(served.response->status, 200);
    EXPECT_EQ(served.response->content_type, "application/x-ndjson");
    ASSERT_EQ(served.lines.size(), 3U);
    EXPECT_EQ(served.lines[1], "{\"n\":2}");
    EXPECT_EQ(served.lines[2].size(), 100'000U);
}

TEST(LineStream, ARefusalIsNoLine)
{
    Served served;
    served.run({}, 404);
    ASSERT_TRUE(served.response);
    EXPECT_EQ(served.response->status, 404);
    EXPECT_TRUE(served.lines.empty());
    EXPECT_NE(served.response->body.find("not this one"), std::string::npos);
}

}  // namespace
}  // namespace hermetic::admin
