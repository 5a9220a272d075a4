// One SMTP session of the generator, as a machine: replies go in, commands and events come out.
// Pure: the owner has the socket, the clock and the handshake. RFC 5321, RFC 2920 (pipelining), RFC
// 3207.
#pragma once

#include "load/message_source.h"
#include "load/reply_lines.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace hermetic::load {

enum class UseStartTls { No, Yes };
enum class PipelineNext { No, Yes };  // the next envelope goes out behind the end of data

struct ClientSettings {
    std::string helo = "load.test";
    UseStartTls starttls = UseStartTls::No;
    PipelineNext pipeline_next = PipelineNext::No;
};

enum class ClientEvent {
    NeedInput,
    StartTls,     // make the handshake, then call on_tls()
    Ready,        // start_message(), or quit()
    SendContent,  // 354 came: append_content() and the source's body
    SendNothing,  // 354 came although the message is refused: the machine wrote the end of data
    Accepted,     // finished(): the message
    Refused,      // finished() and why()
    Deferred,     // as above
    Bye,          // QUIT is answered: close
    Broken,       // why(): close
};

struct Transaction {
    std::uint64_t number = 0;
    std::int64_t mail_at = 0;  // when MAIL was written, as start_message() was told
};

class ClientSession {
public:
    // Both outlive the session.
    ClientSession(const ClientSettings& settings, const MessageSource& source);

    // Takes at most one reply from input, appends commands to out. Call until NeedInput.
    [[nodiscard]] ClientEvent next(std::string_view& input, std::string& out);

    void on_tls(std::string& out);
    // Only when idle() or, after SendContent and with PipelineNext::Yes, when can_pipeline_next().
    void start_message(std::uint64_t number, std::int64_t now, std::string& out);
    void append_content(std::string& out) const;
    void quit(std::string& out);

    // Between messages: nothing is asked of the server.
    [[nodiscard]] bool idle() const { return step_ == Step::Idle; }
    [[nodiscard]] bool quitting() const { return step_ == Step::Quit; }
    [[nodiscard]] bool can_pipeline_next() const;
    [[nodiscard]] bool handshaking() const { return step_ == Step::Handshake; }

    [[nodiscard]] const Transaction& finished() const { return finished_; }
    [[nodiscard]] const std::string& why() const { return why_; }

    // The connection is lost: takes back what was begun. False: nothing (more) was. When the server
    // had already refused it, event says how (Refused, Deferred), else Broken.
    [[nodiscard]] bool take_unfinished(Transaction& transaction, ClientEvent& event);

private:
    enum class Step {
        Greeting,
        Ehlo,
        StartTls,
        Handshake,
        Idle,
        Mail,
        Rcpt,
        Data,
        Content,
        Reset,
        Quit
    };

    ClientEvent on_reply(const ReplyLine& line, std::string& out);
    ClientEvent on_ehlo(const ReplyLine& line, std::string& out);
    ClientEvent on_mail(const ReplyLine& line, std::string& out);
    ClientEvent on_rcpt(const ReplyLine& line, std::string& out);
    ClientEvent on_data(const ReplyLine& line, std::string& out);
    ClientEvent on_content(const ReplyLine& line);
    ClientEvent broken(const ReplyLine& line);
    void note_keyword(std::string_view text);
    void note_failure(const ReplyLine& line);
    ClientEvent finish(int code);
    void append_rcpt(std::string& out) const;
    void append_ehlo(std::string& out);

    const ClientSettings& settings_;
    const MessageSource& source_;
    ReplyLines lines_;
    Step step_ = Step::Greeting;
    bool tls_ = false;
    bool pipelining_ = false;
    bool size_ = false;
    bool starttls_ = false;
    Transaction current_;
    Transaction next_;
    bool next_begun_ = false;
    int failure_ = 0;  // the code that refused the current message
    Transaction finished_;
    std::string why_;
};

}  // namespace hermetic::load
