#include "acme/jws.h"

#include "core/text.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace hermetic::acme {

// Members in the order of their names and without blanks: the thumbprint is over exactly this
// (RFC 7638 §3.2).
std::string format_public_key(const tls::SigningKey& key)
{
    const auto point = key.public_point();
    return fmt::format(R"({{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}})", to_base64url(point.x),
                       to_base64url(point.y));
}

std::string format_jws(std::string_view head, std::string_view body, std::string_view signature)
{
    return fmt::format(R"({{"protected":"{}","payload":"{}","signature":"{}"}})", head, body,
                       to_base64url(signature));
}

std::string to_base64url(std::string_view octets)
{
    std::string text = to_base64(octets);
    while (text.ends_with('=')) text.pop_back();
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    return text;
}

std::string sign_request(const tls::SigningKey& key, const SignedHeader& header,
                         std::string_view payload)
{
    boost::json::object fields{{"alg", "ES256"}, {"nonce", header.nonce}, {"url", header.url}};
    if (header.account.empty()) {
        fields["jwk"] = boost::json::parse(format_public_key(key));
    } else {
        fields["kid"] = header.account;
    }
    const std::string head = to_base64url(boost::json::serialize(fields));
    const std::string body = to_base64url(payload);
    return format_jws(head, body, key.sign(head + "." + body));
}

std::string key_authorization(const tls::SigningKey& key, std::string_view token)
{
    return fmt::format("{}.{}", token, to_base64url(tls::sha256(format_public_key(key))));
}

}  // namespace hermetic::acme
