// A host's TLSA records in words, for a look at it. Pure; what is found is outbound/dane.h's.
#pragma once

#include "outbound/dane.h"
#include "validation/findings.h"

namespace hermetic::validation {

// Sets the host's tlsa_status, tlsa and tlsa_words.
void take_tlsa(const outbound::TlsaFinding& finding, HostFindings& host);

}  // namespace hermetic::validation
