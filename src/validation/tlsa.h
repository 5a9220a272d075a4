// A host's TLSA records, for a look at it: where they are asked for, what is found, in words.
//
// The choice of names is outbound/dane.h's (RFC 7672 §2.2), asked here without an office.
#pragma once

#include "net/task.h"
#include "validation/conversation.h"
#include "validation/findings.h"

namespace hermetic::validation {

// Sets the host's tlsa_status, tlsa and tlsa_words. Its addresses are known.
[[nodiscard]] net::Task<> find_tlsa(const Environment& env, HostFindings& host);

// One answer, for one base domain. False: the next one is to be asked.
bool take_tlsa(const facts::TlsaAnswer& answer, const std::string& base, HostFindings& host);

}  // namespace hermetic::validation
