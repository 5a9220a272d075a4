// PROXY headers: a prefix of a good one is incomplete or the same, never another.
#include "core/assert.h"
#include "smtp/proxy_header.h"

#include <algorithm>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace hermetic::smtp;
    const std::string_view input{reinterpret_cast<const char*>(data), size};
    const auto header = parse_proxy_header(input);
    if (!header) return 0;
    HERMETIC_ASSERT(header->length <= std::min(size, kMaxProxyHeader));
    for (std::size_t i = 0; i < header->length; ++i) {
        const auto part = parse_proxy_header(input.substr(0, i));
        HERMETIC_ASSERT(!part && part.error() == ProxyError::Incomplete);
    }
    HERMETIC_ASSERT(parse_proxy_header(input.substr(0, header->length)) == header);
    return 0;
}
