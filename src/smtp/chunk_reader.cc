#include "smtp/chunk_reader.h"

#include <algorithm>

namespace hermetic::smtp {

void ChunkReader::begin_chunk(std::uint64_t octets, Last last)
{
    left_ = octets;
    last_ = last;
}

TextRun ChunkReader::next(std::string_view input)
{
    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
    if (room == 0) return {};
    const TextRun run = scanner_.next(input.substr(0, room));
    left_ -= run.consumed;
    return run;
}

}  // namespace hermetic::smtp
