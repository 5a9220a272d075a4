// From the objects to the CAs and CRLs that client certificates are judged by.
//
// Main's thread. A file that cannot be read stops nobody else: the set from before stays, and where
// there is none the connector's certificates prove nothing until there is one.
#pragma once

#include "inbound/client_trust.h"
#include "objects/snapshot.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::daemon {

struct LoadedClientTrust {
    inbound::ClientTrustPointer trust;
    std::vector<std::string> files;  // to be watched, also those that could not be read
};

// What went wrong with a file, for the log.
using OnTrustTrouble = std::function<void(const std::string& file, const std::string& what)>;

// `before` may be null. `system` may be null: then it is in no set.
[[nodiscard]] LoadedClientTrust load_client_trust(const objects::Snapshot& snapshot,
                                                  std::shared_ptr<const tls::CaSet> system,
                                                  const inbound::ClientTrust* before,
                                                  const OnTrustTrouble& on_trouble);

}  // namespace hermetic::daemon
