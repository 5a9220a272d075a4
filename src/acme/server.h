// One conversation with an ACME server: its directory, nonces, signed requests (RFC 8555 §6).
//
// Lives on one core, as long as one order.
#pragma once

#include "acme/messages.h"
#include "acme/transport.h"
#include "tls/signing_key.h"

#include <string>
#include <string_view>

namespace hermetic::acme {

class Server {
public:
    // `transport` outlives it. All of it ends at `deadline`.
    Server(Transport& transport, std::string directory, std::string ca, Instant deadline)
        : transport_{transport}, url_{std::move(directory)}, ca_{std::move(ca)}, deadline_{deadline}
    {
    }

    // First of all.
    [[nodiscard]] net::Task<Result<void, Trouble>> open();
    [[nodiscard]] const Directory& directory() const { return directory_; }
    [[nodiscard]] Instant deadline() const { return deadline_; }

    // Who signs from now on; an empty account: the key itself, for a new one.
    void sign_as(const tls::SigningKey& key, std::string account);

    // A 2xx answer; anything else is a Trouble. A nonce that the server does not take is exchanged
    // (RFC 8555 §6.5).
    [[nodiscard]] net::Task<Result<HttpAnswer, Trouble>> post(std::string url, std::string payload);
    // What is there (POST-as-GET).
    [[nodiscard]] net::Task<Result<HttpAnswer, Trouble>> read(std::string url);

private:
    [[nodiscard]] net::Task<Result<HttpAnswer, Trouble>> send(HttpRequest request);
    [[nodiscard]] net::Task<Result<void, Trouble>> need_nonce();

    Transport& transport_;
    std::string url_;
    std::string ca_;
    Instant deadline_;
    Directory directory_;
    std::optional<tls::SigningKey> key_;
    std::string account_;
    std::string nonce_;
};

}  // namespace hermetic::acme
