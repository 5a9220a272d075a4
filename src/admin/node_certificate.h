// A certificate in use, for GET /v1/certificates and GET /v1/status.
#pragma once

#include "core/time.h"
#include "facts/tls.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::admin {

struct NodeCertificate {
    std::string name;
    std::string organization;  // of an object; empty: of hermetic.toml
    struct Use {
        std::string listener;
        std::uint16_t port = 0;
    };
    std::vector<Use> shown_by;  // none: it is shown to servers, by connectors
    facts::CertificateFacts facts;
    std::string stand_in;  // why another one stands in for it; empty: none does
    struct Acme {
        std::string directory;
        WallTime next{};  // the next order, at the earliest
        std::uint32_t failures = 0;
        std::string error;  // of the last order that failed
        bool under_way = false;
    };
    std::optional<Acme> acme;
};

}  // namespace hermetic::admin
