// Lines from any bytes: wherever the network splits them, the same lines; no octet lost or
// invented.
#include "core/assert.h"
#include "net/read_buffer.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using hermetic::net::ReadBuffer;

std::vector<std::string> lines_of(std::string_view text, std::size_t step)
{
    ReadBuffer buffer;
    std::vector<std::string> lines;
    while (!text.empty()) {
        const auto space = buffer.space();
        const std::size_t part = std::min({space.size(), text.size(), step});
        std::memcpy(space.data(), text.data(), part);
        buffer.added(part);
        text.remove_prefix(part);
        while (const auto line = buffer.take_line()) lines.emplace_back(*line);
        buffer.release();
    }
    lines.emplace_back(buffer.data());
    return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto whole = lines_of(text, size + 1);
    for (const std::size_t step : {1, 2, 3, 7}) HERMETIC_ASSERT(lines_of(text, step) == whole);
    std::string again;
    for (std::size_t i = 0; i < whole.size(); ++i) {
        HERMETIC_ASSERT(whole[i].find("\r\n") == std::string::npos);
        const auto lf = whole[i].find('\n');
        HERMETIC_ASSERT(lf == std::string::npos || lf + 1 == whole[i].size());
        again += whole[i];
        if (i + 1 < whole.size() && lf == std::string::npos) again += "\r\n";
    }
    HERMETIC_ASSERT(again == text);
    return 0;
}
