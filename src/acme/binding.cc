#include "acme/binding.h"

#include "acme/jws.h"
#include "core/read_file.h"
#include "core/text.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace hermetic::acme {
namespace {

constexpr std::size_t kMaxFile = 4096;

std::optional<std::string> from_base64url(std::string text)
{
    std::replace(text.begin(), text.end(), '-', '+');
    std::replace(text.begin(), text.end(), '_', '/');
    while (text.ends_with('=')) text.pop_back();
    while (text.size() % 4 != 0) text += '=';
    return from_base64(text);
}

}  // namespace

Result<Binding, tls::ConfigError> load_binding(const std::string& key_id,
                                               const std::string& hmac_file)
{
    const auto text = read_file(hmac_file, kMaxFile);
    if (!text)
        return failure(
            tls::ConfigError{hmac_file + ": " + text.error().what, text.error().expected});
    if (text->exposed)
        return failure(
            tls::ConfigError{fmt::format("{}: everybody may read or write this key (mode {:04o})",
                                         hmac_file, text->mode),
                             fmt::format("mode 0640 or stricter (chmod 0640 {})", hmac_file)});
    std::string_view line = std::string_view{text->octets}.substr(0, text->octets.find('\n'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    auto key = from_base64url(std::string{trim(line)});
    if (!key || key->empty())
        return failure(tls::ConfigError{hmac_file + ": its first line is no key in base64url",
                                        "the HMAC key as the ACME server gave it"});
    return Binding{key_id, *std::move(key)};
}

std::string format_binding(const Binding& binding, const tls::SigningKey& account,
                           std::string_view url)
{
    const boost::json::object fields{{"alg", "HS256"}, {"kid", binding.key_id}, {"url", url}};
    const std::string head = to_base64url(boost::json::serialize(fields));
    const std::string body = to_base64url(format_public_key(account));
    const std::string signature = tls::hmac_sha256(binding.key, head + "." + body);
    return format_jws(head, body, signature);
}

}  // namespace hermetic::acme
