// Questions to libunbound from any core: equal ones share an answer, each asker has its own
// deadline. Private to dns/.
//
// libunbound works in its own thread; a second thread, this class's, takes its answers and posts
// them to the cores that asked.
#pragma once

#include "core/result.h"
#include "core/time.h"
#include "dns/answer.h"
#include "dns/resolver.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

struct ub_ctx;
struct ub_result;

namespace hermetic::dns {

struct Question {
    std::string name;  // lower case, no trailing dot
    int type = 0;
    auto operator<=>(const Question&) const = default;
};

inline constexpr int kTypeA = 1;
inline constexpr int kTypeCname = 5;
inline constexpr int kTypePtr = 12;
inline constexpr int kTypeMx = 15;
inline constexpr int kTypeTxt = 16;
inline constexpr int kTypeAaaa = 28;
inline constexpr int kTypeTlsa = 52;

// One asker. Used on its core only, but for what Lookups does under its lock.
class Asker;

class Lookups {
public:
    static constexpr std::size_t kMaxPending = 20'000;

    [[nodiscard]] static Result<std::unique_ptr<Lookups>, std::string> make(
        const ResolverOptions& options);
    ~Lookups();
    Lookups(const Lookups&) = delete;
    Lookups& operator=(const Lookups&) = delete;

    // The asker hears of it by Asker::answer() on its core, once, unless forget() comes first.
    void ask(const Question& question, const std::shared_ptr<Asker>& asker);
    // Cancels the question where nobody else waits for it.
    void forget(const Question& question, const Asker& asker);

    // Answers all who wait with a failure and ends both threads. Idempotent.
    void close();
    // Questions that went to libunbound.
    [[nodiscard]] std::uint64_t asked() const { return asked_; }

private:
    struct Pending {
        std::uint64_t number = 0;
        int async_id = 0;
        std::vector<std::shared_ptr<Asker>> askers;
    };
    struct CallbackArgument;
    using Answer = std::shared_ptr<const RawAnswer>;

    explicit Lookups(ub_ctx* context);
    void run();
    void on_result(std::uint64_t number, int error, ub_result* result);
    static void deliver(std::vector<std::shared_ptr<Asker>> askers, Answer answer);

    ub_ctx* context_;
    std::mutex mutex_;
    std::map<Question, Pending> pending_;
    std::map<std::uint64_t, Question> by_number_;
    std::map<std::uint64_t, std::unique_ptr<CallbackArgument>> arguments_;
    std::uint64_t next_number_ = 1;
    bool closed_ = false;
    std::atomic<std::uint64_t> asked_ = 0;
    int wake_ = -1;  // eventfd: close() wakes the thread by it
    std::thread thread_;
};

}  // namespace hermetic::dns
