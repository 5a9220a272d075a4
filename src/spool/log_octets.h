// The octets of a write-ahead log of RocksDB: which records are whole, and where damage begins.
// Pure.
//
// RocksDB's own replay ends at the first damage, whatever lies behind it, and says so only in its
// log. What may be dropped (the torn end of a group that nobody was told of) and what must not
// (everything else) are distinguished here, before RocksDB changes anything: every group is synced
// before the next begins, so a torn record is the last one.
// Format: RocksDB's wiki, "Write Ahead Log File Format", without recycling and compression.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::spool {

// What a group's octets begin with, as RocksDB writes a batch.
struct BatchHead {
    std::uint64_t sequence = 0;  // of its first entry
    std::uint32_t count = 0;     // of its entries; zero after a replay that dropped something

    // Before the next one's.
    [[nodiscard]] std::uint64_t last() const { return sequence + count - 1; }
    bool operator==(const BatchHead&) const = default;
};

struct LogReading {
    std::uint64_t size = 0;
    std::uint64_t records = 0;         // whole ones before the first damage
    std::uint64_t sound = 0;           // octets up to the end of the last of them
    std::uint64_t records_behind = 0;  // whole ones behind damage: it was no torn end
    std::optional<std::uint64_t> first_sequence;
    std::optional<std::uint64_t> last_sequence;  // of the records before the first damage
    std::optional<std::uint64_t> last_behind;

    // Octets that are no part of a whole record, and are not only the zeros of a longer file.
    bool has_torn_end = false;

    bool operator==(const LogReading&) const = default;
};

// Gets the octets of each whole record, a batch, in order; also of those behind damage.
using RecordSink = std::function<void(std::string_view batch)>;

[[nodiscard]] LogReading read_log(std::string_view octets, const RecordSink& sink = {});

// Nothing where the octets are too short for one.
[[nodiscard]] std::optional<BatchHead> parse_batch_head(std::string_view batch);

// Writes a log: append() gives the octets that follow those before.
class LogWriter {
public:
    [[nodiscard]] std::string append(std::string_view batch);

private:
    std::size_t in_block_ = 0;
};

}  // namespace hermetic::spool
