// The machine-readable part of a notice: message/delivery-status, or
// message/global-delivery-status.
//
// Pure. RFC 3464 §2, RFC 6533 §4. Foreign text is escaped and bounded; Remote-MTA and
// Diagnostic-Code stand only where a remote gave the reply (specification §6.2).
#pragma once

#include "report/notice.h"

#include <string>

namespace hermetic::report {

// Internationalised: addresses may be UTF-8.
enum class Form : std::uint8_t { Ascii, Global };

// Global where the message needed SMTPUTF8, or an address that is to be named is not ASCII.
[[nodiscard]] Form choose_form(const NoticeInput& input, const NoticeDecision& decision);

[[nodiscard]] std::string format_delivery_status(const NoticeInput& input,
                                                 const NoticeDecision& decision, Form form);

// RFC 3464 §2.3.4: fits the action, whatever the last reply was.
[[nodiscard]] facts::EnhancedStatus status_of(const RecipientReport& report);

}  // namespace hermetic::report
