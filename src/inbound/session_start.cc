// Before the first command: PROXY header, admission of the client behind it, implicit TLS.
#include "events/publisher.h"
#include "facts/reasons.h"
#include "inbound/refusals.h"
#include "inbound/service.h"
#include "inbound/session.h"
#include "metrics/metrics.h"
#include "net/core.h"
#include "smtp/proxy_header.h"

#include <algorithm>

namespace hermetic::inbound {
namespace {

using metrics::Metric;

constexpr std::size_t kV2Fixed = 16;
constexpr std::size_t kSignature = 12;  // shorter than every header of both versions

// How many octets surely belong to the header that begins with `header`, beyond those.
std::size_t missing(std::string_view header)
{
    if (header.size() < kSignature) return kSignature - header.size();
    if (header.front() == 'P') return 1;  // version 1 ends where its CRLF does
    if (header.size() < kV2Fixed) return kV2Fixed - header.size();
    const auto octet = [&header](std::size_t i) { return static_cast<unsigned char>(header[i]); };
    return kV2Fixed + (std::size_t{octet(14)} << 8 | octet(15)) - header.size();
}

}  // namespace

net::Task<bool> Session::prepare()
{
    allow(listener_->smtp.limits.handshake_timeout);
    const auto& proxies = listener_->options.proxy_networks;
    const bool behind_proxy =
        std::any_of(proxies.begin(), proxies.end(),
                    [this](const Network& network) { return network.contains(client_.address); });
    if (behind_proxy && !co_await read_proxy_header()) co_return false;
    if (!may_use_listener()) {
        co_await turn_away(refusal::kListenerNotYourNetwork);
        co_return false;
    }
    if (listener_->options.tls != config::ListenerTls::Implicit) co_return true;
    auto context = service_.tls(listener_->options.name);
    if (!context) {
        ended_ = facts::name(facts::Reason::TlsUnavailable);
        co_return false;
    }
    co_return co_await shake_hands(std::move(context));
}

// Reads the header and not one octet more: a TLS hello may follow at once.
net::Task<bool> Session::read_proxy_header()
{
    std::string header;
    for (;;) {
        auto more = co_await stream_->read_exactly(missing(header));
        if (!more) {
            ended_ = net::name(more.error().kind);
            co_return false;
        }
        header += *more;
        const auto parsed = smtp::parse_proxy_header(header);
        if (!parsed && parsed.error() == smtp::ProxyError::Incomplete) continue;
        if (!parsed) {
            ended_ = facts::name(facts::Reason::ProxyMalformed);
            co_return false;
        }
        // LOCAL or UNKNOWN (§2.1, §2.2): the proxy looking whether we live, or somebody it cannot
        // name. The connection is served, without any right of the proxy's.
        proxied_ = true;
        client_unknown_ = !parsed->route;
        if (client_unknown_) break;
        client_ = parsed->route->source;
        own_address_ = parsed->route->destination.address;
        break;
    }
    co_return co_await count_client();
}

net::Task<bool> Session::count_client()
{
    const Rates rates = rates_for(*service_.snapshot(), evident_client());
    if (const auto* refused = ticket_.count_as(client_.address, rates, now())) {
        co_await turn_away(*refused);
        co_return false;
    }
    co_return true;
}

net::Task<> Session::turn_away(const smtp::RefusalKind& why)
{
    ended_ = facts::name(why.reason);
    events::ClientTurnedAway away{id_, listener_->options.name, client_, why.reason};
    service_.environment().events.publish(std::move(away));
    if (listener_->options.tls == config::ListenerTls::Implicit) co_return;  // it would expect TLS
    std::string line;
    smtp::append_refusal(line, why, {}, {listener_->smtp.hostname, wall(), id_});
    (void)co_await stream_->write(line);
}

// Old versions of TLS are for named networks; who is not known is in none.
bool Session::may_use_listener() const
{
    if (!listener_->options.is_legacy()) return true;
    const IpAddress client = evident_client();
    const auto& networks = listener_->options.legacy_networks;
    return !client.is_unspecified() &&
           std::any_of(networks.begin(), networks.end(),
                       [&client](const Network& network) { return network.contains(client); });
}

net::Task<bool> Session::shake_hands(std::shared_ptr<const tls::ServerContext> context)
{
    metrics::Metrics& metrics = service_.environment().metrics;
    allow(listener_->smtp.limits.handshake_timeout);
    auto evidence = co_await stream_->start_tls(std::move(context));
    if (!evidence) {
        metrics.add(Metric::HandshakesFailed);
        tls_failure_ = std::make_unique<facts::TlsFailure>(std::move(evidence.error()));
        ended_ = facts::name(facts::Reason::TlsHandshakeFailed);
        co_return false;
    }
    metrics.add(Metric::HandshakesOk);
    tls_ = std::make_shared<const facts::TlsEvidence>(std::move(*evidence));
    co_return true;
}

}  // namespace hermetic::inbound
