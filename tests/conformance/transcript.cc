#include "transcript.h"

#include "core/text.h"
#include "smtp/refusals.h"
#include "smtp/server_machine.h"

#include <charconv>
#include <sstream>

namespace hermetic::smtp {
namespace {

constexpr RefusalKind kNoSuchUser{facts::Reason::RecipientUnknown, 550, {5, 1, 1}, "no such user"};
constexpr RefusalKind kNoRelay{
    facts::Reason::RecipientRelayDenied, 550, {5, 7, 64}, "relaying denied"};
constexpr WallTime kNow{std::chrono::milliseconds{1795285475123}};

bool matches(std::string_view pattern, std::string_view text)
{
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) return pattern == text;
    if (text.substr(0, star) != pattern.substr(0, star)) return false;
    const std::string_view rest = pattern.substr(star + 1);
    for (std::size_t i = star; i <= text.size(); ++i) {
        if (matches(rest, text.substr(i))) return true;
    }
    return false;
}

std::string unescape(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        switch (text[++i]) {
        case 'r':
            out += '\r';
            break;
        case 'n':
            out += '\n';
            break;
        case '0':
            out += '\0';
            break;
        case 'x': {
            unsigned value = 0;
            std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
            out += static_cast<char>(value);
            i += 2;
            break;
        }
        default:
            out += text[i];
        }
    }
    return out;
}

// A session over a string: what inbound/session.cc does over a stream.
class Player {
public:
    explicit Player(Delivery delivery) : delivery_{delivery}
    {
        settings_.hostname = "mx.example.org";
        start_.session = SessionId{0x0123456789abcdef};
        start_.client = {*IpAddress::parse("192.0.2.7"), 4711};
    }

    std::vector<std::string> play(const std::string& transcript)
    {
        std::istringstream lines{transcript};
        for (std::string line; std::getline(lines, line);) {
            ++line_number_;
            if (line.empty() || line[0] == '#') continue;
            step(line);
        }
        pump();
        if (!output_.empty()) complain("left over: " + output_);
        if (expected_ != stored_) complain("stored:\n" + stored_ + "expected:\n" + expected_);
        return std::move(complaints_);
    }

private:
    void complain(const std::string& what)
    {
        complaints_.push_back("line " + std::to_string(line_number_) + ": " + what);
    }

    void step(const std::string& line)
    {
        const std::string key = line.substr(0, 2);
        const std::string text = line.size() > 3 ? line.substr(3) : "";
        if (key == "C:") {
            input_ += unescape(text) + "\r\n";
        } else if (key == "C~") {
            input_ += unescape(text);
        } else if (key == "S:") {
            expect_line(text);
        } else if (key == "T:") {
            pump();
            if (next_ != Next::StartTls) complain("no handshake was asked for");
            next_ = machine_->on_tls_started();
        } else if (key == "E:" || key == "M:") {
            expected_ += unescape(text) + "\r\n";
        } else if (key == "X:") {
            pump();
            if (next_ != Next::Close) complain("not closed");
            if (machine_->ended_by() != text)
                complain("ended by " + std::string{machine_->ended_by()});
        } else {
            configure(line);
        }
    }

    void configure(const std::string& line)
    {
        std::istringstream words{line};
        std::string what;
        std::string name;
        std::uint32_t value = 0;
        words >> what >> name >> value;
        config::LimitOptions& limits = settings_.limits;
        if (what == "repair")
            limits.bare_newlines = config::BareNewlines::Repair;
        else if (what == "store")
            store_ = name;
        else if (what == "listener" && name == "lmtp")
            settings_.protocol = ServerProtocol::Lmtp;
        else if (what == "listener" && name == "tls")
            start_.in_tls = true;
        else if (what == "listener" && name == "starttls")
            start_.offers_starttls = true;
        else if (what == "listener" && name == "xclient")
            start_.may_xclient = true;
        else if (what == "client" && name == "admitted")
            admitted_ = true;
        else if (what == "limit" && name == "message_size")
            limits.message_size = value;
        else if (what == "limit" && name == "header_size")
            limits.header_size = value;
        else if (what == "limit" && name == "recipients")
            limits.recipients = value;
        else if (what == "limit" && name == "messages")
            limits.messages_per_session = value;
        else if (what == "limit" && name == "errors")
            limits.errors_per_session = value;
        else if (what == "limit" && name == "commands")
            limits.commands_per_message = value;
        else if (what == "limit" && name == "received")
            limits.received_fields = value;
        else
            complain("not understood: " + line);
    }

    void expect_line(const std::string& pattern)
    {
        pump();
        for (;;) {
            const auto end = output_.find("\r\n");
            if (end == std::string::npos) return complain("no reply, expected " + pattern);
            const std::string line = output_.substr(0, end);
            if (pattern == "..." && (line.size() < 4 || line[3] == ' ')) return;
            output_.erase(0, end + 2);
            if (line.size() > 510) complain("longer than 512: " + line);
            if (pattern == "...") continue;
            if (!matches(pattern, line)) complain("expected " + pattern + "\n     got " + line);
            return;
        }
    }

