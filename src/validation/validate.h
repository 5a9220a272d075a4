// The validation of an outbound connector, step by step. Specification §7.
//
// resolve → connect → greeting and EHLO → STARTTLS → versions → certificate → policy → test
// message, at every host and address, within Patience. MTA-STS policies are not fetched yet.
#pragma once

#include "validation/contexts.h"
#include "validation/conversation.h"
#include "validation/step.h"
#include "validation/subject.h"

namespace hermetic::validation {

// `subject` has a connector. The sink hears every step, Running ones too; the report keeps those
// that ended, at most kMaxSteps.
inline constexpr std::size_t kMaxSteps = 1000;
[[nodiscard]] net::Task<Report> validate(const Environment& env,
                                         std::shared_ptr<const tls::CaSet> system_cas,
                                         Subject subject, Sink sink);

}  // namespace hermetic::validation
