#include "tls/tlsa.h"

#include "core/assert.h"
#include "tls/tlsa_verdict.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

namespace hermetic::tls {
namespace {

constexpr std::uint8_t kDaneTa = 2;
constexpr std::uint8_t kDaneEe = 3;
constexpr int kAuthLevel = 2;  // OpenSSL's: 112 bits of security, no SHA-1

// Thread-safe to make connections of.
SSL_CTX* shared_context()
{
    static const SslContextPointer kContext = [] {
        SslContextPointer made{SSL_CTX_new(TLS_client_method())};
        HERMETIC_ASSERT(made != nullptr && SSL_CTX_dane_enable(made.get()) == 1);
        return made;
    }();
    return kContext.get();
}

// OpenSSL keeps records, and matches them, only within a connection: this one is never connected.
// So the verdict is the same one for new and resumed sessions, and disturbs no handshake.
class Matcher {
public:
    Matcher() : connection_{SSL_new(shared_context())}
    {
        HERMETIC_ASSERT(connection_ != nullptr && SSL_dane_enable(connection_.get(), nullptr) == 1);
        // RFC 7672 §3.1.1.
        SSL_dane_set_flags(connection_.get(), DANE_FLAG_NO_DANE_EE_NAMECHECKS);
    }

    // False: it is of no use.
    bool add(const facts::TlsaRecord& record)
    {
        if (record.usage != kDaneTa && record.usage != kDaneEe) return false;
        const auto* data = reinterpret_cast<const unsigned char*>(record.data.data());
        const int added = SSL_dane_tlsa_add(connection_.get(), record.usage, record.selector,
                                            record.matching, data, record.data.size());
        ERR_clear_error();
        return added == 1;
    }
    [[nodiscard]] SSL_DANE* records() const { return SSL_get0_dane(connection_.get()); }

private:
    SslPointer connection_;
};

facts::TlsaVerdict verdict_of(int error)
{
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return facts::TlsaVerdict::Expired;
    case X509_V_ERR_HOSTNAME_MISMATCH:
        return facts::TlsaVerdict::HostMismatch;
    case X509_V_ERR_DANE_NO_MATCH:
        return facts::TlsaVerdict::Mismatch;
    default:
        return facts::TlsaVerdict::ChainInvalid;
    }
}

void expect_names(X509_VERIFY_PARAM* param, const facts::TlsaSet& set)
{
    X509_VERIFY_PARAM_set_hostflags(
        param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    HERMETIC_ASSERT(X509_VERIFY_PARAM_set1_host(param, set.base.data(), set.base.size()) == 1);
    for (const std::string& name : set.names) {
        HERMETIC_ASSERT(X509_VERIFY_PARAM_add1_host(param, name.data(), name.size()) == 1);
    }
}

}  // namespace

std::vector<facts::TlsaRecord> usable_records(std::span<const facts::TlsaRecord> records)
{
    std::vector<facts::TlsaRecord> usable;
    if (records.empty()) return usable;
    Matcher matcher;
    for (const facts::TlsaRecord& each : records) {
        if (matcher.add(each)) usable.push_back(each);
    }
    return usable;
}

facts::TlsaVerdict judge_tlsa(X509* leaf, STACK_OF(X509) * rest, const facts::TlsaSet& set)
{
    if (leaf == nullptr) return facts::TlsaVerdict::Mismatch;
    Matcher matcher;
    bool any = false;
    for (const facts::TlsaRecord& each : set.records) any = matcher.add(each) || any;
    if (!any) return facts::TlsaVerdict::Mismatch;

    // No CA is trusted but by the records.
    const StorePointer nobody{X509_STORE_new()};
    const StoreContextPointer context{X509_STORE_CTX_new()};
    HERMETIC_ASSERT(nobody != nullptr && context != nullptr);
    if (X509_STORE_CTX_init(context.get(), nobody.get(), leaf, rest) != 1) {
        ERR_clear_error();
        return facts::TlsaVerdict::ChainInvalid;
    }
    X509_STORE_CTX_set_default(context.get(), "ssl_server");
    X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_auth_level(param, kAuthLevel);
    expect_names(param, set);
    X509_STORE_CTX_set0_dane(context.get(), matcher.records());
    const bool verified = X509_verify_cert(context.get()) == 1;
    const int error = X509_STORE_CTX_get_error(context.get());
    ERR_clear_error();
    return verified ? facts::TlsaVerdict::Matched : verdict_of(error);
}

}  // namespace hermetic::tls
