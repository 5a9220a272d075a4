#include "sasl/login.h"

#include "core/text.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace hermetic::sasl {
namespace {

constexpr std::size_t kMaxPassword = 1000;

std::string next_identity(const std::string& user)
{
    static std::atomic<std::uint64_t> count = 0;
    return fmt::format("{} #{}", user, ++count);
}

LoginError unreadable(const std::string& file)
{
    return {fmt::format("{}: {}", file, std::strerror(errno)),
            "give a file that exists and that the server may read"};
}

void wipe(void* octets, std::size_t length)
{
    ::explicit_bzero(octets, length);
}

// The first line; what is too long for a password comes whole, to be refused.
Result<std::string, LoginError> read_first_line(int descriptor, const std::string& file)
{
    std::array<char, kMaxPassword + 3> block{};
    std::size_t have = 0;
    while (have < block.size()) {
        const ssize_t got = ::read(descriptor, block.data() + have, block.size() - have);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failure(unreadable(file));
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    std::string_view line{block.data(), have};
    line = line.substr(0, line.find('\n'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    std::string password{line};
    wipe(block.data(), block.size());
    return password;
}

// Of UTF-8, or of UTF-16: an editor's, and no part of a password.
bool has_byte_order_mark(std::string_view text)
{
    return text.starts_with("\xEF\xBB\xBF") || text.starts_with("\xFF\xFE") ||
           text.starts_with("\xFE\xFF");
}

}  // namespace

Login::Login(std::string user, std::string password)
    : user_{std::move(user)}, password_{std::move(password)}, identity_{next_identity(user_)}
{
}

Login::~Login()
{
    wipe(password_.data(), password_.size());
}

bool Login::operator==(const Login& other) const
{
    return user_ == other.user_ && password_ == other.password_;
}

Result<std::shared_ptr<const Login>, LoginError> load_login(
    const std::string& user, const std::string& password_file,
    const std::shared_ptr<const Login>& before)
{
    const int descriptor = ::open(password_file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return failure(unreadable(password_file));
    // On the open file: what is checked is what is read.
    struct stat status {};
    const bool known = ::fstat(descriptor, &status) == 0;
    if (!known || (status.st_mode & (S_IROTH | S_IWOTH)) != 0) {
        ::close(descriptor);
        return failure(
            LoginError{fmt::format("{}: everybody may read or write this password (mode {:04o})",
                                   password_file, static_cast<unsigned>(status.st_mode & 07777)),
                       fmt::format("chmod 0640 {}", password_file)});
    }
    auto password = read_first_line(descriptor, password_file);
    ::close(descriptor);
    if (!password) return failure(password.error());
    if (has_byte_order_mark(*password)) {
        wipe(password->data(), password->size());
        return failure(LoginError{password_file + ": it begins with a byte-order mark",
                                  "save it as UTF-8 without one"});
    }
    const bool fits = !password->empty() && password->size() <= kMaxPassword &&
                      password->find('\0') == std::string::npos && is_valid_utf8(*password);
    if (!fits) {
        wipe(password->data(), password->size());
        return failure(LoginError{password_file + ": its first line is no password",
                                  "one line of 1 to 1000 octets of UTF-8"});
    }
    auto login = std::make_shared<const Login>(user, *std::move(password));
    if (before != nullptr && *before == *login) return before;
    return login;
}

}  // namespace hermetic::sasl
