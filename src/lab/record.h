// What a partner saw: connections, and the messages that came over them. Values only.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hermetic::lab {

// The client's first TLS message, also where the handshake failed.
struct ClientHello {
    std::string sni;                      // empty: not sent
    std::vector<std::uint16_t> versions;  // supported_versions, else the one legacy version
    std::vector<std::uint16_t> groups;
    bool session_ticket = false;
    bool fallback_scsv = false;  // RFC 7507
    bool status_request = false;

    [[nodiscard]] bool offers(std::uint16_t version) const;
};

// A handshake that came to its end.
struct TlsSession {
    std::string version;  // "TLSv1.3"
    std::string cipher;
    std::string group;  // empty where the key exchange has none
    std::string sni;
    std::string client_certificate;  // subject; empty: none shown
    bool resumed = false;
};

struct TranscriptLine {
    enum class From { Client, Partner };
    From from = From::Client;
    bool under_tls = false;
    std::chrono::milliseconds at{0};  // since the connection began
    std::string text;                 // without CRLF; foreign octets as they came
};

struct RecipientRecord {
    std::string path;        // as sent, with its angle brackets
    std::string parameters;  // of RCPT, as sent
    int code = 0;            // the partner's last answer about it
};

struct MessageRecord {
    std::string partner;
    std::uint64_t connection = 0;
    std::string ehlo;
    std::string reverse_path;  // as sent, with its angle brackets
    std::string mail_parameters;
    std::vector<RecipientRecord> recipients;  // every one that was named
    std::string command;                      // "DATA" or "BDAT"
    std::string body;                         // dots unstuffed; empty where body_kept is false
    bool body_kept = false;
    std::uint64_t size = 0;
    std::string sha256;             // of the whole body, hexadecimal
    std::optional<TlsSession> tls;  // of the connection when MAIL came; nullopt: in clear
    bool mail_in_clear = false;     // MAIL or RCPT came in clear
    bool data_in_clear = false;     // an octet of the message came in clear
    bool complete = false;          // its end arrived
    int code = 0;                   // the last answer after its end; 0: none was given
};

struct ConnectionRecord {
    std::string partner;
    std::uint64_t number = 0;       // 1 is the partner's first
    std::string client;             // address and port
    std::vector<std::string> ehlo;  // every EHLO, HELO, LHLO argument in order
    std::optional<ClientHello> hello;
    std::optional<TlsSession> tls;
    std::string handshake_error;          // empty where none was tried or it was done
    std::vector<std::string> violations;  // of the RFCs, by the client
    std::vector<TranscriptLine> transcript;
    std::uint64_t messages = 0;  // complete ones
    std::string ended;           // "quit", "closed by client", "closed by partner", "timed out" …
};

// One JSON object without a line end. Foreign octets appear escaped and bounded; the body does not.
[[nodiscard]] std::string format_json(const MessageRecord& record);
[[nodiscard]] std::string format_json(const ConnectionRecord& record);

// "S: 250 ok" and "C: QUIT" lines for people; what came or went under TLS has a '*' before it.
[[nodiscard]] std::string format_transcript(const ConnectionRecord& record);

}  // namespace hermetic::lab
