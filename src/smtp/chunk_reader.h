// ChunkReader: takes a message out of its BDAT chunks.
//
// Pure, incremental. RFC 3030 §2. Line ends may be parted by a chunk's border; bare newlines are
// noticed as in DATA, because the next hop may not offer CHUNKING.
#pragma once

#include "smtp/text_scanner.h"

#include <cstdint>

namespace hermetic::smtp {

class ChunkReader {
public:
    enum class Last : std::uint8_t { No, Yes };

    explicit ChunkReader(BareNewline bare) : scanner_{bare, TextScanner::Stop::Never} {}

    void begin_chunk(std::uint64_t octets, Last last);
    // The next run; `input` may be longer than the chunk. Call until chunk_ended().
    [[nodiscard]] TextRun next(std::string_view input);

    [[nodiscard]] bool chunk_ended() const { return left_ == 0; }
    [[nodiscard]] bool is_last() const { return last_ == Last::Yes; }
    // After the last chunk: what is missing of the last line end.
    [[nodiscard]] std::string_view finish() { return scanner_.finish(); }
    [[nodiscard]] bool saw_bare_newline() const { return scanner_.saw_bare_newline(); }
    [[nodiscard]] bool saw_nul() const { return scanner_.saw_nul(); }

private:
    TextScanner scanner_;
    std::uint64_t left_ = 0;
    Last last_ = Last::No;
};

}  // namespace hermetic::smtp
