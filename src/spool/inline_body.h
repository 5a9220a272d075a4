// Reading what lies in RocksDB: whole messages, and bodies below the threshold.
#pragma once

#include "spool/database.h"
#include "spool/io_pool.h"
#include "spool/spool.h"

#include <functional>
#include <memory>
#include <string>

namespace hermetic::spool {

// Told where a body is not what was written, or is not there.
using OnUnreadable = std::function<void(const BodyId&, const std::string& why)>;

// Fills `done` but does not complete it. Waits for the disk.
void load_message(const Database& database, const MessageId& id, LoadOperation& done,
                  const OnUnreadable& on_unreadable);

// From memory where `body` has its bytes, from the database otherwise: there with one read, whose
// result the reader keeps.
[[nodiscard]] std::unique_ptr<BodyReader> read_inline_body(std::shared_ptr<const Database> database,
                                                           std::shared_ptr<IoPool> pool,
                                                           const Body& body,
                                                           OnUnreadable on_unreadable);

}  // namespace hermetic::spool
