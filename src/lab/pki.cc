#include "lab/pki.h"

#include "core/assert.h"
#include "lab/partners.h"

#include <fmt/format.h>

#include <fstream>

namespace hermetic::lab {
namespace {

constexpr std::chrono::seconds kDay{86400};

CertificatePtr share(const Identity& identity)
{
    X509_up_ref(identity.certificate.get());
    return CertificatePtr{identity.certificate.get()};
}

std::vector<std::string> many_names(int count)
{
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) names.push_back(fmt::format("host-{}.elsewhere.test", i));
    return names;
}

void set_hostile_names(const Behaviour& behaviour, CertificateRequest& request)
{
    switch (behaviour.certificate) {
    case CertificateKind::ManyNames:
        request.dns_names = many_names(2000);
        request.dns_names.push_back(host_of(behaviour));
        break;
    case CertificateKind::Huge:
        request.dns_names = many_names(8000);
        request.dns_names.push_back(host_of(behaviour));
        break;
    case CertificateKind::NulInName:
        request.dns_names = {host_of(behaviour) + '\0' + ".elsewhere.test"};
        break;
    case CertificateKind::WildcardAlone:
        request.dns_names = {"*"};
        break;
    case CertificateKind::WildcardTopLevel:
        request.dns_names = {"*.test"};
        break;
    case CertificateKind::WildcardInside:
        request.dns_names = {"mx.*.lab.test"};
        break;
    case CertificateKind::WildcardPartial:
        request.dns_names = {"m*." + domain_of(behaviour)};
        break;
    case CertificateKind::WildcardDouble:
        request.dns_names = {"**." + domain_of(behaviour)};
        break;
    case CertificateKind::UnicodeName:
        request.dns_names = {
            "mx.b\xc3\xbc"
            "cher.test\x1b[2J"};
        request.common_name =
            "b\xc3\xbc"
            "cher \x1b[2J";
        break;
    default:
        break;
    }
}

CertificateRequest request_for(const Behaviour& behaviour, long serial)
{
    CertificateRequest request;
    request.common_name = host_of(behaviour);
    request.dns_names = {host_of(behaviour), domain_of(behaviour)};
    request.serial = serial;
    // As servers of that age have it; a group of Diffie-Hellman needs it.
    if (behaviour.weakness != HandshakeWeakness::None) request.key = KeyKind::Rsa2048;
    switch (behaviour.certificate) {
    case CertificateKind::Expired:
        request.valid_from = -60 * kDay;
        request.valid_until = -2 * kDay;
        break;
    case CertificateKind::NotYetValid:
        request.valid_from = 2 * kDay;
        break;
    case CertificateKind::WrongName:
        request.common_name = "mail.elsewhere.test";
        request.dns_names = {"mail.elsewhere.test"};
        break;
    case CertificateKind::Rsa1024:
        request.key = KeyKind::Rsa1024;
        break;
    case CertificateKind::Sha1Signature:
        request.digest = EVP_sha1();
        break;
    case CertificateKind::Wildcard:
        request.dns_names = {"*." + domain_of(behaviour)};
        break;
    case CertificateKind::CommonNameOnly:
        request.dns_names.clear();
        break;
    case CertificateKind::AuthorityAsLeaf:
        request.usage = Usage::IssuingAuthority;
        break;
    case CertificateKind::ClientUsage:
        request.usage = Usage::Client;
        break;
    case CertificateKind::AddressOnly:
        request.dns_names.clear();
        request.addresses = {std::string{"\x7f\x14\x00\x01", 4}};
        break;
    default:
        set_hostile_names(behaviour, request);
        break;
    }
    return request;
}

CertificateRequest authority_request(const char* name, Usage usage, long serial)
{
    CertificateRequest request;
    request.common_name = name;
    request.usage = usage;
    request.serial = serial;
    request.valid_from = -400 * kDay;
    request.valid_until = 400 * kDay;
    return request;
}

bool write_file(const std::filesystem::path& path, const std::string& text)
{
    std::ofstream file{path, std::ios::binary | std::ios::trunc};
    file << text;
    return file.flush().good();
}

// The mode is set before the key is in the file.
bool write_secret(const std::filesystem::path& path, const std::string& text)
{
    namespace fs = std::filesystem;
    if (!write_file(path, "")) return false;
    std::error_code error;
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, error);
    return !error && write_file(path, text);
}

}  // namespace

