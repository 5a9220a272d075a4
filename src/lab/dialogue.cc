#include "lab/dialogue.h"

#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace hermetic::lab {
namespace {

constexpr std::size_t kLongestCommand = 8192;
constexpr int kMostCommands = 10'000;
constexpr std::size_t kLongestTranscript = 1000;      // lines
constexpr std::size_t kLongestTranscriptLine = 2000;  // octets
constexpr std::size_t kMostViolations = 100;
constexpr std::size_t kMostTallies = 10'000;

const std::string kGarbage{"\x01\x02 not a reply at all \xff\xfe\r\nneither is this\r\n", 43};

// Commands that must be the last of a group even where PIPELINING is offered (RFC 2920 §3.1).
bool ends_group(std::string_view verb)
{
    return verb != "MAIL" && verb != "RCPT" && verb != "RSET" && verb != "BDAT";
}

}  // namespace

Dialogue::Dialogue(PartnerState& state, Channel& channel, std::string client)
    : state_{state},
      behaviour_{state.behaviour},
      channel_{channel},
      began_{std::chrono::steady_clock::now()}
{
    record_.partner = std::string{behaviour_.name};
    record_.number = state_.book.begin_connection(behaviour_.name);
    record_.client = std::move(client);
}

Task<void> Dialogue::run()
{
    const Then then = co_await converse();
    if (then == Then::End && record_.ended.empty()) record_.ended = "closed by partner";
    if (sink_) store_message(0, false);
    channel_.close();
    state_.book.add(std::move(record_));
}

Task<Dialogue::Then> Dialogue::converse()
{
    const Reaction greeting = co_await react(Moment::Connect);
    if (greeting == Reaction::Ended) co_return Then::End;
    if (greeting == Reaction::Honest) {
        const bool lmtp = behaviour_.protocol == Protocol::Lmtp;
        const Then said =
            co_await send(fmt::format("220 {} {} lab\r\n", state_.host, lmtp ? "LMTP" : "ESMTP"));
        if (said == Then::End) co_return Then::End;
    }
    for (int commands = 0; commands < kMostCommands; ++commands) {
        const auto line = co_await channel_.read_line(kLongestCommand);
        if (!line) co_return end(describe(line.error()));
        note(TranscriptLine::From::Client, *line);
        if (line->find_first_of(std::string_view{"\r\n\0", 3}) != std::string::npos) {
            violated("bare CR, bare LF or NUL in a command");
        }
        CommandLine command = split_command(*line);
        check_turn(command.verb);
        const Then then = co_await obey(std::move(command));
        if (then == Then::End) co_return Then::End;
    }
    co_return end("too many commands");
}

Task<Dialogue::Then> Dialogue::obey(CommandLine command)
{
    const std::string& verb = command.verb;
    if (verb == "EHLO" || verb == "HELO" || verb == "LHLO") {
        co_return co_await on_hello(std::move(command));
    }
    if (verb == "STARTTLS") co_return co_await on_starttls();
    if (verb == "AUTH" && state_.offers_auth) {
        co_return co_await on_auth(std::move(command.argument));
    }
    if (verb == "MAIL") co_return co_await on_mail(std::move(command.argument));
    if (verb == "RCPT") co_return co_await on_rcpt(std::move(command.argument));
    if (verb == "DATA") co_return co_await on_data();
    if (verb == "BDAT") co_return co_await on_bdat(std::move(command.argument));
    if (verb == "QUIT") co_return co_await on_quit();
    if (verb == "RSET") {
        if (sink_) store_message(0, false);
        forget_transaction();
        co_return co_await reply(250, "2.0.0", "Forgotten");
    }
    if (verb == "NOOP") co_return co_await reply(250, "2.0.0", "Done nothing");
    if (verb == "VRFY") co_return co_await reply(252, "2.5.2", "Send it and see");
    violated("unknown command");
    co_return co_await reply(500, "5.5.1", "Unknown command");
}

Task<Dialogue::Then> Dialogue::on_hello(CommandLine command)
{
    const bool lmtp = behaviour_.protocol == Protocol::Lmtp;
    if ((command.verb == "LHLO") != lmtp) {
        co_return co_await reply(500, "5.5.1", lmtp ? "This is LMTP: LHLO" : "This is SMTP: EHLO");
    }
    record_.ehlo.push_back(command.argument);
    if (command.argument.empty()) violated(command.verb + " without a name");
    if (sink_) store_message(0, false);
    forget_transaction();
    const bool plain = command.verb == "HELO";
    const Reaction reaction = co_await react(plain ? Moment::Helo : Moment::Ehlo);
    if (reaction != Reaction::Honest) co_return co_await after_own_words(reaction);
    greeted_ = true;
    extended_ = !plain;
    if (plain) co_return co_await send(fmt::format("250 {}\r\n", state_.host));
    co_return co_await send(hello_reply());
}

