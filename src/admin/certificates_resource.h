// /v1/certificates: those that are in use, how those by ACME are doing, and the records to publish
// for them.
#pragma once

#include "admin/api.h"
#include "admin/http.h"
#include "admin/node_certificate.h"

#include <string>
#include <vector>

namespace hermetic::admin {

// TLSA records (RFC 6698; 3 1 1 as RFC 7672 §3.1 has it) for `hostname`, and for the names of the
// certificate, at each port that shows it. Pure.
[[nodiscard]] std::vector<std::string> tlsa_records(const NodeCertificate& certificate,
                                                    const std::string& hostname);

[[nodiscard]] Response list_certificates(const Api& api);
// POST /v1/certificates/NAME/renew: orders it now, whether it is due or not.
[[nodiscard]] Response renew_certificate(const Api& api, const Request& request);

}  // namespace hermetic::admin
