// The ways in which a client is refused, each with code, status and words of its reply.
//
// Made from the table of reasons: refusal::kCommandUnknown is facts::Reason::CommandUnknown.
#pragma once

#include "facts/reasons.h"
#include "smtp/reply.h"

namespace hermetic::smtp::refusal {

using facts::permanent;
using facts::temporary;

#define HERMETIC_REFUSAL(Name, id, code, status, words, document) \
    inline constexpr RefusalKind k##Name{facts::Reason::Name, code, status, words};
#include "facts/reasons.def"

}  // namespace hermetic::smtp::refusal