std::string Dialogue::hello_reply() const
{
    const Extensions& offered = behaviour_.extensions;
    std::vector<std::string> lines{state_.host};
    if (offered.pipelining) lines.emplace_back("PIPELINING");
    if (offered.size) lines.push_back(fmt::format("SIZE {}", offered.size_limit));
    if (offered.eight_bit_mime) lines.emplace_back("8BITMIME");
    if (offered.smtputf8) lines.emplace_back("SMTPUTF8");
    if (offered.chunking) lines.emplace_back("CHUNKING");
    if (offered.dsn) lines.emplace_back("DSN");
    if (offered.enhanced_status_codes) lines.emplace_back("ENHANCEDSTATUSCODES");
    if (state_.offers_auth) lines.emplace_back("AUTH PLAIN LOGIN");
    if (behaviour_.starttls == StarttlsOffer::Offered && !channel_.is_tls()) {
        lines.emplace_back("STARTTLS");
    }
    std::string text;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        text += fmt::format("250{}{}\r\n", i + 1 == lines.size() ? ' ' : '-', lines[i]);
    }
    return text;
}

Task<Dialogue::Then> Dialogue::on_starttls()
{
    if (channel_.is_tls()) {
        violated("STARTTLS under TLS");
        co_return co_await reply(503, "5.5.1", "Already under TLS");
    }
    if (behaviour_.starttls == StarttlsOffer::NotOffered) {
        violated("STARTTLS was not offered");
        co_return co_await reply(502, "5.5.1", "Not offered");
    }
    const Reaction reaction = co_await react(Moment::Starttls);
    if (reaction != Reaction::Honest) co_return co_await after_own_words(reaction);
    std::string ready = "220 2.0.0 Ready to start TLS\r\n";
    ready += behaviour_.injected_after_starttls;
    const Then said = co_await send(std::move(ready));
    if (said == Then::End) co_return Then::End;

    const HandshakeFault fault = behaviour_.handshake;
    HandshakeReport report = co_await channel_.accept_tls(state_.tls, fault);
    record_.hello = std::move(report.hello);
    record_.tls = std::move(report.session);
    record_.handshake_error = std::move(report.error);
    // What was said in clear is forgotten (RFC 3207 §4.2).
    greeted_ = false;
    forget_transaction();
    if (!record_.tls) co_return end("handshake failed");
    co_return Then::Continue;
}

// RFC 4954 §4: with or without an initial response; what is told stands in the transcript.
Task<Dialogue::Then> Dialogue::on_auth(std::string argument)
{
    const bool initial = argument.find(' ') != std::string::npos;
    int questions = to_upper(argument).starts_with("LOGIN") ? 2 : 1;
    for (questions -= initial ? 1 : 0; questions > 0; --questions) {
        const Then asked = co_await send("334 \r\n");
        if (asked == Then::End) co_return Then::End;
        const auto line = co_await channel_.read_line(kLongestCommand);
        if (!line) co_return end(describe(line.error()));
        note(TranscriptLine::From::Client, *line);
    }
    co_return co_await reply(235, "2.7.0", "Welcome, whoever you are");
}

Task<Dialogue::Then> Dialogue::on_mail(std::string argument)
{
    if (!greeted_ || has_mail_) {
        violated(greeted_ ? "MAIL within a transaction" : "MAIL before EHLO");
        co_return co_await reply(503, "5.5.1", "Out of order");
    }
    auto parsed = parse_path(argument, "FROM");
    if (!parsed) {
        violated("syntax of MAIL");
        co_return co_await reply(501, "5.5.4", "Syntax");
    }
    message_.reverse_path = std::move(parsed->path);
    message_.mail_parameters = parsed->parameters;
    message_.mail_in_clear = !channel_.is_tls();
    const bool allowed = check_mail_parameters(*parsed);
    const Reaction reaction = co_await react(Moment::Mail);
    if (reaction != Reaction::Honest) {
        forget_transaction();
        co_return co_await after_own_words(reaction);
    }
    if (!allowed) {
        forget_transaction();
        co_return co_await reply(555, "5.5.4", "A parameter that is not offered");
    }
    for (std::size_t i = 0; i < parsed->keywords.size(); ++i) {
        const auto size = parse_decimal<std::uint64_t>(parsed->values[i]);
        if (parsed->keywords[i] == "SIZE" && size && *size > behaviour_.extensions.size_limit) {
            forget_transaction();
            co_return co_await reply(552, "5.3.4", "Message too big");
        }
    }
    has_mail_ = true;
    co_return co_await reply(250, "2.1.0", "Sender ok");
}

