#include "daemon/acme_part.h"

#include "metrics/metrics.h"

#include <filesystem>

namespace hermetic::daemon {

AcmePart::AcmePart(net::Core& main, ledger::Log& log, metrics::Metrics& metrics,
                   const config::NodeOptions& options)
    : metrics_{metrics}, options_{options}, keeper_{main, log}, tasks_{main}
{
}

Result<void, std::string> AcmePart::start()
{
    keep();
    return {};
}

void AcmePart::begin()
{
    tasks_.spawn(keeper_.run());
}

Result<void, std::string> AcmePart::reload()
{
    keep();
    return {};
}

void AcmePart::keep()
{
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    std::vector<acme::Kept> kept;
    for (const config::CertificateOptions& each : options_.certificates) {
        if (each.acme.empty()) continue;
        acme::Kept one{each.name, each.chain, each.key, {}};
        one.order.program = options_.acme.program;
        one.order.hook = program.string();
        one.order.directory = each.acme;
        one.order.contact = each.acme_contact;
        one.order.domains = each.acme_domains;
        const bool http = each.acme_challenge == config::AcmeChallenge::Http01;
        one.order.challenge = http ? acme::Challenge::Http01 : acme::Challenge::TlsAlpn01;
        one.order.at = http ? options_.acme.http : options_.acme.tls;
        one.order.state = options_.data_directory + "/acme/" + each.name + "/uacme";
        kept.push_back(std::move(one));
    }
    keeper_.keep(std::move(kept));
}

void AcmePart::update_gauges()
{
    metrics_.set(metrics::Metric::AcmeIssued, static_cast<std::int64_t>(keeper_.counts().issued));
    metrics_.set(metrics::Metric::AcmeFailed, static_cast<std::int64_t>(keeper_.counts().failed));
}

net::Task<> AcmePart::stop()
{
    tasks_.close();
    co_await tasks_.join();
}

}  // namespace hermetic::daemon
