// The spool's operations as coroutines of a core.
//
// An operation that has begun ends, whatever the core is told: its coroutine stays until the spool
// has answered. So the spool is closed while the cores still run.
#pragma once

#include "core/bytes.h"
#include "core/ids.h"
#include "core/result.h"
#include "net/task.h"
#include "spool/spool.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace hermetic::net {

class Core;

// Why a body could not be written or read.
struct BodyError {
    std::string words;
    spool::BodyFailure kind = spool::BodyFailure::Other;
};

[[nodiscard]] Task<spool::Durability> commit(
    Core& core, spool::Spool& spool,
    std::vector<std::shared_ptr<const spool::StoredMessage>> messages);

// Returns when the change is durable.
[[nodiscard]] Task<spool::Durability> record(Core& core, spool::Spool& spool, spool::Change change);

// The error is for people: the message is gone or cannot be read.
[[nodiscard]] Task<Result<std::shared_ptr<const spool::StoredMessage>, std::string>> load(
    Core& core, spool::Spool& spool, MessageId id);

[[nodiscard]] Task<Result<void, BodyError>> append(Core& core, spool::BodyWriter& writer,
                                                   Bytes bytes);
[[nodiscard]] Task<Result<void, BodyError>> finish(Core& core, spool::BodyWriter& writer);

// Empty at the end of the body.
[[nodiscard]] Task<Result<std::string, BodyError>> read_body(Core& core, spool::BodyReader& reader,
                                                             std::uint64_t offset,
                                                             std::size_t limit);

}  // namespace hermetic::net
