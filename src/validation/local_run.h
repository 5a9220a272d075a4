// A probe from the command line's own process: a core, a resolver and CAs for one piece of work.
//
// Blocking; on the calling thread.
#pragma once

#include "config/node_options.h"
#include "core/result.h"
#include "dns/resolver.h"
#include "net/task.h"
#include "validation/contexts.h"
#include "validation/conversation.h"

#include <functional>
#include <memory>
#include <string>

namespace hermetic::validation {

// As the node's options have it, here and in the server.
[[nodiscard]] dns::ResolverOptions make_resolver_options(
    const config::ResolverNodeOptions& options);

struct LocalOptions {
    config::DeliveryOptions delivery;
    config::ResolverNodeOptions resolver;
    std::string hostname;
    Patience patience;
    // What the server has seen; null: the ratchet holds nothing.
    std::shared_ptr<observations::Observations> observations{};
};

// `work` is awaited once; both arguments live as long. The error is for people.
using LocalWork = std::function<net::Task<>(const Environment&, std::shared_ptr<const tls::CaSet>)>;
[[nodiscard]] Result<void, std::string> run_here(const LocalOptions& options,
                                                 const LocalWork& work);

}  // namespace hermetic::validation
