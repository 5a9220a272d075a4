// The types of fields that only objects have. See config/kinds.h for the others.
#pragma once

#include "config/kinds.h"
#include "objects/objects.h"

namespace hermetic::objects {

[[nodiscard]] config::Kind<DomainPattern> domain_pattern_kind();  // with "*"
[[nodiscard]] config::Kind<DomainPattern> accepted_name_kind();   // without "*"
[[nodiscard]] config::Kind<NextHop> next_hop_kind();
[[nodiscard]] config::Kind<NextHop> smart_hosts_kind();
[[nodiscard]] config::Kind<mail::Mailbox> mailbox_kind();
[[nodiscard]] config::Kind<TlsLevel> tls_level_kind();
[[nodiscard]] config::Kind<TlsName> tls_name_kind();
[[nodiscard]] config::Kind<std::string> pin_kind();
[[nodiscard]] config::Kind<WallTime> wall_time_kind();
[[nodiscard]] config::Kind<Publication> publication_kind();
[[nodiscard]] config::Kind<Compatibility> compatibility_kind();
[[nodiscard]] config::Kind<ConnectorKind> connector_kind_kind();
[[nodiscard]] config::Kind<ConnectorMode> connector_mode_kind();
// Absolute: objects have no folder that a relative path could count from.
[[nodiscard]] config::Kind<std::string> path_kind(const std::string& what);

}  // namespace hermetic::objects
