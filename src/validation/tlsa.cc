#include "validation/tlsa.h"

#include "core/text.h"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace hermetic::validation {
namespace {

using policy::TlsaStatus;

std::string describe(const facts::TlsaRecord& record)
{
    constexpr std::size_t kShown = 8;  // octets
    return fmt::format("{} {} {} {}{}", record.usage, record.selector, record.matching,
                       to_hex(std::string_view{record.data}.substr(0, kShown)),
                       record.data.size() > kShown ? "..." : "");
}

std::string describe(const std::vector<facts::TlsaRecord>& records)
{
    constexpr std::size_t kMaxShown = 8;
    std::vector<std::string> words;
    for (const auto& record : records) {
        if (words.size() == kMaxShown) break;
        words.push_back(describe(record));
    }
    return join(words, "\n");
}

}  // namespace

void take_tlsa(const outbound::TlsaFinding& finding, HostFindings& host)
{
    host.tlsa_status = finding.status;
    host.tlsa = finding.set;
    switch (finding.status) {
    case TlsaStatus::NotAsked:
        host.tlsa_words = "not looked up: DNSSEC does not prove the addresses";
        return;
    case TlsaStatus::Absent:
        host.tlsa_words = "none";
        return;
    case TlsaStatus::Failed:
        host.tlsa_words = "could not be looked up: " + finding.why;
        return;
    case TlsaStatus::Unusable:
        host.tlsa_words = describe(finding.records) + "\nnone of them is usable";
        return;
    case TlsaStatus::Usable:
        host.tlsa_words = describe(finding.records);
        return;
    }
}

}  // namespace hermetic::validation
