// The keys of org.toml, declared once each: the reader, the writer and the reference come from
// them.
#pragma once

#include "config/option.h"
#include "objects/objects.h"

#include <vector>

namespace hermetic::objects {

[[nodiscard]] std::vector<config::Option<Organization>> organization_options();
[[nodiscard]] std::vector<config::Option<AcceptedDomain>> accepted_domain_options();
[[nodiscard]] std::vector<config::Option<InboundConnector>> inbound_connector_options();
[[nodiscard]] std::vector<config::Option<OutboundConnector>> outbound_connector_options();
// Of the tables `exception` in them.
[[nodiscard]] std::vector<config::Option<TlsException>> exception_options();
[[nodiscard]] std::vector<config::Option<InboundException>> inbound_exception_options();
[[nodiscard]] std::vector<config::Option<Certificate>> certificate_options();
[[nodiscard]] std::vector<config::Option<Retirement>> retirement_options();

}  // namespace hermetic::objects
