#include "acme/server.h"

#include "acme/jws.h"
#include "core/assert.h"
#include "core/text.h"

#include <fmt/format.h>

#include <utility>

namespace hermetic::acme {
namespace {

constexpr int kMaxTries = 5;  // of a request whose nonce is not taken
constexpr int kLowestError = 300;

// A refusal, in the server's words.
Trouble refusal_of(const std::string& url, const HttpAnswer& answer)
{
    const Problem problem = parse_problem(answer.body);
    Trouble trouble{
        Trouble::Kind::Failed,
        fmt::format("{}: {} {}: {}", printable(url), answer.status, problem.type, problem.detail)};
    trouble.type = problem.type;
    if (const auto seconds = parse_retry_after(answer.retry_after))
        trouble.retry_after = std::chrono::seconds{*seconds};
    return trouble;
}

}  // namespace

net::Task<Result<HttpAnswer, Trouble>> Server::send(HttpRequest request)
{
    request.ca = ca_;
    auto answer = co_await transport_.exchange(std::move(request), deadline_);
    if (answer && !answer->nonce.empty()) nonce_ = answer->nonce;
    co_return answer;
}

net::Task<Result<void, Trouble>> Server::open()
{
    HttpRequest request;
    request.url = url_;
    auto answer = co_await send(std::move(request));
    if (!answer) co_return failure(answer.error());
    if (answer->status >= kLowestError) co_return failure(refusal_of(url_, *answer));
    auto directory = parse_directory(answer->body);
    if (!directory)
        co_return failure(
            Trouble{Trouble::Kind::Failed, printable(url_) + ": " + directory.error()});
    directory_ = *std::move(directory);
    co_return Result<void, Trouble>{};
}

void Server::sign_as(const tls::SigningKey& key, std::string account)
{
    key_ = key;
    account_ = std::move(account);
}

net::Task<Result<void, Trouble>> Server::need_nonce()
{
    if (!nonce_.empty()) co_return Result<void, Trouble>{};
    HttpRequest request;
    request.method = HttpRequest::Method::Head;
    request.url = directory_.new_nonce;
    auto answer = co_await send(std::move(request));
    if (!answer) co_return failure(answer.error());
    if (answer->status >= kLowestError)
        co_return failure(refusal_of(directory_.new_nonce, *answer));
    if (nonce_.empty())
        co_return failure(Trouble{Trouble::Kind::Failed,
                                  printable(directory_.new_nonce) + ": it has no Replay-Nonce"});
    co_return Result<void, Trouble>{};
}

net::Task<Result<HttpAnswer, Trouble>> Server::post(std::string url, std::string payload)
{
    HERMETIC_ASSERT(key_.has_value());
    for (int tries = 1;; ++tries) {
        auto ready = co_await need_nonce();
        if (!ready) co_return failure(ready.error());
        HttpRequest request;
        request.method = HttpRequest::Method::Post;
        request.url = url;
        request.body = sign_request(*key_, {std::exchange(nonce_, {}), url, account_}, payload);
        auto answer = co_await send(std::move(request));
        if (!answer || answer->status < kLowestError) co_return answer;
        Trouble trouble = refusal_of(url, *answer);
        if (trouble.type != "badNonce" || tries == kMaxTries) co_return failure(trouble);
    }
}

net::Task<Result<HttpAnswer, Trouble>> Server::read(std::string url)
{
    co_return co_await post(std::move(url), std::string{});
}

}  // namespace hermetic::acme
