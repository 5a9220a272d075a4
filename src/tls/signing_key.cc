#include "tls/signing_key.h"

#include "core/assert.h"
#include "tls/openssl.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>

namespace hermetic::tls {
namespace {

constexpr std::size_t kMaxFile = std::size_t{1} << 20U;

constexpr int kFieldOctets = 32;  // of P-256

using DigestPointer = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;
using NumberPointer = std::unique_ptr<BIGNUM, FreeWith<BN_free>>;
using SignaturePointer = std::unique_ptr<ECDSA_SIG, FreeWith<ECDSA_SIG_free>>;
using RequestPointer = std::unique_ptr<X509_REQ, FreeWith<X509_REQ_free>>;

const unsigned char* octets_of(std::string_view text)
{
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string padded(const BIGNUM* number)
{
    std::array<unsigned char, kFieldOctets> octets{};
    HERMETIC_ASSERT(BN_bn2binpad(number, octets.data(), kFieldOctets) == kFieldOctets);
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

bool is_p256(const EVP_PKEY* key)
{
    std::array<char, 64> group{};
    std::size_t length = 0;
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
           EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) == 1 &&
           std::string_view{group.data(), length} == "prime256v1";
}

std::string coordinate(const EVP_PKEY* key, const char* which)
{
    BIGNUM* number = nullptr;
    HERMETIC_ASSERT(EVP_PKEY_get_bn_param(key, which, &number) == 1);
    const NumberPointer owned{number};
    return padded(number);
}

bool may_name(std::string_view name)
{
    const auto in_name = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '.' || c == '-' || c == '_';
    };
    return !name.empty() && std::all_of(name.begin(), name.end(), in_name);
}

// "DNS:a,DNS:b": OpenSSL's little language, for which `names` have been checked.
bool add_names(X509_REQ* request, const std::vector<std::string>& names)
{
    std::string value;
    for (const std::string& each : names) {
        if (!may_name(each)) return false;
        if (!value.empty()) value += ',';
        value += "DNS:" + each;
    }
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, value.c_str());
    if (extension == nullptr) return false;
    STACK_OF(X509_EXTENSION)* extensions = sk_X509_EXTENSION_new_null();
    HERMETIC_ASSERT(extensions != nullptr);
    sk_X509_EXTENSION_push(extensions, extension);
    const bool added = X509_REQ_add_extensions(request, extensions) == 1;
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    return added;
}

}  // namespace

SigningKey SigningKey::make()
{
    std::shared_ptr<EVP_PKEY> key{EVP_EC_gen("P-256"), EVP_PKEY_free};
    HERMETIC_ASSERT(key != nullptr);
    return SigningKey{std::move(key)};
}

Result<SigningKey, ConfigError> SigningKey::load(const std::string& file)
{
    const auto text = read_file(file, kMaxFile);
    if (!text) return failure(config_error(file, text.error()));
    return parse(text->octets, file);
}

Result<std::optional<SigningKey>, ConfigError> SigningKey::load_kept(const std::string& file)
{
    const auto text = read_file(file, kMaxFile);
    if (!text && text.error().kind == FileError::Kind::Missing) return std::optional<SigningKey>{};
    if (!text) return failure(config_error(file, text.error()));
    auto key = parse(text->octets, file);
    if (!key) return std::optional<SigningKey>{};
    return std::optional<SigningKey>{*std::move(key)};
}

Result<SigningKey, ConfigError> SigningKey::parse(std::string_view pem, const std::string& file)
{
    const BioPointer in = memory_bio(pem);
    std::shared_ptr<EVP_PKEY> key{PEM_read_bio_PrivateKey(in.get(), nullptr, &no_password, nullptr),
                                  EVP_PKEY_free};
    if (key == nullptr)
        return failure(ConfigError{file + ": " + take_error_words(), "a private key as PEM"});
    ERR_clear_error();
    if (!is_p256(key.get()))
        return failure(ConfigError{file + ": it is not a key on the curve P-256", "one on P-256"});
    return SigningKey{std::move(key)};
}

std::string SigningKey::pem() const
{
    const BioPointer out{BIO_new(BIO_s_mem())};
    HERMETIC_ASSERT(out != nullptr);
    PEM_write_bio_PrivateKey(out.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* text = nullptr;
    const long length = BIO_get_mem_data(out.get(), &text);
    return length > 0 ? std::string{text, static_cast<std::size_t>(length)} : std::string{};
}

SigningKey::Point SigningKey::public_point() const
{
    return {coordinate(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X),
            coordinate(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y)};
}

std::string SigningKey::sign(std::string_view text) const
{
    const DigestPointer digest{EVP_MD_CTX_new()};
    HERMETIC_ASSERT(digest != nullptr);
    HERMETIC_ASSERT(EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key_.get()) ==
                    1);
    std::array<unsigned char, 128> der{};
    std::size_t length = der.size();
    HERMETIC_ASSERT(
        EVP_DigestSign(digest.get(), der.data(), &length, octets_of(text), text.size()) == 1);
    const unsigned char* at = der.data();
    const SignaturePointer signature{d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(length))};
    HERMETIC_ASSERT(signature != nullptr);
    return padded(ECDSA_SIG_get0_r(signature.get())) + padded(ECDSA_SIG_get0_s(signature.get()));
}

std::string SigningKey::certificate_request(const std::vector<std::string>& names) const
{
    const RequestPointer request{X509_REQ_new()};
    HERMETIC_ASSERT(request != nullptr && !names.empty());
    X509_REQ_set_version(request.get(), X509_REQ_VERSION_1);
    X509_REQ_set_pubkey(request.get(), key_.get());
    if (!add_names(request.get(), names) ||
        X509_REQ_sign(request.get(), key_.get(), EVP_sha256()) == 0) {
        ERR_clear_error();
        return {};
    }
    unsigned char* der = nullptr;
    const int length = i2d_X509_REQ(request.get(), &der);
    HERMETIC_ASSERT(length > 0);
    std::string octets{reinterpret_cast<const char*>(der), static_cast<std::size_t>(length)};
    OPENSSL_free(der);
    return octets;
}

std::string sha256(std::string_view octets)
{
    std::array<unsigned char, 32> digest{};
    HERMETIC_ASSERT(EVP_Digest(octets.data(), octets.size(), digest.data(), nullptr, EVP_sha256(),
                               nullptr) == 1);
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string hmac_sha256(std::string_view key, std::string_view octets)
{
    std::array<unsigned char, 32> digest{};
    unsigned int length = 0;
    HERMETIC_ASSERT(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), octets_of(octets),
                         octets.size(), digest.data(), &length) != nullptr);
    return {reinterpret_cast<const char*>(digest.data()), length};
}

}  // namespace hermetic::tls
