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
#include <optional>

namespace hermetic::admin {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr std::uint64_t kMaxAnswer = 256ULL << 20U;
constexpr long kSilence = 60;  // seconds

using Socket = asio::local::stream_protocol::socket;

std::optional<std::string> connect(Socket& stream, const std::string& socket)
{
    boost::system::error_code error;
    stream.connect(asio::local::stream_protocol::endpoint{socket}, error);
    if (error) {
        return fmt::format("{}: {} (is the server running, and do you have access to its socket?)",
                           socket, error.message());
    }
    const timeval limit{kSilence, 0};
    ::setsockopt(stream.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(stream.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return std::nullopt;
}

std::optional<std::string> send(Socket& stream, const std::string& socket,
                                const std::string& method, const std::string& target,
                                const std::string& body)
{
    http::request<http::string_body> request{http::string_to_verb(method), target, 11};
    request.set(http::field::host, "hermetic");
    request.keep_alive(false);
    request.body() = body;
    request.prepare_payload();
    boost::system::error_code error;
    http::write(stream, request, error);
    if (error) return socket + ": " + error.message();
    return std::nullopt;
}

Response response_of(const http::response<http::string_body>& message)
{
    Response response;
    response.status = static_cast<int>(message.result_int());
    response.content_type = std::string{message[http::field::content_type]};
    response.body = message.body();
    return response;
}

// Tells of the whole lines at the beginning of `text` and removes them.
void take_lines(std::string& text, const std::function<void(std::string_view)>& on_line)
{
    std::size_t begin = 0;
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
        on_line(std::string_view{text}.substr(begin, end - begin));
        begin = end + 1;
    }
    text.erase(0, begin);
}

}  // namespace

Result<Response, std::string> call(const std::string& socket, const std::string& method,
                                   const std::string& target, const std::string& body)
{
    asio::io_context loop;
    Socket stream{loop};
    if (auto error = connect(stream, socket)) return failure(*std::move(error));
    if (auto error = send(stream, socket, method, target, body)) return failure(*std::move(error));
    boost::beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(kMaxAnswer);
    boost::system::error_code error;
    http::read(stream, buffer, parser, error);
    if (error && error != http::error::end_of_stream)
        return failure(socket + ": " + error.message());
    return response_of(parser.get());
}

Result<Response, std::string> call_for_lines(const std::string& socket, const std::string& method,
                                             const std::string& target,
                                             const std::function<void(std::string_view)>& on_line,
                                             const std::string& body)
{
    asio::io_context loop;
    Socket stream{loop};
    if (auto error = connect(stream, socket)) return failure(*std::move(error));
    if (auto error = send(stream, socket, method, target, body)) return failure(*std::move(error));
    boost::beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(kMaxAnswer);
    parser.eager(true);
    boost::system::error_code error;
    while (!parser.is_done()) {
        http::read_some(stream, buffer, parser, error);
        if (error) return failure(socket + ": " + error.message());
        constexpr unsigned kRefused = 300;
        if (parser.is_header_done() && parser.get().result_int() < kRefused)
            take_lines(parser.get().body(), on_line);
    }
    return response_of(parser.get());
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
