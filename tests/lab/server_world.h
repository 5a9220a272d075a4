// The lab, and a real `hermetic serve` that delivers to it: what the tests of this folder begin
// with.
//
// One thread. Its directory, with configuration, the server's log and records.jsonl, stays where a
// test of the program failed.
#pragma once

#include "lab/attempt_log.h"
#include "lab/lab.h"
#include "lab/server_process.h"
#include "lab/smtp_client.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace hermetic::lab_test {

inline constexpr std::chrono::seconds kServerStart{60};  // under sanitizers on a busy machine

class ServerWorld {
public:
    struct Plan {
        std::chrono::seconds patience{20};  // of the server with a partner
        // More objects for org.toml; the lab has started.
        std::function<std::string(const lab::Lab&)> objects{};
        // The key under which a first attempt is kept; empty: it is not.
        std::function<std::string(const lab::AttemptLine&)> key_of;
    };

    explicit ServerWorld(Plan plan) : plan_{std::move(plan)} {}
    ~ServerWorld();
    ServerWorld(const ServerWorld&) = delete;
    ServerWorld& operator=(const ServerWorld&) = delete;

    // "" where both run.
    [[nodiscard]] std::string start();

    // Connects and says EHLO; false: the server does not greet.
    [[nodiscard]] bool greet(lab::SmtpClient& client) const;

    // Follows the log until so many keys have a first attempt, or the time is over.
    void await_attempts(std::size_t count, std::chrono::seconds at_most);

    // Ends both. A connection is in the book when it has ended.
    void stop();

    [[nodiscard]] lab::Lab& lab() { return *lab_; }
    // nullptr: there was none.
    [[nodiscard]] const lab::AttemptLine* attempt(const std::string& key) const;
    [[nodiscard]] std::filesystem::path log_file() const { return directory_ / "hermetic.log"; }
    [[nodiscard]] std::string where() const { return "logs in " + directory_.string(); }

private:
    Plan plan_;
    std::filesystem::path directory_;
    std::unique_ptr<lab::Lab> lab_;
    lab::ServerProcess server_;
    std::unique_ptr<lab::LogFollower> log_;
    std::map<std::string, lab::AttemptLine> attempts_;
    bool started_ = false;
};

// "you@a.test" and "<you@a.test>" -> "a.test".
[[nodiscard]] std::string domain_of_recipient(const lab::AttemptLine& attempt);

}  // namespace hermetic::lab_test
