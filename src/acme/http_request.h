// The one question that http-01 asks (RFC 8555 §8.3). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hermetic::acme {

// The token that a request's first line asks for: "GET /.well-known/acme-challenge/TOKEN HTTP/1.1".
[[nodiscard]] std::optional<std::string_view> requested_token(std::string_view request_line);

// The whole answer, after which the connection ends; nullopt: 404.
[[nodiscard]] std::string http_answer(const std::optional<std::string>& proof);

}  // namespace hermetic::acme
