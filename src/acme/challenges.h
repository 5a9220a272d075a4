// What answers the challenges of an order: a folder that uacme's hook writes and the responders
// read.
//
//   FOLDER/http-01/TOKEN         the key authorization (RFC 8555 §8.3)
//   FOLDER/tls-alpn-01/DOMAIN    its SHA-256, base64url (RFC 8737 §3)
//
// Names come from the ACME server and from whoever asks: what is no token and no domain names no
// file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hermetic::acme {

enum class Challenge : std::uint8_t { Http01, TlsAlpn01 };
[[nodiscard]] std::string_view name(Challenge challenge);  // "http-01"

class Challenges {
public:
    explicit Challenges(std::string folder) : folder_{std::move(folder)} {}

    // An empty folder for challenges of that kind; of the other none are accepted.
    [[nodiscard]] bool prepare(Challenge challenge) const;
    void remove_all() const;

    // `subject` is a token or a domain. False: refused, or the disk.
    [[nodiscard]] bool put(Challenge challenge, std::string_view subject,
                           std::string_view proof) const;
    void remove(Challenge challenge, std::string_view subject) const;
    [[nodiscard]] std::optional<std::string> find(Challenge challenge,
                                                  std::string_view subject) const;
    // Subjects and proofs.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> all(Challenge challenge) const;

private:
    [[nodiscard]] std::string path(Challenge challenge, std::string_view subject) const;
    std::string folder_;
};

}  // namespace hermetic::acme
