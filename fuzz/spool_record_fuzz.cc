// The spool's records: what a damaged disk or another version may have left. The first octet
// chooses the record. No crash; what is read can be written, and reads back as the same.
#include "core/assert.h"
#include "spool/record.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace hermetic::spool;

void try_envelope(std::string_view record)
{
    const auto head = parse_body_reference(record);
    const auto read = parse_envelope_record(record);
    if (!read) {
        HERMETIC_ASSERT(!describe(read.error()).empty());
        return;
    }
    HERMETIC_ASSERT(head.has_value());
    HERMETIC_ASSERT(*head == read->body);
    std::string written;
    append_envelope_record(written, read->body, read->envelope);
    const auto again = parse_envelope_record(written);
    HERMETIC_ASSERT(again.has_value());
    HERMETIC_ASSERT(*again == *read);
}

void try_state(std::string_view record)
{
    const auto read = parse_state_record(record);
    if (!read) return;
    std::string written;
    append_state_record(written, *read);
    const auto again = parse_state_record(written);
    HERMETIC_ASSERT(again.has_value());
    HERMETIC_ASSERT(*again == *read);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) return 0;
    const std::string_view record{reinterpret_cast<const char*>(data) + 1, size - 1};
    if (data[0] % 2 == 0) {
        try_envelope(record);
    } else {
        try_state(record);
    }
    return 0;
}
