#include "report/content_decision.h"

#include "facts/reasons.h"
#include "policy/tls_demand.h"
#include "routing/route.h"

#include <algorithm>
#include <utility>

namespace hermetic::report {

namespace {

using facts::Reason;

std::optional<policy::RouteProtection> protection_to(const NoticeInput& input,
                                                     const mail::Mailbox& recipient)
{
    const auto decided =
        routing::decide_route(*input.snapshot, input.about->organization, recipient);
    return policy::protection_of_route(*input.snapshot, decided.route, input.now);
}

std::optional<mail::RequiredTls> required_of_message(const NoticeInput& input)
{
    const mail::TlsRequests& requests = input.about->tls;
    std::optional<mail::RequiredTls> asked;
    if (requests.requiretls) {
        asked = {std::max(requests.level, mail::TlsLevel::VerifyName),
                 std::string{facts::name(Reason::RequiretlsAsked)}};
    } else if (requests.level >= mail::TlsLevel::Encrypt) {
        asked = {requests.level, std::string{facts::name(Reason::TlsMessageLevel)}};
    }
    return mail::strongest(input.required_tls, std::move(asked));
}

std::optional<mail::RequiredTls> required_of(const NoticeInput& input,
                                             const NoticeDecision& decision)
{
    auto required = required_of_message(input);
    const mail::Mailbox* last = nullptr;  // the recipients of one message mostly share a domain
    for (const std::size_t i : decision.reported) {
        const mail::Mailbox& recipient = input.recipients[i].recipient.address;
        if (last != nullptr && last->host == recipient.host) continue;
        last = &recipient;
        if (auto protection = protection_to(input, recipient))
            required = mail::strongest(std::move(required), std::move(protection->required));
    }
    return required;
}

}  // namespace

ContentDecision decide_content(const NoticeInput& input, const NoticeDecision& decision)
{
    ContentDecision result;
    result.required = required_of(input, decision);
    if (!result.required) return result;
    const bool requiretls = input.about->tls.requiretls;
    const auto protection = protection_to(input, *decision.to);
    const bool local = protection && protection->local;
    if (!local && (!protection || protection->weakest < result.required->level)) {
        result.content = Content::Withheld;
        result.requests.requiretls = requiretls;
        result.reason = Reason::NoticeContentWithheld;
        return result;
    }
    result.content = requiretls ? Content::Header : Content::AsAsked;
    result.requests.level = result.required->level;
    result.requests.requiretls = requiretls;
    result.reason = local ? Reason::NoticeContentLocal : Reason::NoticeContentProtected;
    return result;
}

}  // namespace hermetic::report
