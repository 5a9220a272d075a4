#include "lab/smtp_client.h"

#include "core/text.h"
#include "lab/tls_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace hermetic::lab {
namespace {

constexpr std::size_t kLongestLine = 1U << 20;
constexpr std::size_t kMostReplyLines = 1000;

using ContextPtr = std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX_free>>;
using BioPtr = std::unique_ptr<BIO, OpenSslFree<BIO_free_all>>;

BioPtr reader_of(const std::string& pem)
{
    return BioPtr{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
}

void trust(SSL_CTX* context, const std::string& ca_pem)
{
    const auto bio = reader_of(ca_pem);
    const CertificatePtr ca{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)};
    if (ca) X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca.get());
}

void show_certificate(SSL_CTX* context, const ClientTls& wanted)
{
    const auto chain = reader_of(wanted.certificate_pem);
    bool is_leaf = true;
    while (const CertificatePtr certificate{
        PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)}) {
        if (is_leaf) SSL_CTX_use_certificate(context, certificate.get());
        if (!is_leaf) SSL_CTX_add1_chain_cert(context, certificate.get());
        is_leaf = false;
    }
    const auto key_text = reader_of(wanted.key_pem);
    const KeyPtr key{PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr)};
    if (key) SSL_CTX_use_PrivateKey(context, key.get());
}

ContextPtr make_client_context(const ClientTls& wanted)
{
    ContextPtr context{SSL_CTX_new(TLS_client_method())};
    SSL_CTX_set_cipher_list(context.get(), "DEFAULT@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(context.get(),
                                  wanted.lowest_version ? wanted.lowest_version : TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context.get(), wanted.highest_version);
    if (wanted.groups) SSL_CTX_set1_groups_list(context.get(), wanted.groups);
    if (!wanted.ca_pem.empty()) trust(context.get(), wanted.ca_pem);
    if (!wanted.certificate_pem.empty()) show_certificate(context.get(), wanted);
    if (wanted.send_fallback_scsv) SSL_CTX_set_mode(context.get(), SSL_MODE_SEND_FALLBACK_SCSV);
    if (!wanted.send_session_ticket) SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
    return context;
}

ClientTlsResult describe_tls(SSL* ssl)
{
    ClientTlsResult result;
    result.version = SSL_get_version(ssl);
    result.verify_error = SSL_get_verify_result(ssl);
    if (const STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(ssl)) {
        result.chain_length = sk_X509_num(chain);
    }
    if (const X509* const leaf = SSL_get0_peer_certificate(ssl)) {
        result.key_bits = EVP_PKEY_get_bits(X509_get0_pubkey(leaf));
    }
    unsigned char* stapled = nullptr;
    const long length = SSL_ctrl(ssl, SSL_CTRL_GET_TLSEXT_STATUS_REQ_OCSP_RESP, 0, &stapled);
    if (length > 0) {
        result.stapled.assign(reinterpret_cast<char*>(stapled), static_cast<std::size_t>(length));
    }
    return result;
}

}  // namespace

std::string ClientReply::text() const
{
    return join(lines, "\n");
}

SmtpClient::~SmtpClient()
{
    close();
}

void SmtpClient::close()
{
    if (ssl_ != nullptr) {
        ERR_clear_error();
        SSL_shutdown(ssl_);
        SSL_free(ssl_);
        ssl_ = nullptr;
    }
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
    in_.clear();
}

