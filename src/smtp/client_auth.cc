#include "smtp/client_auth.h"

#include "core/text.h"
#include "facts/reasons.h"
#include "smtp/reply_reader.h"

#include <cstring>
#include <utility>

namespace hermetic::smtp {
namespace {

using facts::Reason;

constexpr int kMaxRounds = 10;  // no mechanism has more than three
constexpr int kContinue = 334;
constexpr int kSucceeded = 235;
constexpr int kUnknownMechanism = 504;

void wipe(std::string& text)
{
    ::explicit_bzero(text.data(), text.size());
    text.clear();
}

facts::Outcome ours(Reason reason, std::string words)
{
    return facts::local_outcome(reason, facts::Stage::Auth, std::move(words));
}

}  // namespace

ClientAuth::ClientAuth(std::unique_ptr<SaslMechanism> mechanism) : mechanism_{std::move(mechanism)}
{
}

ClientAuth::~ClientAuth()
{
    wipe(out_);
}

ClientAuth::Step ClientAuth::start()
{
    std::string line = "AUTH ";
    line += mechanism_->name();
    if (mechanism_->speaks_first()) {
        auto first = mechanism_->respond({});
        if (!first)
            return fail(ours(Reason::AuthMechanismFailed, "the login could not be started"));
        // RFC 4954 §4: an initial response of no octets is "=".
        line += ' ';
        line += first->empty() ? std::string{"="} : to_base64(*first);
        wipe(*first);
    }
    return say(std::move(line));
}

ClientAuth::Step ClientAuth::on_reply(const PeerReply& reply)
{
    if (pending_) return fail(*std::move(pending_));
    if (reply.code == kContinue) return answer(trim(reply.text));
    if (reply.positive()) {
        if (reply.code != kSucceeded)
            return fail(
                ours(Reason::ReplyUnexpected, "the server sent an unexpected reply to AUTH"));
        // Whoever cannot prove that it knows the password is not the server that does.
        if (!mechanism_->is_satisfied())
            return fail(ours(Reason::AuthServerUnproved,
                             "the server ends the login without proving that it knows the "
                             "password"));
        return {Next::Done, {}};
    }
    unknown_ = reply.code == kUnknownMechanism;
    return fail(outcome_of_reply(facts::Stage::Auth, reply));
}

ClientAuth::Step ClientAuth::answer(std::string_view challenge)
{
    if (++rounds_ > kMaxRounds) return cancel(Reason::AuthMalformed, "the login does not finish");
    const auto octets = from_base64(challenge);
    if (!octets) return cancel(Reason::AuthMalformed, "the server's challenge is not base64");
    auto response = mechanism_->respond(*octets);
    if (!response && response.error() == SaslRefusal::TooCostly) {
        return cancel(Reason::AuthTooCostly, "the server asks for too many iterations of SCRAM");
    }
    if (!response) {
        return cancel(Reason::AuthServerUnproved,
                      "the server's part of the login is wrong: it may not know the password");
    }
    std::string line = to_base64(*response);
    wipe(*response);
    return say(std::move(line));
}

ClientAuth::Step ClientAuth::say(std::string line)
{
    wipe(out_);
    out_ = line;
    out_ += "\r\n";
    wipe(line);
    return {Next::ReadReply, out_};
}

// RFC 4954 §4: the server answers "*" with 501.
ClientAuth::Step ClientAuth::cancel(Reason reason, std::string words)
{
    pending_ = ours(reason, std::move(words));
    return say("*");
}

ClientAuth::Step ClientAuth::fail(facts::Outcome outcome)
{
    failure_ = std::move(outcome);
    return {Next::Failed, {}};
}

}  // namespace hermetic::smtp
