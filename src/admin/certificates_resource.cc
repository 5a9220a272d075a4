#include "admin/certificates_resource.h"

#include "admin/objects_answer.h"
#include "core/text.h"
#include "facts/expiry.h"
#include "net/core.h"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace hermetic::admin {
namespace {

namespace json = boost::json;

constexpr std::uint16_t kSmtpPort = 25;

json::object acme_json(const NodeCertificate::Acme& acme)
{
    json::object row{{"directory", printable(acme.directory)},
                     {"next", format_rfc3339(acme.next)},
                     {"failures", acme.failures},
                     {"under_way", acme.under_way}};
    if (!acme.error.empty()) row["error"] = printable(acme.error, 1000);
    return row;
}

json::object row_json(const NodeCertificate& each, const std::string& hostname, WallTime now)
{
    json::array listeners;
    for (const auto& use : each.shown_by) listeners.emplace_back(use.listener);
    json::array names;
    for (const auto& name : each.facts.dns_names) names.emplace_back(name);
    json::array tlsa;
    for (const std::string& record : tlsa_records(each, hostname)) tlsa.emplace_back(record);
    json::object row{{"name", printable(each.name)},
                     {"organization", printable(each.organization)},
                     {"listeners", std::move(listeners)},
                     {"names", std::move(names)},
                     {"issuer", each.facts.issuer},
                     {"key", each.facts.key_type},
                     {"not_before", format_rfc3339(each.facts.not_before)},
                     {"not_after", format_rfc3339(each.facts.not_after)},
                     {"ends_soon", facts::is_expiring(each.facts, now)},
                     {"ended", each.facts.not_after <= now},
                     {"spki_sha256", each.facts.spki_sha256},
                     {"tlsa", std::move(tlsa)}};
    if (!each.stand_in.empty()) row["stand_in"] = printable(each.stand_in, 1000);
    if (each.acme) row["acme"] = acme_json(*each.acme);
    return row;
}

}  // namespace

std::vector<std::string> tlsa_records(const NodeCertificate& certificate,
                                      const std::string& hostname)
{
    if (!certificate.stand_in.empty()) return {};  // its key is not the one to publish
    std::set<std::uint16_t> ports;
    for (const auto& use : certificate.shown_by) ports.insert(use.port);
    std::set<std::string> names{hostname};
    for (const std::string& name : certificate.facts.dns_names) {
        if (!name.starts_with("*.")) names.insert(name);
    }
    std::vector<std::string> records;
    for (const std::string& name : names) {
        for (const std::uint16_t port : ports) {
            records.push_back(fmt::format("_{}._tcp.{}. IN TLSA 3 1 1 {}", port, name,
                                          certificate.facts.spki_sha256));
        }
    }
    // What other servers connect to comes first.
    std::stable_partition(records.begin(), records.end(), [&](const std::string& record) {
        return record.starts_with(fmt::format("_{}._tcp.{}.", kSmtpPort, hostname));
    });
    return records;
}

Response list_certificates(const Api& api)
{
    const WallTime now = api.core.clock().wall();
    const std::string hostname = api.status().hostname;
    json::array rows;
    for (const NodeCertificate& each : api.certificates())
        rows.push_back(row_json(each, hostname, now));
    const json::object body{{"hostname", hostname}, {"certificates", std::move(rows)}};
    return {200, "application/json", json::serialize(body)};
}

Response renew_certificate(const Api& api, const Request& request)
{
    const std::string& name = request.path[2];
    std::vector<std::string> ordered;
    bool known = false;
    for (const NodeCertificate& each : api.certificates()) {
        known = known || each.name == name;
        if (each.acme) ordered.push_back(fmt::format("\"{}\"", printable(each.name)));
    }
    if (api.renew_certificate(name)) {
        const json::object body{
            {"done",
             "It is ordered now; see `hermetic certificate list` and the log for the result."}};
        return {202, "application/json", json::serialize(body)};
    }
    const std::string expected = fmt::format("{}", fmt::join(ordered, ", "));
    if (known) {
        return refuse(409, fmt::format("\"{}\" is not ordered by ACME", printable(name)),
                      "new files in place of the old ones, which are loaded within a second");
    }
    return refuse(404, fmt::format("there is no certificate \"{}\"", printable(name)), expected);
}

}  // namespace hermetic::admin
