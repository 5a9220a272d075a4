#include "tls/server_context.h"

#include "core/assert.h"
#include "core/text.h"
#include "tls/profile.h"

#include <openssl/err.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

namespace hermetic::tls {

namespace {

constexpr long kTicketSeconds = 2 * 60 * 60;

int choose_certificate(SSL* ssl, int*, void* owner)
{
    const char* host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (host == nullptr) return SSL_TLSEXT_ERR_NOACK;
    SSL_CTX* chosen = static_cast<const ServerContext*>(owner)->for_host(host);
    // An unknown name gets the first certificate: senders rarely know which name to ask for, and an
    // opportunistic one would otherwise go on in clear.
    if (chosen == nullptr) return SSL_TLSEXT_ERR_NOACK;
    SSL_set_SSL_CTX(ssl, chosen);
    return SSL_TLSEXT_ERR_OK;
}

// RFC 7301. A client that means another protocol and none of ours was led here by somebody who
// wants our answers read as that protocol's (ALPACA): it gets no_application_protocol. Most mail
// clients offer nothing, which is no reason to refuse them. "smtp" is what others call us as well;
// Exim says "esmtp", too.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* length,
                    const unsigned char* offered, unsigned octets, void* owner)
{
    const std::string& only = static_cast<const ServerContext*>(owner)->protocol();
    std::vector<std::string_view> spoken{"smtp", "esmtp", "lmtp"};
    if (!only.empty()) spoken = {only};
    for (const std::string_view ours : spoken) {
        for (unsigned at = 0; at < octets; at += 1U + offered[at]) {
            const std::string_view name{reinterpret_cast<const char*>(offered) + at + 1,
                                        std::min<std::size_t>(offered[at], octets - at - 1)};
            if (name != ours) continue;
            *chosen = offered + at + 1;
            *length = offered[at];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool names(const Certificate& certificate, std::string_view name)
{
    const auto& all = certificate.facts().dns_names;
    return std::find(all.begin(), all.end(), name) != all.end();
}

std::string wildcard_over(std::string_view name)
{
    const auto dot = name.find('.');
    return dot == std::string_view::npos ? std::string{} : "*" + std::string{name.substr(dot)};
}

// Those that name it, the first of each kind of key; exact names before wildcards.
std::vector<const Certificate*> set_for(
    std::string_view name, const std::vector<std::shared_ptr<const Certificate>>& certificates)
{
    std::vector<const Certificate*> set;
    const auto add_those_naming = [&](std::string_view wanted) {
        for (const auto& certificate : certificates) {
            const auto same_kind = [&](const Certificate* other) {
                return other->key_kind() == certificate->key_kind();
            };
            if (names(*certificate, wanted) && std::none_of(set.begin(), set.end(), same_kind)) {
                set.push_back(certificate.get());
            }
        }
    };
    add_those_naming(name);
    if (const auto wildcard = wildcard_over(name); !wildcard.empty()) add_those_naming(wildcard);
    return set;
}

std::vector<const Certificate*> default_set(
    const std::vector<std::shared_ptr<const Certificate>>& certificates)
{
    std::vector<const Certificate*> set{certificates.front().get()};
    if (set[0]->facts().dns_names.empty()) return set;
    for (const Certificate* other : set_for(set[0]->facts().dns_names[0], certificates)) {
        if (other->key_kind() != set[0]->key_kind()) set.push_back(other);
    }
    return set;
}

bool use_all(const std::vector<const Certificate*>& set, SSL_CTX* context)
{
    return std::all_of(set.begin(), set.end(),
                       [&](const Certificate* one) { return one->use_in(context); });
}

int verify_mode(ClientCertificates wanted)
{
    switch (wanted) {
    case ClientCertificates::Off:
        return SSL_VERIFY_NONE;
    case ClientCertificates::Request:
        return SSL_VERIFY_PEER;
    case ClientCertificates::Require:
        return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    }
    unreachable("every ClientCertificates is handled above");
}

void set_session_id_context(SSL_CTX* context)
{
    std::array<unsigned char, SSL_MAX_SID_CTX_LENGTH> id{};
    HERMETIC_ASSERT(RAND_bytes(id.data(), static_cast<int>(id.size())) == 1);
    SSL_CTX_set_session_id_context(context, id.data(), static_cast<unsigned>(id.size()));
}

void set_sessions(SSL_CTX* context, ClientCertificates wanted)
{
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_early_data(context, 0);
    SSL_CTX_set_timeout(context, kTicketSeconds);
    if (wanted == ClientCertificates::Off) {
        SSL_CTX_set_num_tickets(context, 1);
        return;
    }
    // A ticket keeps the client's leaf but not its chain: a resumed session could prove nothing, so
    // where certificates count every handshake is a full one.
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
}

}  // namespace

ServerContext::ServerContext(SslContextPointer main, const ServerProfile& profile)
    : main_{std::move(main)},
      client_cas_{profile.client_cas},
      protocol_{profile.protocol},
      asks_{profile.client_certificates != ClientCertificates::Off},
      ticket_keys_{std::chrono::steady_clock::now()}
{
    // (SSL_CTX_set_tlsext_servername_callback, without its C cast.)
    SSL_CTX_callback_ctrl(main_.get(), SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                          reinterpret_cast<void (*)()>(&choose_certificate));
    SSL_CTX_set_tlsext_servername_arg(main_.get(), this);
    SSL_CTX_set_alpn_select_cb(main_.get(), &choose_protocol, this);
    SSL_CTX_set_app_data(main_.get(), &ticket_keys_);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(main_.get(), [](SSL* ssl, unsigned char* name,
                                                         unsigned char* iv, EVP_CIPHER_CTX* cipher,
                                                         EVP_MAC_CTX* mac, int sealing) {
        auto* keys = static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
        const int used =
            use_ticket_key(*keys, std::chrono::steady_clock::now(), name, iv, cipher, mac, sealing);
        // A ticket of TLS 1.3 is used once, so each resumption gives the next.
        const bool once = sealing == 0 && SSL_version(ssl) == TLS1_3_VERSION;
        return used == kOpened && once ? kOpenedRenew : used;
    });
}

SSL_CTX* ServerContext::context_for(const std::vector<const Certificate*>& set)
{
    if (set == main_set_) return main_.get();
    if (const auto found = by_set_.find(set); found != by_set_.end()) return found->second.get();
    SslContextPointer made{SSL_CTX_new(TLS_server_method())};
    HERMETIC_ASSERT(made != nullptr);
    // Only its certificates count, and its callbacks (without that for alerts nobody would learn of
    // an attempt to renegotiate): all else the connection has from the main context.
    watch_alerts(made.get());
    SSL_CTX_set_security_level(made.get(), SSL_CTX_get_security_level(main_.get()));
    SSL_CTX_set_alpn_select_cb(made.get(), &choose_protocol, this);
    SSL_CTX_set_app_data(made.get(), &ticket_keys_);
    if (!use_all(set, made.get())) return nullptr;
    return by_set_.emplace(set, std::move(made)).first->second.get();
}

bool ServerContext::add_certificates(
    const std::vector<std::shared_ptr<const Certificate>>& certificates)
{
    main_set_ = default_set(certificates);
    if (!use_all(main_set_, main_.get())) return false;
    for (const auto& certificate : certificates) {
        for (const std::string& name : certificate->facts().dns_names) {
            if (by_name_.contains(name)) continue;
            SSL_CTX* context = context_for(set_for(name, certificates));
            if (context == nullptr) return false;
            by_name_.emplace(name, context);
        }
    }
    return true;
}

SSL_CTX* ServerContext::for_host(std::string_view host) const
{
    std::string name = to_lower(host);
    if (name.ends_with('.')) name.pop_back();
    if (const auto exact = by_name_.find(name); exact != by_name_.end()) return exact->second;
    const auto wildcard = by_name_.find(wildcard_over(name));
    return wildcard != by_name_.end() ? wildcard->second : nullptr;
}

Result<std::shared_ptr<const ServerContext>, ConfigError> make_server_context(
    const ServerProfile& profile)
{
    if (profile.certificates.empty()) {
        return failure(
            ConfigError{"a listener with TLS has no certificate", "the name of a certificate"});
    }
    SslContextPointer context{SSL_CTX_new(TLS_server_method())};
    HERMETIC_ASSERT(context != nullptr);
    // Old versions sign with SHA-1 and MD5, which every level but 0 refuses.
    const int level = profile.min < facts::TlsVersion::Tls12 ? 0 : 2;
    const CommonProfile common{profile.min, profile.max, profile.ciphers, profile.groups, level};
    if (auto wrong = apply(common, context.get())) return failure(std::move(*wrong));

    SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_dh_auto(context.get(), 1);
    SSL_CTX_set_verify(context.get(), verify_mode(profile.client_certificates), nullptr);
    // The handshake only collects the chain: the verdict is computed after it.
    SSL_CTX_set_cert_verify_callback(
        context.get(), [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
    set_session_id_context(context.get());
    set_sessions(context.get(), profile.client_certificates);

    auto made = std::make_shared<ServerContext>(std::move(context), profile);
    if (!made->add_certificates(profile.certificates)) {
        return failure(ConfigError{"a certificate cannot be used: " + take_error_words(),
                                   "one with RSA of 2048 bits or more, or ECDSA"});
    }
    ERR_clear_error();
    return made;
}

}  // namespace hermetic::tls
