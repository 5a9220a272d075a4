#include "tls/certificate.h"

#include "core/assert.h"
#include "tls/evidence.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <utility>

namespace hermetic::tls {

namespace {

constexpr std::size_t kMaxFile = 1024 * 1024;

// By the lines that begin PEM: whether somebody has put one file in the place of the other.
bool has_certificate(const std::string& text)
{
    return text.find("-----BEGIN CERTIFICATE-----") != std::string::npos;
}
bool has_key(const std::string& text)
{
    return text.find("PRIVATE KEY-----") != std::string::npos;
}

Result<std::string, ConfigError> read_chain(const std::string& path)
{
    auto text = read_file(path, kMaxFile);
    if (!text) return failure(config_error(path, text.error()));
    return std::move(text->octets);
}

Result<std::string, ConfigError> read_key(const std::string& path)
{
    auto text = read_file(path, kMaxFile);
    if (!text) return failure(config_error(path, text.error()));
    // A certificate is no secret: that it is no key is said when it is read.
    const bool is_other = has_certificate(text->octets) && !has_key(text->octets);
    if (!text->exposed || is_other) return std::move(text->octets);
    OPENSSL_cleanse(text->octets.data(), text->octets.size());
    return failure(
        ConfigError{fmt::format("{}: everybody may read or write this private key (mode {:04o})",
                                path, text->mode),
                    fmt::format("mode 0640 or stricter (chmod 0640 {})", path)});
}

Result<std::vector<X509Pointer>, ConfigError> parse_chain(const std::string& text,
                                                          const std::string& path)
{
    const BioPointer bio = memory_bio(text);
    std::vector<X509Pointer> found;
    ERR_clear_error();
    while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, &no_password, nullptr)) {
        found.emplace_back(next);
    }
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    const std::string words = take_error_words();
    if (!at_end) {
        return failure(ConfigError{fmt::format("{}: {}", path, words),
                                   "certificates as PEM, the server's own first"});
    }
    if (found.empty() && has_key(text)) {
        return failure(ConfigError{path + ": this file has a private key and no certificate",
                                   "certificates as PEM (BEGIN CERTIFICATE); chain and key may be "
                                   "swapped"});
    }
    if (found.empty()) {
        return failure(ConfigError{path + ": it has no certificate",
                                   "certificates as PEM (BEGIN CERTIFICATE)"});
    }
    return found;
}

// Refuses to answer: there is nobody to type a password when a server starts.
int note_encryption(char*, int, int, void* encrypted)
{
    *static_cast<bool*>(encrypted) = true;
    return -1;
}

Result<KeyPointer, ConfigError> parse_key(const std::string& text, const std::string& path)
{
    const BioPointer bio = memory_bio(text);
    bool encrypted = false;
    ERR_clear_error();
    KeyPointer key{PEM_read_bio_PrivateKey(bio.get(), nullptr, &note_encryption, &encrypted)};
    const std::string words = key == nullptr ? take_error_words() : std::string{};
    ERR_clear_error();
    if (key != nullptr) return key;
    if (encrypted) {
        return failure(
            ConfigError{path + ": the private key is encrypted",
                        "a key without a password: openssl pkey -in encrypted.pem -out key.pem"});
    }
    if (has_certificate(text) && !has_key(text)) {
        return failure(ConfigError{path + ": this file has a certificate and no private key",
                                   "the key as PEM (BEGIN PRIVATE KEY)"});
    }
    return failure(ConfigError{fmt::format("{}: it has no private key ({})", path, words),
                               "the key as PEM (BEGIN PRIVATE KEY)"});
}

// The certificate that belongs to the key, wherever it stands.
X509Pointer take_leaf(std::vector<X509Pointer>& pool, EVP_PKEY* key)
{
    for (auto at = pool.begin(); at != pool.end(); ++at) {
        if (X509_check_private_key(at->get(), key) != 1) continue;
        X509Pointer leaf = std::move(*at);
        pool.erase(at);
        ERR_clear_error();
        return leaf;
    }
    ERR_clear_error();
    return nullptr;
}

// The rest in the order of issuing (RFC 8446 §4.4.2). What is left in `pool` has no place in it.
X509Stack order_chain(X509* leaf, std::vector<X509Pointer>& pool)
{
    X509Stack rest{sk_X509_new_null()};
    HERMETIC_ASSERT(rest != nullptr);
    X509* current = leaf;
    for (bool found = true; found;) {
        found = false;
        for (auto at = pool.begin(); at != pool.end(); ++at) {
            if (X509_check_issued(at->get(), current) != X509_V_OK) continue;
            current = at->get();
            sk_X509_push(rest.get(), at->release());
            pool.erase(at);
            found = true;
            break;
        }
    }
    ERR_clear_error();
    return rest;
}

void drop_repetitions(std::vector<X509Pointer>& pool)
{
    for (std::size_t i = 0; i < pool.size(); ++i) {
        for (std::size_t j = pool.size() - 1; j > i; --j) {
            if (X509_cmp(pool[i].get(), pool[j].get()) == 0) {
                pool.erase(pool.begin() + static_cast<std::ptrdiff_t>(j));
            }
        }
    }
}

}  // namespace

Certificate::Certificate(X509Pointer leaf, X509Stack rest, KeyPointer key)
    : leaf_{std::move(leaf)},
      rest_{std::move(rest)},
      key_{std::move(key)},
      facts_{describe_certificate(leaf_.get())},
      key_kind_{EVP_PKEY_get_base_id(key_.get())}
{
}

bool Certificate::use_in(SSL_CTX* context) const
{
    return SSL_CTX_use_cert_and_key(context, leaf_.get(), key_.get(), rest_.get(), 1) == 1;
}

const facts::CertificateFacts& facts_of(const Certificate& certificate)
{
    return certificate.facts();
}

Result<std::shared_ptr<const Certificate>, ConfigError> load_certificate(
    const CertificateSource& source)
{
    const auto chain_text = read_chain(source.chain_file);
    if (!chain_text) return failure(chain_text.error());
    const auto key_text = read_key(source.key_file);
    if (!key_text) return failure(key_text.error());
    auto pool = parse_chain(*chain_text, source.chain_file);
    if (!pool) return failure(pool.error());
    auto key = parse_key(*key_text, source.key_file);
    if (!key) return failure(key.error());

    drop_repetitions(*pool);
    X509Pointer leaf = take_leaf(*pool, key->get());
    if (leaf == nullptr) {
        return failure(ConfigError{fmt::format("{}: the key does not belong to a certificate of {}",
                                               source.key_file, source.chain_file),
                                   "the key that the certificate was issued for"});
    }
    X509Stack rest = order_chain(leaf.get(), *pool);
    if (!pool->empty()) {
        const int links = sk_X509_num(rest.get());
        X509* last = links == 0 ? leaf.get() : sk_X509_value(rest.get(), links - 1);
        return failure(ConfigError{
            fmt::format("{}: the chain is incomplete: the issuer of \"{}\" is missing, so \"{}\" "
                        "does not belong to it",
                        source.chain_file, describe_certificate(last).subject,
                        describe_certificate(pool->front().get()).subject),
            fmt::format("also the certificate of \"{}\"", describe_certificate(last).issuer)});
    }
    return std::make_shared<const Certificate>(std::move(leaf), std::move(rest), std::move(*key));
}

}  // namespace hermetic::tls
