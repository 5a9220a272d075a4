// ChunkReader: its chunk and no octet more, the same however chunks and input are split.
#include "core/assert.h"
#include "smtp/chunk_reader.h"

#include <cstdint>
#include <string>

namespace {

using namespace hermetic::smtp;

std::string read(std::string_view text, std::size_t chunk, std::size_t piece, BareNewline mode,
                 bool& bare)
{
    ChunkReader reader{mode};
    std::string message;
    for (std::size_t at = 0; at < text.size(); at += chunk) {
        std::string_view left = text.substr(at, chunk);
        reader.begin_chunk(left.size(), at + chunk >= text.size() ? ChunkReader::Last::Yes
                                                                  : ChunkReader::Last::No);
        while (!reader.chunk_ended()) {
            const bool to_end = left.size() <= piece;
            // What lies behind the chunk must not be touched.
            const std::string input =
                std::string{left.substr(0, piece)} + (to_end ? "QUIT\r\n" : "");
            const TextRun run = reader.next(input);
            HERMETIC_ASSERT(run.consumed <= left.size());
            message += run.run;
            left.remove_prefix(run.consumed);
        }
        HERMETIC_ASSERT(left.empty());
    }
    message += reader.finish();
    bare = reader.saw_bare_newline();
    return message;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 3 || size > 4096) return 0;
    const std::size_t chunk = 1 + data[0] % 64U;
    const std::size_t piece = 1 + data[1] % 64U;
    const std::string_view text{reinterpret_cast<const char*>(data) + 2, size - 2};
    bool whole_bare = false;
    bool bare = false;
    const std::string kept = read(text, text.size(), text.size(), BareNewline::Keep, whole_bare);
    HERMETIC_ASSERT(kept == text);
    HERMETIC_ASSERT(read(text, chunk, piece, BareNewline::Keep, bare) == text);
    HERMETIC_ASSERT(bare == whole_bare);
    const std::string repaired = read(text, text.size(), text.size(), BareNewline::Repair, bare);
    HERMETIC_ASSERT(bare == whole_bare);
    HERMETIC_ASSERT(read(text, chunk, piece, BareNewline::Repair, bare) == repaired);
    HERMETIC_ASSERT(whole_bare || repaired == text);
    return 0;
}
