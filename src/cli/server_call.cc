#include "cli/server_call.h"

#include "admin/client.h"
#include "cli/cli.h"
#include "cli/complaint.h"
#include "config/diagnostic.h"
#include "config/options.h"

#include <boost/json.hpp>

#include <cstdio>

namespace hermetic::cli {
namespace {

// The socket, or an empty string after saying why there is none.
std::string find_socket(const ServerChoice& server)
{
    if (!server.socket.empty()) return server.socket;
    std::string found = config::find_admin_socket(server.config);
    if (found.empty()) {
        complain({server.config + " does not name the control socket", "--socket PATH"});
    }
    return found;
}

int say_refusal(const admin::Response& response)
{
    boost::system::error_code error;
    const auto body = boost::json::parse(response.body, error);
    if (error || !body.is_object()) {
        complain({"the server answered " + std::to_string(response.status)});
        return kFailed;
    }
    Complaint complaint{text_of(body, "error"), text_of(body, "expected"), text_of(body, "reason")};
    const auto* diagnostics = body.as_object().if_contains("diagnostics");
    if (diagnostics != nullptr && diagnostics->is_array()) {
        for (const auto& each : diagnostics->as_array()) {
            complaint.diagnostics.push_back(
                {text_of(each, "file"), static_cast<unsigned>(number_of(each, "line")),
                 text_of(each, "key"), text_of(each, "what"), text_of(each, "expected")});
        }
    }
    complain(complaint);
    return complaint.reason == "conflict" ? kConflict : kFailed;
}

// nullopt after having said why; `code` is then the exit code.
std::optional<admin::Response> ask(const ServerChoice& server, const std::string& method,
                                   const std::string& target, const std::string& body, int& code)
{
    const std::string socket = find_socket(server);
    code = kUsage;
    if (socket.empty()) return std::nullopt;
    auto response = admin::call(socket, method, target, body);
    if (!response) {
        complain({response.error(), {}, "unreachable"});
        code = kUnreachable;
        return std::nullopt;
    }
    code = response->status < 300 ? kDone : say_refusal(*response);
    if (code != kDone) return std::nullopt;
    return std::move(*response);
}

}  // namespace

int call_server(const ServerChoice& server, const std::string& method, const std::string& target,
                Output output, const std::function<void(const boost::json::value&)>& show)
{
    int code = kDone;
    const auto response = ask(server, method, target, {}, code);
    if (!response) return code;
    if (output == Output::Json) {
        std::printf("%s\n", response->body.c_str());
        return kDone;
    }
    const auto body = parse_answer(response->body);
    if (body.is_null()) return kFailed;
    show(body);
    return kDone;
}

std::optional<std::string> ask_server(const ServerChoice& server, const std::string& method,
                                      const std::string& target, const std::string& body, int& code)
{
    auto response = ask(server, method, target, body, code);
    if (!response) return std::nullopt;
    return std::move(response->body);
}

boost::json::value parse_answer(const std::string& body)
{
    boost::system::error_code error;
    auto value = boost::json::parse(body, error);
    if (!error && value.is_object()) return value;
    complain({"the server's answer is not JSON"});
    return nullptr;
}

int read_lines_from_server(const ServerChoice& server, const std::string& method,
                           const std::string& target,
                           const std::function<void(std::string_view)>& on_line)
{
    const std::string socket = find_socket(server);
    if (socket.empty()) return kUsage;
    const auto response = admin::call_for_lines(socket, method, target, on_line);
    if (!response) {
        complain({response.error(), {}, "unreachable"});
        return kUnreachable;
    }
    return response->status < 300 ? kDone : say_refusal(*response);
}

std::optional<std::string> stream_from_server(const ServerChoice& server, const std::string& method,
                                              const std::string& target, const std::string& body,
                                              const std::function<void(std::string_view)>& on_line)
{
    const std::string socket = find_socket(server);
    if (socket.empty()) return "there is no control socket";
    const auto response = admin::call_for_lines(socket, method, target, on_line, body);
    if (!response) return response.error();
    if (response->status < 300) return std::nullopt;
    boost::system::error_code error;
    const auto refusal = boost::json::parse(response->body, error);
    std::string words = error ? std::string{} : text_of(refusal, "error");
    if (words.empty()) words = "the server answered " + std::to_string(response->status);
    return words;
}

int print_from_server(const ServerChoice& server, const std::string& target)
{
    int code = kDone;
    const auto response = ask(server, "GET", target, {}, code);
    if (response) std::fputs(response->body.c_str(), stdout);
    return code;
}

std::string text_of(const boost::json::value& value, std::string_view key)
{
    const auto* object = value.if_object();
    const auto* member = object != nullptr ? object->if_contains(key) : nullptr;
    if (member == nullptr) return {};
    if (const auto* text = member->if_string()) return {text->data(), text->size()};
    return boost::json::serialize(*member);
}

std::int64_t number_of(const boost::json::value& value, std::string_view key)
{
    const auto* object = value.if_object();
    const auto* member = object != nullptr ? object->if_contains(key) : nullptr;
    if (member == nullptr || !member->is_number()) return 0;
    boost::system::error_code error;
    const auto number = member->to_number<std::int64_t>(error);
    return error ? 0 : number;
}

}  // namespace hermetic::cli
