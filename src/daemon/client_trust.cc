#include "daemon/client_trust.h"

#include <set>
#include <utility>

namespace hermetic::daemon {
namespace {

using objects::InboundConnector;

// Whose certificates an enabled connector judges.
std::set<std::string> wanted_cas(const objects::Snapshot& snapshot)
{
    std::set<std::string> files;
    for (const InboundConnector& each : snapshot.contents().inbound_connectors) {
        if (each.enabled && !each.certificate_names.empty()) files.insert(each.ca);
    }
    return files;
}

std::set<std::string> wanted_crls(const objects::Snapshot& snapshot)
{
    std::set<std::string> folders;
    for (const InboundConnector& each : snapshot.contents().inbound_connectors) {
        if (!each.enabled || each.certificate_names.empty()) continue;
        const auto& owner = snapshot.organization(each.organization);
        const bool counts = owner.revocation == objects::Revocation::StapledAndCrl;
        if (counts && !owner.crl_folder.empty()) folders.insert(owner.crl_folder);
    }
    return folders;
}

// The new set, or the one from before.
void take(std::map<std::string, std::shared_ptr<const tls::CaSet>>& sets, const std::string& file,
          const inbound::ClientTrust* before, const OnTrustTrouble& on_trouble)
{
    auto loaded = tls::load_cas(file);
    if (loaded) {
        sets[file] = *std::move(loaded);
        return;
    }
    on_trouble(file, loaded.error().what);
    if (before == nullptr) return;
    if (const auto old = before->cas.find(file); old != before->cas.end()) sets[file] = old->second;
}

}  // namespace

LoadedClientTrust load_client_trust(const objects::Snapshot& snapshot,
                                    std::shared_ptr<const tls::CaSet> system,
                                    const inbound::ClientTrust* before,
                                    const OnTrustTrouble& on_trouble)
{
    LoadedClientTrust result;
    auto trust = std::make_shared<inbound::ClientTrust>();
    for (const std::string& file : wanted_cas(snapshot)) {
        if (file.empty()) {
            if (system) trust->cas[file] = std::move(system);
            continue;
        }
        result.files.push_back(file);
        take(trust->cas, file, before, on_trouble);
    }
    for (const std::string& folder : wanted_crls(snapshot)) {
        result.files.push_back(folder);
        std::shared_ptr<const tls::CrlSet> known;
        if (before != nullptr) {
            const auto old = before->crls.find(folder);
            if (old != before->crls.end()) known = old->second;
        }
        auto loaded = tls::load_crls(folder, known);
        result.files.insert(result.files.end(), loaded.files.begin(), loaded.files.end());
        for (const tls::ConfigError& each : loaded.faults) on_trouble(folder, each.what);
        if (loaded.crls != nullptr) trust->crls[folder] = std::move(loaded.crls);
    }
    result.trust = std::move(trust);
    return result;
}

}  // namespace hermetic::daemon
