#include "lab/lab.h"

#include "core/assert.h"
#include "lab/dns_server.h"
#include "lab/partner.h"
#include "lab/partners.h"
#include "lab/pki.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <thread>

namespace hermetic::lab {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using Error = boost::system::error_code;

constexpr int kPortAttempts = 50;

// 127.20.0.0/16 is the lab's; a partner keeps its address while the table keeps its order.
IpAddress partner_address(std::size_t place)
{
    return IpAddress::v4({127, 20, static_cast<std::uint8_t>(place / 200),
                          static_cast<std::uint8_t>(place % 200 + 1)});
}

const IpAddress& dead_address()
{
    static const IpAddress address = IpAddress::v4({127, 20, 255, 1});
    return address;
}

const IpAddress& ipv6_loopback()
{
    static const IpAddress address = *IpAddress::parse("::1");
    return address;
}

std::optional<tcp::acceptor> listen(asio::io_context& context, const Endpoint& endpoint,
                                    Error& error)
{
    const tcp::endpoint where{asio::ip::make_address(endpoint.address.format()), endpoint.port};
    tcp::acceptor acceptor{context};
    acceptor.open(where.protocol(), error);
    if (error) return std::nullopt;
    acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
    acceptor.bind(where, error);
    if (error) return std::nullopt;
    acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return std::nullopt;
    return acceptor;
}

// A machine without IPv6 can have all other partners.
bool is_missing_protocol(const Error& error)
{
    return error == asio::error::address_family_not_supported ||
           error == boost::system::errc::address_not_available;
}

}  // namespace

struct Lab::Parts {
    explicit Parts(LabOptions given) : options{std::move(given)}
    {
        const auto file = options.directory.empty() ? std::filesystem::path{}
                                                    : options.directory / "records.jsonl";
        book = std::make_unique<RecordBook>(RecordBook::Limits{}, file);
    }

    Result<void, LabError> choose_partners();
    Result<void, LabError> bind_partners();
    bool try_port(std::uint16_t wanted, std::vector<std::optional<tcp::acceptor>>& acceptors);
    Result<void, LabError> bind_dns();
    void make_servers(std::vector<std::optional<tcp::acceptor>> acceptors);
    [[nodiscard]] ZoneData zone_data() const;

    LabOptions options;
    std::unique_ptr<RecordBook> book;
    Pki pki;
    std::uint16_t port = 0;
    std::uint16_t dns_port = 0;
    std::vector<PlacedPartner> placed;
    // Declared before what uses it, so that it is destroyed after.
    asio::io_context context{1};
    std::vector<std::unique_ptr<Partner>> servers;
    std::unique_ptr<DnsServer> dns;
    std::thread thread;
};

Result<void, LabError> Lab::Parts::choose_partners()
{
    for (const auto& name : options.only) {
        if (find_partner(name) == nullptr) {
            return failure(LabError{LabError::Kind::UnknownPartner, name});
        }
    }
    const auto& table = all_partners();
    for (std::size_t place = 0; place < table.size(); ++place) {
        const Behaviour& behaviour = table[place];
        if (!options.only.empty() &&
            std::ranges::find(options.only, behaviour.name) == options.only.end()) {
            continue;
        }
        const bool six = behaviour.zone == Zone::Ipv6Only;
        placed.push_back({&behaviour,
                          domain_of(behaviour),
                          {six ? ipv6_loopback() : partner_address(place), 0},
                          has_server(behaviour),
                          {}});
    }
    return {};
}

Result<void, LabError> Lab::Parts::bind_partners()
{
    for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
        std::vector<std::optional<tcp::acceptor>> acceptors;
        if (try_port(options.port, acceptors)) {
            make_servers(std::move(acceptors));
            return {};
        }
        if (options.port != 0) break;
    }
    return failure(LabError{LabError::Kind::NoPort,
                            options.port == 0 ? "no port is free on every partner's address"
                                              : fmt::format("port {} is taken", options.port)});
}

// One acceptor for each placed partner, nullopt where none runs. The first free port that the
// kernel gives must be free on all addresses.
bool Lab::Parts::try_port(std::uint16_t wanted,
                          std::vector<std::optional<tcp::acceptor>>& acceptors)
{
    port = wanted;
    for (auto& partner : placed) {
        acceptors.emplace_back(std::nullopt);
        if (!has_server(*partner.behaviour)) continue;
        Error error;
        auto acceptor = listen(context, {partner.address.address, port}, error);
        if (error && partner.address.address.is_v6() && is_missing_protocol(error)) {
            partner.is_running = false;
            continue;
        }
        if (!acceptor) return false;
        if (port == 0) port = acceptor->local_endpoint().port();
        acceptors.back() = std::move(acceptor);
    }
    return true;
}

