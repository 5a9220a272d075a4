#include "validation/json.h"

#include "core/text.h"
#include "facts/attempt_history.h"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace hermetic::validation {
namespace {

namespace json = boost::json;

json::object object_of(const Step& step)
{
    return {{"step", name(step.id)},
            {"host", step.host},
            {"address", step.address},
            {"state", name(step.state)},
            {"reason", step.reason.text()},
            {"seen", step.seen},
            {"fix", step.fix}};
}

json::object object_of(const Report& report)
{
    const auto saved = report.saved ? json::value(format_rfc3339(*report.saved)) : nullptr;
    json::array steps;
    for (const Step& step : report.steps) steps.push_back(object_of(step));
    return {{"connector", report.connector},
            {"organization", report.organization},
            {"started", format_rfc3339(report.started)},
            {"saved", saved},
            {"took_ms", std::chrono::duration_cast<std::chrono::milliseconds>(report.took).count()},
            {"state", name(report.state)},
            {"words", report.words},
            {"steps", std::move(steps)}};
}

json::array list(const std::vector<std::string>& texts)
{
    return json::array(texts.begin(), texts.end());
}

json::object object_of(const facts::CertificateFacts& certificate)
{
    return {{"subject", certificate.subject},
            {"issuer", certificate.issuer},
            {"names", list(certificate.dns_names)},
            {"not_before", format_rfc3339(certificate.not_before)},
            {"not_after", format_rfc3339(certificate.not_after)},
            {"key", certificate.key_type},
            {"signature", certificate.signature_algorithm},
            {"pin", certificate.spki_sha256},
            {"sha256", certificate.sha256}};
}

json::object object_of(const facts::TlsEvidence& evidence)
{
    json::array chain;
    for (const auto& each : evidence.chain) chain.push_back(object_of(each));
    return {{"version", facts::format_version(evidence.version)},
            {"cipher", evidence.cipher},
            {"group", evidence.group},
            {"sni", evidence.sni},
            {"verified", evidence.verdict.state == facts::ChainVerdict::State::Verified},
            {"error", evidence.verdict.error},
            {"names_host", evidence.name_matches},
            {"chain", std::move(chain)}};
}

json::object object_of(const smtp::Capabilities& offered)
{
    return {{"starttls", offered.starttls},
            {"pipelining", offered.pipelining},
            {"chunking", offered.chunking},
            {"size", offered.max_size},
            {"8bitmime", offered.eight_bit_mime},
            {"smtputf8", offered.smtputf8},
            {"dsn", offered.dsn},
            {"requiretls", offered.require_tls},
            {"auth", offered.auth_mechanisms}};
}

json::object object_of(const facts::Outcome& outcome)
{
    return {{"stage", facts::name(outcome.stage)},
            {"origin", facts::name(outcome.origin)},
            {"reason", facts::name(outcome.reason)},
            {"words", facts::format_words(outcome, 400)}};
}

json::array versions_of(const std::vector<VersionTry>& versions)
{
    json::array array;
    for (const VersionTry& each : versions) {
        array.push_back(json::object{{"version", facts::format_version(each.version)},
                                     {"accepted", each.accepted},
                                     {"cipher", each.cipher},
                                     {"group", each.group},
                                     {"why", each.why}});
    }
    return array;
}

json::array levels_of(const AddressFindings& probe)
{
    json::array array;
    for (const LevelVerdict& each : probe.levels) {
        array.push_back(json::object{{"level", policy::name(each.level)},
                                     {"mail", name(each.fate)},
                                     {"passes", each.fate == Fate::Goes},
                                     {"in_clear", each.in_clear},
                                     {"reason", facts::name(each.reason)}});
    }
    return array;
}

json::object object_of(const AddressFindings& probe)
{
    json::object object{{"address", probe.endpoint.format()},
                        {"greeting", printable(probe.seen.greeting)}};
    const auto& outcome = probe.refused ? probe.refused : probe.seen.outcome;
    object["failure"] = outcome ? json::value(object_of(*outcome)) : json::value(nullptr);
    const auto& offered =
        probe.seen.offered_in_tls ? probe.seen.offered_in_tls : probe.seen.offered;
    object["offers"] = offered ? json::value(object_of(*offered)) : json::value(nullptr);
    object["tls"] = probe.evidence ? json::value(object_of(*probe.evidence)) : json::value(nullptr);
    object["versions"] = versions_of(probe.versions);
    object["levels"] = levels_of(probe);
    return object;
}

std::string text_in(const json::object& object, std::string_view key)
{
    const auto* const member = object.if_contains(key);
    const auto* const text = member != nullptr ? member->if_string() : nullptr;
    return text != nullptr ? std::string{text->data(), text->size()} : std::string{};
}

std::optional<Step> step_in(const json::value& value)
{
    const auto* const object = value.if_object();
    if (object == nullptr) return std::nullopt;
    const auto id = parse_step_id(text_in(*object, "step"));
    const auto state = parse_state(text_in(*object, "state"));
    if (!id || !state) return std::nullopt;
    return Step{*id,
                text_in(*object, "host"),
                text_in(*object, "address"),
                *state,
                facts::RecordedReason::parse(text_in(*object, "reason")),
                text_in(*object, "seen"),
                text_in(*object, "fix")};
}

std::optional<Report> report_in(const json::value& value)
{
    const auto* const object = value.if_object();
    if (object == nullptr) return std::nullopt;
    const auto state = parse_state(text_in(*object, "state"));
    const auto started = parse_rfc3339(text_in(*object, "started"));
    const auto* const steps = object->if_contains("steps");
    const auto* const took = object->if_contains("took_ms");
    if (!state || !started || steps == nullptr || !steps->is_array()) return std::nullopt;
    Report report;
    report.connector = text_in(*object, "connector");
    report.organization = text_in(*object, "organization");
    report.started = *started;
    report.saved = parse_rfc3339(text_in(*object, "saved"));
    report.state = *state;
    report.words = text_in(*object, "words");
    if (took != nullptr && took->is_int64()) {
        // Out of range, it would overflow in nanoseconds.
        constexpr std::int64_t kDay = 86'400'000;
        report.took =
            std::chrono::milliseconds{std::clamp<std::int64_t>(took->as_int64(), 0, kDay)};
    }
    for (const auto& each : steps->as_array()) {
        auto step = step_in(each);
        if (!step) return std::nullopt;
        report.steps.push_back(*std::move(step));
    }
    return report;
}

}  // namespace

