#include "lab/server_process.h"

#include "lab/child.h"

#include <boost/json.hpp>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

namespace hermetic::lab {
namespace {

constexpr std::chrono::milliseconds kPoll{10};

std::string read_text(const std::filesystem::path& path)
{
    std::ifstream file{path, std::ios::binary};
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

// This process's, with the variable by which OpenSSL finds the system's authorities.
std::vector<std::string> environment_with(const std::filesystem::path& authorities)
{
    std::vector<std::string> variables;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view text{*variable};
        const bool replaced = text.starts_with("SSL_CERT_FILE=") && !authorities.empty();
        if (!replaced) variables.emplace_back(text);
    }
    if (!authorities.empty()) variables.push_back("SSL_CERT_FILE=" + authorities.string());
    return variables;
}

}  // namespace

ServerProcess::~ServerProcess()
{
    stop();
}

Result<void, std::string> ServerProcess::start(const Files& files,
                                               std::chrono::milliseconds at_most)
{
    const Started started =
        start_child({{files.program.string(), "serve", "--config", files.config.string(),
                      "--ready-file", files.ready.string()},
                     environment_with(files.authorities),
                     files.output.string()});
    pid_ = started.process;
    if (started.error != 0) {
        if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
        return failure(std::string{std::strerror(started.error)});
    }
    const auto until = std::chrono::steady_clock::now() + at_most;
    while (!read_ready_file(files.ready)) {
        if (has_ended(kPoll)) {
            return failure("it ended with code " + std::to_string(exit_code_) + ":\n" +
                           read_text(files.output));
        }
        if (std::chrono::steady_clock::now() > until) {
            stop();
            return failure("it was not ready in time:\n" + read_text(files.output));
        }
    }
    return {};
}

// {"listeners":[{"name":"mx","address":"127.0.0.1:41234"}],…}, complete when it exists.
bool ServerProcess::read_ready_file(const std::filesystem::path& path)
{
    const std::string text = read_text(path);
    if (text.empty()) return false;
    boost::system::error_code error;
    const auto parsed = boost::json::parse(text, error);
    if (error || !parsed.is_object()) return false;
    const auto* const list = parsed.as_object().if_contains("listeners");
    if (list == nullptr || !list->is_array()) return false;
    for (const auto& entry : list->as_array()) {
        if (!entry.is_object()) continue;
        const auto* const name = entry.as_object().if_contains("name");
        const auto* const address = entry.as_object().if_contains("address");
        if (name == nullptr || !name->is_string() || address == nullptr || !address->is_string()) {
            continue;
        }
        const auto& where = address->as_string();
        const auto endpoint = Endpoint::parse({where.data(), where.size()});
        if (endpoint) listeners_.emplace(name->as_string().c_str(), *endpoint);
    }
    return true;
}

const Endpoint* ServerProcess::listener(const std::string& name) const
{
    const auto found = listeners_.find(name);
    return found == listeners_.end() ? nullptr : &found->second;
}

bool ServerProcess::is_running()
{
    return pid_ > 0 && !has_ended(std::chrono::milliseconds{0});
}

bool ServerProcess::has_ended(std::chrono::milliseconds at_most)
{
    const auto until = std::chrono::steady_clock::now() + at_most;
    for (;;) {
        int status = 0;
        const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
        if (ended == pid_ || (ended < 0 && errno == ECHILD)) {
            exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            pid_ = -1;
            return true;
        }
        if (std::chrono::steady_clock::now() >= until) return false;
        std::this_thread::sleep_for(std::min(kPoll, at_most));
    }
}

int ServerProcess::stop(std::chrono::milliseconds at_most)
{
    if (pid_ <= 0) return exit_code_;
    ::kill(pid_, SIGTERM);
    if (has_ended(at_most)) return exit_code_;
    ::kill(pid_, SIGKILL);
    (void)has_ended(std::chrono::seconds{10});
    return exit_code_;
}

}  // namespace hermetic::lab
