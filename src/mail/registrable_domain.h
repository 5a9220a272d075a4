// The registrable domain of a name: what somebody has registered below a public suffix.
//
// Pure: the public suffix list is compiled into libpsl (docs/adr/0021-libpsl.md). Thread-safe.
#pragma once

#include "mail/domain.h"

#include <optional>

namespace hermetic::mail {

// "example.co.uk" of "mx.example.co.uk". nullopt: a public suffix itself ("co.uk"), a single label,
// or an IPv4 address.
[[nodiscard]] std::optional<Domain> registrable_domain(const Domain& domain);

}  // namespace hermetic::mail
