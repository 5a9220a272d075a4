// What the route of a whole message follows from: whose mail it is, and who waits for it.
//
// Pure. The queue keeps it, so that mail can be routed anew without reading it from the spool.
#pragma once

#include "mail/address.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hermetic::queue {

using RecipientHost = decltype(mail::Mailbox::host);  // a domain, or an address literal

struct RouteQuestion {
    std::string organization;  // the owner, by name (mail::Envelope)
    // Of the recipients that wait: ascending, each once. Empty: they are too many to be kept, and
    // the message itself must be asked.
    std::vector<RecipientHost> hosts;

    // "example.org,[192.0.2.1]"; "*" where they are too many.
    [[nodiscard]] std::string format_hosts() const;
    // "example.org", "[192.0.2.1]"
    [[nodiscard]] bool names(std::string_view host) const;
    bool operator==(const RouteQuestion&) const = default;
};

struct RouteQuestionHash {
    [[nodiscard]] std::size_t operator()(const RouteQuestion& question) const;
};

}  // namespace hermetic::queue
