// A message made 7-bit: whatever comes, nothing above 127 is left in the body, what was 7-bit is
// untouched, and doing it twice changes nothing.
#include "core/assert.h"
#include "mail/header_scan.h"
#include "smtp/client_seven_bit.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace hermetic;
    const std::string_view message{reinterpret_cast<const char*>(data), size};
    const auto result = smtp::to_seven_bit(message);
    if (!result) return 0;
    if (!mail::has_8bit(message)) HERMETIC_ASSERT(*result == message);
    const auto again = smtp::to_seven_bit(*result);
    HERMETIC_ASSERT(again && *again == *result);
    return 0;
}
