// A listener's OpenSSL contexts: its own, and one per set of names for SNI. Private to tls/.
#pragma once

#include "tls/ca_set.h"
#include "tls/certificate.h"
#include "tls/context.h"
#include "tls/ticket_keys.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::tls {

class ServerContext {
public:
    ServerContext(SslContextPointer main, const ServerProfile& profile);

    [[nodiscard]] SSL_CTX* main() const { return main_.get(); }
    [[nodiscard]] const CaSet* client_cas() const { return client_cas_.get(); }
    [[nodiscard]] const std::string& protocol() const { return protocol_; }
    [[nodiscard]] bool asks_for_certificates() const { return asks_; }

    // The context whose certificates name `host` (any case); null: the first certificate answers.
    [[nodiscard]] SSL_CTX* for_host(std::string_view host) const;

    // Sets certificates; false where OpenSSL refuses one.
    [[nodiscard]] bool add_certificates(
        const std::vector<std::shared_ptr<const Certificate>>& certificates);

private:
    [[nodiscard]] SSL_CTX* context_for(const std::vector<const Certificate*>& set);

    SslContextPointer main_;
    std::vector<const Certificate*> main_set_;
    std::map<std::vector<const Certificate*>, SslContextPointer> by_set_;
    std::map<std::string, SSL_CTX*, std::less<>> by_name_;  // "mx.example.org", "*.example.org"
    std::shared_ptr<const CaSet> client_cas_;
    std::string protocol_;
    bool asks_ = false;
    mutable TicketKeys ticket_keys_;  // locks itself
};

}  // namespace hermetic::tls
