// Keeps the observations on disk: reads them at the start, writes what has changed every few
// seconds, on a thread of its own.
//
// SQLite, docs/formats/observations.md. A crash loses the last seconds, which is nothing; a file
// that cannot be read or written costs the observations, never mail.
#pragma once

#include "core/result.h"
#include "core/time.h"
#include "observations/observations.h"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace hermetic::observations {

class File;

inline constexpr const char* kFileName = "observations.sqlite";  // in the data directory

// For those who only observe: what a server has kept, up to the last seconds, and nothing where
// there is no file. Writes nothing. `observations` has no keeper. The error is for people.
[[nodiscard]] Result<void, std::string> load(const std::string& path, Observations& observations);

class Keeper {
public:
    // Called on the keeper's thread, with words for people, once until it works again.
    using Tell = std::function<void(const std::string&)>;

    // Fills `observations`, which outlives the keeper. The error is for people.
    [[nodiscard]] static Result<std::unique_ptr<Keeper>, std::string> open(
        const std::string& path, Observations& observations, Tell tell,
        Duration every = std::chrono::seconds{5});
    // Writes what is left.
    ~Keeper();
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;

private:
    Keeper(std::unique_ptr<File> file, Observations& observations, Tell tell, Duration every);
    void run();
    void write();

    std::unique_ptr<File> file_;
    Observations& observations_;
    Tell tell_;
    const Duration every_;
    bool failing_ = false;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace hermetic::observations
