// The ways in which a session refuses: those of smtp/refusals.h, and by a retirement plan, whose
// reasons are also the sending side's.
#pragma once

#include "facts/reasons.h"
#include "smtp/refusals.h"

namespace hermetic::inbound::refusal {

using namespace smtp::refusal;

inline constexpr smtp::RefusalKind kRetirementShare{
    facts::Reason::RetirementShare,
    421,
    {4, 7, 66},
    "this version of TLS is being retired here; use a later one; closing"};
inline constexpr smtp::RefusalKind kRetirementEnded{
    facts::Reason::RetirementEnded,
    421,
    {4, 7, 66},
    "this version of TLS has been retired here; use a later one; closing"};

}  // namespace hermetic::inbound::refusal
