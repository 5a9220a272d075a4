// What a message that came back says: no crash; what is shown is bounded and has no control
// characters.
#include "core/assert.h"
#include "core/text.h"
#include "validation/bounce.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace hermetic;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto returned = validation::read_returned(text);
    HERMETIC_ASSERT(!returned.words.empty() && returned.words.size() < 10'000);
    HERMETIC_ASSERT(printable(returned.words, 10'000) == returned.words);
    return 0;
}
