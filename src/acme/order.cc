#include "acme/order.h"

#include "acme/account.h"
#include "acme/jws.h"
#include "acme/messages.h"
#include "acme/responder.h"
#include "acme/server.h"
#include "core/text.h"
#include "net/core.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace hermetic::acme {
namespace {

constexpr Duration kLimit = std::chrono::minutes{5};
constexpr Duration kShortestPoll = std::chrono::seconds{1};
constexpr Duration kLongestPoll = std::chrono::seconds{20};

using Done = Result<void, Trouble>;

Trouble trouble_of(std::string what)
{
    return {Trouble::Kind::Failed, std::move(what)};
}

std::string words_of(const std::optional<Problem>& problem)
{
    if (!problem) return "the ACME server does not say why";
    return problem->type + ": " + problem->detail;
}

// Of an authorization that failed: the challenge that did says why.
std::string words_of(const Authorization& authorization)
{
    for (const OfferedChallenge& each : authorization.challenges) {
        if (each.problem) return words_of(each.problem);
    }
    return words_of(std::optional<Problem>{});
}

class Placing {
public:
    Placing(net::Core& core, Transport& transport, Order order, tls::SigningKey key)
        : core_{core},
          order_{std::move(order)},
          key_{std::move(key)},
          files_{order_.folder + "/account.key", order_.folder + "/account"},
          server_{transport, order_.directory, order_.ca, core.clock().now() + kLimit}
    {
    }

    net::Task<Result<std::string, Trouble>> run()
    {
        auto opened = co_await server_.open();
        if (!opened) co_return failure(opened.error());
        auto chain = co_await with_account();
        if (responder_) co_await responder_->stop();
        co_return chain;
    }

private:
    // The recorded account; where the server knows it no more, one made anew.
    net::Task<Result<std::string, Trouble>> with_account()
    {
        auto placed = co_await begin(Keep::All);
        if (!placed && is_account_lost(placed.error())) placed = co_await begin(Keep::KeyOnly);
        if (!placed) co_return failure(placed.error());
        co_return co_await follow(*std::move(placed));
    }

    struct Placed {
        std::string url;
        ServerOrder order;
    };
    net::Task<Result<Placed, Trouble>> begin(Keep keep)
    {
        AccountWanted wanted{order_.directory, order_.contact, order_.eab_key_id,
                             order_.eab_hmac_file};
        auto account = co_await open_account(server_, files_, std::move(wanted), keep);
        if (!account) co_return failure(account.error());
        account_key_ = *std::move(account);
        auto answer =
            co_await server_.post(server_.directory().new_order, order_payload(order_.domains));
        if (!answer) co_return failure(answer.error());
        auto order = parse_order(answer->body);
        if (!order) co_return failure(trouble_of(order.error()));
        co_return Placed{answer->location, *std::move(order)};
    }

    net::Task<Result<std::string, Trouble>> follow(Placed placed)
    {
        for (const std::string& each : placed.order.authorizations) {
            auto proved = co_await begin_proof(each);
            if (!proved) co_return failure(proved.error());
        }
        for (const std::string& each : placed.order.authorizations) {
            auto proved = co_await await_proof(each);
            if (!proved) co_return failure(proved.error());
        }
        auto valid = co_await finalize(std::move(placed));
        if (!valid) co_return failure(valid.error());
        auto chain = co_await server_.read(valid->certificate);
        if (!chain) co_return failure(chain.error());
        co_return std::move(chain->body);
    }

    // Puts the proof where it is asked for, and says so.
    net::Task<Done> begin_proof(std::string url)
    {
        auto authorization = co_await read_authorization(url);
        if (!authorization) co_return failure(authorization.error());
        if (authorization->status == Status::Valid) co_return Done{};
        const auto found =
            std::find_if(authorization->challenges.begin(), authorization->challenges.end(),
                         [this](const auto& each) { return each.type == name(order_.challenge); });
        if (found == authorization->challenges.end())
            co_return failure(not_offered(*authorization));
        const OfferedChallenge challenge = *found;
        if (!responder_) {
            auto started = Responder::start(core_, order_.challenge, order_.at, challenges_);
            if (!started) co_return failure(trouble_of(started.error()));
            responder_ = *std::move(started);
        }
        const std::string proof = key_authorization(*account_key_, challenge.token);
        if (order_.challenge == Challenge::Http01) {
            challenges_.put(challenge.token, proof);
        } else {
            challenges_.put(authorization->domain, to_base64url(tls::sha256(proof)));
        }
        const auto answer = co_await server_.post(challenge.url, std::string{"{}"});
        if (!answer) co_return failure(answer.error());
        co_return Done{};
    }

