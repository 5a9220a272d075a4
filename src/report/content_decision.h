// What a notice may give back of the message that it is about, and what protects the notice.
//
// Pure. Specification §6.2; RFC 8689 §5. The reason ids are the rows of docs/policy/notices.md.
#pragma once

#include "mail/tls_level.h"
#include "report/notice.h"

#include <optional>

namespace hermetic::report {

enum class Content : std::uint8_t {
    AsAsked,   // RET, within bounds
    Header,    // never the body
    Withheld,  // From, To, Date and Message-ID
};

// What a peer replied may repeat the message, its Subject or its body: it is told only where those
// may be. Elsewhere without_words() (report/withheld_words.h) takes it out.
[[nodiscard]] constexpr bool may_quote_peers(Content content)
{
    return content == Content::AsAsked;
}

struct ContentDecision {
    Content content = Content::AsAsked;
    std::optional<mail::RequiredTls> required;  // of the message, and who asked; nullopt: nobody
    mail::TlsRequests requests;                 // the notice's own
    facts::Reason reason{};                     // None where nobody asked
};

// Of a notice to `to`. All of what was asked for counts: what the message has kept and itself asks
// for, and what the reported recipients' routes ask for now.
[[nodiscard]] ContentDecision decide_content(const NoticeInput& input,
                                             const NoticeDecision& decision);

}  // namespace hermetic::report
