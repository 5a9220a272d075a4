#include "acme/fake_server_fixture.h"

#include "core/text.h"

#include <algorithm>

namespace hermetic::acme {
namespace {

constexpr const char* kUrl = "https://acme.test";

std::string from_base64url(std::string text)
{
    std::replace(text.begin(), text.end(), '-', '+');
    std::replace(text.begin(), text.end(), '_', '/');
    while (text.size() % 4 != 0) text += '=';
    return from_base64(text).value_or("");
}

HttpAnswer say(int status, const boost::json::object& body)
{
    HttpAnswer answer;
    answer.status = status;
    answer.body = boost::json::serialize(body);
    return answer;
}

HttpAnswer refuse(int status, const std::string& type)
{
    return say(status, {{"type", "urn:ietf:params:acme:error:" + type}, {"detail", "no " + type}});
}

}  // namespace

net::Task<Result<HttpAnswer, Trouble>> FakeServer::exchange(HttpRequest request,
                                                            Instant /*deadline*/)
{
    if (is_gone) co_return failure(Trouble{Trouble::Kind::Failed, request.url + ": it is gone"});
    HttpAnswer said = answer(request);
    said.nonce = "nonce";
    co_return said;
}

HttpAnswer FakeServer::answer(const HttpRequest& request)
{
    const std::string path = request.url.substr(std::string{kUrl}.size());
    const std::string url = kUrl;
    if (request.method == HttpRequest::Method::Head) return say(200, {});
    if (request.method == HttpRequest::Method::Get) {
        return say(200, {{"newNonce", url + "/new-nonce"},
                         {"newAccount", url + "/new-account"},
                         {"newOrder", url + "/new-order"},
                         {"renewalInfo", url + "/renewal-info"},
                         {"meta",
                          {{"profiles", {{"short", "six days"}}},
                           {"externalAccountRequired", binds_accounts && says_that_it_binds}}}});
    }
    const auto jws = boost::json::parse(request.body).as_object();
    const auto header =
        boost::json::parse(from_base64url(jws.at("protected").as_string().c_str())).as_object();
    const std::string payload = from_base64url(jws.at("payload").as_string().c_str());
    called.push_back(path + " " + payload);
    if (std::exchange(refuses_a_nonce, false)) return refuse(400, "badNonce");
    return post(path, header, payload);
}

HttpAnswer FakeServer::new_account(const boost::json::object& header, const std::string& payload)
{
    if (refuses_accounts.status != 0) return refuses_accounts;
    if (binds_accounts && payload.find("externalAccountBinding") == std::string::npos)
        return refuse(403, "externalAccountRequired");
    const std::string key = boost::json::serialize(header.at("jwk"));
    if (closes_known_keys && closed_.empty()) closed_.insert(key);
    if (closed_.contains(key)) return refuse(403, "unauthorized");
    const bool known = keys_.contains(key) && accounts.contains(keys_[key]);
    if (!known) keys_[key] = std::string{kUrl} + "/account/" + std::to_string(called.size());
    accounts.insert(keys_[key]);
    auto answer = say(known ? 200 : 201, {{"status", "valid"}});
    answer.location = keys_[key];
    return answer;
}

HttpAnswer FakeServer::post(const std::string& path, const boost::json::object& header,
                            const std::string& payload)
{
    if (path == "/new-account") return new_account(header, payload);
    const auto* const account = header.if_contains("kid");
    if (account == nullptr || !accounts.contains(account->as_string().c_str()))
        return refuse(400, "accountDoesNotExist");
    const std::string url = kUrl;
    if (path == "/new-order") {
        if (refuses_orders.status != 0) return refuses_orders;
        order_ = status_ = "pending";
        domain_ = boost::json::parse(payload).at("identifiers").at(0).at("value").as_string();
    }
    if (path == "/challenge/" + domain_) {
        on_challenge();
        status_ = "valid";
        order_ = "ready";
        return say(200, {});
    }
    if (path == "/finalize") order_ = "valid";
    if (path == "/authorization") {
        boost::json::array challenges;
        for (const std::string& each : offers) {
            boost::json::object one{{"type", each}, {"url", url + "/challenge/" + domain_}};
            if (each != "dns-persist-01") one["token"] = "the-token";
            challenges.push_back(std::move(one));
        }
        return say(200, {{"status", status_},
                         {"identifier", {{"type", "dns"}, {"value", domain_}}},
                         {"challenges", std::move(challenges)}});
    }
    if (path == "/certificate") {
        HttpAnswer answer;
        answer.status = 200;
        answer.body = issue();
        return answer;
    }
    boost::json::object order{{"status", order_},
                              {"authorizations", boost::json::array{url + "/authorization"}},
                              {"finalize", url + "/finalize"}};
    if (order_ == "valid") order["certificate"] = url + "/certificate";
    auto answer = say(path == "/new-order" ? 201 : 200, order);
    answer.location = url + "/order";
    return answer;
}

}  // namespace hermetic::acme
