#include "admin/file_warnings.h"

#include "outbound/credentials.h"
#include "tls/context.h"

#include <fmt/format.h>

#include <map>

namespace hermetic::admin {
namespace {

std::string sentence(std::string_view object, const tls::ConfigError& error)
{
    return fmt::format("{}: {}; expected: {}", object, error.what, error.expected);
}

}  // namespace

std::vector<std::string> file_warnings(const objects::Snapshot::Contents& contents)
{
    std::vector<std::string> warnings;
    const auto loaded = outbound::Credentials::load(contents, nullptr);
    for (const auto& each : loaded->faults()) {
        warnings.push_back(sentence(each.object, each.error));
    }
    std::map<std::string, Result<std::shared_ptr<const tls::CaSet>, tls::ConfigError>> read;
    for (const objects::InboundConnector& each : contents.inbound_connectors) {
        if (!each.enabled || each.ca.empty()) continue;
        auto found = read.find(each.ca);
        if (found == read.end()) found = read.emplace(each.ca, tls::load_cas(each.ca)).first;
        if (found->second) continue;
        const auto object = fmt::format("inbound_connector \"{}\"", each.name);
        warnings.push_back(sentence(object, found->second.error()));
    }
    return warnings;
}

}  // namespace hermetic::admin
