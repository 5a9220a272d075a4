#include "tls/tlsa_fixture.h"

#include "core/assert.h"
#include "core/text.h"
#include "tls/openssl.h"

#include <fmt/format.h>
#include <openssl/pem.h>

#include <array>

namespace hermetic::tls {
namespace {

X509Pointer read_certificate(const std::string& pem, int index)
{
    const BioPointer in{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    X509Pointer found;
    for (int i = 0; i <= index; ++i) {
        found.reset(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
        HERMETIC_ASSERT(found != nullptr);
    }
    return found;
}

std::string association(X509* certificate, std::uint8_t selector)
{
    unsigned char* der = nullptr;
    const int length = selector == 0 ? i2d_X509(certificate, &der)
                                     : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    HERMETIC_ASSERT(length > 0);
    std::string octets{reinterpret_cast<char*>(der), static_cast<std::size_t>(length)};
    OPENSSL_free(der);
    return octets;
}

std::string digest(const std::string& octets, const EVP_MD* kind)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> result{};
    unsigned int size = 0;
    HERMETIC_ASSERT(EVP_Digest(octets.data(), octets.size(), result.data(), &size, kind, nullptr) ==
                    1);
    return {reinterpret_cast<char*>(result.data()), size};
}

}  // namespace

facts::TlsaRecord make_tlsa(TlsaKind kind, const std::string& pem, int index)
{
    const X509Pointer certificate = read_certificate(pem, index);
    std::string data = association(certificate.get(), kind.selector);
    if (kind.matching == 1) data = digest(data, EVP_sha256());
    if (kind.matching == 2) data = digest(data, EVP_sha512());
    return {kind.usage, kind.selector, kind.matching, std::move(data)};
}

std::string format_tlsa(const facts::TlsaRecord& record)
{
    return fmt::format("{} {} {} {}", record.usage, record.selector, record.matching,
                       to_hex(record.data));
}

}  // namespace hermetic::tls
