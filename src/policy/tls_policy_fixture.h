// Policies and hops for tests of the TLS policy. Tests only.
#pragma once

#include "policy/tls_policy.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hermetic::policy {

using facts::TlsVersion;
using Reasons = std::vector<Reason>;

inline const WallTime kNow = *parse_rfc3339("2026-11-21T12:00:00Z");

inline TlsName tls_name(std::string_view text)
{
    return *TlsName::parse(text);
}

inline HopFacts by_mx(facts::DnsSecurity security)
{
    HopFacts hop;
    hop.host = "mx.example.net";
    hop.domain = "example.org";
    hop.mx_security = security;
    return hop;
}

inline HopFacts smart_host()
{
    HopFacts hop;
    hop.configured = true;
    hop.host = "relay.example.net";
    return hop;
}

inline HopFacts loopback()
{
    HopFacts hop;
    hop.kind = HopKind::Loopback;
    hop.configured = true;
    return hop;
}

inline HopFacts literal()
{
    HopFacts hop;
    hop.domain = "[192.0.2.1]";
    return hop;
}

inline HopFacts local_socket()
{
    HopFacts hop;
    hop.kind = HopKind::LocalSocket;
    hop.configured = true;
    return hop;
}

inline TlsPolicy policy(TlsLevel level, TlsVersion min = TlsVersion::Tls12,
                        std::vector<TlsName> names = {}, std::vector<std::string> pins = {})
{
    TlsPolicy result;
    result.level = level;
    result.min = min;
    result.chain = level == TlsLevel::VerifyCa || level == TlsLevel::VerifyName;
    result.names = std::move(names);
    result.pins = std::move(pins);
    return result;
}

// The host's own name, which is known.
inline TlsPolicy named_by_host(const char* host)
{
    auto result = policy(TlsLevel::VerifyName, TlsVersion::Tls12, {tls_name(host)});
    result.own_name = true;
    return result;
}

inline TlsPolicy named_by_domain()
{
    auto result = policy(TlsLevel::VerifyName);
    result.domain = mail::Domain::parse("example.org");
    return result;
}

inline std::shared_ptr<const TlsaSet> tlsa()
{
    return std::make_shared<const TlsaSet>(TlsaSet{"mx.example.net", {{3, 1, 1, "digest"}}});
}

}  // namespace hermetic::policy
