#include "setup/test_message.h"

#include "core/ids.h"
#include "core/text.h"
#include "net/core.h"
#include "net/stream.h"
#include "outbound/talk.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace hermetic::setup {
namespace {

std::string format_message(const TestMail& mail, WallTime now, const std::string& id)
{
    return fmt::format(
        "Date: {}\r\nFrom: <{}>\r\nTo: <{}>\r\nSubject: Test of a new mail server\r\n"
        "Message-ID: <{}.setup@{}>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=us-ascii\r\n\r\n"
        "hermetic setup on {} has sent this message. That it has arrived shows that mail\r\n"
        "to this address is accepted and delivered. Nothing needs to be done.\r\n.\r\n",
        format_rfc5322(now), mail.from, mail.to, id, mail.hostname, mail.hostname);
}

SentMail refused(const TestMail& mail, std::string seen)
{
    return {{FindingId::MessageRefused, "test message to " + mail.to, std::move(seen)}, {}};
}

}  // namespace

Endpoint reach_listener(const Endpoint& listening)
{
    if (!listening.address.is_unspecified()) return listening;
    const auto loopback = IpAddress::parse(listening.address.is_v6() ? "::1" : "127.0.0.1");
    return {*loopback, listening.port};
}

net::Task<SentMail> send_test_mail(net::Core& core, TestMail mail, Instant deadline)
{
    auto connected = co_await net::Stream::connect(core, mail.server, std::nullopt, deadline);
    if (!connected)
        co_return refused(mail, mail.server.format() + ": " + net::describe(connected.error()));
    net::Stream& stream = **connected;
    const std::array<std::string, 6> commands{
        "",
        "EHLO " + mail.hostname + "\r\n",
        "MAIL FROM:<" + mail.from + ">\r\n",
        "RCPT TO:<" + mail.to + ">\r\n",
        "DATA\r\n",
        format_message(mail, core.clock().wall(),
                       format_id(core.ids().next<MessageId>(core.clock().wall()))),
    };
    std::string last;
    std::string id;
    for (const std::string& each : commands) {
        auto reply = co_await outbound::exchange(stream, each, deadline);
        if (!reply) co_return refused(mail, net::describe(reply.error().stream));
        last = fmt::format("{} {}", reply->code, printable_ascii(reply->text, 300));
        if (!reply->positive() && !reply->intermediate()) co_return refused(mail, last);
        id = message_id_in(reply->text);
    }
    stream.write_last_words("QUIT\r\n");
    stream.close();
    SentMail sent{{FindingId::MessageAccepted, "test message to " + mail.to, last}, id};
    co_return sent;
}

std::string message_id_in(std::string_view reply)
{
    for (const std::string_view word : split(reply, ' ')) {
        const auto id = parse_id<MessageId>(word);
        if (id) return format_id(*id);
    }
    return {};
}

}  // namespace hermetic::setup