void Lab::Parts::make_servers(std::vector<std::optional<tcp::acceptor>> acceptors)
{
    constexpr long kFirstLeafSerial = 100;
    for (std::size_t i = 0; i < placed.size(); ++i) {
        placed[i].address.port = port;
        if (!acceptors[i]) continue;
        const Behaviour& behaviour = *placed[i].behaviour;
        const long place = &behaviour - all_partners().data();
        auto credentials = pki.issue(behaviour, kFirstLeafSerial + place);
        placed[i].key_pin = key_pin(*credentials.leaf.certificate);
        TlsServer tls{behaviour, std::move(credentials), pki.root()};
        servers.push_back(
            std::make_unique<Partner>(behaviour, std::move(*acceptors[i]), std::move(tls), *book,
                                      PartnerLimits{.connection_time = options.connection_time,
                                                    .keep_body = options.keep_body,
                                                    .offers_auth = options.offers_auth}));
    }
}

Result<void, LabError> Lab::Parts::bind_dns()
{
    const auto loopback = asio::ip::address_v4::loopback();
    for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
        Error error;
        udp::socket socket{context};
        socket.open(udp::v4(), error);
        socket.bind({loopback, options.dns_port}, error);
        if (!error) {
            const std::uint16_t chosen = socket.local_endpoint().port();
            auto acceptor = listen(context, {IpAddress::v4({127, 0, 0, 1}), chosen}, error);
            if (acceptor) {
                dns_port = chosen;
                dns = std::make_unique<DnsServer>(std::move(socket), std::move(*acceptor),
                                                  zone_data(), UnknownZones::NxDomain);
                return {};
            }
        }
        if (options.dns_port != 0) break;
    }
    return failure(LabError{LabError::Kind::NoPort,
                            fmt::format("port {} for DNS is taken", options.dns_port)});
}

ZoneData Lab::Parts::zone_data() const
{
    std::vector<Placement> placements;
    for (const auto& partner : placed) {
        placements.push_back({partner.behaviour, partner.address.address});
    }
    return make_zone_data(placements, dead_address());
}

std::string describe(const LabError& error)
{
    switch (error.kind) {
    case LabError::Kind::UnknownPartner:
        return "no partner is called " + error.detail;
    case LabError::Kind::NoPort:
        return error.detail;
    case LabError::Kind::CannotWrite:
        return "cannot write to " + error.detail;
    }
    unreachable("every LabError::Kind is handled above");
}

Lab::Lab(LabOptions options) : parts_{std::make_unique<Parts>(std::move(options))}
{
}

Lab::~Lab()
{
    stop();
}

Result<void, LabError> Lab::start()
{
    Parts& parts = *parts_;
    HERMETIC_ASSERT(!parts.thread.joinable());
    if (auto chosen = parts.choose_partners(); !chosen) return chosen;
    if (auto bound = parts.bind_partners(); !bound) return bound;
    if (auto bound = parts.bind_dns(); !bound) return bound;
    if (!parts.options.directory.empty()) {
        if (!parts.pki.write(parts.options.directory) || !parts.book->is_writing()) {
            return failure(LabError{LabError::Kind::CannotWrite, parts.options.directory.string()});
        }
    }
    for (const auto& server : parts.servers) server->start();
    parts.dns->start();
    parts.thread = std::thread{[&parts] { parts.context.run(); }};
    return {};
}

void Lab::stop()
{
    Parts& parts = *parts_;
    if (!parts.thread.joinable()) return;
    asio::post(parts.context, [&parts] {
        for (const auto& server : parts.servers) server->stop();
        parts.dns->stop();
    });
    // run() returns when the last dialogue has ended: every wait of theirs was just cancelled.
    parts.thread.join();
}

std::uint16_t Lab::port() const
{
    return parts_->port;
}

Endpoint Lab::dns_endpoint() const
{
    return {IpAddress::v4({127, 0, 0, 1}), parts_->dns_port};
}

const std::vector<PlacedPartner>& Lab::partners() const
{
    return parts_->placed;
}

const PlacedPartner* Lab::find(std::string_view name) const
{
    for (const auto& partner : parts_->placed) {
        if (partner.behaviour->name == name) return &partner;
    }
    return nullptr;
}

const LabOptions& Lab::options() const
{
    return parts_->options;
}

RecordBook& Lab::book()
{
    return *parts_->book;
}

std::vector<std::string> Lab::dns_questions() const
{
    return parts_->dns->questions();
}

std::string Lab::ca_pem() const
{
    return to_pem(*parts_->pki.root());
}

std::string Lab::crl_pem() const
{
    return to_pem(*parts_->pki.crl());
}

}  // namespace hermetic::lab
