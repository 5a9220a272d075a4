// What a core's delivery is told by the node's configuration. Values; replaced whole at a reload.
#pragma once

#include "config/node_options.h"
#include "core/time.h"
#include "routing/target_address.h"

#include <memory>
#include <string>
#include <vector>

namespace hermetic::tls {
class CaSet;
}

namespace hermetic::outbound {

class Credentials;
class StsPolicies;

struct DeliverySettings {
    config::DeliveryOptions options;
    std::string hostname;                   // the node's: EHLO's name and Reporting-MTA
    std::vector<std::string> own_names;     // MX names that are this server; the hostname too
    std::vector<Endpoint> own_endpoints;    // where our listeners can be reached; no wildcards
    std::shared_ptr<const tls::CaSet> cas;  // the system's; null: chains have no verdict
    std::shared_ptr<const Credentials> credentials;  // what objects name in files; null: nothing
    std::shared_ptr<const StsPolicies> sts;          // null: no domain's is known

    [[nodiscard]] const std::string& ehlo_name() const
    {
        return options.ehlo_name.empty() ? hostname : options.ehlo_name;
    }
    [[nodiscard]] routing::TargetRules target_rules() const
    {
        return {options.allow_loopback, options.allow_private, own_endpoints};
    }
};

using SettingsPointer = std::shared_ptr<const DeliverySettings>;

}  // namespace hermetic::outbound
