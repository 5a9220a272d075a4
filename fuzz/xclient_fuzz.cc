// XCLIENT attributes: no crash, nothing unprintable comes out.
#include "core/assert.h"
#include "smtp/xclient.h"

#include <algorithm>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view input{reinterpret_cast<const char*>(data), size};
    const auto attributes = hermetic::smtp::parse_xclient(input);
    if (!attributes) {
        HERMETIC_ASSERT(attributes.error().kind != nullptr);
        return 0;
    }
    for (const auto& text : {attributes->name, attributes->helo}) {
        if (!text) continue;
        HERMETIC_ASSERT(text->size() <= 255);
        HERMETIC_ASSERT(
            std::all_of(text->begin(), text->end(), [](char c) { return c > ' ' && c <= '~'; }));
    }
    return 0;
}