Pki::Pki()
    : root_{make_identity(authority_request("Hermetic lab root", Usage::RootAuthority, 1),
                          nullptr)},
      issuing_{make_identity(
          authority_request("Hermetic lab issuing authority", Usage::IssuingAuthority, 2), &root_)},
      stranger_{make_identity(
          authority_request("Authority that nobody knows", Usage::RootAuthority, 1), nullptr)}
{
    CertificateRequest request;
    request.common_name = kSenderHost;
    request.dns_names = {std::string{kSenderHost}};
    request.usage = Usage::Client;
    request.serial = 3;
    client_ = make_identity(request, &issuing_);
}

ServerCredentials Pki::issue(const Behaviour& behaviour, long serial)
{
    if (behaviour.certificate == CertificateKind::LongChain)
        return issue_far(behaviour, serial, 20);
    if (behaviour.certificate == CertificateKind::ExpiredIssuer) {
        return issue_far(behaviour, serial, 1);
    }
    const Identity* issuer = &issuing_;
    if (behaviour.certificate == CertificateKind::SelfSigned) issuer = nullptr;
    if (behaviour.certificate == CertificateKind::UnknownAuthority) issuer = &stranger_;

    ServerCredentials credentials;
    credentials.leaf = make_identity(request_for(behaviour, serial), issuer);
    if (issuer == &issuing_ && behaviour.certificate != CertificateKind::IncompleteChain) {
        credentials.chain.push_back(share(issuing_));
    }
    if (behaviour.certificate == CertificateKind::Revoked) revoked_.push_back(serial);
    if (issuer && behaviour.staple != Staple::None) {
        credentials.stapled = make_ocsp_response(
            credentials.leaf.certificate.get(), *issuer,
            behaviour.staple == Staple::Good ? V_OCSP_CERTSTATUS_GOOD : V_OCSP_CERTSTATUS_REVOKED);
    }
    return credentials;
}

ServerCredentials Pki::issue_far(const Behaviour& behaviour, long serial, int authorities) const
{
    ServerCredentials credentials;
    Identity above;
    for (int i = 0; i < authorities; ++i) {
        const std::string name = fmt::format("Authority {} of {}", i + 1, behaviour.name);
        auto request = authority_request(name.c_str(), Usage::IssuingAuthority, 10'000 + i);
        if (behaviour.certificate == CertificateKind::ExpiredIssuer)
            request.valid_until = -2 * kDay;
        Identity made = make_identity(request, i == 0 ? &root_ : &above);
        credentials.chain.insert(credentials.chain.begin(), share(made));
        above = std::move(made);
    }
    credentials.leaf = make_identity(request_for(behaviour, serial), &above);
    return credentials;
}

CrlPtr Pki::crl() const
{
    return make_crl(issuing_, revoked_);
}

Result<void, PkiError> Pki::write(const std::filesystem::path& directory) const
{
    const bool written = write_file(directory / "ca.pem", to_pem(*root_.certificate)) &&
                         write_file(directory / "issuing.pem", to_pem(*issuing_.certificate)) &&
                         write_file(directory / "crl.pem", to_pem(*crl())) &&
                         write_file(directory / "client.pem",
                                    to_pem(*client_.certificate) + to_pem(*issuing_.certificate)) &&
                         write_secret(directory / "client.key", to_pem(*client_.key));
    if (!written) return failure(PkiError::CannotWrite);
    return {};
}

}  // namespace hermetic::lab
