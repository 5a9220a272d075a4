#include "acme/http_request.h"

#include <fmt/format.h>

namespace hermetic::acme {

std::optional<std::string_view> requested_token(std::string_view request_line)
{
    constexpr std::string_view kBefore = "GET /.well-known/acme-challenge/";
    if (!request_line.starts_with(kBefore)) return std::nullopt;
    request_line.remove_prefix(kBefore.size());
    const auto blank = request_line.find(' ');
    if (blank == std::string_view::npos || blank == 0) return std::nullopt;
    if (!request_line.substr(blank + 1).starts_with("HTTP/1.")) return std::nullopt;
    return request_line.substr(0, blank);
}

std::string http_answer(const std::optional<std::string>& proof)
{
    const std::string_view body = proof ? std::string_view{*proof} : "no such challenge\n";
    return fmt::format(
        "HTTP/1.1 {}\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\n"
        "Connection: close\r\n\r\n{}",
        proof ? "200 OK" : "404 Not Found", body.size(), body);
}

}  // namespace hermetic::acme
