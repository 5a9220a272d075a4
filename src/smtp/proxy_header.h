// The PROXY protocol's header, versions 1 and 2: who is at the other end of the proxy.
//
// Pure. The specification is HAProxy's proxy-protocol.txt (§2.1 version 1, §2.2 version 2). Only
// peers that the listener names are believed; that is the session's business.
#pragma once

#include "core/ip.h"
#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hermetic::smtp {

inline constexpr std::size_t kMaxProxyHeader = 16 + 2048;  // ours: addresses and a few TLVs

struct ProxyHeader {
    struct Route {
        Endpoint source;
        Endpoint destination;
        bool operator==(const Route&) const = default;
    };
    // nullopt: LOCAL, UNKNOWN or not TCP: no client is named (a health check, or a client that the
    // proxy cannot name).
    std::optional<Route> route;
    std::size_t length = 0;  // octets that it takes of the input
    bool operator==(const ProxyHeader&) const = default;
};

enum class ProxyError : std::uint8_t {
    Incomplete,  // more is needed: no error while fewer than kMaxProxyHeader octets are there
    Malformed,   // or missing
};

// From the start of the input.
[[nodiscard]] Result<ProxyHeader, ProxyError> parse_proxy_header(std::string_view input);

}  // namespace hermetic::smtp
