// What was said about a message, taken out of what a notice is made from.
//
// Pure. Specification §6.2: of mail that required TLS a notice that goes a weaker way has four
// header fields and nothing else. A peer that has seen the message may repeat it in its reply.
#pragma once

#include "report/notice.h"

namespace hermetic::report {

// Without the words of any outcome: of a reply code and enhanced status stay, of ours the reason
// and its own sentences. Ours go too: some quote a peer.
[[nodiscard]] NoticeInput without_words(NoticeInput input);

}  // namespace hermetic::report
