#include "lab/server_process.h"

#include <boost/json.hpp>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <spawn.h>
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

std::vector<char*> pointers_to(std::vector<std::string>& words)
{
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (auto& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
}

// 0, or an errno. The child gets no blocked signals and SIGPIPE's default.
int spawn(const ServerProcess::Files& files, pid_t& pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, files.output.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    // A group of its own: Ctrl-C ends the tour, which then stops its server in order.
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes,
        static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP));
    std::vector<std::string> words{files.program.string(), "serve",        "--config",
                                   files.config.string(),  "--ready-file", files.ready.string()};
    auto variables = environment_with(files.authorities);
    const int error = posix_spawn(&pid, files.program.c_str(), &actions, &attributes,
                                  pointers_to(words).data(), pointers_to(variables).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

}  // namespace

ServerProcess::~ServerProcess()
{
    stop();
}

Result<void, std::string> ServerProcess::start(const Files& files,
                                               std::chrono::milliseconds at_most)
{
    if (const int error = spawn(files, pid_); error != 0) {
        pid_ = -1;
        return failure(std::string{std::strerror(error)});
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
