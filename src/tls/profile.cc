#include "tls/profile.h"

#include "tls/connection.h"
#include "tls/evidence.h"

#include <fmt/format.h>
#include <openssl/err.h>

namespace hermetic::tls {

namespace {

std::string cipher_list(const CommonProfile& profile)
{
    if (profile.ciphers.find("@SECLEVEL") != std::string::npos) return profile.ciphers;
    return fmt::format("{}:@SECLEVEL={}", profile.ciphers.empty() ? "DEFAULT" : profile.ciphers,
                       profile.security_level);
}

}  // namespace

std::optional<ConfigError> apply(const CommonProfile& profile, SSL_CTX* context)
{
    if (profile.min > profile.max) {
        return ConfigError{
            fmt::format("min_tls {} is above max_tls {}", facts::format_version(profile.min),
                        facts::format_version(profile.max)),
            "a max_tls that is not below min_tls"};
    }
    // Explicitly both: openssl.cnf of the machine may have its own limits.
    SSL_CTX_set_min_proto_version(context, version_to(profile.min));
    SSL_CTX_set_max_proto_version(context, version_to(profile.max));
    SSL_CTX_set_security_level(context, profile.security_level);
    ERR_clear_error();
    if (SSL_CTX_set_cipher_list(context, cipher_list(profile).c_str()) != 1) {
        return ConfigError{fmt::format("ciphers \"{}\": {}", profile.ciphers, take_error_words()),
                           "a list that `openssl ciphers` accepts, or none for OpenSSL's default"};
    }
    if (!profile.groups.empty() && SSL_CTX_set1_groups_list(context, profile.groups.c_str()) != 1) {
        return ConfigError{fmt::format("groups \"{}\": {}", profile.groups, take_error_words()),
                           "names such as \"X25519:P-256\", or none for OpenSSL's default"};
    }
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1);
    watch_alerts(context);
    watch_handshake_messages(context);
    return std::nullopt;
}

void watch_alerts(SSL_CTX* context)
{
    SSL_CTX_set_info_callback(context, [](const SSL* ssl, int where, int value) {
        if ((where & SSL_CB_ALERT) == 0) return;
        auto* connection = static_cast<Connection*>(SSL_get_app_data(ssl));
        if (connection == nullptr) return;
        connection->on_alert((where & SSL_CB_READ) != 0 ? Connection::Direction::Received
                                                        : Connection::Direction::Sent,
                             (value >> 8) & 0xff, value & 0xff);
    });
}

void watch_handshake_messages(SSL_CTX* context)
{
    SSL_CTX_set_msg_callback(
        context, [](int sent, int, int content, const void*, std::size_t, SSL* ssl, void*) {
            if (sent != 0 || content != SSL3_RT_HANDSHAKE) return;
            auto* connection = static_cast<Connection*>(SSL_get_app_data(ssl));
            if (connection != nullptr) connection->on_handshake_message();
        });
}

}  // namespace hermetic::tls
