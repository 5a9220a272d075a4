// HTTPS to ACME servers, by libcurl (docs/adr/0023-acme-client.md): its proxies (https_proxy in the
// environment), its name resolution, and certificates verified by OpenSSL.
//
// Lives on one core, whose loop does the waiting: no thread, no child.
#pragma once

#include "acme/transport.h"

#include <memory>

namespace hermetic::net {
class Core;
}

namespace hermetic::acme {

class Https final : public Transport {
public:
    explicit Https(net::Core& core);
    ~Https() override;
    Https(const Https&) = delete;
    Https& operator=(const Https&) = delete;

    // One at a time. Stopping: the core is.
    [[nodiscard]] net::Task<Result<HttpAnswer, Trouble>> exchange(HttpRequest request,
                                                                  Instant deadline) override;

private:
    class Transfer;
    net::Core& core_;
    void* multi_;  // CURLM
};

}  // namespace hermetic::acme
