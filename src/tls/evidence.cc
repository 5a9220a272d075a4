#include "tls/evidence.h"

#include "core/assert.h"
#include "core/text.h"

#include <fmt/format.h>
#include <openssl/err.h>

#include <array>
#include <ctime>

namespace hermetic::tls {

namespace {

std::string hex_digest(const unsigned char* octets, std::size_t length)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    HERMETIC_ASSERT(EVP_Digest(octets, length, digest.data(), &size, EVP_sha256(), nullptr) == 1);
    return to_hex({reinterpret_cast<const char*>(digest.data()), size});
}

std::string curve_name(const EVP_PKEY* key)
{
    std::array<char, 80> name{};
    std::size_t length = 0;
    if (EVP_PKEY_get_group_name(key, name.data(), name.size(), &length) != 1) return "?";
    const std::string_view found{name.data(), length};
    if (found == "prime256v1") return "P-256";
    if (found == "secp384r1") return "P-384";
    if (found == "secp521r1") return "P-521";
    return printable_ascii(found, 40);
}

std::string key_type(const EVP_PKEY* key)
{
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        return fmt::format("RSA {}", EVP_PKEY_get_bits(key));
    case EVP_PKEY_RSA_PSS:
        return fmt::format("RSA-PSS {}", EVP_PKEY_get_bits(key));
    case EVP_PKEY_DSA:
        return fmt::format("DSA {}", EVP_PKEY_get_bits(key));
    case EVP_PKEY_EC:
        return "EC " + curve_name(key);
    case EVP_PKEY_ED25519:
        return "ED25519";
    case EVP_PKEY_ED448:
        return "ED448";
    default:
        return "unknown";
    }
}

}  // namespace

std::string format_name(const X509_NAME* name)
{
    const BioPointer out{BIO_new(BIO_s_mem())};
    HERMETIC_ASSERT(out != nullptr);
    // UTF-8 as it is: printable() escapes what must not be shown.
    X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    char* text = nullptr;
    const long length = BIO_get_mem_data(out.get(), &text);
    if (length <= 0) return {};
    return printable({text, static_cast<std::size_t>(length)});
}

WallTime wall_time(const ASN1_TIME* time)
{
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return {};
    return WallTime{std::chrono::seconds{timegm(&parts)}};
}

std::string spki_digest(X509* certificate)
{
    unsigned char* der = nullptr;
    const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    if (length <= 0) return {};
    std::string digest = hex_digest(der, static_cast<std::size_t>(length));
    OPENSSL_free(der);
    return digest;
}

std::string hex_sha256(std::string_view octets)
{
    return hex_digest(reinterpret_cast<const unsigned char*>(octets.data()), octets.size());
}

std::string certificate_digest(X509* certificate)
{
    unsigned char* der = nullptr;
    const int length = i2d_X509(certificate, &der);
    if (length <= 0) return {};
    std::string digest = hex_digest(der, static_cast<std::size_t>(length));
    OPENSSL_free(der);
    return digest;
}

std::vector<std::string> dns_names_of(X509* certificate)
{
    std::vector<std::string> names;
    std::size_t octets = 0;
    const std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>> alternatives{
        static_cast<GENERAL_NAMES*>(
            X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
    for (int i = 0; i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives.get(), i);
        if (name->type != GEN_DNS) continue;
        const auto length = static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName));
        const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
        octets += length + sizeof(std::string);
        if (octets > kMaxNameOctets) break;
        names.push_back(to_lower(printable_ascii({text, length}, 255)));
    }
    ERR_clear_error();  // an extension that cannot be decoded names nothing
    return names;
}

facts::CertificateFacts describe_certificate(X509* certificate)
{
    facts::CertificateFacts facts;
    facts.subject = format_name(X509_get_subject_name(certificate));
    facts.issuer = format_name(X509_get_issuer_name(certificate));
    facts.dns_names = dns_names_of(certificate);
    facts.not_before = wall_time(X509_get0_notBefore(certificate));
    facts.not_after = wall_time(X509_get0_notAfter(certificate));
    facts.spki_sha256 = spki_digest(certificate);
    facts.sha256 = certificate_digest(certificate);
    facts.key_type = "unknown";
    if (const EVP_PKEY* key = X509_get0_pubkey(certificate)) {
        facts.key_type = key_type(key);
        facts.key_bits = EVP_PKEY_get_bits(key);
    }
    const char* algorithm = OBJ_nid2ln(X509_get_signature_nid(certificate));
    facts.signature_algorithm = algorithm != nullptr ? algorithm : "unknown";
    ERR_clear_error();
    return facts;
}

std::vector<facts::CertificateFacts> describe_chain(X509* leaf, STACK_OF(X509) * rest)
{
    std::vector<facts::CertificateFacts> chain;
    if (leaf != nullptr) chain.push_back(describe_certificate(leaf));
    for (int i = 0; i < sk_X509_num(rest) && chain.size() < kMaxChain; ++i) {
        X509* certificate = sk_X509_value(rest, i);
        if (i == 0 && leaf != nullptr && X509_cmp(certificate, leaf) == 0) continue;
        chain.push_back(describe_certificate(certificate));
    }
    return chain;
}

bool names_host(X509* leaf, const std::string& name)
{
    if (leaf == nullptr || name.empty()) return false;
    constexpr unsigned int kFlags =
        X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
    const bool named = X509_check_host(leaf, name.data(), name.size(), kFlags, nullptr) == 1;
    ERR_clear_error();
    return named;
}

facts::TlsVersion version_from(int openssl_version)
{
    switch (openssl_version) {
    case TLS1_VERSION:
        return facts::TlsVersion::Tls10;
    case TLS1_1_VERSION:
        return facts::TlsVersion::Tls11;
    case TLS1_2_VERSION:
        return facts::TlsVersion::Tls12;
    case TLS1_3_VERSION:
        return facts::TlsVersion::Tls13;
    default:
        return facts::TlsVersion::None;
    }
}

int version_to(facts::TlsVersion version)
{
    switch (version) {
    case facts::TlsVersion::None:
    case facts::TlsVersion::Tls10:
        return TLS1_VERSION;
    case facts::TlsVersion::Tls11:
        return TLS1_1_VERSION;
    case facts::TlsVersion::Tls12:
        return TLS1_2_VERSION;
    case facts::TlsVersion::Tls13:
        return TLS1_3_VERSION;
    }
    unreachable("every TlsVersion is named above");
}

}  // namespace hermetic::tls
