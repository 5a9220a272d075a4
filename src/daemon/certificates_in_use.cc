#include "daemon/certificates_in_use.h"

#include "acme/keeper.h"
#include "daemon/listeners.h"
#include "daemon/secrets_part.h"

#include <algorithm>

namespace hermetic::daemon {
namespace {

// A listener that names none shows the one that is made here.
bool shows(const config::ListenerOptions& listener, const std::string& name)
{
    if (listener.certificates.empty()) return name == kMadeCertificate;
    return std::ranges::find(listener.certificates, name) != listener.certificates.end();
}

admin::NodeCertificate::Acme describe(const acme::Keeper::State& state)
{
    return {state.directory, state.next, state.failures, state.error, state.under_way};
}

}  // namespace

std::vector<admin::NodeCertificate> list_certificates(const SecretsPart& secrets,
                                                      acme::Keeper& keeper,
                                                      const config::NodeOptions& options,
                                                      const Listeners& listeners)
{
    const auto bound = listeners.bound();
    const auto states = keeper.states();
    std::vector<admin::NodeCertificate> found;
    for (const LoadedCertificate& each : secrets.contexts().certificates) {
        admin::NodeCertificate& row = found.emplace_back();
        row.name = each.name;
        row.facts = each.facts;
        for (const auto& listener : bound) {
            if (listener.listener->options.tls != config::ListenerTls::Off &&
                shows(listener.listener->options, each.name)) {
                row.shown_by.push_back({listener.listener->options.name, listener.address.port});
            }
        }
        for (const StandIn& stand_in : secrets.contexts().stand_ins) {
            if (stand_in.name == each.name) row.stand_in = stand_in.what;
        }
        const auto state = std::ranges::find(states, each.name, &acme::Keeper::State::name);
        if (state != states.end()) row.acme = describe(*state);
    }
    // One that was never issued has no files, and is no fault.
    for (const config::CertificateOptions& each : options.certificates) {
        const auto row = std::ranges::find(found, each.name, &admin::NodeCertificate::name);
        const bool made_here = row != found.end() && row->facts.issuer == row->facts.subject;
        if (!each.acme.empty() && made_here && row->stand_in.empty())
            row->stand_in = "none has been issued yet";
    }
    for (const auto& each : secrets.credentials()->certificates()) {
        admin::NodeCertificate& row = found.emplace_back();
        row.name = each.name;
        row.organization = each.organization;
        row.facts = each.facts;
    }
    return found;
}

}  // namespace hermetic::daemon
