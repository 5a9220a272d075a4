#include "tls/acme_challenge.h"

#include "core/assert.h"
#include "core/text.h"
#include "tls/certificate.h"

#include <openssl/err.h>
#include <openssl/rand.h>

#include <algorithm>

namespace hermetic::tls {
namespace {

constexpr const char* kAcmeIdentifier = "1.3.6.1.5.5.7.1.31";
constexpr std::size_t kDigestOctets = 32;
constexpr long kValidSeconds = 24L * 60 * 60;

// base64url without padding (RFC 4648 §5).
std::optional<std::string> decode(std::string text)
{
    std::replace(text.begin(), text.end(), '-', '+');
    std::replace(text.begin(), text.end(), '_', '/');
    while (text.size() % 4 != 0) text += '=';
    auto octets = from_base64(text);
    if (octets && octets->size() != kDigestOctets) return std::nullopt;
    return octets;
}

bool add(X509* certificate, X509_EXTENSION* extension)
{
    if (extension == nullptr) return false;
    const bool added = X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

bool add_name(X509* certificate, const std::string& domain)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const std::string value = "DNS:" + domain;
    return add(certificate,
               X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, value.c_str()));
}

// RFC 8737 §3: critical, an OCTET STRING of the digest.
bool add_identifier(X509* certificate, const std::string& digest)
{
    std::string der{"\x04\x20", 2};
    der += digest;
    const std::unique_ptr<ASN1_OBJECT, FreeWith<ASN1_OBJECT_free>> kind{
        OBJ_txt2obj(kAcmeIdentifier, 1)};
    const std::unique_ptr<ASN1_OCTET_STRING, FreeWith<ASN1_OCTET_STRING_free>> value{
        ASN1_OCTET_STRING_new()};
    HERMETIC_ASSERT(kind != nullptr && value != nullptr);
    ASN1_OCTET_STRING_set(value.get(), reinterpret_cast<const unsigned char*>(der.data()),
                          static_cast<int>(der.size()));
    return add(certificate, X509_EXTENSION_create_by_OBJ(nullptr, kind.get(), 1, value.get()));
}

// Null: the domain is none.
std::shared_ptr<const Certificate> make_certificate(const std::string& domain,
                                                    const std::string& digest)
{
    KeyPointer key{EVP_EC_gen("P-256")};
    X509Pointer certificate{X509_new()};
    X509Stack rest{sk_X509_new_null()};
    HERMETIC_ASSERT(key != nullptr && certificate != nullptr && rest != nullptr);
    X509* made = certificate.get();
    std::uint32_t serial = 0;
    HERMETIC_ASSERT(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1);
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(made), serial);
    X509_gmtime_adj(X509_getm_notBefore(made), -kValidSeconds);
    X509_gmtime_adj(X509_getm_notAfter(made), kValidSeconds);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("acme challenge"), -1, -1, 0);
    X509_set_issuer_name(made, X509_get_subject_name(made));
    X509_set_pubkey(made, key.get());
    if (!add_name(made, domain) || !add_identifier(made, digest)) return nullptr;
    HERMETIC_ASSERT(X509_sign(made, key.get(), EVP_sha256()) > 0);
    return std::make_shared<const Certificate>(std::move(certificate), std::move(rest),
                                               std::move(key));
}

}  // namespace

Result<std::shared_ptr<const ServerContext>, ConfigError> make_challenge_context(
    const std::vector<AcmeProof>& proofs)
{
    ServerProfile profile;
    profile.protocol = "acme-tls/1";
    for (const AcmeProof& each : proofs) {
        const auto digest = decode(each.digest);
        auto certificate = digest ? make_certificate(each.domain, *digest) : nullptr;
        if (certificate == nullptr) {
            ERR_clear_error();
            return failure(ConfigError{each.domain + ": not a challenge of tls-alpn-01",
                                       "a domain and a SHA-256 in base64url"});
        }
        profile.certificates.push_back(std::move(certificate));
    }
    return make_server_context(profile);
}

}  // namespace hermetic::tls
