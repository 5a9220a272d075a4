#include "delivery/payload.h"

#include "delivery/body_source.h"
#include "facts/reasons.h"
#include "outbound/context.h"
#include "smtp/client_seven_bit.h"

#include <string>
#include <utility>

namespace hermetic::delivery {
namespace {

using facts::Reason;

net::Task<std::optional<smtp::ContentNeeds>> scan(outbound::Context& context,
                                                  const spool::Body& body)
{
    BodySource source{context, body};
    smtp::ContentScanner scanner;
    for (;;) {
        const auto piece = co_await source.next();
        if (!piece || (piece->empty() && !source.complete())) co_return std::nullopt;
        if (piece->empty()) co_return scanner.needs();
        scanner.feed(*piece);
    }
}

net::Task<std::optional<std::string>> read_whole(outbound::Context& context,
                                                 const spool::Body& body)
{
    BodySource source{context, body};
    std::string whole;
    whole.reserve(body.size);
    for (;;) {
        const auto piece = co_await source.next();
        if (!piece || (piece->empty() && !source.complete())) co_return std::nullopt;
        if (piece->empty()) co_return whole;
        whole += *piece;
    }
}

}  // namespace

facts::Outcome unreadable_message()
{
    return facts::local_outcome(Reason::SpoolReadFailed,
                                "the message could not be read from the spool");
}

net::Task<Result<Payload, facts::Outcome>> make_payload(outbound::Context& context,
                                                        const spool::StoredMessage& message,
                                                        const smtp::Capabilities& peer)
{
    const auto& envelope = *message.envelope;
    Payload payload;
    payload.body = &message.body;
    const bool eight_bit =
        envelope.body_type == mail::BodyType::EightBitMime && !peer.eight_bit_mime;
    if (!eight_bit && (!envelope.smtputf8 || peer.smtputf8)) co_return std::move(payload);

    const auto needs = co_await scan(context, message.body);
    if (!needs) co_return failure(unreadable_message());
    payload.needs = *needs;
    if (!eight_bit || !needs->eight_bit || message.body.size > smtp::kMaxConverted) {
        co_return std::move(payload);
    }
    payload.room = context.room_to_convert(message.body.size);
    if (payload.room == nullptr) {
        co_return failure(facts::local_outcome(Reason::ContentConversionWaits,
                                               "other messages are being converted to 7-bit text"));
    }
    auto whole = co_await read_whole(context, message.body);
    if (!whole) co_return failure(unreadable_message());
    auto seven_bit = smtp::to_seven_bit(*whole);
    if (!seven_bit) co_return std::move(payload);
    auto converted = std::make_unique<spool::Body>();
    converted->id = message.body.id;
    converted->size = seven_bit->size();
    converted->bytes = Bytes{*std::move(seven_bit)};
    payload.converted = std::move(converted);
    payload.body = payload.converted.get();
    payload.needs.eight_bit = false;
    co_return std::move(payload);
}

}  // namespace hermetic::delivery