std::string format_json(const Step& step)
{
    return json::serialize(object_of(step));
}

std::string format_json(const Report& report)
{
    return json::serialize(object_of(report));
}

std::string format_json(const ProbeFindings& findings)
{
    json::array hosts;
    for (const HostFindings& host : findings.hosts) {
        json::array probes;
        for (const auto& probe : host.probes) probes.push_back(object_of(probe));
        json::object object{{"host", host.host.label()},
                            {"port", host.host.port},
                            {"mx_dns", facts::name(host.mx_security)},
                            {"address_dns", facts::name(host.address_security)},
                            {"tlsa", host.tlsa_words},
                            {"addresses", std::move(probes)}};
        object["failure"] = host.failure ? json::value(object_of(*host.failure)) : nullptr;
        hosts.push_back(std::move(object));
    }
    return json::serialize(json::object{{"target", findings.target},
                                        {"state", name(findings.state)},
                                        {"mail", name(findings.flow.fate)},
                                        {"in_clear", findings.flow.in_clear},
                                        {"reason", facts::name(findings.flow.reason)},
                                        {"words", findings.flow.words},
                                        {"hosts", std::move(hosts)}});
}

std::optional<Step> parse_step(std::string_view text)
{
    boost::system::error_code error;
    const auto value = json::parse({text.data(), text.size()}, error);
    if (error) return std::nullopt;
    return step_in(value);
}

objects::OwnedName connector_of(const Report& report)
{
    return {report.organization, report.connector};
}

std::string format_reports(const Reports& reports)
{
    json::array array;
    for (const auto& [connector, report] : reports) array.push_back(object_of(report));
    return json::serialize(json::object{{"format", 1}, {"reports", std::move(array)}});
}

std::optional<Reports> parse_reports(std::string_view text)
{
    boost::system::error_code error;
    const auto value = json::parse({text.data(), text.size()}, error);
    const auto* const object = error ? nullptr : value.if_object();
    if (object == nullptr) return std::nullopt;
    const auto* const format = object->if_contains("format");
    const auto* const array = object->if_contains("reports");
    if (format == nullptr || !format->is_int64() || format->as_int64() != 1 || array == nullptr ||
        !array->is_array())
        return std::nullopt;
    Reports reports;
    for (const auto& each : array->as_array()) {
        auto report = report_in(each);
        if (!report) return std::nullopt;
        objects::OwnedName connector = connector_of(*report);
        reports[std::move(connector)] = *std::move(report);
    }
    return reports;
}

}  // namespace hermetic::validation
