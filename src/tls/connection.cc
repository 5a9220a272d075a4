#include "tls/connection.h"

#include "core/assert.h"
#include "core/text.h"
#include "tls/ca_set.h"
#include "tls/chain_check.h"
#include "tls/client_context.h"
#include "tls/evidence.h"
#include "tls/failure.h"
#include "tls/server_context.h"
#include "tls/session_cache.h"
#include "tls/staple.h"
#include "tls/tlsa_verdict.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <algorithm>
#include <cerrno>

namespace hermetic::tls {

namespace {

constexpr int kNoRenegotiation = 100;
// Key updates and tickets that a peer may send before its next data. OpenSSL answers them within
// one read, for as long as more of them come: a flood would keep the core from all others.
constexpr int kMaxControlMessages = 64;

std::string group_of(SSL* ssl)
{
    const long group = SSL_get_negotiated_group(ssl);
    if (group == NID_undef) return {};
    const char* name = SSL_group_to_name(ssl, static_cast<int>(group));
    if (name == nullptr) return {};
    const std::string_view found{name};
    if (found == "x25519") return "X25519";
    if (found == "x448") return "X448";
    return printable_ascii(found, 40);
}

// A session keeps its chain, and there are many sessions.
bool is_small(SSL* ssl)
{
    constexpr long kMaxKept = 100L * 1024;
    long octets = 0;
    STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl);
    for (int i = 0; i < sk_X509_num(chain); ++i) {
        const int length = i2d_X509(sk_X509_value(chain, i), nullptr);
        octets += std::max(length, 0);
    }
    return octets <= kMaxKept;
}

// Of a server's handshake. (SSL_get_peer_tmp_key and SSL_get_secure_renegotiation_support, without
// their C casts.)
facts::Weakness weakness_of(SSL* ssl)
{
    using facts::Weakness;
    if (SSL_version(ssl) != TLS1_2_VERSION) return Weakness::None;
    int digest = NID_undef;
    if (SSL_get_peer_signature_nid(ssl, &digest) == 1 &&
        (digest == NID_sha1 || digest == NID_md5 || digest == NID_md5_sha1)) {
        return Weakness::Signature;
    }
    constexpr int kStrongGroup = 2048;
    EVP_PKEY* key = nullptr;
    if (SSL_ctrl(ssl, SSL_CTRL_GET_PEER_TMP_KEY, 0, &key) == 1) {
        const KeyPointer owned{key};
        if (EVP_PKEY_get_base_id(key) == EVP_PKEY_DH && EVP_PKEY_get_bits(key) < kStrongGroup) {
            return Weakness::Group;
        }
    }
    if (SSL_ctrl(ssl, SSL_CTRL_GET_RI_SUPPORT, 0, nullptr) != 1) return Weakness::Renegotiation;
    return Weakness::None;
}

// SSL_get_error() looks into the thread's error queue, so that it must be empty before each call.
// It nearly always is; ERR_clear_error() visits all its entries even then.
void clear_errors()
{
    if (ERR_peek_error() != 0) ERR_clear_error();
}

// A server's chain by what the client believes.
void judge_server(SSL* ssl, const Trust& trust, X509* leaf, STACK_OF(X509) * rest,
                  facts::TlsEvidence& evidence)
{
    ChainQuestion question{.leaf = leaf, .rest = rest, .crls = trust.crls.get()};
    question.stapled = trust.stapled;
    if (trust.stapled) question.staple = staple_of(ssl);
    if (trust.cas != nullptr) question.cas = trust.cas->store();
    ChainFinding found = check_chain(question);
    evidence.verdict = std::move(found.verdict);
    evidence.verified_spki = std::move(found.verified_spki);
    evidence.revocation = found.revocation;
    if (trust.system == nullptr) return;
    question.cas = trust.system->store();
    evidence.system_verdict = check_chain(question).verdict;
}

}  // namespace

struct Connection::Parts {
    SslPointer ssl;
    std::shared_ptr<const ServerContext> server;  // outlives ssl: its callbacks point there
    ClientHandshake client;
    bool session_came = false;
};

Connection::Connection(std::unique_ptr<Parts> parts) : parts_{std::move(parts)}
{
    SSL_set_app_data(parts_->ssl.get(), this);
}

