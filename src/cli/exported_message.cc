#include "cli/exported_message.h"

#include "core/assert.h"
#include "tls/durable_file.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace hermetic::cli {
namespace {

using boost::json::array;
using boost::json::object;

array notify_of(const mail::Recipient& recipient)
{
    constexpr std::array<std::pair<std::uint8_t, std::string_view>, 4> kWords{{
        {mail::kNotifyNever, "NEVER"},
        {mail::kNotifySuccess, "SUCCESS"},
        {mail::kNotifyFailure, "FAILURE"},
        {mail::kNotifyDelay, "DELAY"},
    }};
    array words;
    for (const auto& [bit, word] : kWords) {
        if ((recipient.notify & bit) != 0) words.emplace_back(word);
    }
    return words;
}

// As in RFC 3461; empty: not given.
std::string_view name_of(mail::Ret ret)
{
    switch (ret) {
    case mail::Ret::Unset:
        return "";
    case mail::Ret::Full:
        return "FULL";
    case mail::Ret::Headers:
        return "HDRS";
    }
    unreachable("every Ret is handled above");
}

array recipients_of(const spool::SalvagedMessage& message)
{
    array recipients;
    const auto& finished = message.state.finished;
    for (std::uint32_t i = 0; i < message.envelope->recipients.size(); ++i) {
        const mail::Recipient& recipient = message.envelope->recipients[i];
        object each;
        each["address"] = recipient.address.format();
        // null: not known
        if (message.state_error.empty()) {
            each["waits"] = !std::ranges::binary_search(finished, i);
        } else {
            each["waits"] = nullptr;
        }
        if (recipient.notify != mail::kNotifyUnset) each["notify"] = notify_of(recipient);
        if (!recipient.orcpt.empty()) each["orcpt"] = recipient.orcpt;
        recipients.push_back(std::move(each));
    }
    return recipients;
}

object all_of(const spool::SalvagedMessage& message)
{
    const mail::Envelope& envelope = *message.envelope;
    object all;
    all["id"] = format_id(message.id);
    all["accepted_as"] = format_id(envelope.accepted_as);
    all["accepted_at"] = format_rfc3339(envelope.accepted_at);
    all["organization"] = envelope.organization;
    all["sender"] = envelope.sender ? envelope.sender->format() : "";
    all["recipients"] = recipients_of(message);
    all["envid"] = envelope.envid;
    all["eight_bit_mime"] = envelope.body_type == mail::BodyType::EightBitMime;
    all["smtputf8"] = envelope.smtputf8;
    all["ret"] = name_of(envelope.ret);
    all["requiretls"] = envelope.tls.requiretls;
    all["tls_required_no"] = envelope.tls.tls_required_no;
    all["notice"] = envelope.is_notice;
    all["size"] = envelope.size;
    all["client"] = envelope.arrival.client.address.format();
    all["held"] = message.state.held;
    all["attempts"] = message.state.attempts;
    all["last_reason"] = message.state.last_reason;
    all["state_error"] = message.state_error;
    all["body_error"] = message.body_error;
    return all;
}

}  // namespace

std::string format_exported(const spool::SalvagedMessage& message)
{
    const object all = all_of(message);
    std::string text = "{";
    for (const auto& [name, member] : all) {
        text += text.size() == 1 ? "\n  " : ",\n  ";
        text += boost::json::serialize(name) + ": " + boost::json::serialize(member);
    }
    return text + "\n}\n";
}

std::string write_exported(spool::StoppedSpool& spool, const spool::SalvagedMessage& message,
                           const std::string& folder)
{
    const std::string path = folder + "/" + format_id(message.id);
    if (message.body_error.empty()) {
        std::string text;
        auto error =
            spool.read_body(message.body, [&](std::string_view part) { text.append(part); });
        if (!error.empty()) return error;
        auto written = tls::write_durably(path + ".eml", text, tls::FileMode::OwnerOnly);
        if (!written) return std::move(written.error());
    }
    auto written =
        tls::write_durably(path + ".json", format_exported(message), tls::FileMode::OwnerOnly);
    return written ? std::string{} : std::move(written.error());
}

}  // namespace hermetic::cli
