// Lines of a client: no crash, and every reply is one that a client can read.
#include "core/assert.h"
#include "core/text.h"
#include "smtp/refusals.h"
#include "smtp/server_machine.h"

#include <cstdint>
#include <string>

namespace {

using namespace hermetic;
using namespace hermetic::smtp;

constexpr RefusalKind kNoRelay{
    facts::Reason::RecipientRelayDenied, 550, {5, 7, 64}, "relaying denied"};

void check_replies(std::string_view output)
{
    while (!output.empty()) {
        const auto end = output.find("\r\n");
        HERMETIC_ASSERT(end != std::string_view::npos && end <= 510 && end >= 4);
        const std::string_view line = output.substr(0, end);
        HERMETIC_ASSERT(line[0] >= '2' && line[0] <= '5' && (line[3] == ' ' || line[3] == '-'));
        HERMETIC_ASSERT(is_ascii(line) && line.find_first_of("\r\n") == std::string_view::npos);
        output.remove_prefix(end + 2);
    }
}

Next answer(ServerMachine& machine, Next next, std::string_view& input)
{
    switch (next) {
    case Next::CheckSender:
        return machine.on_sender_accepted();
    case Next::CheckRecipient: {
        const auto mailbox = machine.pending_recipient().mailbox;
        if (mailbox && mailbox->domain() != nullptr) return machine.on_recipient_accepted(*mailbox);
        return machine.on_recipient_refused({&kNoRelay, "x"}, WallTime{});
    }
    case Next::ReadMessage: {
        const MessageIntake::Piece piece = machine.take(input);
        HERMETIC_ASSERT(piece.consumed <= input.size());
        input.remove_prefix(piece.consumed);
        if (piece.finished) return machine.on_message_read(WallTime{});
        if (piece.cut_off) return machine.on_cut_off(WallTime{});
        return input.empty() ? Next::Close : Next::ReadMessage;
    }
    case Next::StoreMessage:
        return machine.on_stored("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    case Next::StartTls:
        return machine.on_tls_started();
    case Next::ReadCommand:
    case Next::Close:
        break;
    }
    return next;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) return 0;
    ServerSettings settings;
    settings.hostname = "mx.example.org";
    settings.protocol = (data[0] & 1U) != 0 ? ServerProtocol::Lmtp : ServerProtocol::Smtp;
    settings.limits.message_size = 2000;
    settings.limits.recipients = 3;
    ServerStart start;
    start.offers_starttls = (data[0] & 2U) != 0;
    start.may_xclient = (data[0] & 4U) != 0;
    ServerMachine machine{settings, start};
    std::string_view input{reinterpret_cast<const char*>(data) + 1, size - 1};
    Next next = machine.greet();
    while (next != Next::Close) {
        if (next != Next::ReadCommand) {
            next = answer(machine, next, input);
            continue;
        }
        const auto end = input.find('\n');
        if (end == std::string_view::npos) break;
        if (end == 0 || input[end - 1] != '\r') {
            next = machine.on_bare_line_feed(WallTime{});
            continue;
        }
        const std::string_view line = input.substr(0, end - 1);
        input.remove_prefix(end + 1);
        next = machine.on_command({line, line.find('\r') != std::string_view::npos}, WallTime{});
    }
    check_replies(machine.output());
    return 0;
}
