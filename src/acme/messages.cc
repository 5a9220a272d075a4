#include "acme/messages.h"

#include "acme/jws.h"
#include "core/text.h"

#include <boost/json.hpp>

#include <algorithm>

namespace hermetic::acme {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxWords = 400;
constexpr std::size_t kMaxDepth = 16;
constexpr std::size_t kMaxList = 200;  // authorizations of an order, challenges of one of them
constexpr std::uint32_t kDay = 24 * 60 * 60;

std::optional<json::object> parse(std::string_view text)
{
    json::parse_options options;
    options.max_depth = kMaxDepth;
    boost::system::error_code error;
    auto value = json::parse({text.data(), text.size()}, error, {}, options);
    if (error || !value.is_object()) return std::nullopt;
    return std::move(value.as_object());
}

std::string text_in(const json::object& object, std::string_view key)
{
    const auto* const found = object.if_contains({key.data(), key.size()});
    if (found == nullptr || !found->is_string()) return {};
    return {found->as_string().data(), found->as_string().size()};
}

const json::array* list_in(const json::object& object, std::string_view key)
{
    const auto* const found = object.if_contains({key.data(), key.size()});
    return found == nullptr ? nullptr : found->if_array();
}

Status status_in(const json::object& object)
{
    const std::string text = text_in(object, "status");
    if (text == "pending") return Status::Pending;
    if (text == "ready") return Status::Ready;
    if (text == "processing") return Status::Processing;
    if (text == "valid") return Status::Valid;
    // An authorization that is no good any more is as good as an invalid one.
    for (const auto* each : {"invalid", "deactivated", "expired", "revoked"}) {
        if (text == each) return Status::Invalid;
    }
    return Status::Unknown;
}

Problem problem_of(const json::object& object)
{
    constexpr std::string_view kPrefix = "urn:ietf:params:acme:error:";
    Problem problem{text_in(object, "type"), text_in(object, "detail")};
    if (problem.type.starts_with(kPrefix)) problem.type.erase(0, kPrefix.size());
    if (const auto* more = list_in(object, "subproblems")) {
        for (const auto& each : *more) {
            if (each.is_object()) problem.detail += "; " + text_in(each.as_object(), "detail");
        }
    }
    problem.type = printable(problem.type, kMaxWords);
    problem.detail = printable(problem.detail, kMaxWords);
    return problem;
}

std::optional<Problem> error_in(const json::object& object)
{
    const auto* const found = object.if_contains("error");
    if (found == nullptr || !found->is_object()) return std::nullopt;
    return problem_of(found->as_object());
}

auto no_answer(const char* what)
{
    return failure("the ACME server's answer is not a valid " + std::string{what});
}

json::value contacts(std::string_view contact)
{
    return json::array{"mailto:" + std::string{contact}};
}

}  // namespace

Result<Directory, std::string> parse_directory(std::string_view text)
{
    const auto object = parse(text);
    if (!object) return no_answer("directory");
    Directory directory{text_in(*object, "newNonce"), text_in(*object, "newAccount"),
                        text_in(*object, "newOrder")};
    if (directory.new_nonce.empty() || directory.new_account.empty() || directory.new_order.empty())
        return no_answer("directory");
    const auto* const meta = object->if_contains("meta");
    if (meta != nullptr && meta->is_object()) {
        const auto* const binds = meta->as_object().if_contains("externalAccountRequired");
        directory.binds_accounts = binds != nullptr && binds->is_bool() && binds->as_bool();
    }
    return directory;
}

Result<ServerOrder, std::string> parse_order(std::string_view text)
{
    const auto object = parse(text);
    const auto* const list = object ? list_in(*object, "authorizations") : nullptr;
    if (list == nullptr || list->size() > kMaxList) return no_answer("order");
    ServerOrder order;
    order.status = status_in(*object);
    for (const auto& each : *list) {
        if (!each.is_string()) return no_answer("order");
        order.authorizations.emplace_back(each.as_string().data(), each.as_string().size());
    }
    order.finalize = text_in(*object, "finalize");
    order.certificate = text_in(*object, "certificate");
    order.problem = error_in(*object);
    return order;
}

Result<Authorization, std::string> parse_authorization(std::string_view text)
{
    const auto object = parse(text);
    const auto* const identifier = object ? object->if_contains("identifier") : nullptr;
    const auto* const list = object ? list_in(*object, "challenges") : nullptr;
    if (identifier == nullptr || !identifier->is_object() || list == nullptr ||
        list->size() > kMaxList)
        return no_answer("authorization");
    Authorization authorization;
    authorization.domain = text_in(identifier->as_object(), "value");
    authorization.status = status_in(*object);
    for (const auto& each : *list) {
        if (!each.is_object()) continue;
        const auto& challenge = each.as_object();
        authorization.challenges.push_back({text_in(challenge, "type"), text_in(challenge, "url"),
                                            text_in(challenge, "token"), error_in(challenge)});
    }
    return authorization;
}

Result<Status, std::string> parse_account(std::string_view text)
{
    const auto object = parse(text);
    if (!object) return no_answer("account");
    return status_in(*object);
}

Problem parse_problem(std::string_view text)
{
    const auto object = parse(text);
    if (object) return problem_of(*object);
    return {"", printable(text.substr(0, kMaxWords), kMaxWords)};
}

std::optional<std::uint32_t> parse_retry_after(std::string_view value)
{
    const auto seconds = parse_decimal<std::uint64_t>(trim(value));
    if (!seconds) return std::nullopt;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(*seconds, kDay));
}

std::string account_payload(std::string_view contact, std::string_view binding)
{
    json::object payload{{"termsOfServiceAgreed", true}};
    if (!contact.empty()) payload["contact"] = contacts(contact);
    if (!binding.empty())
        payload["externalAccountBinding"] = json::parse({binding.data(), binding.size()});
    return json::serialize(payload);
}

std::string contact_payload(std::string_view contact)
{
    json::object payload{{"contact", contact.empty() ? json::array{} : contacts(contact)}};
    return json::serialize(payload);
}

std::string order_payload(const std::vector<std::string>& domains)
{
    json::array identifiers;
    for (const std::string& each : domains)
        identifiers.push_back(json::object{{"type", "dns"}, {"value", to_lower(each)}});
    return json::serialize(json::object{{"identifiers", identifiers}});
}

std::string finalize_payload(std::string_view request_der)
{
    return json::serialize(json::object{{"csr", to_base64url(request_der)}});
}

}  // namespace hermetic::acme
