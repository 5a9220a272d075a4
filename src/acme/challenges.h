// What answers the challenges of an order: written by the order, read by the responder.
//
// Not thread-safe: both live on one core.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::acme {

enum class Challenge : std::uint8_t { Http01, TlsAlpn01 };
[[nodiscard]] std::string_view name(Challenge challenge);  // "http-01"

class Challenges {
public:
    // `subject` is a token (http-01: the proof is the key authorization, RFC 8555 §8.3) or a domain
    // (tls-alpn-01: its SHA-256, base64url, RFC 8737 §3).
    void put(std::string subject, std::string proof)
    {
        all_[std::move(subject)] = std::move(proof);
    }
    [[nodiscard]] std::optional<std::string> find(std::string_view subject) const
    {
        const auto found = all_.find(subject);
        if (found == all_.end()) return std::nullopt;
        return found->second;
    }
    [[nodiscard]] const std::map<std::string, std::string, std::less<>>& all() const
    {
        return all_;
    }

private:
    std::map<std::string, std::string, std::less<>> all_;
};

}  // namespace hermetic::acme
