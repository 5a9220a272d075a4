#include "lab/tls_server.h"

#include "core/assert.h"

#include <openssl/err.h>

#include <cstring>
#include <string_view>

namespace hermetic::lab {
namespace {

constexpr std::uint16_t kFallbackScsv = 0x5600;  // RFC 7507
constexpr std::uint16_t kTls13 = 0x0304;

int protocol_version(TlsVersion version)
{
    switch (version) {
    case TlsVersion::Tls10:
        return TLS1_VERSION;
    case TlsVersion::Tls11:
        return TLS1_1_VERSION;
    case TlsVersion::Tls12:
        return TLS1_2_VERSION;
    case TlsVersion::Tls13:
        return TLS1_3_VERSION;
    }
    unreachable("every TlsVersion is named above");
}

std::string_view extension(SSL* ssl, unsigned type)
{
    const unsigned char* octets = nullptr;
    std::size_t length = 0;
    if (SSL_client_hello_get0_ext(ssl, type, &octets, &length) != 1) return {};
    return {reinterpret_cast<const char*>(octets), length};
}

bool has_extension(SSL* ssl, unsigned type)
{
    const unsigned char* octets = nullptr;
    std::size_t length = 0;
    return SSL_client_hello_get0_ext(ssl, type, &octets, &length) == 1;
}

std::vector<std::uint16_t> numbers(std::string_view octets)
{
    std::vector<std::uint16_t> list;
    for (std::size_t i = 0; i + 1 < octets.size(); i += 2) {
        list.push_back(static_cast<std::uint16_t>(static_cast<unsigned char>(octets[i]) << 8 |
                                                  static_cast<unsigned char>(octets[i + 1])));
    }
    return list;
}

// `size` octets of length stand before the list in these extensions.
std::string_view without_length(std::string_view octets, std::size_t size)
{
    return octets.size() <= size ? std::string_view{} : octets.substr(size);
}

ClientHello read_hello(SSL* ssl)
{
    ClientHello hello;
    hello.versions = numbers(without_length(extension(ssl, TLSEXT_TYPE_supported_versions), 1));
    if (hello.versions.empty()) {
        hello.versions = {static_cast<std::uint16_t>(SSL_client_hello_get0_legacy_version(ssl))};
    }
    hello.groups = numbers(without_length(extension(ssl, TLSEXT_TYPE_supported_groups), 2));
    // RFC 6066 §3: list length, type 0 (host_name), name length, name.
    const auto name = without_length(extension(ssl, TLSEXT_TYPE_server_name), 5);
    hello.sni = std::string{name};
    hello.session_ticket = has_extension(ssl, TLSEXT_TYPE_session_ticket);
    hello.status_request = has_extension(ssl, TLSEXT_TYPE_status_request);
    const unsigned char* ciphers = nullptr;
    const std::size_t length = SSL_client_hello_get0_ciphers(ssl, &ciphers);
    for (const auto cipher : numbers({reinterpret_cast<const char*>(ciphers), length})) {
        if (cipher == kFallbackScsv) hello.fallback_scsv = true;
    }
    return hello;
}

// OpenSSL answers every client that knows RFC 5746, and no option ends that. What it has parsed of
// the ClientHello stands in its buffer, hashed already: there the client's word for it
// (TLS_EMPTY_RENEGOTIATION_INFO_SCSV) becomes a cipher that nobody knows.
void hide_renegotiation_scsv(SSL* ssl)
{
    const unsigned char* ciphers = nullptr;
    const std::size_t length = SSL_client_hello_get0_ciphers(ssl, &ciphers);
    auto* const octets = const_cast<unsigned char*>(ciphers);
    for (std::size_t i = 0; i + 1 < length; i += 2) {
        if (octets[i] == 0x00 && octets[i + 1] == 0xff) octets[i] = octets[i + 1] = 0x5a;
    }
}

void weaken(SSL_CTX* context, HandshakeWeakness weakness)
{
    switch (weakness) {
    case HandshakeWeakness::Sha1Signatures: {
        constexpr std::string_view kList = "RSA+SHA1";
        HERMETIC_ASSERT(SSL_CTX_ctrl(context, SSL_CTRL_SET_SIGALGS_LIST, 0,
                                     const_cast<char*>(kList.data())) == 1);
        return;
    }
    case HandshakeWeakness::SmallGroup: {
        constexpr long kOf1024Bits = 2;
        HERMETIC_ASSERT(SSL_CTX_set_cipher_list(context, "DHE:@SECLEVEL=0") == 1);
        SSL_CTX_ctrl(context, SSL_CTRL_SET_DH_AUTO, kOf1024Bits, nullptr);
        return;
    }
    case HandshakeWeakness::None:
    case HandshakeWeakness::NoSecureRenegotiation:  // hide_renegotiation_scsv()
        return;
    }
}

int on_client_hello(SSL* ssl, int* /*alert*/, void* /*argument*/)
{
    auto* const capture = static_cast<HelloCapture*>(SSL_get_app_data(ssl));
    if (capture->seen) return SSL_CLIENT_HELLO_SUCCESS;
    capture->hello = read_hello(ssl);
    capture->seen = true;
    if (capture->hides_scsv) hide_renegotiation_scsv(ssl);
    return SSL_CLIENT_HELLO_RETRY;
}

int on_status_request(SSL* ssl, void* argument)
{
    const auto& answer = *static_cast<const std::string*>(argument);
    auto* const copy = static_cast<unsigned char*>(OPENSSL_malloc(answer.size()));
    if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
    std::memcpy(copy, answer.data(), answer.size());
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(answer.size()));
    return SSL_TLSEXT_ERR_OK;
}

void set_credentials(SSL_CTX* context, ServerCredentials& credentials)
{
    HERMETIC_ASSERT(SSL_CTX_use_certificate(context, credentials.leaf.certificate.get()) == 1 &&
                    SSL_CTX_use_PrivateKey(context, credentials.leaf.key.get()) == 1);
    for (const auto& certificate : credentials.chain) {
        HERMETIC_ASSERT(SSL_CTX_add1_chain_cert(context, certificate.get()));
    }
    // Otherwise OpenSSL would complete a chain from the store of client authorities by itself.
    SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
    if (credentials.stapled.empty()) return;
    // What SSL_CTX_set_tlsext_status_cb() does, without its old-style cast.
    SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB,
                          reinterpret_cast<void (*)()>(on_status_request));
    SSL_CTX_set_tlsext_status_arg(context, &credentials.stapled);
}

