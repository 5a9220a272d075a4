#include "lab/on_path_attack.h"

namespace hermetic::lab {
namespace {

// Answers that a client might take for those to its next commands, were they kept over the
// handshake (CVE-2011-0411, turned against clients).
constexpr std::string_view kWholeSession =
    "250-mx.forged.test\r\n250 AUTH PLAIN LOGIN\r\n235 2.7.0 forged\r\n250 2.1.0 forged\r\n"
    "250 2.1.5 forged\r\n354 forged\r\n250 2.0.0 forged\r\n";
// An answer to EHLO without STARTTLS.
constexpr std::string_view kHelloWithoutStarttls = "250-mx.forged.test\r\n250 8BITMIME\r\n";

// clang-format off
const std::vector<OnPathAttack> kAttacks = {
    {.name = "nobody", .summary = "Passes everything on"},

    {.name = "strip", .summary = "Removes STARTTLS from the reply to EHLO", .starttls = StarttlsLine::Removed},
    {.name = "mask", .summary = "Writes XXXXXXXA over STARTTLS", .starttls = StarttlsLine::Masked},
    {.name = "hello-without-starttls", .summary = "Answers EHLO itself, without STARTTLS", .instead_of_hello = kHelloWithoutStarttls},
    {.name = "hello-502", .summary = "Says that EHLO is not known, so that HELO remains", .instead_of_hello = "502 5.5.1 Command not implemented\r\n"},
    {.name = "hello-early", .summary = "Sends a reply to EHLO, without STARTTLS, behind the greeting", .behind_greeting = kHelloWithoutStarttls},
    {.name = "starttls-454", .summary = "Answers STARTTLS with 454", .instead_of_220 = "454 4.7.0 TLS not available\r\n"},
    {.name = "starttls-502", .summary = "Answers STARTTLS with 502", .instead_of_220 = "502 5.5.1 Command not implemented\r\n"},
    {.name = "starttls-250", .summary = "Answers STARTTLS with 250", .instead_of_220 = "250 2.0.0 Go ahead\r\n"},
    {.name = "starttls-421", .summary = "Answers STARTTLS with 421", .instead_of_220 = "421 4.3.2 Closing\r\n"},
    {.name = "starttls-550", .summary = "Answers STARTTLS with 550", .instead_of_220 = "550 5.7.1 No TLS for you\r\n"},

    {.name = "break-first", .summary = "Breaks the first handshake", .breaks = BreakHandshakes::First},
    {.name = "break-every-other", .summary = "Breaks every other handshake", .breaks = BreakHandshakes::EveryOther},
    {.name = "break-tls13", .summary = "Breaks handshakes that offer TLS 1.3", .breaks = BreakHandshakes::OfferingTls13},
    {.name = "break-every", .summary = "Breaks every handshake", .breaks = BreakHandshakes::Every},
    {.name = "close-every", .summary = "Closes at every ClientHello", .breaks = BreakHandshakes::Every, .by = BreakBy::Close},
    {.name = "alert-every", .summary = "Answers every ClientHello with handshake_failure", .breaks = BreakHandshakes::Every, .by = BreakBy::HandshakeFailureAlert},
    {.name = "version-alert-every", .summary = "Answers every ClientHello with protocol_version", .breaks = BreakHandshakes::Every, .by = BreakBy::ProtocolVersionAlert},
    {.name = "version-alert-tls13", .summary = "Answers ClientHellos that offer TLS 1.3 with protocol_version", .breaks = BreakHandshakes::OfferingTls13, .by = BreakBy::ProtocolVersionAlert},
    {.name = "corrupt-every", .summary = "Changes an octet of every ServerHello", .breaks = BreakHandshakes::Every, .by = BreakBy::CorruptFlight},

    {.name = "replay-to-client", .summary = "Answers with what the server sent in the first session", .replay = Replay::ToClient},
    {.name = "replay-to-server", .summary = "Sends what the client sent in the first session", .replay = Replay::ToServer},

    {.name = "inject-behind-220", .summary = "Forges the replies of a whole session behind the 220 to STARTTLS", .behind_220 = kWholeSession},
    {.name = "inject-220", .summary = "Forges a second 220 behind the one to STARTTLS", .behind_220 = "220 2.0.0 forged\r\n"},
    {.name = "inject-421", .summary = "Forges a 421 behind the 220 to STARTTLS", .behind_220 = "421 4.3.2 forged\r\n"},
    {.name = "inject-half-line", .summary = "Forges the beginning of a line behind the 220 to STARTTLS", .behind_220 = "250-forged"},
    {.name = "inject-behind-hello", .summary = "Forges a refusal of STARTTLS behind the reply to EHLO", .behind_hello = "454 4.7.0 forged\r\n"},
    {.name = "greeting-421", .summary = "Greets with 421", .instead_of_greeting = "421 4.3.2 forged\r\n"},
    {.name = "greeting-554", .summary = "Greets with 554", .instead_of_greeting = "554 5.7.1 forged\r\n"},

    {.name = "cut-hello", .summary = "Cuts the reply to EHLO in its first line", .cut_hello_reply = 20},
    {.name = "cut-server-hello", .summary = "Cuts the ServerHello", .cut_tls_to_client = 60},
    {.name = "cut-flight", .summary = "Cuts the server's certificate", .cut_tls_to_client = 700},
    {.name = "cut-message", .summary = "Cuts the message", .cut_tls_to_server = 3000},

    {.name = "impostor-clear", .summary = "Another server answers, without TLS", .impostor = "clear"},
    {.name = "impostor-self-signed", .summary = "Another server answers, with a certificate that it made itself", .impostor = "self-signed"},
    {.name = "impostor-unknown-ca", .summary = "Another server answers, with a certificate of an unknown authority", .impostor = "unknown-ca"},
    {.name = "impostor-other-name", .summary = "Another server answers, with a good certificate in its own name", .impostor = "wrong-name"},
    {.name = "impostor-expired", .summary = "Another server answers, with an expired certificate", .impostor = "expired"},
};
// clang-format on

}  // namespace

const std::vector<OnPathAttack>& all_on_path_attacks()
{
    return kAttacks;
}

}  // namespace hermetic::lab
