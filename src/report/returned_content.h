// The part of a notice that gives the message back: whole, or its header fields.
//
// Pure. RFC 3461 §6.2 (what RET asks for), RFC 6522 §3 (the third part), RFC 6533 §5.
#pragma once

#include "report/content_decision.h"
#include "report/delivery_status.h"
#include "report/notice.h"

#include <string>

namespace hermetic::report {

struct ReturnedContent {
    std::string type;        // "message/rfc822"
    std::string encoding;    // Content-Transfer-Encoding
    std::string body;        // encoded
    bool eight_bit = false;  // the notice needs 8BITMIME
};

// Whole only for failures of our own senders, as RET asks, within the bound and where it can be
// sent unchanged; header fields otherwise, at most 64 KiB of them; never more than `content`
// allows.
[[nodiscard]] ReturnedContent return_content(const NoticeInput& input,
                                             const NoticeDecision& decision, Content content,
                                             Form form);

// The value of a header field, unfolded; empty where there is none.
[[nodiscard]] std::string find_field(std::string_view headers, std::string_view name);

}  // namespace hermetic::report
