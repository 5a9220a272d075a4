// AUTH on a connection whose TLS has proved the host (policy/login.h says which).
#pragma once

#include "facts/attempt.h"
#include "net/task.h"
#include "outbound/connection.h"
#include "sasl/login.h"

#include <memory>
#include <optional>

namespace hermetic::outbound {

class Context;

// nullopt: the host knows us. Else the mail waits, whatever the host calls it: an administrator of
// one of the two sides can repair it. The connection is of no more use then.
[[nodiscard]] net::Task<std::optional<facts::Outcome>> log_in(
    Context& context, Connection& connection, std::shared_ptr<const sasl::Login> login);

}  // namespace hermetic::outbound
