// From the configuration's certificates to a TLS context for each listener.
#pragma once

#include "config/node_options.h"
#include "core/result.h"
#include "core/time.h"
#include "facts/tls.h"
#include "tls/context.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hermetic::daemon {

struct LoadedCertificate {
    std::string name;
    facts::CertificateFacts facts;
};

struct ListenerContexts {
    std::map<std::string, std::shared_ptr<const tls::ServerContext>> by_listener;
    std::vector<LoadedCertificate> certificates;
    std::vector<std::string> files;  // to be watched
};

// Makes the self-signed certificate where a listener names none. On failure nothing is changed but
// that; the error names file and what would be right.
[[nodiscard]] Result<ListenerContexts, tls::ConfigError> load_listener_contexts(
    const config::NodeOptions& options, WallTime now);

}  // namespace hermetic::daemon
