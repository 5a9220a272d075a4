#include "acme/responder.h"

#include "acme/http_request.h"
#include "net/core.h"
#include "tls/acme_challenge.h"

#include <utility>

namespace hermetic::acme {
namespace {

constexpr Duration kLimit = std::chrono::seconds{10};  // of one connection
constexpr int kMaxConnections = 50;
constexpr int kMaxHeaderLines = 100;
constexpr std::size_t kMaxLine = 4096;

}  // namespace

Responder::Responder(net::Core& core, Challenge challenge, const Challenges& challenges)
    : core_{core}, challenge_{challenge}, challenges_{challenges}, tasks_{core}
{
}

Result<std::unique_ptr<Responder>, std::string> Responder::start(net::Core& core,
                                                                 Challenge challenge,
                                                                 const std::vector<Endpoint>& at,
                                                                 const Challenges& challenges)
{
    std::unique_ptr<Responder> made{new Responder{core, challenge, challenges}};
    for (const Endpoint& each : at) {
        auto acceptor = net::Acceptor::listen(core, each);
        if (!acceptor) return failure(each.format() + ": " + acceptor.error().words);
        made->acceptors_.push_back(*std::move(acceptor));
    }
    Responder* const self = made.get();
    for (const auto& each : made->acceptors_) {
        made->tasks_.spawn(
            each->run([self](net::Accepted accepted) { self->take(std::move(accepted)); },
                      [](const std::string&) {}));
    }
    return made;
}

net::Task<> Responder::stop()
{
    for (const auto& each : acceptors_) each->close();
    co_await tasks_.join();
}

std::vector<Endpoint> Responder::bound() const
{
    std::vector<Endpoint> all;
    for (const auto& each : acceptors_) all.push_back(each->local());
    return all;
}

void Responder::take(net::Accepted accepted)
{
    if (serving_ >= kMaxConnections) return;
    auto stream = net::adopt(core_, std::move(accepted));
    if (!stream) return;
    ++serving_;
    tasks_.spawn(serve(*std::move(stream)));
}

net::Task<> Responder::serve(std::unique_ptr<net::Stream> stream)
{
    stream->until(core_.clock().now() + kLimit);
    if (challenge_ == Challenge::Http01) {
        co_await serve_http(*stream);
    } else {
        co_await serve_tls(*stream);
    }
    stream->close();
    --serving_;
}

net::Task<> Responder::serve_http(net::Stream& stream)
{
    auto line = co_await stream.read_line(kMaxLine);
    if (!line || line->has_bare_lf) co_return;
    const auto token = requested_token(line->text);
    std::optional<std::string> proof;
    if (token) proof = challenges_.find(*token);
    for (int lines = 0; lines < kMaxHeaderLines; ++lines) {
        line = co_await stream.read_line(kMaxLine);
        if (!line || line->has_bare_lf) co_return;
        if (line->text.empty()) break;
    }
    const std::string answer = http_answer(proof);
    const auto written = co_await stream.write(answer);
    static_cast<void>(written);
}

net::Task<> Responder::serve_tls(net::Stream& stream)
{
    std::vector<tls::AcmeProof> proofs;
    for (const auto& [domain, proof] : challenges_.all()) proofs.push_back({domain, proof});
    auto context = tls::make_challenge_context(proofs);
    if (!context) co_return;
    const auto shaken = co_await stream.start_tls(*std::move(context));
    static_cast<void>(shaken);
}

}  // namespace hermetic::acme
