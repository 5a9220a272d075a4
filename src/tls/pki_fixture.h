// Certificates for tests: made when they are asked for, thrown away with their directory.
#pragma once

#include "tls/context.h"

#include <memory>
#include <string>
#include <vector>

namespace hermetic::tls {

class PkiFixture {
public:
    PkiFixture();  // a temporary directory with a root and an intermediate CA in it
    ~PkiFixture();
    PkiFixture(const PkiFixture&) = delete;
    PkiFixture& operator=(const PkiFixture&) = delete;

    enum class Issuer : std::uint8_t { Intermediate, Root, Itself };
    struct Leaf {
        std::string name = "leaf";  // of its files
        std::vector<std::string> dns_names{};
        std::string key = "ec";  // "ec", "rsa2048", "rsa1024"
        Issuer issuer = Issuer::Intermediate;
        int valid_days = 30;  // negative: expired
        bool must_staple = false;
    };
    // Files NAME.pem (leaf and intermediate) and NAME.key; the key's mode is 0600.
    CertificateSource make_files(const Leaf& leaf);
    std::shared_ptr<const Certificate> make(const Leaf& leaf);
    // Of the intermediate's, PEM; a negative number of days: overdue.
    [[nodiscard]] std::string make_crl(
        const std::vector<std::shared_ptr<const Certificate>>& revoked, int valid_days = 30) const;
    enum class Status : std::uint8_t { Good, Revoked, Unknown };
    // OCSP's, DER, signed by the intermediate; `forged`: by somebody else in its name.
    [[nodiscard]] std::string make_staple(const Certificate& certificate, Status status,
                                          int valid_days = 1, bool forged = false) const;
    // The same, without a word about how long it holds.
    [[nodiscard]] std::string make_open_staple(const Certificate& certificate, Status status,
                                               int hours_old) const;
    // An EC leaf of the intermediate.
    std::shared_ptr<const Certificate> make(const std::string& dns_name);

    [[nodiscard]] std::string path(const std::string& file) const
    {
        return directory_ + "/" + file;
    }
    [[nodiscard]] std::string root_file() const { return path("root.pem"); }
    [[nodiscard]] std::string read(const std::string& file) const;
    void write(const std::string& file, const std::string& text) const;

private:
    struct Authority;
    std::string directory_;
    std::unique_ptr<Authority> root_;
    std::unique_ptr<Authority> intermediate_;
};

}  // namespace hermetic::tls
