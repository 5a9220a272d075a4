#include "spool/log_octets.h"

#include "core/crc32c.h"
#include "spool/byte_codec.h"

#include <algorithm>

namespace hermetic::spool {
namespace {

constexpr std::size_t kBlock = 32U << 10;
constexpr std::size_t kHead = 7;        // checksum, length, kind
constexpr std::size_t kBatchHead = 12;  // sequence, count
// An entry of a batch takes more octets than this: so many sequences at most lie in between.
constexpr std::uint64_t kLeastEntry = 8;

enum Kind : std::uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

std::uint32_t number_at(std::string_view octets, std::size_t at, std::size_t width)
{
    std::uint32_t number = 0;
    for (std::size_t i = width; i > 0; --i) {
        number = number << 8 | static_cast<unsigned char>(octets[at + i - 1]);
    }
    return number;
}

// RocksDB keeps a checksum masked, so that one over octets with checksums is none of a kind.
constexpr std::uint32_t mask(std::uint32_t sum)
{
    return ((sum >> 15) | (sum << 17)) + 0xa282ead8U;
}

struct Fragment {
    Kind kind{};
    std::string_view payload;
    std::size_t end = 0;
};

// The fragment that begins at `at`, where one does, whole and with its checksum.
std::optional<Fragment> fragment_at(std::string_view log, std::size_t at)
{
    const std::size_t block_end = std::min(log.size(), (at / kBlock + 1) * kBlock);
    if (at + kHead > block_end) return std::nullopt;
    const std::size_t length = number_at(log, at + 4, 2);
    const auto kind = static_cast<std::uint8_t>(log[at + 6]);
    if (kind < kFull || kind > kLast || at + kHead + length > block_end) return std::nullopt;
    if (number_at(log, at, 4) != mask(crc32c(log.substr(at + 6, length + 1)))) return std::nullopt;
    return Fragment{static_cast<Kind>(kind), log.substr(at + kHead, length), at + kHead + length};
}

// Where the next fragment is to begin: not in the last octets of a block.
std::size_t next_start(std::size_t at)
{
    const std::size_t left = kBlock - at % kBlock;
    return left < kHead ? at + left : at;
}

bool only_zeros(std::string_view octets)
{
    return std::ranges::all_of(octets, [](char octet) { return octet == '\0'; });
}

struct WholeRecord {
    std::string_view batch;
    std::string joined;  // the octets of `batch`, where they lie in several fragments
    std::size_t end = 0;

    [[nodiscard]] std::string_view octets() const { return joined.empty() ? batch : joined; }
};

std::optional<WholeRecord> record_at(std::string_view log, std::size_t at)
{
    auto fragment = fragment_at(log, at);
    if (!fragment || (fragment->kind != kFull && fragment->kind != kFirst)) return std::nullopt;
    if (fragment->kind == kFull) return WholeRecord{fragment->payload, {}, fragment->end};
    WholeRecord record;
    record.joined = fragment->payload;
    do {
        fragment = fragment_at(log, next_start(fragment->end));
        if (!fragment || (fragment->kind != kMiddle && fragment->kind != kLast)) return {};
        record.joined += fragment->payload;
    } while (fragment->kind == kMiddle);
    record.end = fragment->end;
    return record;
}

class Reader {
public:
    Reader(std::string_view log, const RecordSink& sink) : log_{log}, sink_{sink}
    {
        reading_.size = log.size();
    }

    LogReading read()
    {
        std::size_t at = read_whole(0);
        if (only_zeros(log_.substr(std::min<std::size_t>(at, log_.size())))) return reading_;
        reading_.has_torn_end = true;
        // Anywhere: of a damaged head not even the length is to be trusted.
        for (++at; at + kHead <= log_.size();) {
            const auto record = record_at(log_, at);
            if (!record || !is_behind(record->octets(), at)) {
                ++at;
                continue;
            }
            at = read_behind(at);
        }
        return reading_;
    }

private:
    std::size_t read_whole(std::size_t at)
    {
        while (const auto record = record_at(log_, next_start(at))) {
            const auto head = parse_batch_head(record->octets());
            if (!head) break;
            if (!reading_.first_sequence) reading_.first_sequence = head->sequence;
            reading_.last_sequence = head->last();
            ++reading_.records;
            if (sink_) sink_(record->octets());
            at = record->end;
            reading_.sound = at;
        }
        return next_start(at);
    }

    std::size_t read_behind(std::size_t at)
    {
        while (const auto record = record_at(log_, next_start(at))) {
            if (!is_behind(record->octets(), next_start(at))) break;
            reading_.last_behind = parse_batch_head(record->octets())->last();
            ++reading_.records_behind;
            if (sink_) sink_(record->octets());
            at = record->end;
        }
        return at;
    }

    // Not what merely looks like one, within the text of a message: its number follows.
    [[nodiscard]] bool is_behind(std::string_view batch, std::size_t at) const
    {
        const auto head = parse_batch_head(batch);
        if (!head) return false;
        if (!reading_.last_sequence && !reading_.last_behind) return true;
        const std::uint64_t before =
            std::max(reading_.last_sequence.value_or(0), reading_.last_behind.value_or(0));
        return head->sequence > before &&
               head->sequence <= before + 1 + (at - reading_.sound) / kLeastEntry;
    }

    std::string_view log_;
    const RecordSink& sink_;
    LogReading reading_;
};

void append_fragment(std::string& out, Kind kind, std::string_view payload)
{
    std::string checked;
    checked += static_cast<char>(kind);
    checked += payload;
    const std::uint32_t sum = mask(crc32c(checked));
    for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(sum >> shift & 0xff);
    out += static_cast<char>(payload.size() & 0xff);
    out += static_cast<char>(payload.size() >> 8 & 0xff);
    out += checked;
}

}  // namespace

LogReading read_log(std::string_view octets, const RecordSink& sink)
{
    return Reader{octets, sink}.read();
}

std::optional<BatchHead> parse_batch_head(std::string_view batch)
{
    if (batch.size() < kBatchHead) return std::nullopt;
    ByteReader in{batch};
    BatchHead head;
    head.sequence = in.fixed64();
    head.count = number_at(batch, sizeof head.sequence, sizeof head.count);
    return head;
}

std::string LogWriter::append(std::string_view batch)
{
    std::string out;
    bool first = true;
    do {
        if (kBlock - in_block_ < kHead) {
            out.append(kBlock - in_block_, '\0');
            in_block_ = 0;
        }
        const std::size_t part = std::min(batch.size(), kBlock - in_block_ - kHead);
        const bool last = part == batch.size();
        const Kind kind = first ? (last ? kFull : kFirst) : (last ? kLast : kMiddle);
        append_fragment(out, kind, batch.substr(0, part));
        batch.remove_prefix(part);
        in_block_ = (in_block_ + kHead + part) % kBlock;
        first = false;
    } while (!batch.empty());
    return out;
}

}  // namespace hermetic::spool
