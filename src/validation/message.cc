#include "validation/message.h"

#include "core/text.h"
#include "facts/outcome_words.h"
#include "outbound/io_outcome.h"
#include "outbound/talk.h"
#include "smtp/reply_reader.h"
#include "validation/words.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace hermetic::validation {
namespace {

using facts::Stage;

struct Command {
    Stage stage;
    std::string text;
};

std::string path_of(const std::optional<mail::Mailbox>& mailbox)
{
    return mailbox ? "<" + mailbox->format() + ">" : "<>";
}

}  // namespace

std::string format_test_message(const TestMessage& message)
{
    const std::string connector = printable_ascii(message.connector);
    std::string text;
    const auto line = [&text](std::string_view words) { text.append(words).append("\r\n"); };
    line("Date: " + format_rfc5322(message.now));
    line("From: " +
         (message.from ? path_of(message.from) : "<postmaster@" + message.hostname + ">"));
    line("To: " + path_of(message.recipient));
    line("Subject: Test of a mail connector");
    line(fmt::format("Message-ID: <{}.test@{}>", message.id, message.hostname));
    line("Auto-Submitted: auto-generated");
    line("MIME-Version: 1.0");
    line("Content-Type: text/plain; charset=us-ascii");
    line("");
    line(fmt::format("{} has sent this message to test its connector \"{}\".", message.hostname,
                     connector));
    line("Nothing needs to be done. That it has arrived shows that mail to this address passes");
    line("under the connector's TLS policy.");
    return text;
}

net::Task<Step> send_test_message(const Environment& env, Call connection, TestMessage message)
{
    const std::array<Command, 4> commands{{
        {Stage::Mail, "MAIL FROM:" + path_of(message.sender) + "\r\n"},
        {Stage::Rcpt, "RCPT TO:" + path_of(message.recipient) + "\r\n"},
        {Stage::Data, "DATA\r\n"},
        {Stage::EndOfData, format_test_message(message) + ".\r\n"},
    }};
    std::string last;
    for (const Command& command : commands) {
        const auto deadline = env.within(env.patience.reply);
        auto reply = co_await outbound::exchange(*connection.stream, command.text, deadline);
        if (!reply) {
            connection.stream->close();
            co_return say_failure(StepId::Message,
                                  outbound::talk_outcome(command.stage, reply.error()),
                                  message.proof);
        }
        const bool wanted =
            command.stage == Stage::Data ? reply->intermediate() : reply->positive();
        if (!wanted) {
            hang_up(connection);
            co_return say_failure(StepId::Message, smtp::outcome_of_reply(command.stage, *reply),
                                  message.proof);
        }
        last = facts::quote_reply(smtp::outcome_of_reply(command.stage, *reply));
    }
    hang_up(connection);
    Step step;
    step.id = StepId::Message;
    step.state = State::Ok;
    step.seen = fmt::format(
        "accepted by the peer for <{}>: {}\na bounce would be sent to {}",
        message.recipient.format(), last,
        message.sender ? path_of(message.sender) : std::string{"nobody: there is no postmaster"});
    co_return step;
}

}  // namespace hermetic::validation
