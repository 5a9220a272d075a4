// Outputs that take nothing, or not all: whatever the cause, lines are counted, the count is said
// when it works again, and nobody waits.
#include "ledger/sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <memory>
#include <unistd.h>

namespace hermetic::ledger {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::chrono::seconds kSoon{5};

class Descriptor {
public:
    explicit Descriptor(int descriptor = -1) : descriptor_{descriptor} {}
    ~Descriptor() { close(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    void close()
    {
        if (descriptor_ >= 0) ::close(descriptor_);
        descriptor_ = -1;
    }
    [[nodiscard]] int get() const { return descriptor_; }

private:
    int descriptor_;
};

std::uint64_t lost(const Sink& sink, LossCause cause)
{
    return sink.losses()[static_cast<std::size_t>(cause)];
}

class LogSink : public testing::Test {
protected:
    LogSink()
    {
        std::signal(SIGPIPE, SIG_IGN);
        std::signal(SIGXFSZ, SIG_IGN);
        std::string pattern = std::filesystem::temp_directory_path() / "hermetic-sink-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }
    ~LogSink() override
    {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    void pipe()
    {
        int ends[2] = {-1, -1};
        ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        reader_ = std::make_unique<Descriptor>(ends[0]);
        writer_ = std::make_unique<Descriptor>(ends[1]);
    }
    std::unique_ptr<Sink> sink(const std::string& file, int fallback)
    {
        return std::make_unique<Sink>(file, fallback, [](const Losses& losses) {
            std::string text;
            for (std::size_t i = 0; i < kLossCauses; ++i) {
                if (losses[i] == 0) continue;
                text += "lost " + std::to_string(losses[i]) + " " +
                        std::string{name(static_cast<LossCause>(i))} + "\n";
            }
            return text;
        });
    }
    std::unique_ptr<Sink> to_pipe() { return sink("", writer_->get()); }
    [[nodiscard]] std::string path(const std::string& file) const { return folder_ + "/" + file; }
    [[nodiscard]] std::string read(const std::string& file) const
    {
        std::ifstream in{path(file)};
        return {std::istreambuf_iterator<char>{in}, {}};
    }
    // Of the pipe, until `end` has been read.
    [[nodiscard]] std::string read_until(const std::string& end) const
    {
        std::string text;
        char block[65'536];
        while (text.find(end) == std::string::npos) {
            const auto got = ::read(reader_->get(), block, sizeof block);
            if (got <= 0) break;
            text.append(block, static_cast<std::size_t>(got));
        }
        return text;
    }
    // So many lines of 100 octets.
    static std::string lines(std::size_t count)
    {
        std::string text;
        for (std::size_t i = 0; i < count; ++i) text += std::string(99, 'x') + "\n";
        return text;
    }
    static auto count(const std::string& text)
    {
        return std::count(text.begin(), text.end(), '\n');
    }

    std::string folder_;
    std::unique_ptr<Descriptor> reader_;
    std::unique_ptr<Descriptor> writer_;
};

TEST_F(LogSink, AFileIsAppendedTo)
{
    std::ofstream{path("log")} << "before\n";
    const auto log = sink(path("log"), STDERR_FILENO);
    log->write("one\ntwo\n");
    EXPECT_EQ(read("log"), "before\none\ntwo\n");
    std::filesystem::rename(path("log"), path("log.1"));
    log->reopen();
    log->write("three\n");
    EXPECT_EQ(read("log"), "three\n");
}

TEST_F(LogSink, AFileThatCannotBeOpenedIsReportedWhereTheLogGoesThen)
{
    pipe();
    const auto log = sink(path("no/such/folder/log"), writer_->get());
    log->write("one\n");
    const std::string said = read_until("one\n");
    EXPECT_THAT(said, HasSubstr("log.file: " + path("no/such/folder/log") + ": No such file"));
}

TEST_F(LogSink, AFullDiskIsCountedAndSaidWhenThereIsRoom)
{
    std::filesystem::create_symlink("/dev/full", path("log"));
    const auto log = sink(path("log"), STDERR_FILENO);
    log->write(lines(3));
    log->write(lines(4));
    EXPECT_EQ(lost(*log, LossCause::Full), 7U);
    std::filesystem::remove(path("log"));
    log->reopen();
    log->write("one\n");
    EXPECT_EQ(read("log"), "lost 7 full\none\n");
    log->write("two\n");
    EXPECT_EQ(read("log"), "lost 7 full\none\ntwo\n") << "said once";
}

// Also a line that a full disk cut: what comes next does not continue it.
TEST_F(LogSink, AFileAtItsLimitHoldsWholeLinesAfterwards)
{
    const auto log = sink(path("log"), STDERR_FILENO);
    log->write("one\n");
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit small{150, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    log->write(lines(3));
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(lost(*log, LossCause::Full), 2U) << "the one that was cut, and the one behind it";
    log->write("two\n");
    EXPECT_THAT(read("log"), StartsWith("one\n" + lines(1) + "xxx"));
    EXPECT_THAT(read("log"), EndsWith("xxx\nlost 2 full\ntwo\n"));
}

TEST_F(LogSink, AClosedPipeIsCounted)
{
    pipe();
    const auto log = to_pipe();
    reader_->close();
    log->write(lines(2));
    log->write(lines(3));
    EXPECT_EQ(lost(*log, LossCause::Closed), 5U);
}

TEST_F(LogSink, AClosedSocketIsCounted)
{
    int ends[2] = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    reader_ = std::make_unique<Descriptor>(ends[0]);
    writer_ = std::make_unique<Descriptor>(ends[1]);
    const auto log = to_pipe();
    log->write("one\n");
    EXPECT_EQ(read_until("one\n"), "one\n");
    reader_->close();
    log->write("two\n");
    EXPECT_EQ(lost(*log, LossCause::Closed), 1U);
}

TEST_F(LogSink, APipeThatNobodyReadsHoldsUpNobodyAndSaysWhatItLost)
{
    pipe();
    const auto log = to_pipe();
    const auto began = std::chrono::steady_clock::now();
    constexpr std::size_t kWrites = 300;
    constexpr std::size_t kLines = 100;  // 3 MB in all
    for (std::size_t i = 0; i < kWrites; ++i) log->write(lines(kLines));
    EXPECT_LT(std::chrono::steady_clock::now() - began, kSoon);
    const std::uint64_t missing = lost(*log, LossCause::Unread);
    EXPECT_GT(missing, 10'000U);
    const std::string notice = "lost " + std::to_string(missing) + " unread\n";
    const std::string said = read_until(notice);
    EXPECT_EQ(static_cast<std::uint64_t>(count(said)) - 1 + missing, kWrites * kLines);
    log->write("again\n");
    EXPECT_EQ(read_until("again\n"), "again\n");
}

TEST_F(LogSink, ASlowReaderLosesNothing)
{
    pipe();
    const auto log = to_pipe();
    log->write(lines(5000));  // eight times what the pipe holds
    log->write("end\n");
    EXPECT_EQ(count(read_until("end\n")), 5001);
    EXPECT_EQ(lost(*log, LossCause::Unread), 0U);
}

TEST_F(LogSink, AStopDoesNotWaitForAReader)
{
    pipe();
    auto log = to_pipe();
    log->write(lines(5000));
    const auto began = std::chrono::steady_clock::now();
    log.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - began, kSoon);
}

TEST_F(LogSink, AFifoWithoutAReaderDoesNotHoldUpTheStart)
{
    ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
    pipe();
    const auto log = sink(path("fifo"), writer_->get());
    log->write("one\n");
    EXPECT_THAT(read_until("one\n"), HasSubstr("the log goes to standard error"));
    const Descriptor reader{::open(path("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
    log->reopen();
    log->write("two\n");
    char block[100];
    EXPECT_EQ(::read(reader.get(), block, sizeof block), 4);
}

}  // namespace
}  // namespace hermetic::ledger
