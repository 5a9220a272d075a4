#include "tls/failure.h"

#include "core/text.h"
#include "tls/openssl.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <cstring>

namespace hermetic::tls {

namespace {

// Reasons that tell of our own limits, not of a peer that speaks badly.
bool is_our_refusal(int reason)
{
    switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_INAPPROPRIATE_FALLBACK:
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_CIPHERS_AVAILABLE:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
    case SSL_R_DH_KEY_TOO_SMALL:
    case SSL_R_EE_KEY_TOO_SMALL:
    case SSL_R_CA_KEY_TOO_SMALL:
    case SSL_R_CA_MD_TOO_WEAK:
    case SSL_R_WRONG_SIGNATURE_TYPE:
    case SSL_R_WRONG_CURVE:
    case SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED:
    case SSL_R_EXCESSIVE_MESSAGE_SIZE:
        return true;
    default:
        return false;
    }
}

// What our side would have taken on the weak step.
facts::Weakness weakness_of(int reason)
{
    switch (reason) {
    case SSL_R_DH_KEY_TOO_SMALL:
        return facts::Weakness::Group;
    case SSL_R_WRONG_SIGNATURE_TYPE:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
        return facts::Weakness::Signature;
    case SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED:
        return facts::Weakness::Renegotiation;
    default:
        return facts::Weakness::None;
    }
}

}  // namespace

std::string_view alert_name(int alert)
{
    switch (alert) {
    case 0:
        return "close notify";
    case 10:
        return "unexpected message";
    case 20:
        return "bad record mac";
    case 21:
        return "decryption failed";
    case 22:
        return "record overflow";
    case 30:
        return "decompression failure";
    case 40:
        return "handshake failure";
    case 41:
        return "no certificate";
    case 42:
        return "bad certificate";
    case 43:
        return "unsupported certificate";
    case 44:
        return "certificate revoked";
    case 45:
        return "certificate expired";
    case 46:
        return "certificate unknown";
    case 47:
        return "illegal parameter";
    case 48:
        return "unknown ca";
    case 49:
        return "access denied";
    case 50:
        return "decode error";
    case 51:
        return "decrypt error";
    case 60:
        return "export restriction";
    case 70:
        return "protocol version";
    case 71:
        return "insufficient security";
    case 80:
        return "internal error";
    case 86:
        return "inappropriate fallback";
    case 90:
        return "user canceled";
    case 100:
        return "no renegotiation";
    case 109:
        return "missing extension";
    case 110:
        return "unsupported extension";
    case 112:
        return "unrecognized name";
    case 113:
        return "bad certificate status response";
    case 115:
        return "unknown psk identity";
    case 116:
        return "certificate required";
    case 120:
        return "no application protocol";
    default:
        return "unknown alert";
    }
}

facts::TlsFailure classify_failure(const Observed& observed)
{
    using Kind = facts::TlsFailure::Kind;
    const int reason = ERR_GET_REASON(ERR_peek_last_error());
    const bool is_ssl_error = ERR_GET_LIB(ERR_peek_last_error()) == ERR_LIB_SSL;
    const std::string words = take_error_words();

    facts::TlsFailure failure;
    if (observed.received_alert >= 0) {
        failure.kind = Kind::Alert;
        failure.alert = observed.received_alert;
        failure.words = alert_name(observed.received_alert);
        return failure;
    }
    if (observed.end_of_file || observed.system_error != 0 ||
        (is_ssl_error && reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)) {
        failure.kind = Kind::Closed;
        failure.words = observed.system_error != 0
                            ? printable_ascii(std::strerror(observed.system_error))
                            : "closed without an alert";
        return failure;
    }
    failure.kind = is_ssl_error && !is_our_refusal(reason) ? Kind::Protocol : Kind::Local;
    if (is_ssl_error) failure.weakness = weakness_of(reason);
    failure.alert = observed.sent_alert;
    failure.words = words;
    return failure;
}

}  // namespace hermetic::tls
