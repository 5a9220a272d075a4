// From the configuration's certificates to a TLS context for each listener.
#pragma once

#include "config/diagnostic.h"
#include "config/document.h"
#include "config/node_options.h"
#include "core/result.h"
#include "core/time.h"
#include "facts/tls.h"
#include "tls/context.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hermetic::daemon {

// The name of the one that is made here, for listeners that name none.
inline constexpr const char* kMadeCertificate = "self-signed";

struct LoadedCertificate {
    std::string name;
    facts::CertificateFacts facts;
    std::shared_ptr<const tls::Certificate> certificate;
};

// A certificate by ACME whose files cannot be used.
struct StandIn {
    std::string name;
    std::string what;
};

struct ListenerContexts {
    std::map<std::string, std::shared_ptr<const tls::ServerContext>> by_listener;
    std::vector<LoadedCertificate> certificates;
    std::vector<StandIn> stand_ins;
    std::vector<std::string> damaged;  // of those that are made here: what a start would make again
    std::vector<std::string> files;    // to be watched
};

// Whether a certificate that is made here, and is not there or is damaged, is written, or only made
// to see whether all else would do: then no file is touched.
enum class MadeFiles : std::uint8_t { Write, Leave };

// Makes the self-signed certificate where a listener names none. On failure nothing is changed but
// that: every fault, by the lines of `document`, which `file` has. A certificate by ACME that
// cannot be used is no fault: the one of `in_force` stands in, or a self-signed one.
[[nodiscard]] Result<ListenerContexts, config::Diagnostics> load_listener_contexts(
    const config::NodeOptions& options, const config::Node& document, const std::string& file,
    WallTime now, MadeFiles made, const ListenerContexts& in_force);

// The files that this reads, also where they cannot be used: what may mend it is a change of them.
[[nodiscard]] std::vector<std::string> certificate_files(const config::NodeOptions& options);

}  // namespace hermetic::daemon
