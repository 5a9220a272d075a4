// Whether secure, insecure and forged answers are distinguished here: DANE depends on it.
//
// Asks about the zone of the first trust anchor: with the server's own resolver; with one whose
// anchor is wrong, so that every answer is a forger's; and with one that has no anchor for it.
// Specification §4.7.
#pragma once

#include "core/time.h"
#include "dns/resolver.h"
#include "net/task.h"

#include <string>
#include <string_view>

namespace hermetic::dns {

enum class Validation : std::uint8_t {
    Untested,
    Works,
    NoAnchor,        // nothing is ever secure: there is no trust anchor
    Bogus,           // a signed zone's answers do not validate: its domains get no mail
    NotSecure,       // a signed zone's answer counts as insecure
    TakesForgeries,  // an answer under a wrong anchor does not count as bogus
    Unreachable,     // no answer at all
};

// "works", "no-anchor" …
[[nodiscard]] std::string_view name(Validation validation);

struct ValidationReport {
    Validation state = Validation::Untested;
    std::string zone;  // what was asked about; "." is the root
    std::string why;   // the resolver's words where it does not work
};

// `options` are those that `resolver` was made of; both outlive the task. Coroutine of `core`; ends
// by `deadline`, or when the core ends.
[[nodiscard]] net::Task<ValidationReport> test_validation(Resolver& resolver,
                                                          const ResolverOptions& options,
                                                          net::Core& core, Instant deadline);

// What an administrator should know and do, in one sentence.
[[nodiscard]] std::string describe(const ValidationReport& report);

}  // namespace hermetic::dns
