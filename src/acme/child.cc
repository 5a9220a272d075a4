#include "acme/child.h"

#include "net/core.h"

#include <sys/wait.h>

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>
#include <utility>

namespace hermetic::acme {
namespace {

constexpr Duration kLook = std::chrono::milliseconds{100};

std::vector<char*> pointers(std::vector<std::string>& strings)
{
    std::vector<char*> all;
    for (std::string& each : strings) all.push_back(each.data());
    all.push_back(nullptr);
    return all;
}

// A group of its own, so that its own children end with it; no signal of ours ignored.
class Spawning {
public:
    explicit Spawning(const std::string& output)
    {
        posix_spawn_file_actions_init(&files_);
        posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&files_, STDOUT_FILENO, output.c_str(),
                                         O_WRONLY | O_CREAT | O_APPEND, 0600);
        posix_spawn_file_actions_adddup2(&files_, STDOUT_FILENO, STDERR_FILENO);
        posix_spawnattr_init(&attributes_);
        sigset_t signals;
        sigemptyset(&signals);
        posix_spawnattr_setsigmask(&attributes_, &signals);
        sigaddset(&signals, SIGPIPE);
        posix_spawnattr_setsigdefault(&attributes_, &signals);
        posix_spawnattr_setpgroup(&attributes_, 0);
        posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    }
    ~Spawning()
    {
        posix_spawn_file_actions_destroy(&files_);
        posix_spawnattr_destroy(&attributes_);
    }
    Spawning(const Spawning&) = delete;
    Spawning& operator=(const Spawning&) = delete;

    // An errno; 0: it runs.
    int start(Command& command, pid_t& process)
    {
        std::vector<std::string> environment = std::move(command.environment);
        for (char** each = environ; *each != nullptr; ++each) environment.emplace_back(*each);
        const auto arguments = pointers(command.arguments);
        const auto variables = pointers(environment);
        return ::posix_spawn(&process, arguments.front(), &files_, &attributes_, arguments.data(),
                             variables.data());
    }

private:
    posix_spawn_file_actions_t files_{};
    posix_spawnattr_t attributes_{};
};

// Ends what still runs.
class Child {
public:
    explicit Child(pid_t process) : process_{process} {}
    ~Child()
    {
        if (process_ < 0) return;
        ::kill(-process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    [[nodiscard]] bool has_ended()
    {
        if (::waitpid(process_, &status_, WNOHANG) != process_) return false;
        process_ = -1;
        return true;
    }
    [[nodiscard]] int status() const { return status_; }

private:
    pid_t process_;
    int status_ = 0;
};

}  // namespace

net::Task<Result<int, std::string>> run_child(net::Core& core, Command command, Duration limit)
{
    const std::string program = command.arguments.front();
    pid_t process = -1;
    Spawning spawning{command.output};
    const int error = spawning.start(command, process);
    if (error != 0) co_return failure(program + ": " + std::strerror(error));
    Child child{process};
    const Instant deadline = core.clock().now() + limit;
    while (!child.has_ended()) {
        const Instant next = core.clock().now() + kLook;
        if (next > deadline) co_return failure(program + ": it takes too long");
        const auto woken = co_await net::sleep_until(core, next);
        if (woken == net::Woken::Cancelled)
            co_return failure(std::string{"the server is stopping"});
    }
    if (!WIFEXITED(child.status())) co_return failure(program + ": ended by a signal");
    co_return WEXITSTATUS(child.status());
}

}  // namespace hermetic::acme
