// /v1/queue/count, /v1/queue/summary, and changes of many messages.
#pragma once

#include "admin/api.h"
#include "admin/http.h"
#include "core/time.h"
#include "dispatch/selection_change.h"
#include "net/task.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace hermetic::admin {

inline constexpr Duration kQueuePatience = std::chrono::seconds{20};

[[nodiscard]] Response queue_too_slow();
[[nodiscard]] Response operator_response(const std::optional<dispatch::OperatorAnswer>& answer);

// "retry" …; nullopt: there is no such operation.
[[nodiscard]] std::optional<dispatch::MessageChange::Kind> parse_operation(std::string_view name);
// As the query and the client say; the error is the refusal.
[[nodiscard]] Result<dispatch::MessageChange, Response> make_change(
    dispatch::MessageChange::Kind kind, const Request& request, WallTime now);

[[nodiscard]] net::Task<Response> count_queue(Api& api, Request request);
[[nodiscard]] net::Task<Response> summarize_queue(Api& api, Request request);
[[nodiscard]] net::Task<Response> change_queue(Api& api, dispatch::MessageChange::Kind kind,
                                               Request request);

// All of it, however many; how many messages were changed, or will be.
[[nodiscard]] net::Task<std::uint64_t> change_all(Api& api, dispatch::SelectionChange request);

}  // namespace hermetic::admin
