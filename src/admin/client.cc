#include "admin/client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <chrono>
#include <cstdio>

namespace hermetic::admin {

namespace asio = boost::asio;
namespace http = boost::beast::http;

Result<Response, std::string> call(const std::string& socket, const std::string& method,
                                   const std::string& target, const std::string& body)
{
    constexpr std::uint64_t kMaxAnswer = 256ULL << 20U;
    asio::io_context loop;
    asio::local::stream_protocol::socket stream{loop};
    boost::system::error_code error;
    stream.connect(asio::local::stream_protocol::endpoint{socket}, error);
    if (error) {
        return failure(fmt::format("{}: {} (is the server running, and may you use its socket?)",
                                   socket, error.message()));
    }
    const timeval limit{60, 0};
    ::setsockopt(stream.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(stream.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);

    http::request<http::string_body> request{http::string_to_verb(method), target, 11};
    request.set(http::field::host, "hermetic");
    request.keep_alive(false);
    request.body() = body;
    request.prepare_payload();
    http::write(stream, request, error);
    if (error) return failure(socket + ": " + error.message());

    boost::beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(kMaxAnswer);
    http::read(stream, buffer, parser, error);
    if (error && error != http::error::end_of_stream)
        return failure(socket + ": " + error.message());
    const auto& message = parser.get();
    Response response;
    response.status = static_cast<int>(message.result_int());
    response.content_type = std::string{message[http::field::content_type]};
    response.body = message.body();
    return response;
}

std::string percent_encode(std::string_view text)
{
    constexpr std::string_view kSafe =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string out;
    for (const char c : text) {
        if (kSafe.find(c) != std::string_view::npos) {
            out += c;
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

}  // namespace hermetic::admin
