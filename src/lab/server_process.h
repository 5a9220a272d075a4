// A `hermetic serve` that a tour or a test starts, waits for, and stops. One thread.
#pragma once

#include "core/ip.h"
#include "core/result.h"

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>

namespace hermetic::lab {

class ServerProcess {
public:
    struct Files {
        std::filesystem::path program;  // "/proc/self/exe": this one
        std::filesystem::path config;   // hermetic.toml
        std::filesystem::path ready;    // is written by the server; must not exist
        std::filesystem::path output;   // what it prints
        // PEM file of the authorities that it takes for the system's; empty: the system's own.
        std::filesystem::path authorities{};
    };

    ServerProcess() = default;
    ~ServerProcess();  // stops it
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;

    // Until every listener accepts; or the words for why it does not.
    [[nodiscard]] Result<void, std::string> start(const Files& files,
                                                  std::chrono::milliseconds at_most);

    // By its name in hermetic.toml; where there are several addresses, the first.
    [[nodiscard]] const Endpoint* listener(const std::string& name) const;
    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] bool is_running();

    // SIGTERM, then SIGKILL when the time is over. The exit code; 128 + signal where one ended it;
    // -1 where nothing ran.
    int stop(std::chrono::milliseconds at_most = std::chrono::seconds{20});

private:
    [[nodiscard]] bool read_ready_file(const std::filesystem::path& path);
    [[nodiscard]] bool has_ended(std::chrono::milliseconds at_most);

    pid_t pid_ = -1;
    int exit_code_ = -1;
    std::map<std::string, Endpoint> listeners_;
};

}  // namespace hermetic::lab
