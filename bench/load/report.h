// JSON text of results.
#pragma once

#include "load/send_options.h"
#include "load/send_result.h"
#include "load/sink_result.h"
#include "load/sync.h"

#include <string>

namespace hermetic::load {

[[nodiscard]] std::string format_send_result(const SendResult& result, const SendOptions& options);
[[nodiscard]] std::string format_sink_result(const SinkResult& result);
[[nodiscard]] std::string format_sync_result(const SyncResult& result);

}  // namespace hermetic::load
