// Session: what it holds of the memory for messages, and when it lets go of it.
#include "inbound/refusals.h"
#include "inbound/service.h"
#include "inbound/session.h"

#include <algorithm>

namespace hermetic::inbound {

bool Session::waits_on(const net::StreamError& error, Instant end) const
{
    const Instant last = started_ + listener_->smtp.limits.session_time;
    return error.kind == net::StreamError::Kind::TimedOut && !cut_ && gave_way_ == nullptr &&
           now() < std::min(end, last);
}

net::Task<Result<net::Line, net::StreamError>> Session::wait_for_command(Instant end)
{
    for (;;) {
        const bool holds = holds_memory();
        end_wait_at(holds ? std::min(end, now() + kPatience) : end);
        auto line = co_await stream_->read_line(smtp::kMaxCommandLine);
        if (!holds || (!line && !waits_on(line.error(), end))) co_return line;
        if (!co_await yield_memory()) {
            co_return failure(net::StreamError{net::StreamError::Kind::TimedOut, 0, {}});
        }
        if (line) co_return line;
    }
}

net::Task<Result<std::string_view, net::StreamError>> Session::wait_for_octets(Instant end)
{
    for (;;) {
        const bool holds = holds_memory();
        end_wait_at(holds ? std::min(end, now() + kPatience) : end);
        auto input = co_await stream_->peek();
        if (!holds || (!input && !waits_on(input.error(), end))) co_return input;
        if (!co_await yield_memory()) {
            co_return failure(net::StreamError{net::StreamError::Kind::TimedOut, 0, {}});
        }
        if (input) co_return input;
    }
}

bool Session::holds_memory() const
{
    return recipients_octets_ > kFreeRecipients || (assembly_ && assembly_->holds_memory());
}

void Session::note_progress(std::size_t octets)
{
    octets_since_ += octets;
    if (octets_since_ < kProgress) return;
    octets_since_ = 0;
    progress_ = now();
}

// A message goes to its file. Recipients cannot: a session with many ends.
net::Task<bool> Session::yield_memory()
{
    if (now() < progress_ + kPatience || !service_.environment().memory.is_wanted()) co_return true;
    if (recipients_octets_ > kFreeRecipients) {
        gave_way_ = &refusal::kPressureSlowSession;
        co_return false;
    }
    const auto flushed = co_await assembly_->flush();
    if (!flushed) fail_message(flushed.error());
    co_return true;
}

bool Session::hold_recipient(const smtp::command::Rcpt& rcpt)
{
    const std::size_t octets = sizeof(mail::Recipient) + rcpt.orcpt.size() +
                               (rcpt.mailbox ? rcpt.mailbox->format().size() : 0);
    const std::size_t all = recipients_octets_ + octets;
    if (all > kFreeRecipients && !recipients_share_.cover(all - kFreeRecipients)) return false;
    recipients_octets_ = all;
    note_progress(kProgress);
    return true;
}

void Session::forget_recipients()
{
    recipients_octets_ = 0;
    recipients_share_.clear();
}

}  // namespace hermetic::inbound