Connection::~Connection()
{
    SSL* ssl = parts_->ssl.get();
    SSL_set_app_data(ssl, nullptr);
    // SSL_free forbids a session's resumption unless the connection looks well ended.
    if (!failure_ || failure_->kind == facts::TlsFailure::Kind::Closed) {
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
    // Before the context that its callbacks use.
    parts_->ssl.reset();
}

std::unique_ptr<Connection> Connection::server(std::shared_ptr<const ServerContext> context,
                                               int descriptor)
{
    auto parts = std::make_unique<Parts>();
    parts->ssl.reset(SSL_new(context->main()));
    HERMETIC_ASSERT(parts->ssl != nullptr);
    HERMETIC_ASSERT(SSL_set_fd(parts->ssl.get(), descriptor) == 1);
    SSL_set_accept_state(parts->ssl.get());
    parts->server = std::move(context);
    return std::unique_ptr<Connection>{new Connection{std::move(parts)}};
}

std::unique_ptr<Connection> Connection::client(ClientHandshake handshake, int descriptor)
{
    auto parts = std::make_unique<Parts>();
    parts->ssl.reset(SSL_new(handshake.context->context()));
    SSL* ssl = parts->ssl.get();
    HERMETIC_ASSERT(ssl != nullptr);
    HERMETIC_ASSERT(SSL_set_fd(ssl, descriptor) == 1);
    SSL_set_connect_state(ssl);
    // A name too long for the extension is not sent; evidence.name_matches judges anyway.
    // (SSL_set_tlsext_host_name, without its C cast.)
    if (!handshake.sni.empty()) {
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 handshake.sni.data());
    }
    if (handshake.trust.stapled) ask_for_staple(ssl);
    if (!handshake.context->resumes()) handshake.cache = nullptr;
    if (handshake.cache != nullptr && !handshake.reuse_key.empty()) {
        if (const SessionPointer session = handshake.cache->take(handshake.reuse_key)) {
            SSL_set_session(ssl, session.get());
        }
    }
    ERR_clear_error();
    parts->client = std::move(handshake);
    return std::unique_ptr<Connection>{new Connection{std::move(parts)}};
}

Io Connection::fail(int system_error, bool end_of_file)
{
    SSL* ssl = parts_->ssl.get();
    const Observed observed{received_alert_, sent_alert_, system_error, end_of_file};
    failure_ = classify_failure(observed);
    failure_->after_hello = parts_->server == nullptr && SSL_get_pending_cipher(ssl) != nullptr;
    failure_->chain = describe_chain(SSL_get0_peer_certificate(ssl), SSL_get_peer_cert_chain(ssl));
    return {Progress::Failed, 0, system_error};
}

// What SSL_get_error() makes of a call's result. errno is read first: nothing may come between.
Io Connection::outcome(int result, std::size_t octets)
{
    const int system_error = errno;
    if (renegotiation_) {
        failure_ = facts::TlsFailure{
            facts::TlsFailure::Kind::Protocol, kNoRenegotiation, "renegotiation refused", {}};
        return {Progress::Failed, 0, 0};
    }
    if (control_messages_ > kMaxControlMessages) {
        failure_ = facts::TlsFailure{
            facts::TlsFailure::Kind::Protocol, -1, "a flood of key updates or tickets", {}};
        return {Progress::Failed, 0, 0};
    }
    if (result == 1) return {Progress::Done, octets, 0};
    switch (SSL_get_error(parts_->ssl.get(), result)) {
    case SSL_ERROR_WANT_READ:
        return {Progress::WantRead, 0, 0};
    case SSL_ERROR_WANT_WRITE:
        return {Progress::WantWrite, 0, 0};
    case SSL_ERROR_ZERO_RETURN:
        return shaken_ ? Io{Progress::Closed, 0, 0} : fail(0, true);
    case SSL_ERROR_SYSCALL:
        if (!shaken_) return fail(system_error, system_error == 0);
        failure_ = facts::TlsFailure{facts::TlsFailure::Kind::Closed, -1, "connection broken", {}};
        return {system_error == 0 ? Progress::Closed : Progress::Broken, 0, system_error};
    default:
        break;
    }
    // Mail servers often close without close_notify. Nothing is lost by it: SMTP says itself where
    // a message ends.
    if (shaken_ && received_alert_ < 0 &&
        ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        ERR_clear_error();
        failure_ = facts::TlsFailure{facts::TlsFailure::Kind::Closed, -1, "closed", {}};
        return {Progress::Closed, 0, 0};
    }
    return fail(0, false);
}

Progress Connection::handshake()
{
    if (failure_) return Progress::Failed;
    clear_errors();
    errno = 0;
    const int result = SSL_do_handshake(parts_->ssl.get());
    const Io io = outcome(result, 0);
    if (io.progress == Progress::Done) after_handshake();
    return io.progress;
}

void Connection::after_handshake()
{
    shaken_ = true;
    SSL* ssl = parts_->ssl.get();
    const ClientHandshake& client = parts_->client;
    // A session of TLS 1.2 may be resumed many times, and the server need not send a new ticket.
    if (client.cache != nullptr && SSL_session_reused(ssl) == 1 && !parts_->session_came &&
        SSL_version(ssl) < TLS1_3_VERSION) {
        client.cache->put(client.reuse_key, SessionPointer{SSL_get1_session(ssl)});
    }
}

Io Connection::read(std::span<char> into)
{
    if (failure_) return {Progress::Failed, 0, 0};
    clear_errors();
    errno = 0;
    std::size_t octets = 0;
    const int result = SSL_read_ex(parts_->ssl.get(), into.data(), into.size(), &octets);
    const Io io = outcome(result, octets);
    if (io.progress == Progress::Done) control_messages_ = 0;
    return io;
}

