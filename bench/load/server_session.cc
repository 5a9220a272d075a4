#include "load/server_session.h"

#include <algorithm>
#include <charconv>

namespace hermetic::load {
namespace {

constexpr std::size_t kMaxLine = 4096;

// Neighbouring seeds become numbers that have nothing in common (the last step of splitmix64).
constexpr std::uint64_t scatter(std::uint64_t seed)
{
    seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9;
    seed = (seed ^ (seed >> 27)) * 0x94d049bb133111eb;
    return seed ^ (seed >> 31);
}

// Four letters, whatever their case, as one number.
constexpr std::uint32_t verb_of(std::string_view line)
{
    std::uint32_t verb = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const char c = i < line.size() ? line[i] : ' ';
        verb = verb << 8 | static_cast<unsigned char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    return verb;
}

}  // namespace

ServerSession::ServerSession(const ServerSettings& settings, std::uint64_t seed)
    : settings_(settings), random_(scatter(seed + 1))
{
}

void ServerSession::greet(std::string& out) const
{
    out += "220 sink.test ESMTP\r\n";
}

ServerEvent ServerSession::next(std::string_view& input, std::string& out)
{
    while (!input.empty()) {
        if (mode_ == Mode::Data) {
            if (!content_.take_data(input)) {
                return ServerEvent::NeedInput;
            }
            mode_ = Mode::Command;
            return ServerEvent::Message;
        }
        if (mode_ == Mode::Chunk) {
            const ServerEvent event = take_chunk(input, out);
            if (event != ServerEvent::NeedInput) {
                return event;
            }
            continue;
        }
        const std::size_t end = input.find('\n');
        if (partial_.size() + std::min(end, input.size()) > kMaxLine) {
            out += "500 5.5.6 Line too long\r\n";
            return ServerEvent::Close;
        }
        if (end == std::string_view::npos) {
            partial_.append(input);
            input = {};
            break;
        }
        std::string_view line = input.substr(0, end);
        input.remove_prefix(end + 1);
        const bool continued = !partial_.empty();
        if (continued) {
            partial_.append(line);
            line = partial_;
        }
        const ServerEvent event =
            on_line(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line, out);
        partial_.clear();
        if (event != ServerEvent::NeedInput) {
            return event;
        }
    }
    return ServerEvent::NeedInput;
}

ServerEvent ServerSession::on_line(std::string_view line, std::string& out)
{
    const std::uint32_t verb = verb_of(line);
    switch (verb) {
    case verb_of("EHLO"):
        reset();
        append_ehlo(out);
        break;
    case verb_of("HELO"):
    case verb_of("RSET"):
        reset();
        out += "250 2.0.0 OK\r\n";
        break;
    case verb_of("NOOP"):
        out += "250 2.0.0 OK\r\n";
        break;
    case verb_of("VRFY"):
        out += "252 2.0.0 Send some mail\r\n";
        break;
    case verb_of("QUIT"):
        out += "221 2.0.0 Bye\r\n";
        return ServerEvent::Close;
    case verb_of("STAR"):
        if (settings_.starttls == OfferStartTls::No || tls_) {
            out += "503 5.5.1 Not now\r\n";
            break;
        }
        out += "220 2.0.0 Go ahead\r\n";
        return ServerEvent::StartTls;
    default:
        return on_mail_command(verb, line, out);
    }
    return ServerEvent::NeedInput;
}

ServerEvent ServerSession::on_mail_command(std::uint32_t verb, std::string_view line,
                                           std::string& out)
{
    switch (verb) {
    case verb_of("MAIL"):
        if (mail_) {
            out += "503 5.5.1 Nested MAIL\r\n";
            break;
        }
        mail_ = true;
        out += "250 2.1.0 OK\r\n";
        break;
    case verb_of("RCPT"):
        on_rcpt(out);
        break;
    case verb_of("DATA"):
        if (recipients_ == 0 || in_chunks_) {
            out += "503 5.5.1 No recipients\r\n";
            break;
        }
        content_.start();
        mode_ = Mode::Data;
        out += "354 Go ahead\r\n";
        break;
    case verb_of("BDAT"):
        on_bdat(line.substr(4), out);
        if (mode_ == Mode::Chunk && chunk_left_ == 0) {
            std::string_view none;
            return take_chunk(none, out);
        }
        break;
    default:
        out += "500 5.5.2 Unknown command\r\n";
    }
    return ServerEvent::NeedInput;
}

void ServerSession::on_rcpt(std::string& out)
{
    if (!mail_) {
        out += "503 5.5.1 MAIL first\r\n";
        return;
    }
    const double drawn = settings_.reject + settings_.defer > 0 ? draw() : 1;
    if (drawn < settings_.reject) {
        out += "550 5.1.1 Rejected, as asked for\r\n";
    } else if (drawn < settings_.reject + settings_.defer) {
        out += "450 4.2.1 Deferred, as asked for\r\n";
    } else {
        ++recipients_;
        out += "250 2.1.5 OK\r\n";
    }
}

void ServerSession::on_bdat(std::string_view arguments, std::string& out)
{
    arguments.remove_prefix(std::min(arguments.find_first_not_of(' '), arguments.size()));
    const auto [end, error] =
        std::from_chars(arguments.data(), arguments.data() + arguments.size(), chunk_left_);
    if (error != std::errc{}) {
        out += "501 5.5.4 A size, please\r\n";
        return;
    }
    last_chunk_ = end != arguments.data() + arguments.size();  // only LAST may follow
    if (!in_chunks_) {
        content_.start();
    }
    in_chunks_ = true;
    mode_ = Mode::Chunk;
}

ServerEvent ServerSession::take_chunk(std::string_view& input, std::string& out)
{
    const std::string_view octets = input.substr(0, chunk_left_);
    input.remove_prefix(octets.size());
    chunk_left_ -= octets.size();
    content_.take_chunk(octets);
    if (chunk_left_ > 0) {
        return ServerEvent::NeedInput;
    }
    mode_ = Mode::Command;
    if (last_chunk_ && recipients_ > 0) {
        return ServerEvent::Message;
    }
    if (last_chunk_) {
        reset();
        out += "503 5.5.1 No recipients\r\n";
        return ServerEvent::NeedInput;
    }
    out += recipients_ > 0 ? "250 2.0.0 OK\r\n" : "503 5.5.1 No recipients\r\n";
    return ServerEvent::NeedInput;
}

void ServerSession::on_tls()
{
    tls_ = true;
    partial_.clear();
    reset();
}

void ServerSession::reply_to_content(std::string& out)
{
    reset();
    out += "250 2.0.0 Taken\r\n";
}

void ServerSession::append_ehlo(std::string& out) const
{
    out +=
        "250-sink.test\r\n250-PIPELINING\r\n250-SIZE 1073741824\r\n250-8BITMIME\r\n"
        "250-CHUNKING\r\n250-SMTPUTF8\r\n250-DSN\r\n";
    if (settings_.starttls == OfferStartTls::Yes && !tls_) {
        out += "250-STARTTLS\r\n";
    }
    out += "250 ENHANCEDSTATUSCODES\r\n";
}

void ServerSession::reset()
{
    mode_ = Mode::Command;
    mail_ = false;
    in_chunks_ = false;
    recipients_ = 0;
}

// 0 … 1 (xorshift64).
double ServerSession::draw()
{
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return static_cast<double>(random_ >> 11) / static_cast<double>(std::uint64_t{1} << 53);
}

}  // namespace hermetic::load
