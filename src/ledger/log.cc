#include "ledger/log.h"

#include "core/thread_name.h"
#include "ledger/lines.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>
#include <variant>

namespace hermetic::ledger {
namespace {

// Above this many waiting entries new ones are dropped: memory is bounded (invariant 7).
constexpr std::size_t kMaxWaiting = 100'000;

// Lines gather for a moment, so that a busy server wakes the writer some twenty times a second and
// not once for each of them.
constexpr std::chrono::milliseconds kGather{50};
constexpr std::size_t kMuch = 4096;
constexpr std::size_t kOneWrite = std::size_t{256} << 10;

struct EventFacts {
    Level level;
    std::string event;
    std::vector<std::pair<std::string, std::string>> fields;
};

struct Reopen {};

struct Entry {
    WallTime time;
    std::variant<SessionFacts, MessageFacts, facts::Attempt, NoticeFacts, EventFacts, Reopen> what;
};

std::shared_ptr<spdlog::logger> open_logger(const std::string& file)
{
    std::shared_ptr<spdlog::sinks::sink> sink;
    if (!file.empty()) {
        try {
            sink = std::make_shared<spdlog::sinks::basic_file_sink_st>(file);
        } catch (const spdlog::spdlog_ex& error) {
            std::fprintf(stderr, "log.file: %s; the log goes to standard error\n", error.what());
        }
    }
    if (!sink) sink = std::make_shared<spdlog::sinks::stderr_sink_st>();
    auto logger = std::make_shared<spdlog::logger>("hermetic", std::move(sink));
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::trace);
    return logger;
}

class ThreadedLog final : public Log {
public:
    ThreadedLog(LogSettings settings, const Clock& clock)
        : settings_{std::move(settings)},
          clock_{clock},
          logger_{open_logger(settings_.file)},
          writer_{[this] {
              name_this_thread("log");
              run();
          }}
    {
    }

    ~ThreadedLog() override
    {
        {
            const std::lock_guard lock{mutex_};
            stopping_ = true;
        }
        wake_.notify_one();
        writer_.join();
    }

    void session(SessionFacts session) override { add(std::move(session)); }
    void message(MessageFacts message) override { add(std::move(message)); }
    void attempt(facts::Attempt attempt) override { add(std::move(attempt)); }
    void notice(NoticeFacts notice) override { add(std::move(notice)); }
    void event(Level level, std::string_view event, std::vector<Field> fields) override
    {
        if (level < settings_.level) return;
        EventFacts facts{level, std::string{event}, {}};
        for (auto& [key, value] : fields) facts.fields.emplace_back(key, std::move(value));
        add(std::move(facts));
    }
    void reopen() override { add(Reopen{}); }

    void flush() override
    {
        std::unique_lock lock{mutex_};
        const std::uint64_t wanted = added_;
        flush_wanted_ = true;
        wake_.notify_one();
        written_changed_.wait(lock, [&] { return written_ >= wanted; });
    }

private:
    template <typename Facts>
    void add(Facts facts)
    {
        const WallTime now = clock_.wall();
        bool wake = false;
        {
            const std::lock_guard lock{mutex_};
            if (waiting_.size() >= kMaxWaiting) {
                ++dropped_;
                return;
            }
            waiting_.push_back(Entry{now, std::move(facts)});
            ++added_;
            wake = waiting_.size() == 1 || waiting_.size() == kMuch;
        }
        if (wake) wake_.notify_one();
    }

    void run()
    {
        std::vector<Entry> batch;
        for (;;) {
            std::uint64_t dropped = 0;
            bool stopping = false;
            {
                std::unique_lock lock{mutex_};
                const auto hurried = [&] {
                    return stopping_ || flush_wanted_ || waiting_.size() >= kMuch;
                };
                wake_.wait(lock, [&] { return hurried() || !waiting_.empty(); });
                wake_.wait_for(lock, kGather, hurried);
                batch.swap(waiting_);
                dropped = std::exchange(dropped_, 0);
                stopping = stopping_;
                flush_wanted_ = false;
            }
            for (const Entry& entry : batch) write(entry);
            if (dropped != 0) {
                write({clock_.wall(),
                       EventFacts{
                           Level::Warning, "log.dropped", {{"lines", std::to_string(dropped)}}}});
            }
            put_gathered();
            {
                const std::lock_guard lock{mutex_};
                written_ += batch.size();
            }
            written_changed_.notify_all();
            const bool idle = batch.empty();
            batch.clear();
            if (stopping && idle) return;
        }
    }

    [[nodiscard]] LineFormat format() const
    {
        return settings_.format == LogSettings::Format::Json ? LineFormat::Json : LineFormat::Text;
    }

    void put(const std::string& line)
    {
        gathered_.append(line).push_back('\n');
        if (gathered_.size() >= kOneWrite) put_gathered();
    }

    // Lines of a batch are one write.
    void put_gathered()
    {
        if (!gathered_.empty()) {
            gathered_.pop_back();  // the sink ends what it writes itself
            logger_->log(spdlog::level::info, spdlog::string_view_t{gathered_});
            gathered_.clear();
        }
        logger_->flush();
    }

    void write(const Entry& entry)
    {
        std::visit([&](const auto& facts) { write_facts(entry.time, facts); }, entry.what);
    }
    void write_facts(WallTime time, const SessionFacts& facts)
    {
        if (settings_.level <= Level::Info) put(format_session(format(), time, facts));
    }
    void write_facts(WallTime time, const MessageFacts& facts)
    {
        if (settings_.level <= Level::Info || facts.id.is_nil()) {
            put(format_message(format(), time, facts));
        }
    }
    void write_facts(WallTime time, const facts::Attempt& facts)
    {
        for (const std::string& line : format_attempt(format(), time, facts)) put(line);
    }
    void write_facts(WallTime time, const NoticeFacts& facts)
    {
        put(format_notice(format(), time, facts));
    }
    void write_facts(WallTime time, const EventFacts& facts)
    {
        Line line = begin_line(format(), time, facts.level, facts.event);
        for (const auto& [key, value] : facts.fields) line.text(key, value, 2000);
        put(line.finish());
    }
    void write_facts(WallTime, const Reopen&)
    {
        put_gathered();
        logger_ = open_logger(settings_.file);
    }

    LogSettings settings_;
    const Clock& clock_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable written_changed_;
    std::vector<Entry> waiting_;
    std::uint64_t added_ = 0;
    std::uint64_t written_ = 0;
    std::uint64_t dropped_ = 0;
    bool stopping_ = false;
    bool flush_wanted_ = false;
    std::shared_ptr<spdlog::logger> logger_;
    std::string gathered_;  // the writer's
    std::thread writer_;    // last: it uses all of the above
};

}  // namespace

std::unique_ptr<Log> make_log(const LogSettings& settings, const Clock& clock)
{
    return std::make_unique<ThreadedLog>(settings, clock);
}

}  // namespace hermetic::ledger
