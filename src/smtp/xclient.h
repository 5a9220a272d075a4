// The attributes of Postfix's XCLIENT: what a proxy in front of us says about the client.
//
// Pure. The protocol is Postfix's XCLIENT_README; who may use it is the session's business.
#pragma once

#include "core/ip.h"
#include "core/result.h"
#include "smtp/reply.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hermetic::smtp {

// nullopt: not mentioned. An attribute that is "[UNAVAILABLE]" or "[TEMPUNAVAIL]" is empty; an
// address is 0.0.0.0 then, which is nobody's, and a port not given.
struct XclientAttributes {
    std::optional<std::string> name;
    std::optional<IpAddress> address;
    std::optional<std::uint16_t> port;
    std::optional<std::string> helo;
    std::optional<std::string> login;  // the SASL name, of whom the proxy has authenticated
    bool esmtp = true;                 // PROTO
    std::optional<IpAddress> destination;
    std::optional<std::uint16_t> destination_port;
    bool operator==(const XclientAttributes&) const = default;
};

inline constexpr std::string_view kXclientOffer =
    "XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT";

// "ADDR=192.0.2.1 NAME=client.example.org": each once, values in xtext.
[[nodiscard]] Result<XclientAttributes, Refusal> parse_xclient(std::string_view text);

}  // namespace hermetic::smtp
