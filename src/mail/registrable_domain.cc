#include "mail/registrable_domain.h"

#include <algorithm>
#include <libpsl.h>

namespace hermetic::mail {
namespace {

// No top-level domain is all digits (RFC 3696 §2).
bool is_address(std::string_view name)
{
    const std::string_view last = name.substr(name.rfind('.') + 1);
    return std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<Domain> registrable_domain(const Domain& domain)
{
    if (is_address(domain.text())) return std::nullopt;
    const char* found = psl_registrable_domain(psl_builtin(), domain.text().c_str());
    return found == nullptr ? std::nullopt : Domain::parse(found);
}

}  // namespace hermetic::mail
