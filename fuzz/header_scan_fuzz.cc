// HeaderScan: finds the same however the message is split, and stays bounded.
#include "core/assert.h"
#include "mail/header_scan.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using hermetic::mail::HeaderScan;
    if (size == 0) return 0;
    const std::size_t step = 1 + data[0] % 16U;
    const std::string_view message{reinterpret_cast<const char*>(data) + 1, size - 1};
    HeaderScan whole;
    whole.feed(message);
    HeaderScan parts;
    for (std::size_t i = 0; i < message.size(); i += step) parts.feed(message.substr(i, step));
    HERMETIC_ASSERT(whole.ended() == parts.ended());
    HERMETIC_ASSERT(whole.header_octets() == parts.header_octets());
    HERMETIC_ASSERT(whole.received_fields() == parts.received_fields());
    HERMETIC_ASSERT(whole.header_has_8bit() == parts.header_has_8bit());
    HERMETIC_ASSERT(whole.body_has_8bit() == parts.body_has_8bit());
    HERMETIC_ASSERT(whole.message_id() == parts.message_id());
    HERMETIC_ASSERT(whole.message_id().size() <= 250);
    HERMETIC_ASSERT(whole.tls_required_no() == parts.tls_required_no());
    HERMETIC_ASSERT(whole.header_octets() <= message.size());
    HERMETIC_ASSERT((whole.header_has_8bit() || whole.body_has_8bit()) ==
                    hermetic::mail::has_8bit(message));
    return 0;
}
