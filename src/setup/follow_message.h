// What becomes of a test message that the server has taken, as it says on its control socket.
#pragma once

#include "admin/http.h"
#include "core/result.h"
#include "core/time.h"
#include "net/task.h"
#include "setup/findings.h"

#include <functional>
#include <string>

namespace hermetic::net {
class Core;
}

namespace hermetic::setup {

// GET of a target. The error is for people.
using AskServer = std::function<Result<admin::Response, std::string>(const std::string& target)>;

struct FollowedMail {
    std::string id;  // as the server's reply has it
    std::string to;
};

struct FollowTimes {
    Duration pause = std::chrono::milliseconds{250};  // between two questions
    Duration all = std::chrono::seconds{30};
};

// Ends with the first attempt, or when the time is over: it was delivered, it waits and why, it was
// returned and why, or nobody knows.
[[nodiscard]] net::Task<Finding> follow_test_mail(net::Core& core, AskServer ask, FollowedMail mail,
                                                  FollowTimes times = {});

}  // namespace hermetic::setup
