#include "facts/tls.h"

#include "core/assert.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace hermetic::facts {
namespace {

constexpr std::size_t kBriefNames = std::size_t{16} << 10;

void cut_names(CertificateFacts& certificate, std::size_t most, const WantedName& wanted)
{
    auto& names = certificate.dns_names;
    std::size_t octets = 0;
    const auto is_too_much = [&](const std::string& name) {
        octets += sizeof(name) + name.size();
        return octets > most;
    };
    if (std::none_of(names.begin(), names.end(), is_too_much)) return;
    if (wanted) std::stable_partition(names.begin(), names.end(), wanted);
    octets = 0;
    const auto end = std::find_if(names.begin(), names.end(), is_too_much);
    certificate.more_names += static_cast<std::size_t>(names.end() - end);
    names.erase(end, names.end());
    names.shrink_to_fit();
}

void cut_names(std::vector<CertificateFacts>& chain, const WantedName& wanted)
{
    std::size_t most = kBriefNames;
    for (CertificateFacts& each : chain) cut_names(each, std::exchange(most, 0), wanted);
}

}  // namespace

TlsEvidence brief(TlsEvidence evidence, const WantedName& wanted)
{
    cut_names(evidence.chain, wanted);
    return evidence;
}

TlsFailure brief(TlsFailure failure)
{
    cut_names(failure.chain, nullptr);
    return failure;
}

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