Io Connection::write(std::string_view bytes)
{
    if (failure_) return {Progress::Failed, 0, 0};
    if (unwritable_) return {Progress::Broken, 0, EPIPE};
    if (bytes.empty()) return {Progress::Done, 0, 0};
    clear_errors();
    errno = 0;
    std::size_t octets = 0;
    const int result = SSL_write_ex(parts_->ssl.get(), bytes.data(), bytes.size(), &octets);
    const Io io = outcome(result, octets);
    if (io.progress == Progress::Closed || io.progress == Progress::Broken) {
        // Nothing more can be written. What the peer said before it closed may still be there, an
        // alert above all, and is read as ever: only what cannot be read ends the connection.
        unwritable_ = true;
        failure_.reset();
        // A broken pipe is never an orderly end of file.
        return {Progress::Broken, 0, io.system_error != 0 ? io.system_error : EPIPE};
    }
    return io;
}

bool Connection::has_pending() const
{
    return SSL_has_pending(parts_->ssl.get()) == 1;
}

void Connection::close_notify()
{
    if (failure_ || unwritable_ || !shaken_) return;
    ERR_clear_error();
    SSL_shutdown(parts_->ssl.get());
    ERR_clear_error();
}

facts::TlsEvidence Connection::evidence() const
{
    SSL* ssl = parts_->ssl.get();
    X509* leaf = SSL_get0_peer_certificate(ssl);
    STACK_OF(X509)* rest = SSL_get_peer_cert_chain(ssl);

    facts::TlsEvidence evidence;
    evidence.version = version_from(SSL_version(ssl));
    if (const char* cipher = SSL_get_cipher_name(ssl)) evidence.cipher = cipher;
    evidence.group = group_of(ssl);
    evidence.resumed = SSL_session_reused(ssl) == 1;
    evidence.chain = describe_chain(leaf, rest);
    if (parts_->server != nullptr) {
        if (const char* sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) {
            evidence.sni = printable_ascii(sni);
        }
        if (parts_->server->asks_for_certificates()) {
            const CaSet* cas = parts_->server->client_cas();
            ChainQuestion question{.leaf = leaf, .rest = rest, .purpose = Purpose::Client};
            if (cas != nullptr) question.cas = cas->store();
            evidence.verdict = check_chain(question).verdict;
        }
    } else {
        evidence.sni = parts_->client.sni;
        evidence.weakness = weakness_of(ssl);
        evidence.name_matches = names_host(leaf, parts_->client.expected_name);
        judge_server(ssl, parts_->client.trust, leaf, rest, evidence);
        if (parts_->client.tlsa != nullptr) {
            evidence.tlsa = judge_tlsa(leaf, rest, *parts_->client.tlsa);
        }
    }
    ERR_clear_error();
    return evidence;
}

facts::ChainVerdict Connection::judge_client(const CaSet& cas, const CrlSet* crls,
                                             ClientPurpose purpose) const
{
    SSL* ssl = parts_->ssl.get();
    ChainQuestion question{.leaf = SSL_get0_peer_certificate(ssl),
                           .rest = SSL_get_peer_cert_chain(ssl),
                           .cas = cas.store(),
                           .purpose = Purpose::Client,
                           .crls = crls};
    facts::ChainVerdict verdict = check_chain(question).verdict;
    if (purpose == ClientPurpose::ClientOrServer &&
        verdict.fault == facts::ChainFault::WrongPurpose) {
        question.purpose = Purpose::Server;
        verdict = check_chain(question).verdict;
    }
    ERR_clear_error();
    return verdict;
}

void Connection::on_alert(Direction direction, int level, int alert)
{
    if (direction == Direction::Sent && alert == kNoRenegotiation) renegotiation_ = true;
    if (level != SSL3_AL_FATAL) return;
    (direction == Direction::Received ? received_alert_ : sent_alert_) = alert;
}

void Connection::on_handshake_message()
{
    if (!shaken_ || ++control_messages_ != kMaxControlMessages + 1) return;
    // The only way out of OpenSSL's loop: what it reads next is the end. (Shutting the socket down
    // would not do: what has come can be read all the same, and more comes.)
    BIO* nothing = BIO_new(BIO_s_null());
    HERMETIC_ASSERT(nothing != nullptr);
    SSL_set0_rbio(parts_->ssl.get(), nothing);
}

bool Connection::on_session(ssl_session_st* session)
{
    const ClientHandshake& client = parts_->client;
    if (client.cache == nullptr || client.reuse_key.empty()) return false;
    if (SSL_SESSION_is_resumable(session) != 1 || !is_small(parts_->ssl.get())) return false;
    // A resumed session does not show what its first handshake lacked.
    const bool resumed = SSL_session_reused(parts_->ssl.get()) == 1;
    if (!resumed && weakness_of(parts_->ssl.get()) != facts::Weakness::None) return false;
    parts_->session_came = true;
    keep_staple(parts_->ssl.get(), session);
    client.cache->put(client.reuse_key, SessionPointer{session});
    return true;
}

}  // namespace hermetic::tls
