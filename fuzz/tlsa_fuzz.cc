// TLSA records from any bytes: no crash, and what counts as usable is of a kind that SMTP has.
#include "core/assert.h"
#include "tls/tlsa.h"

#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace hermetic;
    if (size < 3) return 0;
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    const facts::TlsaRecord record{data[0], data[1], data[2], std::string{bytes.substr(3)}};
    const auto usable = tls::usable_records({&record, 1});
    HERMETIC_ASSERT(usable.size() <= 1);
    if (usable.empty()) return 0;
    HERMETIC_ASSERT(record.usage == 2 || record.usage == 3);
    HERMETIC_ASSERT(record.selector <= 1 && record.matching <= 2);
    HERMETIC_ASSERT(record.matching != 1 || record.data.size() == 32);
    HERMETIC_ASSERT(record.matching != 2 || record.data.size() == 64);
    return 0;
}