    void pump()
    {
        if (!machine_) {
            machine_.emplace(settings_, start_);
            next_ = machine_->greet();
        }
        while (advance()) {
        }
        output_ += machine_->output();
        machine_->output().clear();
    }

    bool advance()
    {
        switch (next_) {
        case Next::ReadCommand:
            return read_command();
        case Next::CheckSender:
            next_ = machine_->candidate().in_brackets || admitted_
                        ? machine_->on_sender_accepted()
                        : machine_->on_sender_refused({&refusal::kMailSyntax, {}}, kNow);
            return true;
        case Next::CheckRecipient:
            check_recipient();
            return true;
        case Next::ReadMessage:
            return read_message();
        case Next::StoreMessage:
            store();
            return true;
        case Next::StartTls:
        case Next::Close:
            return false;
        }
        return false;
    }

    bool read_command()
    {
        if (!machine_->in_message()) message_.clear();
        const auto end = input_.find('\n');
        if (end == std::string::npos) return false;
        const bool bare_lf = end == 0 || input_[end - 1] != '\r';
        const std::string line = input_.substr(0, bare_lf ? end : end - 1);
        input_.erase(0, end + 1);
        if (bare_lf) {
            next_ = machine_->on_bare_line_feed(kNow);
            return true;
        }
        if (line.size() > kMaxCommandLine) {
            next_ = machine_->on_line_too_long(line, kNow);
            return true;
        }
        next_ = machine_->on_command({line, line.find('\r') != std::string::npos}, kNow);
        if (ends_turn(line) && !input_.empty()) next_ = machine_->on_early_input(kNow);
        return true;
    }

    void check_recipient()
    {
        const command::Rcpt& rcpt = machine_->pending_recipient();
        if (!rcpt.in_brackets && !admitted_) {
            next_ = machine_->on_recipient_refused({&refusal::kRcptSyntax, {}}, kNow);
            return;
        }
        const auto mailbox = rcpt.mailbox.value_or(*mail::parse_mailbox("postmaster@example.org"));
        const Refusal refusal{mailbox.local == "nobody" ? &kNoSuchUser : &kNoRelay,
                              mailbox.format()};
        const bool ours = mailbox.domain() != nullptr && mailbox.domain()->text() == "example.org";
        next_ = ours && mailbox.local != "nobody" ? machine_->on_recipient_accepted(mailbox)
                                                  : machine_->on_recipient_refused(refusal, kNow);
    }

    bool read_message()
    {
        for (;;) {
            const std::size_t octets = delivery_ == Delivery::Whole ? input_.size() : 1;
            const MessageIntake::Piece piece =
                machine_->take(std::string_view{input_}.substr(0, octets));
            message_ += piece.run;
            input_.erase(0, piece.consumed);
            if (piece.finished) {
                next_ = machine_->on_message_read(kNow);
                return true;
            }
            if (piece.cut_off) {
                next_ = machine_->on_cut_off(kNow);
                return true;
            }
            if (input_.empty()) return false;
        }
    }

    void store()
    {
        message_ += machine_->message_tail();
        if (store_ == "refused") {
            next_ = machine_->on_not_stored(refusal::kStoreRefused, kNow);
        } else if (store_ == "unknown") {
            next_ = machine_->on_not_stored(refusal::kStoreUnknown, kNow);
        } else {
            const Transaction& transaction = *machine_->transaction();
            stored_ += mail::format_path(transaction.sender) + " ->";
            for (const auto& recipient : transaction.recipients) {
                stored_ += " <" + recipient.address.format() + ">";
                if (recipient.notify != 0) stored_ += " NOTIFY=" + std::to_string(recipient.notify);
                if (!recipient.orcpt.empty()) stored_ += " ORCPT=" + recipient.orcpt;
            }
            if (transaction.smtputf8) stored_ += " UTF8";
            if (transaction.declared_eight_bit) stored_ += " 8BIT";
            if (transaction.ret != mail::Ret::Unset) {
                stored_ += transaction.ret == mail::Ret::Full ? " RET=FULL" : " RET=HDRS";
            }
            if (!transaction.envid.empty()) stored_ += " ENVID=" + transaction.envid;
            stored_ += "\r\n" + message_;
            next_ = machine_->on_stored("01ARZ3NDEKTSV4RRFFQ69G5FAV");
        }
    }

    Delivery delivery_;
    bool admitted_ = false;  // by a connector or a login
    ServerSettings settings_;
    ServerStart start_;
    std::string store_ = "stored";
    std::optional<ServerMachine> machine_;
    Next next_ = Next::ReadCommand;
    std::string input_;
    std::string output_;
    std::string message_;
    std::string stored_;
    std::string expected_;
    std::size_t line_number_ = 0;
    std::vector<std::string> complaints_;
};

}  // namespace

std::vector<std::string> play(const std::string& transcript, Delivery delivery)
{
    return Player{delivery}.play(transcript);
}

}  // namespace hermetic::smtp
