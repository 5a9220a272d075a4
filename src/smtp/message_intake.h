// MessageIntake: one message while it arrives: framing, limits, and what its header says.
//
// Pure. Whatever is wrong with the message, its framing goes on to its end: the reply belongs there
// (RFC 5321 §4.2.5), and nothing of it is ever taken for a command. Bounded: a client that sends
// many times what is allowed is cut off.
#pragma once

#include "config/node_options.h"
#include "mail/header_scan.h"
#include "smtp/chunk_reader.h"
#include "smtp/data_reader.h"
#include "smtp/reply.h"

#include <cstdint>
#include <string_view>
#include <variant>

namespace hermetic::smtp {

class MessageIntake {
public:
    enum class Framing : std::uint8_t { Data, Chunks };

    // `limits` outlives the intake.
    MessageIntake(Framing framing, const config::LimitOptions& limits);

    [[nodiscard]] Framing framing() const;
    void begin_chunk(std::uint64_t octets, ChunkReader::Last last);

    struct Piece {
        std::size_t consumed = 0;
        std::string_view run;   // to be stored; empty once the message is refused
        bool finished = false;  // end of the message or of this chunk
        bool cut_off = false;   // too much: close the connection
    };
    // Together all runs are the message as it is stored behind the trace field: where it begins
    // with a blank, an empty line comes first. May consume nothing; call again until `finished`,
    // `cut_off`, or all input is consumed.
    [[nodiscard]] Piece next(std::string_view input);

    // After the last chunk: what is still to be stored of it.
    [[nodiscard]] std::string_view finish();

    // The message is refused for a reason of the caller's (disk full): the rest is only swallowed.
    void refuse(const RefusalKind& why);
    // Null: nothing is wrong with it so far.
    [[nodiscard]] const RefusalKind* refusal() const { return refusal_; }

    [[nodiscard]] bool is_last_chunk() const;
    [[nodiscard]] const mail::HeaderScan& header() const { return header_; }
    [[nodiscard]] std::uint64_t octets() const { return octets_; }  // dots unstuffed

private:
    [[nodiscard]] bool begins_with_blank(std::string_view input);
    void judge(std::string_view run, bool bare_newline, bool nul);

    const config::LimitOptions& limits_;
    std::variant<DataReader, ChunkReader> reader_;
    mail::HeaderScan header_;
    std::uint64_t octets_ = 0;
    std::uint64_t cut_off_after_;
    bool begun_ = false;  // the first octet of the message has been seen
    const RefusalKind* refusal_ = nullptr;
};

// How many octets of refused messages and chunks are read and thrown away before the connection is
// closed instead.
[[nodiscard]] std::uint64_t swallow_limit(const config::LimitOptions& limits);

}  // namespace hermetic::smtp
