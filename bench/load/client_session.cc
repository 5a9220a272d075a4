#include "load/client_session.h"

namespace hermetic::load {
namespace {

constexpr std::size_t kMaxReason = 120;

bool is_positive(int code)
{
    return code >= 200 && code < 300;
}

}  // namespace

ClientSession::ClientSession(const ClientSettings& settings, const MessageSource& source)
    : settings_(settings), source_(source)
{
}

ClientEvent ClientSession::next(std::string_view& input, std::string& out)
{
    ReplyLine line;
    while (step_ != Step::Handshake && lines_.next(input, line)) {
        if (line.code == 0) {
            return broken(line);
        }
        if (step_ == Step::Ehlo && line.code == 250) {
            note_keyword(line.text);
        }
        if (line.last) {
            const ClientEvent event = on_reply(line, out);
            if (event != ClientEvent::NeedInput) {
                return event;
            }
        }
    }
    return ClientEvent::NeedInput;
}

ClientEvent ClientSession::on_reply(const ReplyLine& line, std::string& out)
{
    switch (step_) {
    case Step::Greeting:
        if (line.code != 220) {
            return broken(line);
        }
        append_ehlo(out);
        return ClientEvent::NeedInput;
    case Step::Ehlo:
        return on_ehlo(line, out);
    case Step::StartTls:
        if (line.code != 220) {
            return broken(line);
        }
        step_ = Step::Handshake;
        return ClientEvent::StartTls;
    case Step::Mail:
        return on_mail(line, out);
    case Step::Rcpt:
        return on_rcpt(line, out);
    case Step::Data:
        return on_data(line, out);
    case Step::Content:
        return on_content(line);
    case Step::Reset:
        step_ = Step::Idle;
        return ClientEvent::Ready;
    case Step::Quit:
        return ClientEvent::Bye;
    case Step::Idle:
    case Step::Handshake:
        break;
    }
    return broken(line);  // nothing was asked: 421 as a rule
}

ClientEvent ClientSession::on_ehlo(const ReplyLine& line, std::string& out)
{
    if (!is_positive(line.code)) {
        return broken(line);
    }
    if (settings_.starttls == UseStartTls::Yes && !tls_) {
        if (!starttls_) {
            why_ = "no STARTTLS offered";
            return ClientEvent::Broken;
        }
        out += "STARTTLS\r\n";
        step_ = Step::StartTls;
        return ClientEvent::NeedInput;
    }
    step_ = Step::Idle;
    return ClientEvent::Ready;
}

ClientEvent ClientSession::on_mail(const ReplyLine& line, std::string& out)
{
    if (!is_positive(line.code)) {
        note_failure(line);
    }
    if (pipelining_) {
        step_ = Step::Rcpt;
        return ClientEvent::NeedInput;
    }
    if (failure_ != 0) {
        step_ = Step::Idle;
        return finish(failure_);
    }
    append_rcpt(out);
    step_ = Step::Rcpt;
    return ClientEvent::NeedInput;
}

ClientEvent ClientSession::on_rcpt(const ReplyLine& line, std::string& out)
{
    if (!is_positive(line.code)) {
        note_failure(line);
    }
    if (!pipelining_ && failure_ != 0) {
        out += "RSET\r\n";
        step_ = Step::Reset;
        return finish(failure_);
    }
    if (!pipelining_) {
        out += "DATA\r\n";
    }
    step_ = Step::Data;
    return ClientEvent::NeedInput;
}

ClientEvent ClientSession::on_data(const ReplyLine& line, std::string& out)
{
    if (line.code == 354) {
        step_ = Step::Content;
        if (failure_ == 0) {
            return ClientEvent::SendContent;
        }
        out += ".\r\n";
        return ClientEvent::SendNothing;
    }
    note_failure(line);
    out += "RSET\r\n";
    step_ = Step::Reset;
    return finish(failure_);
}

ClientEvent ClientSession::on_content(const ReplyLine& line)
{
    if (!is_positive(line.code)) {
        note_failure(line);
    }
    const ClientEvent event = finish(failure_);
    step_ = Step::Idle;
    if (next_begun_) {
        current_ = next_;
        next_begun_ = false;
        step_ = Step::Mail;
    }
    return event;
}

ClientEvent ClientSession::broken(const ReplyLine& line)
{
    why_ = line.whole.substr(0, kMaxReason);
    return ClientEvent::Broken;
}

void ClientSession::note_keyword(std::string_view text)
{
    pipelining_ = pipelining_ || text == "PIPELINING";
    starttls_ = starttls_ || text == "STARTTLS";
    size_ = size_ || text == "SIZE" || text.starts_with("SIZE ");
}

void ClientSession::note_failure(const ReplyLine& line)
{
    if (failure_ == 0) {
        failure_ = line.code;
        why_ = line.whole.substr(0, kMaxReason);
    }
}

ClientEvent ClientSession::finish(int code)
{
    finished_ = current_;
    failure_ = 0;
    if (code == 0) {
        return ClientEvent::Accepted;
    }
    return code >= 500 ? ClientEvent::Refused : ClientEvent::Deferred;
}

void ClientSession::append_ehlo(std::string& out)
{
    out += "EHLO " + settings_.helo + "\r\n";
    step_ = Step::Ehlo;
    pipelining_ = size_ = starttls_ = false;
}

void ClientSession::append_rcpt(std::string& out) const
{
    out += "RCPT TO:<";
    source_.append_mailbox_to(out, current_.number);
    out += ">\r\n";
}

void ClientSession::on_tls(std::string& out)
{
    tls_ = true;
    append_ehlo(out);
}

bool ClientSession::can_pipeline_next() const
{
    return settings_.pipeline_next == PipelineNext::Yes && pipelining_ && step_ == Step::Content &&
           !next_begun_;
}

void ClientSession::start_message(std::uint64_t number, std::int64_t now, std::string& out)
{
    const Transaction before = current_;
    current_ = {number, now};
    out += "MAIL FROM:<";
    source_.append_mailbox_from(out, number);
    out += '>';
    if (size_) {
        out += " SIZE=";
        append_number(out, source_.size());
    }
    out += "\r\n";
    if (pipelining_) {
        append_rcpt(out);
        out += "DATA\r\n";
    }
    if (step_ == Step::Content) {
        next_ = current_;
        current_ = before;
        next_begun_ = true;
        return;
    }
    step_ = Step::Mail;
}

void ClientSession::append_content(std::string& out) const
{
    source_.append_head(out, current_.number);
}

void ClientSession::quit(std::string& out)
{
    out += "QUIT\r\n";
    step_ = Step::Quit;
}

bool ClientSession::take_unfinished(Transaction& transaction, ClientEvent& event)
{
    event = ClientEvent::Broken;
    switch (step_) {
    case Step::Mail:
    case Step::Rcpt:
    case Step::Data:
    case Step::Content:
        break;
    default:
        return false;
    }
    transaction = current_;
    if (failure_ != 0) {
        event = finish(failure_);
    }
    if (next_begun_) {
        current_ = next_;
        next_begun_ = false;
        step_ = Step::Mail;
    } else {
        step_ = Step::Quit;
    }
    return true;
}

}  // namespace hermetic::load
