// /v1/connectors/NAME/test and /v1/validations: how partners are, by the validator.
#pragma once

#include "admin/api.h"
#include "admin/http.h"
#include "objects/snapshot.h"

#include <string>

namespace hermetic::admin {

// Whether the request means the inbound connector, where an outbound one, perhaps another
// organization's, may have the name, too.
[[nodiscard]] bool means_inbound(const objects::Snapshot::Contents& contents,
                                 const Request& request);

// POST: a line of JSON for each step as it happens; the last one is the result of the whole. With a
// body: of a copy with that change, of which nothing is saved.
[[nodiscard]] net::Task<Response> test_connector(Api& api, Request request);
// GET: the last result of each connector.
[[nodiscard]] Response list_validations(const Api& api);
// GET: one, with its steps.
[[nodiscard]] Response show_validation(const Api& api, const Request& request);

}  // namespace hermetic::admin