bool Dialogue::check_mail_parameters(const PathArgument& argument)
{
    const Extensions& offered = behaviour_.extensions;
    bool allowed = true;
    for (std::size_t i = 0; i < argument.keywords.size(); ++i) {
        const std::string& keyword = argument.keywords[i];
        const std::string value = to_upper(argument.values[i]);
        const bool known = (keyword == "SIZE" && offered.size) ||
                           (keyword == "BODY" && offered.eight_bit_mime &&
                            (value == "8BITMIME" || value == "7BIT")) ||
                           (keyword == "SMTPUTF8" && offered.smtputf8) ||
                           ((keyword == "RET" || keyword == "ENVID") && offered.dsn);
        if (!known || !extended_) {
            violated("parameter " + keyword + " was not offered");
            allowed = false;
        }
        if (keyword == "BODY" && value == "8BITMIME") eight_bit_ = true;
        if (keyword == "SMTPUTF8") utf8_ = true;
    }
    if (!is_ascii(argument.path) && !utf8_) {
        violated("address outside ASCII without SMTPUTF8");
        allowed = false;
    }
    return allowed;
}

Task<Dialogue::Then> Dialogue::on_rcpt(std::string argument)
{
    if (!has_mail_) co_return co_await reply(503, "5.5.1", "MAIL first");
    auto parsed = parse_path(argument, "TO");
    if (!parsed || parsed->path == "<>") {
        violated("syntax of RCPT");
        co_return co_await reply(501, "5.5.4", "Syntax");
    }
    if (!channel_.is_tls()) message_.mail_in_clear = true;
    const bool allowed = check_rcpt_parameters(*parsed);
    const std::string path = parsed->path;
    message_.recipients.push_back({path, parsed->parameters, 0});
    const Reaction reaction = co_await react(Moment::Rcpt, path);
    if (reaction != Reaction::Honest) {
        message_.recipients.back().code = last_code_;
        co_return co_await after_own_words(reaction);
    }
    const auto who = local_part(path);
    int code = 250;
    if (who.starts_with("unknown")) code = 550;
    if (who.starts_with("full")) code = 452;
    if (!allowed) code = 555;
    message_.recipients.back().code = code;
    if (code == 550) co_return co_await reply(550, "5.1.1", "No such user here");
    if (code == 452) co_return co_await reply(452, "4.2.2", "Mailbox full");
    if (code == 555) co_return co_await reply(555, "5.5.4", "A parameter that is not offered");
    co_return co_await reply(250, "2.1.5", "Recipient ok");
}

bool Dialogue::check_rcpt_parameters(const PathArgument& argument)
{
    bool allowed = true;
    for (const auto& keyword : argument.keywords) {
        const bool known = (keyword == "NOTIFY" || keyword == "ORCPT") && behaviour_.extensions.dsn;
        if (!known || !extended_) {
            violated("parameter " + keyword + " was not offered");
            allowed = false;
        }
    }
    if (!is_ascii(argument.path) && !utf8_) {
        violated("address outside ASCII without SMTPUTF8");
        allowed = false;
    }
    return allowed;
}

Task<Dialogue::Then> Dialogue::on_quit()
{
    if (sink_) store_message(0, false);
    const Reaction reaction = co_await react(Moment::Quit);
    if (reaction == Reaction::Honest) {
        co_await reply(221, "2.0.0", "Goodbye");
    }
    co_return end("quit");
}

// Speaking out of turn, as far as it can be seen: octets that are here before the reply is.
void Dialogue::check_turn(const std::string& verb)
{
    if (channel_.buffered() == 0 || verb == "BDAT") return;
    if (behaviour_.extensions.pipelining && extended_ && !ends_group(verb)) return;
    violated("octets after " + printable_ascii(verb, 20) + " before its reply");
}

void Dialogue::forget_transaction()
{
    has_mail_ = false;
    eight_bit_ = false;
    utf8_ = false;
    sink_.reset();
    message_ = MessageRecord{};
}

