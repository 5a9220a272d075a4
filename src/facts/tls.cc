#include "facts/tls.h"

#include "core/assert.h"

#include <fmt/format.h>

namespace hermetic::facts {

std::string_view format_version(TlsVersion version)
{
    switch (version) {
    case TlsVersion::None:
        return "none";
    case TlsVersion::Tls10:
        return "TLSv1.0";
    case TlsVersion::Tls11:
        return "TLSv1.1";
    case TlsVersion::Tls12:
        return "TLSv1.2";
    case TlsVersion::Tls13:
        return "TLSv1.3";
    }
    unreachable("every TlsVersion is named above");
}

std::optional<TlsVersion> parse_version(std::string_view text)
{
    if (text.starts_with("TLSv")) text.remove_prefix(4);
    if (text == "1.0") return TlsVersion::Tls10;
    if (text == "1.1") return TlsVersion::Tls11;
    if (text == "1.2") return TlsVersion::Tls12;
    if (text == "1.3") return TlsVersion::Tls13;
    return std::nullopt;
}

std::string describe(const TlsFailure& failure)
{
    switch (failure.kind) {
    case TlsFailure::Kind::Alert:
        return fmt::format("the peer sent a TLS alert: {} ({})", failure.words, failure.alert);
    case TlsFailure::Kind::Protocol:
        return fmt::format("what the peer sent is not TLS: {}", failure.words);
    case TlsFailure::Kind::Closed:
        return "the peer closed the connection during the handshake";
    case TlsFailure::Kind::TimedOut:
        return "the handshake took too long";
    case TlsFailure::Kind::Local:
        return fmt::format("we ended the handshake: {}", failure.words);
    }
    unreachable("every TlsFailure::Kind is named above");
}

std::string_view describe(Weakness weakness)
{
    switch (weakness) {
    case Weakness::None:
        return "";
    case Weakness::Signature:
        return "signed with SHA-1";
    case Weakness::Group:
        return "a Diffie-Hellman group below 2048 bits";
    case Weakness::Renegotiation:
        return "without secure renegotiation (RFC 5746)";
    }
    unreachable("every Weakness is described above");
}

}  // namespace hermetic::facts
