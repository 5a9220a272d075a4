#include "load/tls.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <stdexcept>
#include <utility>

namespace hermetic::load {
namespace {

constexpr long kDay = 24 * 60 * 60;
constexpr unsigned char kContextId[] = "hermetic-load";

[[noreturn]] void fail(const std::string& what)
{
    throw std::runtime_error(what + ": " + tls_error());
}

int keep_session(SSL* connection, SSL_SESSION* session)
{
    auto* pool = static_cast<SessionPool*>(SSL_get_app_data(connection));
    if (pool == nullptr) {
        return 0;
    }
    pool->put(TlsSession(session));
    return 1;  // the reference is ours now
}

int accept_any(X509_STORE_CTX*, void*)
{
    return 1;
}

void set_common(SSL_CTX* context)
{
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // One read() fetches what came, not a record's header and then its body.
    SSL_CTX_set_read_ahead(context, 1);
    // A peer that closes without a close_notify is the peer's business.
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
}

EVP_PKEY* make_key()
{
    EVP_PKEY* key = EVP_EC_gen("P-256");
    if (key == nullptr) {
        fail("making a key");
    }
    return key;
}

X509* make_certificate(EVP_PKEY* key)
{
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -kDay);
    X509_gmtime_adj(X509_getm_notAfter(certificate), kDay);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    const unsigned char common_name[] = "sink.test";
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    if (X509_sign(certificate, key, EVP_sha256()) == 0) {
        X509_free(certificate);
        fail("signing a certificate");
    }
    return certificate;
}

}  // namespace

void SessionPool::put(TlsSession session)
{
    if (sessions_.size() >= kMost) {
        sessions_.erase(sessions_.begin());
    }
    sessions_.push_back(std::move(session));
}

void SessionPool::offer(SSL* connection)
{
    if (sessions_.empty()) {
        return;
    }
    SSL_set_session(connection, sessions_.back().get());  // takes a reference of its own
    if (sessions_.size() > 1) {
        sessions_.pop_back();
    }
}

TlsContext make_client_context(TlsVersion version, KeepBuffers keep)
{
    TlsContext context(SSL_CTX_new(TLS_client_method()));
    if (!context) {
        fail("a TLS context");
    }
    set_common(context.get());
    const int number = version == TlsVersion::V12 ? TLS1_2_VERSION : TLS1_3_VERSION;
    SSL_CTX_set_min_proto_version(context.get(), number);
    SSL_CTX_set_max_proto_version(context.get(), number);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
    // Otherwise the chain is built and checked, and the result ignored.
    SSL_CTX_set_cert_verify_callback(context.get(), accept_any, nullptr);
    SSL_CTX_set_session_cache_mode(context.get(),
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(context.get(), keep_session);
    if (keep == KeepBuffers::No) {
        SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    }
    return context;
}

ServerCertificate::ServerCertificate(const std::string& chain_file, const std::string& key_file)
    : chain_file_(chain_file), key_file_(key_file)
{
    if (RAND_bytes(ticket_keys_.data(), static_cast<int>(ticket_keys_.size())) != 1) {
        fail("random octets");
    }
    if (chain_file_.empty()) {
        key_ = make_key();
        certificate_ = make_certificate(key_);
    }
}

ServerCertificate::~ServerCertificate()
{
    X509_free(certificate_);
    EVP_PKEY_free(key_);
}

TlsContext ServerCertificate::make_context() const
{
    TlsContext context(SSL_CTX_new(TLS_server_method()));
    if (!context) {
        fail("a TLS context");
    }
    set_common(context.get());
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_session_id_context(context.get(), kContextId, sizeof kContextId - 1);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // tickets do
    SSL_CTX_set_num_tickets(context.get(), 1);
    auto keys = ticket_keys_;
    if (SSL_CTX_set_tlsext_ticket_keys(context.get(), keys.data(), keys.size()) != 1) {
        fail("ticket keys");
    }
    const bool usable =
        certificate_ != nullptr
            ? SSL_CTX_use_certificate(context.get(), certificate_) == 1 &&
                  SSL_CTX_use_PrivateKey(context.get(), key_) == 1
            : SSL_CTX_use_certificate_chain_file(context.get(), chain_file_.c_str()) == 1 &&
                  SSL_CTX_use_PrivateKey_file(context.get(), key_file_.c_str(), SSL_FILETYPE_PEM) ==
                      1;
    if (!usable) {
        fail("certificate " + chain_file_);
    }
    return context;
}

std::string tls_error()
{
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason != nullptr ? reason : "TLS failed";
}

}  // namespace hermetic::load
