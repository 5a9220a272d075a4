// A host's TLSA records as text. Pure; they are found by outbound/hosts.h.
#pragma once

#include "outbound/hosts.h"
#include "validation/findings.h"

namespace hermetic::validation {

// Sets the host's tlsa_status, tlsa and tlsa_words.
void take_tlsa(const outbound::TlsaFinding& finding, HostFindings& host);

}  // namespace hermetic::validation
