// One SMTP or LMTP session of a partner: answers each command as its behaviour says, and records
// what the client did. Private header: Asio types.
//
// Recipients whose local part begins with "unknown" get 550 at RCPT, "full" 452, and with "quota"
// 552 after the message from an LMTP partner, whatever else the behaviour says.
#pragma once

#include "lab/channel.h"
#include "lab/message_reader.h"
#include "lab/record_book.h"
#include "lab/smtp_text.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace hermetic::lab {

// What the sessions of one partner share. One thread.
struct PartnerState {
    const Behaviour& behaviour;
    std::string host;
    const TlsServer& tls;
    RecordBook& book;
    std::size_t keep_body;                // octets of a body that are kept
    bool offers_auth;                     // and takes every AUTH (RFC 4954)
    std::map<std::string, int> deviated;  // how often, for Deviation::times
};

class Dialogue {
public:
    // Both outlive the dialogue.
    Dialogue(PartnerState& state, Channel& channel, std::string client);

    // Until the end of the connection, which it closes; then the record is in the book.
    [[nodiscard]] Task<void> run();

private:
    enum class Reaction { Honest, Replied, Ended };
    enum class Then { Continue, End };

    Task<Then> converse();
    Task<Then> obey(CommandLine command);
    Task<Then> on_hello(CommandLine command);
    Task<Then> on_starttls();
    Task<Then> on_auth(std::string argument);
    Task<Then> on_mail(std::string argument);
    Task<Then> on_rcpt(std::string argument);
    Task<Then> on_data();
    Task<Then> on_bdat(std::string argument);
    Task<Then> on_quit();
    Task<Then> receive_dotted();
    Task<Then> receive_chunk(std::size_t octets, bool refused);
    Task<Then> end_message();
    Task<Then> end_lmtp_message();

    Task<Reaction> react(Moment moment, std::string about = std::string{});
    Task<Reaction> act_out(const Deviation& deviation);
    Task<Then> after_own_words(Reaction reaction);
    Task<Then> reply(int code, std::string_view enhanced, std::string_view text);
    Task<Then> send(std::string octets);
    Task<Then> endless_reply();

    [[nodiscard]] const Deviation* find_deviation(Moment moment, const std::string& about);
    [[nodiscard]] std::string hello_reply() const;
    [[nodiscard]] bool check_mail_parameters(const PathArgument& argument);
    [[nodiscard]] bool check_rcpt_parameters(const PathArgument& argument);
    void check_turn(const std::string& verb);
    void check_content();
    void begin_message(std::string_view command);
    void store_message(int code, bool complete);
    void forget_transaction();
    void violated(std::string what);
    void note(TranscriptLine::From from, std::string_view text);
    Then end(std::string why);

    PartnerState& state_;
    const Behaviour& behaviour_;
    Channel& channel_;
    std::chrono::steady_clock::time_point began_;
    ConnectionRecord record_;
    bool greeted_ = false;   // EHLO, HELO or LHLO since the beginning or the handshake
    bool extended_ = false;  // it was not HELO
    bool has_mail_ = false;
    bool eight_bit_ = false;
    bool utf8_ = false;
    MessageRecord message_;
    std::unique_ptr<MessageSink> sink_;  // while a message arrives
    int last_code_ = 0;
};

}  // namespace hermetic::lab
