// Reads the stored messages in the order of their ids: at opening, and for claim(). Bodies stay
// where they are.
#pragma once

#include "spool/database.h"
#include "spool/message_index.h"
#include "spool/spool.h"

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace hermetic::spool {

struct ScanResult {
    std::uint64_t messages = 0;
    // Records whose very head cannot be read: nobody knows which bodies they need.
    std::uint64_t headless = 0;
    rocksdb::Status status;
};

// Fills an empty index. A record that cannot be read stays where it is, is reported and never
// claimed.
[[nodiscard]] ScanResult load_index(const Database& database, MessageIndex& index,
                                    Reporter& reporter);

struct ClaimRequest {
    std::size_t limit = 0;
    std::optional<MessageId> after;
    std::uint64_t epoch = 0;
};

// The messages that nobody holds; they are held from then on. Those that cannot be read are
// reported and left out.
[[nodiscard]] std::vector<Claimed> claim_messages(const Database& database, MessageIndex& index,
                                                  std::mutex& index_mutex, Reporter& reporter,
                                                  const ClaimRequest& request);

}  // namespace hermetic::spool
