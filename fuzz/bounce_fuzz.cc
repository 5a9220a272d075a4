// What a message that came back says: no crash; what is shown is bounded and has no control
// characters.
#include "core/assert.h"
#include "core/text.h"
#include "validation/bounce.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace hermetic;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto returned = validation::read_returned(text);
    HERMETIC_ASSERT(!returned.words.empty() && returned.words.size() < 10'000);
    HERMETIC_ASSERT(is_valid_utf8(returned.words));
    HERMETIC_ASSERT(std::ranges::all_of(returned.words, [](char c) {
        const auto octet = static_cast<unsigned char>(c);
        return octet >= ' ' && octet != 0x7f;
    }));
    return 0;
}
