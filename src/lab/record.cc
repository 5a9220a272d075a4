#include "lab/record.h"

#include "core/text.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace hermetic::lab {
namespace {

namespace json = boost::json;

json::value tls_json(const std::optional<TlsSession>& tls)
{
    if (!tls) return nullptr;
    return json::object{{"version", tls->version},
                        {"cipher", tls->cipher},
                        {"group", tls->group},
                        {"sni", printable(tls->sni)},
                        {"client_certificate", printable(tls->client_certificate)},
                        {"resumed", tls->resumed}};
}

json::value hello_json(const std::optional<ClientHello>& hello)
{
    if (!hello) return nullptr;
    json::array versions;
    for (const auto version : hello->versions)
        versions.emplace_back(fmt::format("{:04x}", version));
    json::array groups;
    for (const auto group : hello->groups) groups.emplace_back(fmt::format("{:04x}", group));
    return json::object{
        {"sni", printable(hello->sni)},          {"versions", std::move(versions)},
        {"groups", std::move(groups)},           {"session_ticket", hello->session_ticket},
        {"fallback_scsv", hello->fallback_scsv}, {"status_request", hello->status_request}};
}

std::string transcript_line(const TranscriptLine& line)
{
    const auto* const who = line.from == TranscriptLine::From::Client ? "C: " : "S: ";
    return (line.under_tls ? "*" : " ") + (who + printable(line.text, 600));
}

}  // namespace

bool ClientHello::offers(std::uint16_t version) const
{
    return std::ranges::find(versions, version) != versions.end();
}

std::string format_json(const MessageRecord& record)
{
    json::array recipients;
    for (const auto& recipient : record.recipients) {
        recipients.emplace_back(json::object{{"path", printable(recipient.path, 400)},
                                             {"parameters", printable(recipient.parameters, 400)},
                                             {"code", recipient.code}});
    }
    const json::object object{{"record", "message"},
                              {"partner", record.partner},
                              {"connection", record.connection},
                              {"ehlo", printable(record.ehlo)},
                              {"from", printable(record.reverse_path, 400)},
                              {"parameters", printable(record.mail_parameters, 400)},
                              {"recipients", std::move(recipients)},
                              {"command", record.command},
                              {"size", record.size},
                              {"sha256", record.sha256},
                              {"tls", tls_json(record.tls)},
                              {"mail_in_clear", record.mail_in_clear},
                              {"data_in_clear", record.data_in_clear},
                              {"complete", record.complete},
                              {"code", record.code}};
    return json::serialize(object);
}

std::string format_json(const ConnectionRecord& record)
{
    json::array ehlo;
    for (const auto& name : record.ehlo) ehlo.emplace_back(printable(name));
    json::array violations;
    for (const auto& violation : record.violations) violations.emplace_back(violation);
    json::array transcript;
    for (const auto& line : record.transcript) transcript.emplace_back(transcript_line(line));
    const json::object object{{"record", "connection"},
                              {"partner", record.partner},
                              {"connection", record.number},
                              {"client", record.client},
                              {"ehlo", std::move(ehlo)},
                              {"hello", hello_json(record.hello)},
                              {"tls", tls_json(record.tls)},
                              {"handshake_error", printable(record.handshake_error)},
                              {"violations", std::move(violations)},
                              {"messages", record.messages},
                              {"ended", record.ended},
                              {"transcript", std::move(transcript)}};
    return json::serialize(object);
}

std::string format_transcript(const ConnectionRecord& record)
{
    std::string text;
    for (const auto& line : record.transcript) text += transcript_line(line) + '\n';
    return text;
}

}  // namespace hermetic::lab
