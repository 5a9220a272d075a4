// What was wrong, or found, at a handshake, in words: the reason's and what was seen and asked for.
//
// Pure. One place for delivery, explain, probe and validation. Foreign text comes escaped and
// bounded.
#pragma once

#include "facts/tls.h"
#include "policy/tls_policy.h"

#include <string>

namespace hermetic::policy {

// "the certificate has expired: CN=mx.example.org expired on 2026-05-01T12:00:00.000Z". `reason` is
// judge_evidence()'s of the same policy and evidence; for another one, its words alone.
[[nodiscard]] std::string describe_finding(Reason reason, const TlsPolicy& policy,
                                           const facts::TlsEvidence& evidence, WallTime now);

}  // namespace hermetic::policy
