// ensure_self_signed() and make_self_signed() of tls/context.h.
#include "core/assert.h"
#include "core/ip.h"
#include "core/text.h"
#include "tls/certificate.h"
#include "tls/durable_file.h"
#include "tls/openssl.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <algorithm>
#include <filesystem>
#include <optional>

namespace hermetic::tls {

namespace {

constexpr std::size_t kMaxFile = std::size_t{1} << 20U;

namespace filesystem = std::filesystem;

constexpr long kValidDays = 3650;

std::string bio_text(BIO* bio)
{
    char* text = nullptr;
    const long length = BIO_get_mem_data(bio, &text);
    return length > 0 ? std::string{text, static_cast<std::size_t>(length)} : std::string{};
}

void add_extension(X509* certificate, int nid, const std::string& value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    HERMETIC_ASSERT(extension != nullptr);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

void set_random_serial(X509* certificate)
{
    unsigned char octets[16];
    HERMETIC_ASSERT(RAND_bytes(octets, sizeof octets) == 1);
    octets[0] &= 0x7f;  // positive (RFC 5280 §4.1.2.2)
    octets[0] |= 0x40;  // and never zero
    BIGNUM* number = BN_bin2bn(octets, sizeof octets, nullptr);
    HERMETIC_ASSERT(number != nullptr);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
}

X509Pointer make_certificate(EVP_PKEY* key, const std::string& host, WallTime now)
{
    X509Pointer certificate{X509_new()};
    HERMETIC_ASSERT(certificate != nullptr);
    X509_set_version(certificate.get(), X509_VERSION_3);
    set_random_serial(certificate.get());

    // An hour back, for peers whose clock is late.
    std::time_t at =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    X509_time_adj_ex(X509_getm_notBefore(certificate.get()), 0, -3600, &at);
    X509_time_adj_ex(X509_getm_notAfter(certificate.get()), kValidDays, 0, &at);

    // The common name holds 64 octets (RFC 5280 Appendix A); names count by subjectAltName anyway.
    const std::string common_name = host.size() <= 64 ? host : "hermetic";
    X509_NAME* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.data()),
                               static_cast<int>(common_name.size()), -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_set_pubkey(certificate.get(), key);
    const bool is_address = IpAddress::parse(host).has_value();
    add_extension(certificate.get(), NID_subject_alt_name, (is_address ? "IP:" : "DNS:") + host);
    add_extension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(certificate.get(), NID_key_usage, "critical,digitalSignature");
    add_extension(certificate.get(), NID_ext_key_usage, "serverAuth,clientAuth");
    if (X509_sign(certificate.get(), key, EVP_sha256()) == 0) return nullptr;
    return certificate;
}

Result<void, ConfigError> write_by_rename(const std::string& path, std::string_view text)
{
    const auto written = write_durably(path, text, FileMode::OwnerOnly);
    if (written) return {};
    return failure(ConfigError{written.error(), "a folder that the server may write"});
}

bool exists(const std::string& path)
{
    std::error_code ignored;
    return filesystem::exists(path, ignored);
}

KeyPointer make_key()
{
    KeyPointer key{EVP_EC_gen("P-256")};
    HERMETIC_ASSERT(key != nullptr);
    return key;
}

// The name is written in the extension's little language, where a comma would add another.
std::optional<ConfigError> fault_of(const std::string& host)
{
    const auto in_name = [](char c) {
        return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') ||
               c == '.' || c == '-' || c == '_' || c == ':';
    };
    if (!host.empty() && std::all_of(host.begin(), host.end(), in_name)) return std::nullopt;
    return ConfigError{"a certificate cannot name the host " + printable_ascii(host),
                       "a host name in ASCII (A-labels)"};
}

// Nullopt: there is none. What is there and cannot be read may be good, so that nothing is put in
// its place.
Result<std::optional<std::string>, ConfigError> read_own(const std::string& path)
{
    auto text = read_file(path, kMaxFile);
    if (text) return std::optional<std::string>{std::move(text->octets)};
    // Below a plain file there is nothing either (ENOTDIR): making the folder says what is wrong.
    std::error_code ignored;
    if (filesystem::status(path, ignored).type() == filesystem::file_type::not_found)
        return std::optional<std::string>{};
    return failure(config_error(path, text.error()));
}

KeyPointer parse_key(const std::string& text)
{
    const BioPointer in = memory_bio(text);
    KeyPointer key{PEM_read_bio_PrivateKey(in.get(), nullptr, &no_password, nullptr)};
    ERR_clear_error();
    return key;
}

// They are ours, and can be made again: what is there is kept all the same, somebody may have put
// his own in their place. Where that fails, making another says why.
void set_aside(const std::string& path)
{
    std::error_code ignored;
    if (exists(path)) filesystem::rename(path, path + ".unusable", ignored);
}

// A good key is used again, whatever became of its certificate: an interrupted first start leaves
// one, and TLSA records may name it.
Result<KeyPointer, ConfigError> make_or_load_key(const std::string& path)
{
    const auto text = read_own(path);
    if (!text) return failure(text.error());
    KeyPointer there = *text ? parse_key(**text) : nullptr;
    if (there != nullptr) {
        // One that everybody may read is refused wherever it is used.
        std::error_code ignored;
        filesystem::permissions(
            path, filesystem::perms::owner_read | filesystem::perms::owner_write, ignored);
        return there;
    }
    set_aside(path);
    KeyPointer key = make_key();
    const BioPointer out{BIO_new(BIO_s_mem())};
    PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    if (const auto written = write_by_rename(path, bio_text(out.get())); !written) {
        return failure(written.error());
    }
    return key;
}

}  // namespace

Result<MadeCertificate, ConfigError> inspect_self_signed(const CertificateSource& source)
{
    bool is_there = false;
    for (const auto& path : {source.chain_file, source.key_file}) {
        const auto text = read_own(path);
        if (!text) return failure(text.error());
        is_there = is_there || text->has_value();
    }
    MadeCertificate made;
    auto loaded = load_certificate(source);
    if (loaded) {
        made.usable = *std::move(loaded);
    } else if (is_there) {
        made.damage = loaded.error().what;
    }
    return made;
}

Result<void, ConfigError> ensure_self_signed(const CertificateSource& source,
                                             const std::string& host, WallTime now)
{
    const auto found = inspect_self_signed(source);
    if (!found) return failure(found.error());
    if (found->usable) return {};
    if (auto wrong = fault_of(host)) return failure(*std::move(wrong));
    for (const auto& path : {source.chain_file, source.key_file}) {
        const auto directory = filesystem::path{path}.parent_path();
        std::error_code error;
        if (!directory.empty()) filesystem::create_directories(directory, error);
        if (error) {
            return failure(ConfigError{fmt::format("{}: {}", directory.string(), error.message()),
                                       "a folder that the server may write"});
        }
    }
    const auto key = make_or_load_key(source.key_file);
    if (!key) return failure(key.error());
    const X509Pointer certificate = make_certificate(key->get(), host, now);
    if (certificate == nullptr) {
        return failure(ConfigError{source.key_file + ": " + take_error_words(),
                                   "no such file: then a new key is made"});
    }
    const BioPointer out{BIO_new(BIO_s_mem())};
    PEM_write_bio_X509(out.get(), certificate.get());
    ERR_clear_error();
    set_aside(source.chain_file);
    return write_by_rename(source.chain_file, bio_text(out.get()));
}

Result<std::shared_ptr<const Certificate>, ConfigError> make_self_signed(const std::string& host,
                                                                         WallTime now)
{
    if (auto wrong = fault_of(host)) return failure(*std::move(wrong));
    KeyPointer key = make_key();
    X509Pointer certificate = make_certificate(key.get(), host, now);
    if (certificate == nullptr)
        return failure(ConfigError{"no certificate can be made: " + take_error_words(), "OpenSSL"});
    X509Stack rest{sk_X509_new_null()};
    HERMETIC_ASSERT(rest != nullptr);
    return std::make_shared<const Certificate>(std::move(certificate), std::move(rest),
                                               std::move(key));
}

}  // namespace hermetic::tls
