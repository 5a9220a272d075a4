#include "net/await_spool.h"

#include "net/core_fixture.h"

#include <gtest/gtest.h>

#include <thread>

namespace hermetic::net {
namespace {

// Answers on another thread, as a spool does.
class SlowWriter final : public spool::BodyWriter {
public:
    ~SlowWriter() override
    {
        for (auto& thread : threads_) thread.join();
    }
    void append(Bytes bytes, spool::BodyOperation& done) override
    {
        threads_.emplace_back([this, bytes, &done] {
            written += bytes.view();
            if (full) {
                done.error = "no space left on device";
                done.failure = spool::BodyFailure::DiskFull;
            }
            done.port.post({&done});
        });
    }
    void finish(spool::BodyOperation& done) override { append(Bytes{}, done); }
    [[nodiscard]] spool::Body body() const override { return {}; }

    std::string written;
    bool full = false;

private:
    std::vector<std::thread> threads_;
};

TEST(AwaitSpool, ResumesOnTheCoreWithTheResult)
{
    struct Steps {
        static Task<> run(Core& core, SlowWriter& writer)
        {
            const auto here = std::this_thread::get_id();
            for (const char* part : {"one ", "two ", "three"}) {
                Bytes bytes{std::string{part}};
                const auto appended = co_await append(core, writer, std::move(bytes));
                EXPECT_TRUE(appended.has_value());
                EXPECT_EQ(std::this_thread::get_id(), here);
            }
            const auto finished = co_await finish(core, writer);
            EXPECT_TRUE(finished.has_value());
            writer.full = true;
            const auto refused = co_await finish(core, writer);
            EXPECT_EQ(refused.error().kind, spool::BodyFailure::DiskFull);
            EXPECT_EQ(refused.error().words, "no space left on device");
        }
    };
    CoreFixture loop;
    SlowWriter writer;
    loop.run(Steps::run(loop.core, writer));
    EXPECT_EQ(writer.written, "one two three");
}

}  // namespace
}  // namespace hermetic::net
