// Trace fields: the Received field that we put on top of every message.
//
// Pure. RFC 5321 §4.4, RFC 3848 and RFC 6531 §3.7.3 (protocol names), RFC 5322 §2.2.3 (folding).
// Foreign text in it can neither close a comment nor break a line.
#pragma once

#include "core/ids.h"
#include "core/ip.h"
#include "core/time.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace hermetic::mail {

enum class MailProtocol : std::uint8_t { Smtp, Esmtp, Lmtp };

struct ProtocolFacts {
    MailProtocol protocol = MailProtocol::Esmtp;
    bool tls = false;
    bool authenticated = false;
    bool smtputf8 = false;  // SMTPUTF8 was asked for with MAIL
};

// "ESMTPS", "UTF8SMTPSA", "LMTP" … as the IANA registry of mail transmission types has them.
[[nodiscard]] std::string format_protocol(const ProtocolFacts& facts);

enum class ClientCertificateVerdict : std::uint8_t { NotAsked, None, Verified, NotVerified };

struct ReceivedFacts {
    std::string_view helo;         // as the client said it
    std::string_view client_name;  // of the client where XCLIENT told it; else empty
    IpAddress client;
    std::string_view by;           // our host name
    std::string_view protocol;     // format_protocol()
    std::string_view tls_version;  // empty in clear
    std::string_view tls_cipher;
    std::string_view tls_group;
    ClientCertificateVerdict certificate = ClientCertificateVerdict::NotAsked;
    MessageId id;
    SessionId session;
    WallTime received{};
};

// "Received: from … ; date" with CRLF at the end of each line; lines of at most 78 octets unless a
// single word is longer.
[[nodiscard]] std::string format_received(const ReceivedFacts& facts);

}  // namespace hermetic::mail