const Deviation* Dialogue::find_deviation(Moment moment, const std::string& about)
{
    for (std::size_t i = 0; i < behaviour_.deviations.size(); ++i) {
        const Deviation& deviation = behaviour_.deviations[i];
        if (deviation.at != moment) continue;
        if (deviation.when == When::InClear && channel_.is_tls()) continue;
        if (deviation.when == When::UnderTls && !channel_.is_tls()) continue;
        if (deviation.times == Deviation::kAlways) return &deviation;
        if (state_.deviated.size() >= kMostTallies) state_.deviated.clear();
        int& so_far = state_.deviated[fmt::format("{} {}", i, about)];
        if (so_far == deviation.times) continue;
        ++so_far;
        return &deviation;
    }
    return nullptr;
}

Task<Dialogue::Reaction> Dialogue::react(Moment moment, std::string about)
{
    last_code_ = 0;
    const Deviation* const deviation = find_deviation(moment, about);
    if (deviation == nullptr) co_return Reaction::Honest;
    co_return co_await act_out(*deviation);
}

Task<Dialogue::Reaction> Dialogue::act_out(const Deviation& deviation)
{
    Then then = Then::End;
    ChannelError ended = ChannelError::Closed;
    switch (deviation.act) {
    case Act::Reply:
        last_code_ = deviation.code;
        then = co_await send(fmt::format("{} {}\r\n", deviation.code, deviation.text));
        if (deviation.code == 421) then = Then::End;
        break;
    case Act::Close:
        end("closed by partner");
        break;
    case Act::Reset:
        channel_.reset();
        end("reset by partner");
        break;
    case Act::Garbage:
        then = co_await send(kGarbage);
        break;
    case Act::LongLine:
        then = co_await send("250 " + std::string(100'000, 'x') + "\r\n");
        break;
    case Act::EndlessReply:
        then = co_await endless_reply();
        break;
    case Act::Silence:
        ended = co_await channel_.wait_for_end();
        end(describe(ended));
        break;
    }
    co_return then == Then::End ? Reaction::Ended : Reaction::Replied;
}

// Without end for the client; for the lab at 64 MiB, in case that a client really reads it all.
Task<Dialogue::Then> Dialogue::endless_reply()
{
    std::string block;
    while (block.size() < 4096) block += "250-and another line of a reply without an end\r\n";
    note(TranscriptLine::From::Partner, "250-and another line of a reply without an end");
    for (std::size_t sent = 0; sent < 64U << 20; sent += block.size()) {
        const auto written = co_await channel_.write(block);
        if (!written) co_return end(describe(written.error()));
    }
    co_return end("endless reply cut by the lab");
}

Task<Dialogue::Then> Dialogue::after_own_words(Reaction reaction)
{
    co_return reaction == Reaction::Ended ? Then::End : Then::Continue;
}

Task<Dialogue::Then> Dialogue::reply(int code, std::string_view enhanced, std::string_view text)
{
    const bool with_enhanced = behaviour_.extensions.enhanced_status_codes && extended_;
    std::string line = with_enhanced ? fmt::format("{} {} {}\r\n", code, enhanced, text)
                                     : fmt::format("{} {}\r\n", code, text);
    co_return co_await send(std::move(line));
}

Task<Dialogue::Then> Dialogue::send(std::string octets)
{
    for (const auto line : split(octets, '\n')) {
        if (!line.empty()) note(TranscriptLine::From::Partner, line.substr(0, line.size() - 1));
    }
    if (behaviour_.reply_delay.count() > 0) co_await channel_.pause(behaviour_.reply_delay);
    if (behaviour_.octet_delay.count() == 0) {
        const auto written = co_await channel_.write(std::move(octets));
        if (!written) co_return end(describe(written.error()));
        co_return Then::Continue;
    }
    for (const char octet : octets) {
        std::string one(1, octet);
        const auto written = co_await channel_.write(std::move(one));
        if (!written) co_return end(describe(written.error()));
        co_await channel_.pause(behaviour_.octet_delay);
    }
    co_return Then::Continue;
}

void Dialogue::violated(std::string what)
{
    if (record_.violations.size() < kMostViolations) record_.violations.push_back(std::move(what));
}

void Dialogue::note(TranscriptLine::From from, std::string_view text)
{
    if (record_.transcript.size() >= kLongestTranscript) return;
    const auto at = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - began_);
    record_.transcript.push_back(
        {from, channel_.is_tls(), at, std::string{text.substr(0, kLongestTranscriptLine)}});
}

Dialogue::Then Dialogue::end(std::string why)
{
    if (record_.ended.empty()) record_.ended = std::move(why);
    return Then::End;
}

}  // namespace hermetic::lab
