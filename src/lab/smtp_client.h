// A small blocking SMTP client: the tour hands its messages in with it, and the lab's own tests
// look at the partners through it. Every wait is bounded by the timeout given to connect().
#pragma once

#include "core/ip.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;

namespace hermetic::lab {

struct ClientReply {
    int code = 0;  // 0: no reply came, `lines` says why
    std::vector<std::string> lines;

    [[nodiscard]] std::string text() const;  // the lines joined by '\n'
};

// What a ClientHello is to offer, and how much is checked.
struct ClientTls {
    int lowest_version = 0;  // OpenSSL's TLS1_2_VERSION …; 0: the library's
    int highest_version = 0;
    std::string server_name{};      // empty: no SNI, and the name is not checked
    std::string ca_pem{};           // empty: the certificate is not verified
    std::string certificate_pem{};  // a client certificate with its chain
    std::string key_pem{};
    bool send_fallback_scsv = false;
    bool send_session_ticket = true;
    bool ask_for_status = false;   // OCSP
    const char* groups = nullptr;  // OpenSSL list
};

struct ClientTlsResult {
    std::string error;  // empty: done
    std::string version;
    long verify_error = 0;  // X509_V_…
    int chain_length = 0;   // certificates that were sent
    int key_bits = 0;
    std::string stapled;  // DER
};

class SmtpClient {
public:
    SmtpClient() = default;
    ~SmtpClient();
    SmtpClient(const SmtpClient&) = delete;
    SmtpClient& operator=(const SmtpClient&) = delete;

    [[nodiscard]] bool connect(const Endpoint& server, std::chrono::milliseconds timeout);

    // False: the connection is gone.
    bool send(std::string_view octets);

    // The octets up to CRLF, without it; nullopt: closed or too late.
    [[nodiscard]] std::optional<std::string> read_line();
    [[nodiscard]] ClientReply read_reply();

    // Sends a line and reads the reply to it.
    ClientReply command(std::string_view line);

    // MAIL, RCPT, DATA; the first reply that is not what was hoped for, else that after the
    // message, whose lines end in CRLF.
    [[nodiscard]] ClientReply send_message(std::string_view from, std::string_view to,
                                           std::string_view message);

    // The handshake; "STARTTLS" was answered with 220. What is buffered in clear is dropped.
    [[nodiscard]] ClientTlsResult start_tls(const ClientTls& wanted);

    // Whether the server ended the connection: nothing more comes.
    [[nodiscard]] bool is_closed_by_server();
    [[nodiscard]] std::size_t buffered() const { return in_.size(); }
    void close();

private:
    [[nodiscard]] long receive(char* data, std::size_t size);

    int socket_ = -1;
    std::string in_;
    SSL* ssl_ = nullptr;
};

}  // namespace hermetic::lab