    [[nodiscard]] Trouble not_offered(const Authorization& authorization) const
    {
        std::vector<std::string> types;
        for (const OfferedChallenge& each : authorization.challenges)
            types.push_back(printable(each.type));
        return trouble_of(fmt::format("{}: the ACME server does not offer {}, only: {}",
                                      printable(authorization.domain), name(order_.challenge),
                                      join(types, ", ")));
    }

    net::Task<Done> await_proof(std::string url)
    {
        for (;;) {
            auto authorization = co_await read_authorization(url);
            if (!authorization) co_return failure(authorization.error());
            if (authorization->status == Status::Valid) co_return Done{};
            if (authorization->status == Status::Invalid)
                co_return failure(
                    trouble_of(printable(authorization->domain) + ": " + words_of(*authorization)));
            auto paused = co_await pause();
            if (!paused) co_return paused;
        }
    }

    net::Task<Result<Authorization, Trouble>> read_authorization(std::string url)
    {
        auto answer = co_await server_.read(std::move(url));
        if (!answer) co_return failure(answer.error());
        retry_after_ = parse_retry_after(answer->retry_after);
        auto authorization = parse_authorization(answer->body);
        if (!authorization) co_return failure(trouble_of(authorization.error()));
        co_return *std::move(authorization);
    }

    // Until it is valid; the request is sent once, as soon as it is ready.
    net::Task<Result<ServerOrder, Trouble>> finalize(Placed placed)
    {
        ServerOrder order = std::move(placed.order);
        bool asked = false;
        for (bool first = true;; first = false) {
            if (!first) {
                auto answer = co_await server_.read(placed.url);
                if (!answer) co_return failure(answer.error());
                retry_after_ = parse_retry_after(answer->retry_after);
                auto read = parse_order(answer->body);
                if (!read) co_return failure(trouble_of(read.error()));
                order = *std::move(read);
            }
            if (order.status == Status::Valid) co_return order;
            if (order.status == Status::Invalid)
                co_return failure(trouble_of("the order failed: " + words_of(order.problem)));
            if (order.status == Status::Ready && !asked) {
                const std::string request = key_.certificate_request(order_.domains);
                auto answer = co_await server_.post(order.finalize, finalize_payload(request));
                if (!answer) co_return failure(answer.error());
                asked = true;
            } else if (!first) {
                auto paused = co_await pause();
                if (!paused) co_return failure(paused.error());
            }
        }
    }

    // As long as the server asks for, within reason.
    net::Task<Done> pause()
    {
        Duration pause = kShortestPoll;
        if (retry_after_)
            pause = std::clamp<Duration>(std::chrono::seconds{*retry_after_}, kShortestPoll,
                                         kLongestPoll);
        const Instant at = core_.clock().now() + pause;
        if (at > server_.deadline())
            co_return failure(trouble_of("the ACME server took longer than five minutes"));
        if (co_await net::sleep_until(core_, at) == net::Woken::OnTime) co_return Done{};
        co_return failure(Trouble{Trouble::Kind::Stopping, "the server is stopping"});
    }

    net::Core& core_;
    Order order_;
    tls::SigningKey key_;
    AccountFiles files_;
    Server server_;
    std::optional<tls::SigningKey> account_key_;
    Challenges challenges_;
    std::unique_ptr<Responder> responder_;
    std::optional<std::uint32_t> retry_after_;
};

}  // namespace

net::Task<Result<std::string, Trouble>> place_order(net::Core& core, Transport& transport,
                                                    Order order, tls::SigningKey key)
{
    Placing placing{core, transport, std::move(order), std::move(key)};
    co_return co_await placing.run();
}

}  // namespace hermetic::acme
