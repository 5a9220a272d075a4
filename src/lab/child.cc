#include "lab/child.h"

#include <sys/prctl.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace hermetic::lab {
namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr int kCannotStart = 127;

std::vector<char*> pointers_to(std::vector<std::string>& words)
{
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (auto& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
}

struct Prepared {
    char* const* arguments;
    char* const* environment;
    const char* output;
    int death_signal;
    pid_t parent;
    int report;  // closed by a program that runs; an errno is written to it by one that cannot
};

bool place(int descriptor, int wanted)
{
    return descriptor >= 0 && (descriptor == wanted || ::dup2(descriptor, wanted) == wanted);
}

// In the child of a process that may have threads: system calls only.
bool become(const Prepared& prepared)
{
    if (::prctl(PR_SET_PDEATHSIG, prepared.death_signal) != 0) return false;
    if (::getppid() != prepared.parent) ::_exit(kCannotStart);  // it has died meanwhile
    ::setpgid(0, 0);
    for (int signal = 1; signal < NSIG; ++signal) {
        if (signal != SIGKILL && signal != SIGSTOP) ::signal(signal, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    // Above what is placed now; all others, and this one, end with exec.
    const int report = ::fcntl(prepared.report, F_DUPFD_CLOEXEC, 3);
    if (report < 0) return false;
    if (!place(::open("/dev/null", O_RDONLY), STDIN_FILENO)) return false;
    if (!place(::open(prepared.output, O_WRONLY | O_CREAT | O_TRUNC, kOwnerOnly), STDOUT_FILENO) ||
        ::dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
        return false;
    if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return false;
    ::execve(prepared.arguments[0], prepared.arguments, prepared.environment);
    return false;
}

}  // namespace

Started start_child(Command command)
{
    const auto arguments = pointers_to(command.arguments);
    const auto environment = pointers_to(command.environment);
    std::array<int, 2> report{};
    if (::pipe2(report.data(), O_CLOEXEC) != 0) return {-1, errno};
    const Prepared prepared{arguments.data(),     environment.data(), command.output.c_str(),
                            command.death_signal, ::getpid(),         report[1]};
    const pid_t process = ::fork();
    if (process == 0) {
        if (!become(prepared)) {
            const int error = errno;
            static_cast<void>(::write(prepared.report, &error, sizeof error));
        }
        ::_exit(kCannotStart);
    }
    const int failed = errno;
    ::close(report[1]);
    int error = process < 0 ? failed : 0;
    if (process > 0 && ::read(report[0], &error, sizeof error) != sizeof error) error = 0;
    ::close(report[0]);
    return {process, error};
}

}  // namespace hermetic::lab
