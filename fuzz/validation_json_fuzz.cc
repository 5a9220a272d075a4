// The file of kept validations, a step as the command line reads it, and a probe's target: no
// crash; what is read is written and read again unchanged.
#include "core/assert.h"
#include "validation/json.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace hermetic;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    if (const auto reports = validation::parse_reports(text))
        HERMETIC_ASSERT(validation::parse_reports(validation::format_reports(*reports)) == reports);
    if (const auto step = validation::parse_step(text))
        HERMETIC_ASSERT(validation::parse_step(validation::format_json(*step)) == step);
    if (const auto target = validation::parse_probe_target(text))
        HERMETIC_ASSERT(target->address || !target->domain.empty());
    return 0;
}
