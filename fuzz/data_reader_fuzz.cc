// DataReader: the same however the input is split; compared with the plainest reader there is.
#include "core/assert.h"
#include "smtp/data_reader.h"

#include <algorithm>
#include <cstdint>
#include <string>

namespace {

using namespace hermetic::smtp;

struct Read {
    std::string message;
    std::size_t consumed = 0;
    bool ended = false;
    bool bare = false;
    bool nul = false;
    bool operator==(const Read&) const = default;
};

Read read(std::string_view input, BareNewline mode, std::string_view sizes)
{
    DataReader reader{mode};
    Read result;
    std::size_t turn = 0;
    while (!input.empty() && !reader.ended()) {
        const std::size_t size = sizes.empty()
                                     ? input.size()
                                     : 1 + static_cast<std::uint8_t>(sizes[turn++ % sizes.size()]);
        std::string_view piece = input.substr(0, size);
        input.remove_prefix(piece.size());
        while (!piece.empty() && !reader.ended()) {
            const TextRun run = reader.next(piece);
            result.message += run.run;
            result.consumed += run.consumed;
            piece.remove_prefix(run.consumed);
        }
    }
    result.ended = reader.ended();
    result.bare = reader.saw_bare_newline();
    result.nul = reader.saw_nul();
    return result;
}

// What a reader that sees the whole input and knows only CRLF lines would make of it.
void check_against_plain(std::string_view input, const Read& read)
{
    std::string message;
    bool ended = false;
    std::size_t at = 0;
    while (at < input.size() && !ended) {
        const auto end = input.find("\r\n", at);
        std::string_view line =
            input.substr(at, end == std::string_view::npos ? end : end + 2 - at);
        at += line.size();
        ended = line == ".\r\n";
        if (line.starts_with('.')) line.remove_prefix(1);
        if (!ended) message += line;
    }
    HERMETIC_ASSERT(read.ended == ended);
    // At the end of the input ".\r" is held back: it may be the end of the message.
    if (ended || !input.ends_with(".\r")) HERMETIC_ASSERT(read.message == message);
    if (ended) HERMETIC_ASSERT(read.consumed == at);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view input{reinterpret_cast<const char*>(data), size};
    const std::string_view sizes = input.substr(0, std::min<std::size_t>(size, 8));
    for (const BareNewline mode : {BareNewline::Keep, BareNewline::Repair}) {
        const Read whole = read(input, mode, {});
        HERMETIC_ASSERT(read(input, mode, sizes) == whole);
        HERMETIC_ASSERT(read(input, mode, std::string_view{"\0", 1}) == whole);
        if (mode == BareNewline::Keep) check_against_plain(input, whole);
        if (mode == BareNewline::Repair && whole.ended) {
            for (std::size_t i = 0; i < whole.message.size(); ++i) {
                const char c = whole.message[i];
                HERMETIC_ASSERT(c != '\n' || (i > 0 && whole.message[i - 1] == '\r'));
                HERMETIC_ASSERT(c != '\r' || whole.message[i + 1] == '\n');
            }
        }
    }
    return 0;
}