bool SmtpClient::connect(const Endpoint& server, std::chrono::milliseconds timeout)
{
    close();
    const bool six = server.address.is_v6();
    socket_ = ::socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0) return false;
    timeval limit{};
    limit.tv_sec = static_cast<time_t>(timeout.count() / 1000);
    limit.tv_usec = static_cast<suseconds_t>(timeout.count() % 1000 * 1000);
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const auto octets = server.address.octets();
    if (six) {
        sockaddr_in6 where{};
        where.sin6_family = AF_INET6;
        where.sin6_port = htons(server.port);
        std::memcpy(&where.sin6_addr, octets.data(), octets.size());
        return ::connect(socket_, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0;
    }
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(server.port);
    std::memcpy(&where.sin_addr, octets.data(), octets.size());
    return ::connect(socket_, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0;
}

bool SmtpClient::send(std::string_view octets)
{
    while (!octets.empty()) {
        long sent = 0;
        if (ssl_ != nullptr) {
            ERR_clear_error();
            sent = SSL_write(ssl_, octets.data(), static_cast<int>(octets.size()));
        } else {
            sent = ::send(socket_, octets.data(), octets.size(), MSG_NOSIGNAL);
        }
        if (sent < 0 && ssl_ == nullptr && errno == EINTR) continue;
        if (sent <= 0) return false;
        octets.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

long SmtpClient::receive(char* data, std::size_t size)
{
    if (ssl_ != nullptr) {
        ERR_clear_error();
        return SSL_read(ssl_, data, static_cast<int>(size));
    }
    long received = 0;
    do {
        received = ::recv(socket_, data, size, 0);
    } while (received < 0 && errno == EINTR);
    return received;
}

std::optional<std::string> SmtpClient::read_line()
{
    for (;;) {
        const auto end = in_.find("\r\n");
        if (end != std::string::npos) {
            std::string line = in_.substr(0, end);
            in_.erase(0, end + 2);
            return line;
        }
        char octets[4096];
        const long received = in_.size() > kLongestLine ? 0 : receive(octets, sizeof octets);
        if (received <= 0) return std::nullopt;
        in_.append(octets, static_cast<std::size_t>(received));
    }
}

ClientReply SmtpClient::read_reply()
{
    ClientReply reply;
    while (reply.lines.size() < kMostReplyLines) {
        const auto line = read_line();
        if (!line) return {0, {"no reply"}};
        const auto code = parse_decimal<unsigned>(std::string_view{*line}.substr(0, 3));
        if (!code || line->size() < 3) return {0, {"not a reply: " + printable_ascii(*line)}};
        reply.code = static_cast<int>(*code);
        reply.lines.push_back(line->size() > 4 ? line->substr(4) : std::string{});
        if (line->size() == 3 || (*line)[3] != '-') return reply;
    }
    return {0, {"a reply without an end"}};
}

ClientReply SmtpClient::command(std::string_view line)
{
    std::string octets{line};
    octets += "\r\n";
    if (!send(octets)) return {0, {"connection lost"}};
    return read_reply();
}

ClientReply SmtpClient::send_message(std::string_view from, std::string_view to,
                                     std::string_view message)
{
    auto reply = command("MAIL FROM:<" + std::string{from} + '>');
    if (reply.code != 250) return reply;
    reply = command("RCPT TO:<" + std::string{to} + '>');
    if (reply.code != 250) return reply;
    reply = command("DATA");
    if (reply.code != 354) return reply;
    std::string octets;
    for (const auto line : split(message, '\n')) {
        if (line.starts_with('.')) octets += '.';  // RFC 5321 §4.5.2
        octets += line;
        octets += '\n';
    }
    octets.pop_back();  // split() gave one part more than there are line ends
    octets += ".\r\n";
    if (!send(octets)) return {0, {"connection lost"}};
    return read_reply();
}

ClientTlsResult SmtpClient::start_tls(const ClientTls& wanted)
{
    in_.clear();
    const ContextPtr context = make_client_context(wanted);
    ssl_ = SSL_new(context.get());
    SSL_set_fd(ssl_, socket_);
    if (!wanted.server_name.empty()) {
        SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(wanted.server_name.c_str()));
        SSL_set1_host(ssl_, wanted.server_name.c_str());
    }
    if (wanted.ask_for_status) {
        SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_STATUS_REQ_TYPE, TLSEXT_STATUSTYPE_ocsp, nullptr);
    }
    ERR_clear_error();
    if (SSL_connect(ssl_) != 1) {
        ClientTlsResult result;
        result.error = take_tls_error();
        SSL_free(ssl_);
        ssl_ = nullptr;
        return result;
    }
    return describe_tls(ssl_);
}

bool SmtpClient::is_closed_by_server()
{
    char octet = 0;
    if (!in_.empty()) return false;
    errno = 0;
    const long received = receive(&octet, 1);
    if (received > 0) in_.push_back(octet);
    return received <= 0 && errno != EAGAIN && errno != EWOULDBLOCK;
}

}  // namespace hermetic::lab
