// What somebody on the path between a server and its next hop does to their connection, as one
// declarative description; on_path_attacks.cc holds the table of all of them.
//
// Values only. on_path_session.h carries them out on octets, on_path.h on sockets.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace hermetic::lab {

// Which handshakes are broken, counted over all connections through one OnPath.
enum class BreakHandshakes { None, First, EveryOther, OfferingTls13, Every };

enum class BreakBy {
    Reset,
    Close,
    HandshakeFailureAlert,  // forged: nothing authenticates an alert before the keys
    ProtocolVersionAlert,
    CorruptFlight,  // an octet of the server's first flight is changed
};

// The STARTTLS line of the reply to EHLO.
enum class StarttlsLine { Kept, Removed, Masked };  // Masked: "XXXXXXXA", as some firewalls do

// The first connection is let through and recorded; on the later ones its octets are sent again.
enum class Replay { None, ToClient, ToServer };

struct OnPathAttack {
    std::string_view name;
    std::string_view summary;  // one sentence for people

    StarttlsLine starttls = StarttlsLine::Kept;
    BreakHandshakes breaks = BreakHandshakes::None;
    BreakBy by = BreakBy::Reset;
    Replay replay = Replay::None;

    // Forged replies, with their CRLFs. Empty: none. One that begins with 4 or 5 ends nothing.
    std::string_view instead_of_greeting{};
    std::string_view behind_greeting{};  // in the same segment as the honest one
    std::string_view instead_of_hello{};
    std::string_view behind_hello{};
    std::string_view instead_of_220{};  // to STARTTLS, which the server never hears
    std::string_view behind_220{};

    // The connection is closed after so many octets in this direction; 0: never.
    std::size_t cut_hello_reply = 0;  // counted from the beginning of the reply to EHLO
    std::size_t cut_tls_to_client = 0;
    std::size_t cut_tls_to_server = 0;

    // The name of a partner of the lab that answers in the place of the honest one; empty: nobody.
    std::string_view impostor{};
};

// In the order in which people should read them. Names are unique.
[[nodiscard]] const std::vector<OnPathAttack>& all_on_path_attacks();

}  // namespace hermetic::lab
