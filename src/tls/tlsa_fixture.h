// TLSA records of test certificates. For tests only.
#pragma once

#include "facts/dns.h"

#include <cstdint>
#include <string>

namespace hermetic::tls {

struct TlsaKind {
    std::uint8_t usage = 3;
    std::uint8_t selector = 1;
    std::uint8_t matching = 1;
};

// The record of the certificate at `index` in a PEM file's text.
[[nodiscard]] facts::TlsaRecord make_tlsa(TlsaKind kind, const std::string& pem, int index = 0);

// As in a zone file: "3 1 1 0123…".
[[nodiscard]] std::string format_tlsa(const facts::TlsaRecord& record);

}  // namespace hermetic::tls
