// A user and the password, read from a file that not everybody may read. Immutable, shared.
//
// The password is wiped when the last owner is gone. It has no way into a log: nothing here is
// printed, and what stands in reuse keys is `identity`.
#pragma once

#include "core/result.h"

#include <memory>
#include <string>

namespace hermetic::sasl {

class Login {
public:
    Login(std::string user, std::string password);
    ~Login();
    Login(const Login&) = delete;
    Login& operator=(const Login&) = delete;

    [[nodiscard]] const std::string& user() const { return user_; }
    [[nodiscard]] const std::string& password() const { return password_; }
    // "relay #7": no other user or password has the same one in the life of the process. Made by
    // counting, not from the password: nobody can try passwords on it.
    [[nodiscard]] const std::string& identity() const { return identity_; }
    [[nodiscard]] bool operator==(const Login& other) const;

private:
    std::string user_;
    std::string password_;
    std::string identity_;
};

struct LoginError {
    std::string what;      // "/etc/hermetic/relay.password: everybody may read it (mode 0644)"
    std::string expected;  // "mode 0640 or stricter (chmod 0640 …)"
};

// The password is the file's first line, without its end; at most 1000 octets of UTF-8. Where both
// are those of `before` (null: there is none) that is the answer, its identity with it.
[[nodiscard]] Result<std::shared_ptr<const Login>, LoginError> load_login(
    const std::string& user, const std::string& password_file,
    const std::shared_ptr<const Login>& before = nullptr);

}  // namespace hermetic::sasl
