#include "sasl/login.h"

#include "core/read_file.h"
#include "core/text.h"

#include <fmt/format.h>

#include <atomic>
#include <cstring>

namespace hermetic::sasl {
namespace {

constexpr std::size_t kMaxPassword = 1000;

std::string next_identity(const std::string& user)
{
    static std::atomic<std::uint64_t> count = 0;
    return fmt::format("{} #{}", user, ++count);
}

void wipe(void* octets, std::size_t length)
{
    ::explicit_bzero(octets, length);
}

// What is too long for a password comes whole, to be refused.
std::string first_line(std::string_view text)
{
    text = text.substr(0, text.find('\n'));
    if (text.ends_with('\r')) text.remove_suffix(1);
    return std::string{text};
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
    auto text = read_file_start(password_file, kMaxPassword + 3);
    if (!text)
        return failure(LoginError{password_file + ": " + text.error().what, text.error().expected});
    std::string password = text->exposed ? std::string{} : first_line(text->octets);
    wipe(text->octets.data(), text->octets.size());
    if (text->exposed)
        return failure(
            LoginError{fmt::format("{}: everybody may read or write this password (mode {:04o})",
                                   password_file, text->mode),
                       fmt::format("mode 0640 or stricter (chmod 0640 {})", password_file)});
    if (has_byte_order_mark(password)) {
        wipe(password.data(), password.size());
        return failure(
            LoginError{password_file + ": it begins with a byte-order mark", "UTF-8 without it"});
    }
    const bool fits = !password.empty() && password.size() <= kMaxPassword &&
                      password.find('\0') == std::string::npos && is_valid_utf8(password);
    if (!fits) {
        wipe(password.data(), password.size());
        return failure(LoginError{password_file + ": its first line is not a password",
                                  "one line of 1 to 1000 octets of UTF-8"});
    }
    auto login = std::make_shared<const Login>(user, std::move(password));
    if (before != nullptr && *before == *login) return before;
    return login;
}

}  // namespace hermetic::sasl
