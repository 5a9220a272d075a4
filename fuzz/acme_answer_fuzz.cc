// What an ACME server says: anything. What is read of it is bounded, and what is shown is
// printable.
#include "acme/messages.h"
#include "acme/renewal.h"
#include "core/assert.h"
#include "core/text.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace hermetic;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    static_cast<void>(acme::parse_directory(text));
    static_cast<void>(acme::parse_account(text));
    const auto order = acme::parse_order(text);
    HERMETIC_ASSERT(!order || order->authorizations.size() <= 200);
    const auto authorization = acme::parse_authorization(text);
    HERMETIC_ASSERT(!authorization || authorization->challenges.size() <= 200);
    const acme::Problem problem = acme::parse_problem(text);
    HERMETIC_ASSERT(problem.detail.find('\n') == std::string::npos);
    HERMETIC_ASSERT(is_valid_utf8(problem.detail) && problem.detail.size() <= 500);
    HERMETIC_ASSERT(acme::parse_retry_after(text).value_or(0) <= 86'400);
    if (const auto attempts = acme::parse_attempts(text))
        HERMETIC_ASSERT(acme::parse_attempts(acme::format_attempts(*attempts)) == attempts);
    return 0;
}
