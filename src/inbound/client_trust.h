// ClientTrust: the CAs and CRLs that client certificates are judged by. Immutable, shared by all
// cores; the node makes a new one when objects or files change.
#pragma once

#include "objects/snapshot.h"
#include "tls/context.h"

#include <map>
#include <memory>
#include <string>

namespace hermetic::inbound {

struct ClientTrust {
    // By the connector's `ca`, "" for the system's. One that is not here could not be read: its
    // connectors know nothing about any client.
    std::map<std::string, std::shared_ptr<const tls::CaSet>> cas;
    // By the organization's `crl_folder`, likewise.
    std::map<std::string, std::shared_ptr<const tls::CrlSet>> crls;
};

using ClientTrustPointer = std::shared_ptr<const ClientTrust>;

}  // namespace hermetic::inbound
