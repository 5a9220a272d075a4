#include "inbound/message_factory.h"

#include "core/text.h"
#include "facts/reasons.h"
#include "routing/route.h"

#include <algorithm>

namespace hermetic::inbound {
namespace {

struct Part {
    routing::RouteDecision decided;
    std::string owner;  // an organization's name
    std::vector<mail::Recipient> recipients;
};

bool contains(const std::vector<mail::Recipient>& recipients, const mail::Recipient& recipient)
{
    return std::any_of(recipients.begin(), recipients.end(), [&recipient](const auto& other) {
        return other.address == recipient.address;
    });
}

// Specification §3.2: the accepted domain's organization, else the client's.
std::string owner_of(const objects::Snapshot& snapshot, const std::string& client_of,
                     const mail::Mailbox& recipient)
{
    const mail::Domain* domain = recipient.domain();
    const auto* accepted = domain == nullptr ? nullptr : snapshot.accepted_domain(*domain);
    return snapshot.organization(accepted == nullptr ? client_of : accepted->organization).name;
}

std::vector<Part> group(const objects::Snapshot& snapshot, const std::string& client_of,
                        const std::vector<mail::Recipient>& recipients)
{
    std::vector<Part> parts;
    for (const mail::Recipient& recipient : recipients) {
        std::string owner = owner_of(snapshot, client_of, recipient.address);
        auto decided = routing::decide_route(snapshot, owner, recipient.address);
        auto part = std::find_if(parts.begin(), parts.end(), [&](const Part& other) {
            return other.decided.route == decided.route && other.owner == owner;
        });
        if (part == parts.end())
            part = parts.insert(parts.end(), Part{std::move(decided), std::move(owner), {}});
        // LMTP may name one twice, and is answered twice; it is still one delivery.
        if (!contains(part->recipients, recipient)) part->recipients.push_back(recipient);
    }
    return parts;
}

// RFC 6531 §3.4: an SMTPUTF8 message is one that needs it, not one whose client said the word.
bool needs_smtputf8(const AcceptedMessage& accepted, const std::vector<mail::Recipient>& recipients)
{
    const smtp::Transaction& transaction = accepted.transaction;
    if (!transaction.smtputf8) return false;
    const bool sender = transaction.sender && transaction.sender->needs_smtputf8();
    const bool header = transaction.intake && transaction.intake->header().header_has_8bit();
    return sender || header ||
           std::any_of(recipients.begin(), recipients.end(),
                       [](const auto& recipient) { return recipient.address.needs_smtputf8(); });
}

mail::BodyType body_type(const smtp::Transaction& transaction)
{
    // What it is counts, not what was declared: seven bits go anywhere, and eight that were not
    // declared still are eight.
    const bool eight_bit = transaction.intake && (transaction.intake->header().header_has_8bit() ||
                                                  transaction.intake->header().body_has_8bit());
    return eight_bit ? mail::BodyType::EightBitMime : mail::BodyType::SevenBit;
}

mail::Envelope make_envelope(const AcceptedMessage& accepted, std::string owner,
                             std::vector<mail::Recipient> recipients)
{
    const smtp::Transaction& transaction = accepted.transaction;
    mail::Envelope envelope;
    envelope.accepted_as = accepted.id;
    envelope.sender = transaction.sender;
    envelope.body_type = body_type(transaction);
    envelope.smtputf8 = needs_smtputf8(accepted, recipients);
    envelope.tls.requiretls = transaction.requiretls;
    // RFC 8689 §4.1.
    envelope.tls.tls_required_no =
        transaction.intake && transaction.intake->header().tls_required_no();
    envelope.ret = transaction.ret;
    envelope.envid = transaction.envid;
    envelope.accepted_at = accepted.accepted_at;
    envelope.size = accepted.body.size;
    if (transaction.intake) {
        envelope.message_id = printable(transaction.intake->header().message_id(), 250);
    }
    envelope.arrival = accepted.arrival;
    // No organization sees by which connector another knows the client.
    for (const AdmittedBy& each : accepted.admitted_by) {
        if (each.organization != owner) continue;
        envelope.arrival.connector = each.connector;
        envelope.arrival.internal = each.internal;
    }
    envelope.organization = std::move(owner);
    envelope.recipients = std::move(recipients);
    return envelope;
}

}  // namespace

SplitMessage split_by_route(AcceptedMessage accepted, IdSource& ids)
{
    SplitMessage split;
    for (Part& part :
         group(accepted.snapshot, accepted.organization, accepted.transaction.recipients)) {
        auto message = std::make_shared<spool::StoredMessage>();
        message->id =
            split.messages.empty() ? accepted.id : ids.next<MessageId>(accepted.accepted_at);
        message->envelope = std::make_shared<const mail::Envelope>(
            make_envelope(accepted, std::move(part.owner), std::move(part.recipients)));
        message->body = accepted.body;
        message->state.next_attempt = accepted.accepted_at;
        if (accepted.required_tls && accepted.required_tls(message->envelope->organization))
            message->state.required_tls = {
                mail::TlsLevel::Encrypt,
                std::string{facts::name(facts::Reason::ArrivalTlsRequired)}};
        split.messages.push_back(std::move(message));
        split.routes.push_back(part.decided.route.label + " (" +
                               std::string{facts::name(part.decided.reason)} + ")");
    }
    return split;
}

}  // namespace hermetic::inbound