void require_client_certificate(SSL_CTX* context, const X509* client_root)
{
    auto* const root = const_cast<X509*>(client_root);
    HERMETIC_ASSERT(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root) == 1 &&
                    SSL_CTX_add_client_CA(context, root) == 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

}  // namespace

TlsServer::TlsServer(const Behaviour& behaviour, ServerCredentials credentials,
                     const X509* client_root)
    : credentials_{std::make_unique<ServerCredentials>(std::move(credentials))},
      context_{SSL_CTX_new(TLS_server_method())},
      weakness_{behaviour.weakness}
{
    SSL_CTX* const context = context_.get();
    HERMETIC_ASSERT(context != nullptr);
    // TLS 1.0 and 1.1 sign with SHA-1, and RSA 1024 is below level 1: both need level 0.
    HERMETIC_ASSERT(SSL_CTX_set_cipher_list(context, "DEFAULT@SECLEVEL=0") == 1);
    HERMETIC_ASSERT(
        SSL_CTX_set_min_proto_version(context, protocol_version(behaviour.lowest_tls)) == 1 &&
        SSL_CTX_set_max_proto_version(context, protocol_version(behaviour.highest_tls)) == 1);
    static constexpr unsigned char kSessionContext[] = "hermetic lab";
    SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_client_hello_cb(context, on_client_hello, nullptr);
    weaken(context, weakness_);
    set_credentials(context, *credentials_);
    if (behaviour.client_certificate == ClientCertificate::Required) {
        require_client_certificate(context, client_root);
    }
}

SslPtr TlsServer::accept(HelloCapture& capture) const
{
    SslPtr ssl{SSL_new(context_.get())};
    HERMETIC_ASSERT(ssl != nullptr);
    SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    capture.hides_scsv = weakness_ == HandshakeWeakness::NoSecureRenegotiation;
    SSL_set_app_data(ssl.get(), &capture);
    SSL_set_accept_state(ssl.get());
    return ssl;
}

TlsSession describe_session(SSL& ssl)
{
    TlsSession session;
    session.version = SSL_get_version(&ssl);
    if (session.version == "TLSv1") session.version = "TLSv1.0";
    session.cipher = SSL_get_cipher_name(&ssl);
    if (const int group = static_cast<int>(SSL_get_negotiated_group(&ssl)); group > 0) {
        const char* const name = OBJ_nid2sn(group);
        session.group = name ? name : "";
    }
    const char* const sni = SSL_get_servername(&ssl, TLSEXT_NAMETYPE_host_name);
    session.sni = sni ? sni : "";
    session.resumed = SSL_session_reused(&ssl) == 1;
    if (const X509* const certificate = SSL_get0_peer_certificate(&ssl)) {
        char subject[256];
        X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
        session.client_certificate = subject;
    }
    return session;
}

bool concerns(const HandshakeFault& fault, const ClientHello& hello)
{
    if (fault.act == HandshakeAct::Honest) return false;
    switch (fault.when) {
    case HelloOffers::Anything:
        return true;
    case HelloOffers::Tls13:
        return hello.offers(kTls13);
    case HelloOffers::SessionTicket:
        return hello.session_ticket;
    case HelloOffers::SeveralGroups:
        return hello.groups.size() > 1;
    }
    unreachable("every HelloOffers is named above");
}

std::string take_tls_error()
{
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    if (code == 0) return "closed during the handshake";
    const char* const reason = ERR_reason_error_string(code);
    return reason ? reason : "unnamed TLS error";
}

}  // namespace hermetic::lab
