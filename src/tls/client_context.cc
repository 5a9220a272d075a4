#include "tls/client_context.h"

#include "core/assert.h"
#include "tls/certificate.h"
#include "tls/connection.h"
#include "tls/profile.h"

#include <openssl/err.h>

namespace hermetic::tls {

namespace {

// What is most widely understood: no ticket, one group that every server with ECDHE has had since
// 2010, hence a hello that fits in one packet of any network.
void make_minimal(SSL_CTX* context)
{
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    HERMETIC_ASSERT(SSL_CTX_set1_groups_list(context, "P-256") == 1);
}

// The certificate message of a server: OpenSSL's own limit of 100 KiB is less than a certificate
// with some thousand names has.
constexpr long kMaxCertificateOctets = 1024L * 1024;

void keep_sessions(SSL_CTX* context)
{
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, [](SSL* ssl, SSL_SESSION* session) {
        auto* connection = static_cast<Connection*>(SSL_get_app_data(ssl));
        if (connection == nullptr) return 0;
        return connection->on_session(session) ? 1 : 0;  // 1: the reference is ours now
    });
}

}  // namespace

Result<std::shared_ptr<const ClientContext>, ConfigError> make_client_context(
    const ClientProfile& profile)
{
    SslContextPointer context{SSL_CTX_new(TLS_client_method())};
    HERMETIC_ASSERT(context != nullptr);
    const bool legacy = profile.min < facts::TlsVersion::Tls12;
    const bool weak = legacy || profile.weak == WeakHandshakes::Accepted;
    // Level 1 still takes a group of 1024 bits, which is seen and judged afterwards; whoever gets
    // our certificate is refused for it in the handshake.
    const int level = weak ? 0 : profile.client_certificate != nullptr ? 2 : 1;
    const CommonProfile common{profile.min, profile.max, profile.ciphers, {}, level};
    if (auto wrong = apply(common, context.get())) return failure(std::move(*wrong));

    // Servers as old as that often lack RFC 5746, too; we never renegotiate.
    if (weak) SSL_CTX_set_options(context.get(), SSL_OP_LEGACY_SERVER_CONNECT);
    if (profile.hello == Hello::Minimal) make_minimal(context.get());
    if (profile.fallback_scsv) SSL_CTX_set_mode(context.get(), SSL_MODE_SEND_FALLBACK_SCSV);
    SSL_CTX_set_max_cert_list(context.get(), kMaxCertificateOctets);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    // The handshake only collects the chain: the verdict is computed after it, for full and resumed
    // sessions alike.
    SSL_CTX_set_cert_verify_callback(
        context.get(), [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
    keep_sessions(context.get());
    if (profile.client_certificate != nullptr &&
        !profile.client_certificate->use_in(context.get())) {
        return failure(ConfigError{"the client certificate cannot be used: " + take_error_words(),
                                   "one with RSA of 2048 bits or more, or ECDSA"});
    }
    ERR_clear_error();
    return std::make_shared<const ClientContext>(std::move(context), profile.hello);
}

}  // namespace hermetic::tls
